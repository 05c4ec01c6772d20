//! Named stories of a leader, its disk, and who follows it.

use std::{collections::BTreeMap, num::NonZeroU16, time::Duration};

use crate::disk::{Disk, Failure};
use lookupd_core::link::ToFollower;
use lookupd_core::{
    Bound, CannotFollow, CatchUp, Category, ChannelName, Check, ClaimKey, Command, Confirmation, Cursor, Fact, Fault,
    GRANT, Impact, Leader, LeaderSettings, Lifetimes, Limits, LoadError, MAX_STORED_LENGTH, Match, Node, Plan,
    ProducerInfo, RETENTION, Refusal, RegistrationPattern, Registry, Replica, Store, Timestamp, TopicName, Via,
};

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const T: Duration = Duration::from_secs(300);

fn settings() -> LeaderSettings {
    LeaderSettings { lifetimes: Lifetimes::default(), limits: Limits::EDGE, grant: GRANT }
}

/// A leader, its disk and the time.
struct Cluster {
    disk: Disk,
    leader: Leader<Disk>,
    now: Timestamp,
}

impl Cluster {
    fn new() -> Self {
        Self::with(settings())
    }

    fn with(settings: LeaderSettings) -> Self {
        let disk = Disk::default();
        Self { leader: Leader::load(disk.clone(), settings, START).unwrap(), disk, now: START }
    }

    fn after(&mut self, duration: Duration) -> &mut Self {
        self.now = self.now.plus(duration);
        self
    }

    fn restarted(&mut self) -> &mut Self {
        self.leader = Leader::load(self.disk.clone(), *self.leader.settings(), self.now).unwrap();
        self
    }

    fn execute(&mut self, command: &Command) -> Result<bool, Fault<&'static str>> {
        self.leader.sweep(self.now)?;
        let outcome = self.leader.execute(command, self.now)?;
        self.leader.compact(self.now).map_err(Fault::NotStored)?;
        Ok(outcome.changed)
    }

    fn does(&mut self, command: &Command) -> bool {
        self.execute(command).unwrap()
    }

    fn lookup(&mut self, topic: &str) -> Vec<String> {
        self.leader.sweep(self.now).unwrap();
        let Some(topic) = self.leader.registry().topic(topic) else { return vec!["no such topic".into()] };
        topic.visible(&self.leader.settings().lifetimes, self.now).map(|found| found.node().to_string()).collect()
    }

    fn nodes(&mut self) -> Vec<(String, Vec<String>)> {
        self.leader.sweep(self.now).unwrap();
        let nodes = self.leader.registry().nodes(&self.leader.settings().lifetimes, self.now);
        nodes
            .map(|node| {
                (node.producer.node().to_string(), node.topics.iter().map(|(name, _)| name.to_string()).collect())
            })
            .collect()
    }

    fn names(&self) -> Vec<String> {
        let registry = self.leader.registry();
        registry
            .topics()
            .map(|topic| {
                [vec![topic.name().to_string()], topic.channels().map(ToString::to_string).collect()].concat().join(" ")
            })
            .collect()
    }
}

fn topic(name: &str) -> TopicName {
    TopicName::parse(name).unwrap()
}

fn channel(name: &str) -> ChannelName {
    ChannelName::parse(name).unwrap()
}

fn info(address: &str) -> ProducerInfo {
    ProducerInfo {
        remote_address: "10.0.0.9:5".into(),
        hostname: "host".into(),
        broadcast_address: address.into(),
        tcp_port: NonZeroU16::new(4150).unwrap(),
        http_port: NonZeroU16::new(4151).unwrap(),
        version: "1.3.0".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    }
}

fn claim(address: &str, via: Via) -> ClaimKey {
    ClaimKey { node: info(address).node(), via }
}

fn register_via(via: Via, address: &str, names: &str) -> Command {
    let (name, of) = names.split_once(' ').map_or((names, None), |(name, of)| (name, Some(of)));
    Command::Register { via, info: info(address), topic: topic(name), channel: of.map(channel) }
}

