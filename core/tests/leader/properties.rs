//! Random histories: the leader, its disk, and a replica against a plain reference.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU16,
    time::Duration,
};

use crate::disk::{Disk, Failure};
use crate::reference::{Reference, Verdict};
use lookupd_core::{
    AgentId, Category, ChannelName, ClaimKey, Command, Fact, Fault, GRANT, Leader, LeaderSettings, Lifetimes, Limits,
    Node, ProducerInfo, Refusal, Registry, Replica, Timestamp, TopicName, Via,
};
use proptest::prelude::*;

const SETTINGS: LeaderSettings = LeaderSettings {
    lifetimes: Lifetimes {
        inactive_producer_timeout: Duration::from_secs(300),
        tombstone_lifetime: Duration::from_secs(45),
    },
    limits: Limits { topics: 4, channels_per_topic: 3, claims: 5, agents: 2, registrations: 12 },
    grant: GRANT,
};

#[derive(Clone, Debug)]
enum Step {
    Execute(Command),
    /// The wall clock moves by seconds, backwards too.
    Clock(i64),
    /// The next write fails.
    Fail(Failure),
    /// The process ends and another one starts on the same disk.
    Restart,
    /// The replica asks the leader.
    CatchUp,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_is_what_the_reference_says(steps in prop::collection::vec(step(), 1..24)) {
        let mut story = Story::new();
        for step in &steps {
            story.take(step);
        }
        story.replica_follows();
    }
}

struct Story {
    disk: Disk,
    leader: Leader<Disk>,
    reference: Reference,
    replica: Replica,
    clock: Timestamp,
    /// When each was heard at the latest, by whatever clock: that may have been saved.
    latest_heard: BTreeMap<(String, String), Timestamp>,
    /// The replica's own, which never falls.
    replica_clock: Timestamp,
}

impl Story {
    fn new() -> Self {
        let disk = Disk::default();
        Self {
            leader: Leader::load(disk.clone(), SETTINGS, Timestamp::default()).unwrap(),
            disk,
            reference: Reference::default(),
            replica: Replica::default(),
            clock: Timestamp::from_millis(1_000_000_000),
            latest_heard: BTreeMap::new(),
            replica_clock: Timestamp::default(),
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Clock(seconds) if *seconds < 0 => {
                self.clock = self.clock.minus(Duration::from_secs(seconds.unsigned_abs()));
            }
            Step::Clock(seconds) => self.clock = self.clock.plus(Duration::from_secs(seconds.unsigned_abs())),
            Step::Fail(failure) => return self.disk.fail_next_write(*failure),
            Step::Restart => self.restart(),
            Step::CatchUp => self.replica_follows(),
            Step::Execute(command) => self.execute(command),
        }
        self.look();
    }

    fn execute(&mut self, command: &Command) {
        self.sweep();
        self.reference.now = self.leader.now(self.clock);
        let before = self.reference.clone();
        let verdict = self.reference.execute(command, &SETTINGS.limits);
        if verdict != Verdict::Done {
            self.reference = before.clone();
        }
        let impact = self.leader.rehearse(command, self.clock);
        let facts = facts(self.leader.registry());
        match self.leader.execute(command, self.clock) {
            Ok(_) => {
                assert_eq!(verdict, Verdict::Done, "{command:?}");
                let impact = impact.unwrap();
                let now = self::facts(self.leader.registry());
                let rehearsed = |facts: Vec<Fact>| -> BTreeSet<Served> {
                    let served = |fact| match fact {
                        Fact::Registration(claim, topic, channel) => Some((claim, topic, channel)),
                        _ => None,
                    };
                    facts.into_iter().filter_map(served).collect()
                };
                assert_eq!(rehearsed(impact.added), now.difference(&facts).cloned().collect(), "{command:?}");
                assert_eq!(rehearsed(impact.removed), facts.difference(&now).cloned().collect(), "{command:?}");
            }
            Err(Fault::Refused(Refusal::ChannelNotFound)) => assert_eq!(verdict, Verdict::ChannelNotFound),
            Err(Fault::Refused(Refusal::NoAgent)) => assert_eq!(verdict, Verdict::NoAgent),
            Err(Fault::Refused(Refusal::UnknownClaim)) => assert_eq!(verdict, Verdict::UnknownClaim),
            Err(Fault::Refused(Refusal::Superseded { .. })) => assert_eq!(verdict, Verdict::Superseded),
            Err(Fault::Refused(Refusal::Full { .. })) => assert_eq!(verdict, Verdict::Full, "{command:?}"),
            Err(Fault::Refused(Refusal::TooLarge { .. })) => panic!("no command here is large"),
            Err(Fault::NotStored(_)) => {
                // Whether it was stored is unknown: one of the two, whole.
                let unchanged = self.leader.registry().revision();
                self.load();
                if self.leader.registry().revision() == unchanged {
                    self.reference = before;
                }
                self.remember_what_the_leader_does(self.reference.now);
            }
        }
    }

