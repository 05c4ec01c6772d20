//! What producers announce, and what follows from it.

use core::time::Duration;

use crate::scene::{
    Cluster, START, announce, channel, claim, delete, info, leave, register, settings, tombstone, topic, unregister,
};
use lookupd_core::{
    Bound, Category, Command, Fact, Fault, Impact, LeaderSettings, Lifetimes, Limits, Match, ProducerInfo, Refusal,
    RegistrationPattern, Via,
};

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
    let tombstoned_at = cluster.now;
    let before = cluster.leader.cursor();

    let deletion = cluster.leader.rehearse(&delete("t"), cluster.now).unwrap();
    let removed = [
        Fact::Topic(topic("t")),
        Fact::Channel(topic("t"), channel("c")),
        Fact::Registration(claim("a", Via::Http), topic("t"), None),
        Fact::Registration(claim("a", Via::Http), topic("t"), Some(channel("c"))),
        Fact::Registration(claim("b", Via::Http), topic("t"), None),
        Fact::Tombstone(topic("t"), info("a").node(), tombstoned_at),
    ];
    assert_eq!((deletion.added, deletion.removed), (vec![], removed.to_vec()));

    let leaving = cluster.leader.rehearse(&leave("b"), cluster.now).unwrap();
    assert!(leaving.removed.contains(&Fact::Producer(claim("b", Via::Http))));
    assert!(leaving.removed.contains(&Fact::Topic(topic("t#ephemeral"))), "what follows from it too");

    cluster.now = cluster.now.plus(Duration::from_secs(1));
    let hiding = cluster.leader.rehearse(&tombstone("t", "a:4151"), cluster.now).unwrap();
    let since = |at| vec![Fact::Tombstone(topic("t"), info("a").node(), at)];
    assert_eq!((hiding.added, hiding.removed), (since(cluster.now), since(tombstoned_at)), "it begins anew");

    let nothing = cluster.leader.rehearse(&delete("unknown"), cluster.now).unwrap();
    assert_eq!(nothing, Impact::default());
    assert_eq!(cluster.leader.cursor(), before);
}