/// `names` is a topic, or a topic and a channel.
fn register(address: &str, names: &str) -> Command {
    register_via(Via::Http, address, names)
}

fn unregister(address: &str, names: &str) -> Command {
    let (name, of) = names.split_once(' ').map_or((names, None), |(name, of)| (name, Some(of)));
    Command::Unregister { claim: claim(address, Via::Http), topic: topic(name), channel: of.map(channel) }
}

fn announce(address: &str, topics: &[(&str, &[&str])]) -> Command {
    let topics: BTreeMap<_, _> =
        topics.iter().map(|(name, of)| (topic(name), of.iter().map(|name| channel(name)).collect())).collect();
    Command::Announce { via: Via::Http, info: info(address), topics }
}

fn leave(address: &str) -> Command {
    Command::Leave { claim: claim(address, Via::Http) }
}

fn tombstone(name: &str, node: &str) -> Command {
    Command::Tombstone { topic: topic(name), node: Node::parse(node).unwrap() }
}

fn delete(name: &str) -> Command {
    Command::DeleteTopic { topic: topic(name) }
}

#[test]
fn registering_again_is_the_heartbeat_and_changes_nothing() {
    let mut cluster = Cluster::new();
    assert!(cluster.does(&register("a", "t c")));
    assert!(!cluster.does(&register("a", "t c")));
    assert!(!cluster.does(&announce("a", &[("t", &["c"])])));
    assert!(cluster.does(&register("a", "t d")));
    assert_eq!(cluster.names(), ["t c d"]);

    // Where it comes from is no news, its version is.
    let said = |version: &str, remote: &str| Command::Identify {
        via: Via::Http,
        info: ProducerInfo { version: version.into(), remote_address: remote.into(), ..info("a") },
    };
    assert!(!cluster.does(&said("1.3.0", "10.0.0.9:6")));
    assert!(cluster.does(&said("1.4.0", "10.0.0.9:6")));
}

#[test]
fn a_thousand_producers_heartbeats_cost_a_row_a_minute() {
    let mut cluster = Cluster::new();
    let producers: Vec<_> = (0..1_000).map(|number| register(&format!("n{number}"), "t")).collect();
    for _ in 0..2 {
        for producer in &producers {
            cluster.after(Duration::from_millis(60)).does(producer);
        }
    }
    let writes = cluster.disk.writes();
    for _minute in 0..10 {
        for producer in &producers {
            cluster.after(Duration::from_millis(60)).does(producer);
        }
    }
    assert!(cluster.disk.writes() - writes <= 10, "{} rows in ten minutes", cluster.disk.writes() - writes);
    assert_eq!(cluster.lookup("t").len(), 1_000);
}

#[test]
fn a_producer_is_found_until_the_timeout_has_passed_and_no_timer_is_needed() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t"));
    assert_eq!(cluster.after(T).lookup("t"), ["a:4151"]);
    assert_eq!(cluster.after(Duration::from_millis(1)).lookup("t"), [""; 0]);
    assert_eq!(cluster.nodes(), []);
    assert_eq!(cluster.names(), ["t"], "the topic stays");
    assert!(cluster.does(&register("a", "t")), "it is heard again");
    assert_eq!(cluster.lookup("t"), ["a:4151"]);
}

#[test]
fn an_expiry_is_exact_however_often_the_leader_looked_or_lost_its_memory() {
    for (restarts, step) in [(false, 7), (false, 100), (true, 7), (true, 60)] {
        let mut cluster = Cluster::new();
        cluster.does(&register("a", "t"));
        let mut elapsed = 0;
        while elapsed + step <= 300 {
            elapsed += step;
            cluster.after(Duration::from_secs(step));
            if restarts {
                cluster.restarted();
            }
            assert_eq!(cluster.lookup("t"), ["a:4151"], "after {elapsed} s");
        }
        let past = Duration::from_secs(300 - elapsed) + Duration::from_millis(1);
        assert_eq!(cluster.after(past).lookup("t"), [""; 0], "restarts: {restarts}, step: {step}");
    }
}