    fn sweep(&mut self) {
        while self.leader.sweep(self.clock).is_err() {
            self.load();
            self.remember_what_the_leader_does(Timestamp::default());
        }
    }

    fn restart(&mut self) {
        let before = self.leader.registry().snapshot(self.leader.cursor());
        self.load();
        assert_eq!(self.leader.registry().snapshot(self.leader.cursor()), before, "log replayed = memory");
        self.remember_what_the_leader_does(Timestamp::default());
    }

    fn load(&mut self) {
        self.leader = Leader::load(self.disk.clone(), SETTINGS, self.clock).unwrap();
    }

    /// A leader that lost its memory may take a claim for unheard a little early, never late; but for a heartbeat that
    /// may have been saved at `unsure`, and for one that was saved before the clock stepped back.
    fn remember_what_the_leader_does(&mut self, unsure: Timestamp) {
        let tolerance = SETTINGS.lifetimes.inactive_producer_timeout - SETTINGS.lifetimes.lease();
        let known: BTreeMap<(String, String), Timestamp> = self
            .leader
            .registry()
            .claims()
            .filter(|claim| claim.via().agent().is_none())
            .map(|claim| {
                let heard = claim.silent_since.or(self.leader.last_heard(claim.key)).unwrap();
                ((claim.node().to_string(), claim.via().to_string()), heard)
            })
            .collect();
        for (who, heard) in self.reference.heard() {
            let Some(known) = known.get(who).copied() else { continue };
            assert!(heard.since(known) <= tolerance, "{who:?} was heard {heard:?}, the leader knows {known:?}");
            let may_be_saved = known == unsure || self.latest_heard.get(who).is_some_and(|latest| known <= *latest);
            assert!(known <= *heard || may_be_saved, "{who:?} was heard {heard:?}, the leader knows {known:?}");
            *heard = known;
        }
    }

    fn reference_names(&self) -> (Vec<String>, Vec<(String, String)>) {
        let topics = self.reference.topics().into_iter().map(str::to_string).collect();
        let channels = self.reference.channels().into_iter().map(|(t, c)| (t.to_string(), c.to_string())).collect();
        (topics, channels)
    }

    fn look(&mut self) {
        for (who, heard) in self.reference.heard() {
            let latest = self.latest_heard.entry(who.clone()).or_default();
            *latest = (*heard).max(*latest);
        }
        self.sweep();
        let now = self.leader.now(self.clock);
        self.reference.now = now;
        let registry = self.leader.registry();
        assert_eq!(names(registry), self.reference_names());
        assert_eq!(facts_as_text(registry), *self.reference.served());
        assert_eq!(facts_by_topic(registry), facts_as_text(registry), "both directions tell the same");
        assert_eq!(registry.registration_count(), self.reference.served().len());
        assert_eq!(claims(registry), self.reference.claims());
        for topic in registry.topics() {
            let found: Vec<_> = topic
                .visible(&SETTINGS.lifetimes, now)
                .map(|producer| (producer.node().to_string(), producer.info.version.to_string()))
                .collect();
            let mut expected = self.reference.lookup(topic.name(), &SETTINGS.lifetimes);
            expected.sort_by_key(|(node, _)| Node::parse(node).unwrap());
            assert_eq!(found, expected, "lookup of {:?} at {now:?}", topic.name());
        }
        let nodes: Vec<_> = registry
            .nodes(&SETTINGS.lifetimes, now)
            .map(|node| {
                let topics: Vec<_> = node.topics.iter().map(|(topic, _)| topic.to_string()).collect();
                (node.producer.node().to_string(), topics)
            })
            .collect();
        let mut expected = self.reference.nodes(&SETTINGS.lifetimes);
        expected.sort_by_key(|(node, _)| Node::parse(node).unwrap());
        assert_eq!(nodes, expected);
    }