#[test]
fn a_lease_is_kept_although_the_memory_is_lost_right_after_a_heartbeat() {
    let lease = Lifetimes::default().lease();
    for heartbeats in 1..10 {
        let mut cluster = Cluster::new();
        cluster.does(&register("a", "t"));
        for _ in 0..heartbeats {
            cluster.after(Lifetimes::default().heartbeat_interval()).does(&register("a", "t"));
        }
        cluster.restarted();
        assert_eq!(cluster.after(lease).lookup("t"), ["a:4151"], "after {heartbeats} heartbeats");
        assert_eq!(cluster.after(T - lease + Duration::from_millis(1)).lookup("t"), [""; 0]);
    }
}

#[test]
fn a_tombstone_hides_from_lookup_alone_and_ends_by_time() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t"));
    cluster.does(&register("b", "t"));
    cluster.does(&register("a", "u"));
    assert!(cluster.does(&tombstone("t", "a:4151")));
    assert_eq!(cluster.lookup("t"), ["b:4151"]);
    assert_eq!(cluster.lookup("u"), ["a:4151"], "another topic of it");
    assert_eq!(cluster.nodes().len(), 2);
    assert_eq!(cluster.after(Duration::from_millis(44_999)).lookup("t"), ["b:4151"]);
    assert_eq!(cluster.after(Duration::from_millis(1)).lookup("t"), ["a:4151", "b:4151"]);
    assert!(cluster.leader.registry().tombstoned_at("t", &info("a").node()).is_some(), "it is remembered");

    assert!(!cluster.does(&tombstone("t", "nobody:4151")));
    assert!(!cluster.does(&tombstone("unknown", "a:4151")));
}

#[test]
fn a_second_tombstone_counts_anew() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t"));
    cluster.does(&tombstone("t", "a:4151"));
    cluster.after(Duration::from_secs(30)).does(&tombstone("t", "a:4151"));
    assert_eq!(cluster.after(Duration::from_secs(30)).lookup("t"), [""; 0]);
    assert_eq!(cluster.after(Duration::from_secs(15)).lookup("t"), ["a:4151"]);
}

#[test]
fn a_tombstone_ends_early_only_by_unregistering_or_deleting() {
    let still_hidden: [&[Command]; 4] = [
        &[register("a", "t")],
        &[leave("a"), register("a", "t")],
        &[announce("a", &[]), register("a", "t")],
        &[register_via(Via::Tcp, "a", "t"), unregister("a", "t")],
    ];
    for commands in still_hidden {
        let mut cluster = Cluster::new();
        cluster.does(&register("a", "t"));
        cluster.does(&tombstone("t", "a:4151"));
        for command in commands {
            cluster.does(command);
        }
        cluster.restarted();
        assert_eq!(cluster.lookup("t"), [""; 0], "{commands:?}");
    }
    for commands in [[unregister("a", "t"), register("a", "t")], [delete("t"), register("a", "t")]] {
        let mut cluster = Cluster::new();
        cluster.does(&register("a", "t"));
        cluster.does(&tombstone("t", "a:4151"));
        for command in &commands {
            cluster.does(command);
        }
        assert_eq!(cluster.lookup("t"), ["a:4151"], "{commands:?}");
    }
}

#[test]
fn an_ended_tombstone_without_its_producer_is_forgotten() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t"));
    cluster.does(&tombstone("t", "a:4151"));
    cluster.does(&leave("a"));
    cluster.after(Duration::from_secs(200)).lookup("t");
    assert_eq!(cluster.leader.registry().tombstones().count(), 0);
}

#[test]
fn an_ipv6_node_is_tombstoned_in_both_spellings() {
    for spelling in ["::1:4151", "[::1]:4151"] {
        let mut cluster = Cluster::new();
        cluster.does(&register("::1", "t"));
        assert_eq!(cluster.lookup("t"), ["[::1]:4151"]);
        cluster.does(&tombstone("t", spelling));
        assert_eq!(cluster.lookup("t"), [""; 0], "{spelling}");
    }
}

#[test]
fn a_deletion_holds_until_a_producer_registers_again() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t c"));
    assert!(cluster.does(&delete("t")));
    assert!(!cluster.does(&delete("t")));
    assert_eq!(cluster.lookup("t"), ["no such topic"]);
    assert_eq!(cluster.nodes(), [("a:4151".into(), vec![])], "the producer stays");
    assert!(cluster.does(&register("a", "t")));
    assert_eq!(cluster.names(), ["t"], "its channel doesn't come back");
}

#[test]
fn ephemeral_names_go_with_their_last_producer() {
    let stories: [(&str, &[Command], &[&str]); 9] = [
        ("a channel by its own", &[register("a", "t c#ephemeral"), unregister("a", "t c#ephemeral")], &["t"]),
        ("a channel by its topic", &[register("a", "t c#ephemeral"), unregister("a", "t")], &["t"]),
        ("a channel by leaving", &[register("a", "t c#ephemeral"), leave("a")], &["t"]),
        ("a topic with its channels", &[register("a", "t#ephemeral c"), unregister("a", "t#ephemeral")], &[]),
        ("a topic by leaving", &[register("a", "t#ephemeral c"), leave("a")], &[]),
        (
            "a topic left out of an announcement",
            &[register("a", "t#ephemeral c"), announce("a", &[("u", &[])])],
            &["u"],
        ),
        (
            "not while another serves it",
            &[register("a", "t#ephemeral"), register("b", "t#ephemeral"), leave("a")],
            &["t#ephemeral"],
        ),
        (
            "not when merely announced again",
            &[register("a", "t#ephemeral c"), announce("a", &[("t#ephemeral", &["c"]), ("u", &[])])],
            &["t#ephemeral c", "u"],
        ),
        (
            "a created one by whoever unregisters it",
            &[Command::CreateTopic { topic: topic("t#ephemeral") }, unregister("a", "t#ephemeral")],
            &[],
        ),
    ];
    for (story, commands, names) in stories {
        let mut cluster = Cluster::new();
        for command in commands {
            cluster.does(command);
        }
        assert_eq!(cluster.names(), names, "{story}");
    }
}

#[test]
fn an_announcement_is_the_whole_truth_about_its_claim() {
    let mut cluster = Cluster::new();
    cluster.does(&announce("a", &[("t", &["c", "d"]), ("u", &[])]));
    cluster.does(&register("b", "u"));
    assert!(cluster.does(&announce("a", &[("t", &["d"]), ("v", &[])])));
    assert_eq!(cluster.nodes(), [("a:4151".into(), vec!["t".into(), "v".into()]), ("b:4151".into(), vec!["u".into()])]);
    assert_eq!(cluster.names(), ["t c d", "u", "v"], "names stay");
    let registry = cluster.leader.registry();
    assert_eq!(registry.topic("t").unwrap().channel_producers("c").unwrap().len(), 0);
    assert_eq!(registry.registration_count(), 4);
}

#[test]
fn a_node_announced_in_two_ways_is_listed_once_as_announced_latest() {
    let mut cluster = Cluster::new();
    let said = |via, version: &str| Command::Register {
        via,
        info: ProducerInfo { version: version.into(), ..info("a") },
        topic: topic("t"),
        channel: None,
    };
    let version = |cluster: &Cluster| {
        let topic = cluster.leader.registry().topic("t").unwrap();
        topic.visible(&Lifetimes::default(), START).map(|found| found.info.version.to_string()).collect::<Vec<_>>()
    };
    cluster.does(&said(Via::Tcp, "2"));
    cluster.does(&said(Via::Http, "1"));
    assert_eq!(version(&cluster), ["1"]);
    cluster.does(&said(Via::Tcp, "3"));
    assert_eq!(version(&cluster), ["3"]);
    cluster.does(&Command::Leave { claim: claim("a", Via::Tcp) });
    assert_eq!(version(&cluster), ["1"], "the end of one doesn't touch the other");
}