    fn replica_follows(&mut self) {
        self.sweep();
        let answer = self.leader.catch_up(self.replica.cursor(), self.clock).unwrap();
        let answer = lookupd_core::CatchUp::decode(&answer.encode()).unwrap();
        let never_falls = self.replica.registry().revision();
        self.replica.catch_up(&answer, self.replica_clock, self.replica_clock).unwrap();
        self.replica_clock = self.replica_clock.plus(Duration::from_millis(1));
        assert!(self.replica.registry().revision() >= never_falls);
        assert_eq!(self.replica.cursor(), Some(self.leader.cursor()));
        assert_eq!(
            self.replica.registry().snapshot(self.leader.cursor()),
            self.leader.registry().snapshot(self.leader.cursor()),
            "equal cursors, equal states, to the byte"
        );
        let snapshot = self.leader.registry().snapshot(self.leader.cursor());
        let (loaded, cursor) = Registry::from_snapshot(&snapshot).unwrap();
        assert_eq!(cursor, self.leader.cursor());
        assert_eq!(loaded.snapshot(cursor), snapshot);
        assert_eq!(facts(&loaded), facts(self.leader.registry()));
        // Whatever a snapshot leaves out, two snapshots leave out alike: so the states themselves are compared too.
        for copy in [&loaded, self.replica.registry()] {
            assert_eq!(described(copy), described(self.leader.registry()));
            assert_eq!(names(copy), names(self.leader.registry()));
        }
    }
}

fn names(registry: &Registry) -> (Vec<String>, Vec<(String, String)>) {
    let topics = registry.topics().map(|topic| topic.name().to_string()).collect();
    let channels = registry
        .topics()
        .flat_map(|topic| topic.channels().map(|name| (topic.name().to_string(), name.to_string())).collect::<Vec<_>>())
        .collect();
    (topics, channels)
}

/// All that is said of claims and tombstones but what they serve.
fn described(registry: &Registry) -> (Vec<String>, Vec<String>, Vec<String>) {
    let claims = registry.claims().map(|claim| format!("{claim:?}")).collect();
    let tombstones = registry.tombstones().map(|tombstone| format!("{tombstone:?}")).collect();
    let agents = registry.agents().map(|agent| format!("{agent:?}")).collect();
    (claims, tombstones, agents)
}

fn claims(registry: &Registry) -> Vec<(String, String)> {
    let claims: BTreeSet<_> =
        registry.claims().map(|claim| (claim.node().to_string(), claim.via().to_string())).collect();
    claims.into_iter().collect()
}

type Served = (ClaimKey, TopicName, Option<ChannelName>);

fn facts(registry: &Registry) -> BTreeSet<Served> {
    let mut facts = BTreeSet::new();
    for claim in registry.claims() {
        for registration in registry.lookup_registrations(claim.key) {
            let topic = || TopicName::parse(registration.key).unwrap();
            match registration.category {
                Category::Client => {}
                Category::Topic => {
                    facts.insert((claim.key.clone(), topic(), None));
                }
                Category::Channel => {
                    let channel = ChannelName::parse(registration.subkey).unwrap();
                    facts.insert((claim.key.clone(), topic(), Some(channel)));
                }
            }
        }
    }
    facts
}

type ServedText = BTreeSet<((String, String), String, Option<String>)>;

fn facts_as_text(registry: &Registry) -> ServedText {
    let text = |(key, topic, channel): Served| {
        ((key.node.to_string(), key.via.to_string()), topic.to_string(), channel.map(|name| name.to_string()))
    };
    facts(registry).into_iter().map(text).collect()
}