#[test]
fn a_full_registry_refuses_and_keeps_what_it_has() {
    let limits = Limits { topics: 2, channels_per_topic: 2, claims: 2, agents: 1, registrations: 5 };
    let mut cluster = Cluster::with(LeaderSettings { limits, ..settings() });
    cluster.does(&register("a", "t c"));
    cluster.does(&register("b", "u"));
    let before = cluster.leader.cursor();
    let refused = |bound, limit| Err(Fault::Refused(Refusal::Full { bound, limit }));
    for (command, refusal) in [
        (register("a", "v"), refused(Bound::Topics, 2)),
        (Command::CreateTopic { topic: topic("v") }, refused(Bound::Topics, 2)),
        (announce("a", &[("t", &["c", "d", "e"])]), refused(Bound::ChannelsPerTopic, 2)),
        (register("c", "t"), refused(Bound::Claims, 2)),
        (announce("b", &[("t", &["c", "d"]), ("u", &["x"])]), refused(Bound::Registrations, 5)),
    ] {
        assert_eq!(cluster.execute(&command), refusal, "{command:?}");
    }
    assert_eq!(cluster.leader.cursor(), before);
    assert!(!cluster.does(&register("a", "t c")), "heartbeats go on");
    assert!(cluster.does(&register("b", "t c")));
}

#[test]
fn a_command_that_is_too_large_to_store_is_refused() {
    let mut cluster = Cluster::new();
    let names: Vec<_> = (0..17_000).map(|number| format!("{number:064}")).collect();
    let topics: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), &[][..])).collect();
    let refusal = Refusal::TooLarge { limit: MAX_STORED_LENGTH };
    assert_eq!(cluster.execute(&announce("a", &topics)), Err(Fault::Refused(refusal)));
    assert_eq!(cluster.leader.rehearse(&announce("a", &topics), START), Err(refusal));
    assert_eq!(cluster.disk.writes(), 0);
}

#[test]
fn what_cannot_be_stored_is_not_acknowledged() {
    for (failure, is_there) in [(Failure::BeforeItStores, false), (Failure::AfterItStored, true)] {
        let mut cluster = Cluster::new();
        cluster.does(&register("a", "t"));
        cluster.disk.fail_next_write(failure);
        assert!(matches!(cluster.execute(&register("b", "t")), Err(Fault::NotStored(_))));
        assert_eq!(cluster.restarted().lookup("t").len(), 1 + usize::from(is_there));
        assert_eq!(cluster.does(&register("b", "t")), !is_there);
        assert_eq!(cluster.restarted().lookup("t").len(), 2);
    }
}

#[test]
fn a_heartbeat_that_cannot_be_saved_is_not_acknowledged() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t"));
    cluster.disk.fail_next_write(Failure::BeforeItStores);
    assert!(matches!(cluster.after(T / 3).execute(&register("a", "t")), Err(Fault::NotStored(_))));
}

#[test]
fn a_broken_disk_gives_no_leader_and_is_not_written_to() {
    let cluster = || {
        let mut cluster = Cluster::new();
        for name in ["a", "b", "c"] {
            cluster.does(&register(name, "t"));
        }
        cluster.disk
    };
    let load = |disk: &Disk| Leader::load(disk.clone(), settings(), START).map(|_| ()).unwrap_err();
    let damaged = cluster();
    damaged.damage_log(2);
    assert!(matches!(load(&damaged), LoadError::Undecodable(_) | LoadError::Broken(2)));
    let lost = cluster();
    lost.lose_log_entry(2);
    assert_eq!(load(&lost), LoadError::Broken(3));
    assert_eq!((damaged.writes(), lost.writes()), (3, 3));
}

#[test]
fn an_unused_leader_writes_nothing() {
    let mut cluster = Cluster::new();
    assert_eq!(cluster.lookup("t"), ["no such topic"]);
    cluster.leader.catch_up(None, START).unwrap();
    assert!(cluster.leader.rehearse(&register("a", "t"), START).is_ok());
    assert!(!cluster.does(&delete("t")));
    assert!(!cluster.does(&leave("a")));
    assert_eq!(cluster.disk.writes(), 0);
}

#[test]
fn a_log_that_outgrew_the_state_is_compacted_and_nothing_is_lost() {
    let mut cluster = Cluster::new();
    let mut laggard = Replica::default();
    laggard.catch_up(&cluster.leader.catch_up(None, START).unwrap(), START, START).unwrap();
    let mut known = None;
    for round in 0..12_000 {
        if round == 9_000 {
            known = Some(cluster.leader.cursor());
        }
        cluster.after(Duration::from_secs(1)).does(&register(if round % 2 == 0 { "a" } else { "b" }, "t c"));
        cluster.does(&leave(if round % 2 == 0 { "b" } else { "a" }));
    }
    assert!(cluster.disk.snapshot_revision() > 0);
    assert!(cluster.disk.log_length() < 20_000, "{} entries", cluster.disk.log_length());
    let before = cluster.leader.registry().snapshot(cluster.leader.cursor());
    cluster.restarted();
    assert_eq!(cluster.leader.registry().snapshot(cluster.leader.cursor()), before);

    let answer = cluster.leader.catch_up(laggard.cursor(), cluster.now).unwrap();
    assert!(answer.anew, "too old a cursor begins anew");
    assert!(cluster.disk.log_from(known.unwrap().revision).unwrap().len() > 5_000);
    assert!(cluster.leader.catch_up(known, cluster.now).unwrap().anew, "and one whose batches outgrew the state");
    assert!(laggard.catch_up(&answer, START, START).unwrap());
    assert_eq!(laggard.cursor(), Some(cluster.leader.cursor()));
}

#[test]
fn who_is_silent_for_a_day_is_dropped() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t c"));
    cluster.after(T).lookup("t");
    cluster.after(RETENTION - T).lookup("t");
    assert_eq!(cluster.leader.registry().claim_count(), 1);
    cluster.after(T).lookup("t");
    assert_eq!(cluster.leader.registry().claim_count(), 0);
    assert_eq!(cluster.names(), ["t c"], "names stay");
}

#[test]
fn a_cursor_of_another_history_gets_the_whole_state() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t"));
    let old = cluster.leader.cursor();
    cluster.does(&register("b", "t"));
    let current = cluster.leader.cursor();
    let mut pull = |since| cluster.leader.catch_up(since, START).unwrap();
    assert_eq!((pull(Some(old)).anew, pull(Some(old)).batches.len()), (false, 1));
    assert_eq!((pull(Some(current)).anew, pull(Some(current)).batches.len()), (false, 0));
    for forged in [
        Cursor { revision: old.revision, check: Check::from_bytes([7; 8]) },
        Cursor { revision: current.revision, check: old.check },
        Cursor { revision: 99, check: current.check },
        Cursor { revision: u64::MAX, check: current.check },
    ] {
        assert!(pull(Some(forged)).anew, "{forged}");
    }
}