fn facts_by_topic(registry: &Registry) -> ServedText {
    let mut facts = BTreeSet::new();
    for topic in registry.topics() {
        let who = |key: &ClaimKey| (key.node.to_string(), key.via.to_string());
        let name = topic.name().to_string();
        facts.extend(topic.producers().map(|producer| (who(producer.key), name.clone(), None)));
        for channel in topic.channels() {
            let producers = topic.channel_producers(channel).unwrap();
            facts.extend(producers.map(|producer| (who(producer.key), name.clone(), Some(channel.to_string()))));
        }
    }
    facts
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => command().prop_map(Step::Execute),
        3 => (-200_i64..400).prop_map(Step::Clock),
        1 => prop_oneof![Just(Failure::BeforeItStores), Just(Failure::AfterItStored)].prop_map(Step::Fail),
        1 => Just(Step::Restart),
        2 => Just(Step::CatchUp),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => topic().prop_map(|topic| Command::CreateTopic { topic }),
        1 => topic().prop_map(|topic| Command::DeleteTopic { topic }),
        1 => (topic(), channel()).prop_map(|(topic, channel)| Command::CreateChannel { topic, channel }),
        1 => (topic(), channel()).prop_map(|(topic, channel)| Command::DeleteChannel { topic, channel }),
        2 => (topic(), node()).prop_map(|(topic, node)| Command::Tombstone { topic, node }),
        1 => (topic(), node()).prop_map(|(topic, node)| Command::CompleteTombstone { topic, node }),
        1 => (node(), via(), topic(), prop::option::of(Just("why not".to_owned()))).prop_map(
            |(node, via, topic, problem)| Command::EndCompletion { claim: ClaimKey { node, via }, topic, problem }
        ),
        1 => (via(), info()).prop_map(|(via, info)| Command::Identify { via, info }),
        6 => (via(), info(), topic(), prop::option::of(channel()))
            .prop_map(|(via, info, topic, channel)| Command::Register { via, info, topic, channel }),
        3 => (via(), info(), topics()).prop_map(|(via, info, topics)| Command::Announce { via, info, topics }),
        3 => (node(), via(), topic(), prop::option::of(channel())).prop_map(|(node, via, topic, channel)| {
            Command::Unregister { claim: ClaimKey { node, via }, topic, channel }
        }),
        1 => (node(), via()).prop_map(|(node, via)| Command::Leave { claim: ClaimKey { node, via } }),
        2 => (node(), prop::collection::vec((topic(), prop::option::of(channel())), 0..3), topics()).prop_map(
            |(node, unregister, register)| {
                let claim = ClaimKey { node, via: Via::Agent(agent()) };
                Command::Update { claim, unregister, register }
            }
        ),
        1 => (0_u64..4).prop_map(|incarnation| Command::StartAgent { agent: agent(), incarnation }),
        1 => prop::collection::btree_set(node(), 0..2).prop_map(|nodes| Command::Settle { agent: agent(), nodes }),
    ]
}

fn topics() -> impl Strategy<Value = BTreeMap<TopicName, BTreeSet<ChannelName>>> {
    prop::collection::btree_map(topic(), prop::collection::btree_set(channel(), 0..3), 0..3)
}

fn topic() -> impl Strategy<Value = TopicName> {
    prop::sample::select(vec!["a", "b", "c", "d", "e#ephemeral"]).prop_map(|name| TopicName::parse(name).unwrap())
}

fn channel() -> impl Strategy<Value = ChannelName> {
    prop::sample::select(vec!["a", "b", "c", "e#ephemeral"]).prop_map(|name| ChannelName::parse(name).unwrap())
}

fn node() -> impl Strategy<Value = Node> {
    info().prop_map(|info| info.node())
}

fn via() -> impl Strategy<Value = Via> {
    prop_oneof![3 => Just(Via::Http), 1 => Just(Via::Tcp), 1 => Just(Via::Agent(agent()))]
}

fn agent() -> AgentId {
    AgentId::parse("x").unwrap()
}

fn info() -> impl Strategy<Value = ProducerInfo> {
    (prop::sample::select(vec!["n", "m", "::1"]), prop::sample::select(vec!["1.0", "2.0"])).prop_map(
        |(address, version)| ProducerInfo {
            remote_address: "127.0.0.1:5".into(),
            hostname: "host".into(),
            broadcast_address: address.into(),
            tcp_port: NonZeroU16::new(4150).unwrap(),
            http_port: NonZeroU16::new(4151).unwrap(),
            version: version.into(),
            topology_zone: "".into(),
            topology_region: "".into(),
        },
    )
}