#[test]
fn a_replica_takes_nothing_of_an_answer_that_does_not_fit() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t"));
    let mut replica = Replica::default();
    let asked = |seconds| START.plus(Duration::from_secs(seconds));
    replica.catch_up(&cluster.leader.catch_up(None, START).unwrap(), asked(10), asked(11)).unwrap();
    let loaded = replica.cursor();

    cluster.does(&register("b", "t"));
    let whole = cluster.leader.catch_up(loaded, START).unwrap();
    let mut flipped = whole.clone();
    *flipped.batches[0].last_mut().unwrap() ^= 1;
    assert!(replica.catch_up(&flipped, asked(20), asked(20)).is_err());
    cluster.does(&register("c", "t"));
    let mut gap = cluster.leader.catch_up(loaded, START).unwrap();
    gap.batches.remove(0);
    assert!(matches!(replica.catch_up(&gap, asked(20), asked(20)), Err(CannotFollow::Gap(_))));
    assert_eq!(replica.cursor(), loaded);

    let anew = cluster.leader.catch_up(None, START).unwrap();
    let late = CatchUp { cursor: loaded.unwrap(), ..anew.clone() };
    assert_eq!(replica.catch_up(&late, asked(20), asked(20)), Err(CannotFollow::Diverged));
    let cursor = loaded.unwrap();
    let other = CatchUp { cursor, snapshot: Registry::default().snapshot(cursor), batches: vec![], ..anew.clone() };
    assert_eq!(replica.catch_up(&other, asked(10), asked(11)), Ok(false), "it leads to where the replica is already");
    assert_eq!(replica.registry().topic_count(), 1);
    assert_eq!(replica.catch_up(&anew, asked(9), asked(21)), Ok(false), "an older request never replaces");
    assert_eq!(replica.catch_up(&whole, asked(9), asked(21)), Ok(true), "but may extend");
    assert_eq!(replica.age(asked(21)), Some(Duration::from_secs(11)), "without making the state any younger");
    assert_eq!(replica.leader_now(asked(13)), START.plus(Duration::from_secs(2)));
}

#[test]
fn a_large_state_goes_through_parts_of_bounded_size() {
    let mut cluster = Cluster::with(LeaderSettings { limits: Limits::NATIVE, ..settings() });
    for chunk in 0..4 {
        let names: Vec<_> = (0..10_000).map(|number| format!("{chunk}-{number:060}")).collect();
        for some in names.chunks(5_000) {
            let topics: Vec<(&str, &[&str])> = some.iter().map(|name| (name.as_str(), &["archive"][..])).collect();
            cluster.does(&announce(&format!("n{chunk}-{}", some[0]), &topics));
        }
    }
    // One claim with more than fits a part.
    for number in 0..20_000 {
        cluster.does(&register("wide", &format!("w-{number:060}")));
    }
    let parts = cluster.leader.registry().snapshot(cluster.leader.cursor());
    assert!(parts.len() > 3);
    assert!(parts.iter().all(|part| part.len() <= MAX_STORED_LENGTH));
    let (loaded, _) = Registry::from_snapshot(&parts).unwrap();
    assert_eq!(loaded.snapshot(cluster.leader.cursor()), parts);
    assert!(Registry::from_snapshot(&parts[1..]).is_err());
    assert!(Registry::from_snapshot::<Vec<u8>>(&[]).is_err());
}

#[test]
fn registrations_are_found_by_wildcards_as_nsqlookupd_finds_them() {
    let mut cluster = Cluster::new();
    cluster.does(&announce("a", &[("t", &["c", "d"]), ("u", &["c"])]));
    cluster.does(&register("b", "u"));
    cluster.does(&Command::CreateTopic { topic: topic("v") });
    let registry = cluster.leader.registry();
    for (category, key, subkey, registrations, producers) in [
        (Category::Client, "", "", &["client::"][..], &["a", "b"][..]),
        (Category::Client, "t", "", &[], &[]),
        (Category::Topic, "*", "", &["topic:t:", "topic:u:", "topic:v:"], &["a", "b"]),
        (Category::Topic, "*", "*", &["topic:t:", "topic:u:", "topic:v:"], &["a", "b"]),
        (Category::Topic, "t", "", &["topic:t:"], &["a"]),
        (Category::Topic, "v", "", &["topic:v:"], &[]),
        (Category::Topic, "t", "c", &[], &[]),
        (Category::Topic, "nothing", "", &[], &[]),
        (Category::Channel, "t", "*", &["channel:t:c", "channel:t:d"], &["a"]),
        (Category::Channel, "*", "c", &["channel:t:c", "channel:u:c"], &["a"]),
        (Category::Channel, "t", "", &[], &[]),
    ] {
        let pattern = RegistrationPattern { category, key: Match::parse(key), subkey: Match::parse(subkey) };
        let found: Vec<_> = registry
            .find_registrations(&pattern)
            .iter()
            .map(|found| format!("{}:{}:{}", found.category.as_str(), found.key, found.subkey))
            .collect();
        assert_eq!(found, registrations, "{pattern:?}");
        let found: Vec<_> = registry
            .find_producers(&pattern)
            .iter()
            .map(|found| found.node().broadcast_address().to_string())
            .collect();
        assert_eq!(found, producers, "{pattern:?}");
    }
    let registered: Vec<_> = registry
        .lookup_registrations(&claim("a", Via::Http))
        .iter()
        .map(|found| format!("{}:{}:{}", found.category.as_str(), found.key, found.subkey))
        .collect();
    assert_eq!(registered, ["client::", "topic:t:", "channel:t:c", "channel:t:d", "topic:u:", "channel:u:c"]);
}

#[test]
fn a_rehearsal_tells_all_that_follows_and_changes_nothing() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t c"));
    cluster.does(&register("b", "t#ephemeral c"));
    cluster.does(&register("b", "t"));
    cluster.does(&tombstone("t", "a:4151"));
    let before = cluster.leader.cursor();

    let deletion = cluster.leader.rehearse(&delete("t"), cluster.now).unwrap();
    let removed = [
        Fact::Topic(topic("t")),
        Fact::Channel(topic("t"), channel("c")),
        Fact::Registration(claim("a", Via::Http), topic("t"), None),
        Fact::Registration(claim("a", Via::Http), topic("t"), Some(channel("c"))),
        Fact::Registration(claim("b", Via::Http), topic("t"), None),
        Fact::Tombstone(topic("t"), info("a").node()),
    ];
    assert_eq!((deletion.added, deletion.removed), (vec![], removed.to_vec()));

    let leaving = cluster.leader.rehearse(&leave("b"), cluster.now).unwrap();
    assert!(leaving.removed.contains(&Fact::Producer(claim("b", Via::Http))));
    assert!(leaving.removed.contains(&Fact::Topic(topic("t#ephemeral"))), "what follows from it too");

    let nothing = cluster.leader.rehearse(&delete("unknown"), cluster.now).unwrap();
    assert_eq!(nothing, Impact::default());
    assert_eq!(cluster.leader.cursor(), before);
}

#[test]
fn a_replica_that_is_known_to_be_behind_asks_first() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t"));
    let mut replica = Replica::default();
    assert_eq!(replica.plan(Confirmation::Granted, START), Plan::Forward);
    replica.catch_up(&cluster.leader.catch_up(None, START).unwrap(), START, START).unwrap();
    assert_eq!(replica.plan(Confirmation::Granted, START), Plan::Answer);
    replica.push(&ToFollower::Doorbell { revision: 2 }, START).unwrap();
    assert_eq!(replica.plan(Confirmation::Granted, START), Plan::RefreshFirst);
    cluster.does(&register("b", "t"));
    replica.catch_up(&cluster.leader.catch_up(replica.cursor(), START).unwrap(), START, START).unwrap();
    assert_eq!(replica.plan(Confirmation::Granted, START), Plan::Answer);
}

#[test]
fn a_replica_whose_clock_stepped_back_is_proved_current_anew() {
    let mut cluster = Cluster::new();
    cluster.does(&register("a", "t"));
    let mut replica = Replica::default();
    let later = START.plus(T);
    replica.catch_up(&cluster.leader.catch_up(None, START).unwrap(), later, later).unwrap();
    assert_eq!(replica.plan(Confirmation::Granted, START), Plan::RefreshFirst, "it seems to be from the future");
    let answer = cluster.leader.catch_up(None, START).unwrap();
    replica.catch_up(&answer, START, START).unwrap();
    assert_eq!(replica.plan(Confirmation::Granted, START), Plan::Answer);
}
