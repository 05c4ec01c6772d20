//! What hides a producer, and what ends that.

use std::time::Duration;

use crate::scene::{
    Cluster, announce, claim, delete, info, leave, register, register_via, tombstone, topic, unregister,
};
use lookupd_core::{AgentId, Change, Command, Refusal, Via};

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
fn a_tombstone_is_completed_only_by_who_speaks_with_its_nsqd() {
    let mut cluster = Cluster::new();
    let agent = Via::Agent(AgentId::parse("x").unwrap());
    for (address, via) in [("http", Via::Http), ("tcp", Via::Tcp), ("agent", agent.clone()), ("both", Via::Http)] {
        cluster.does(&register_via(via, address, "t"));
    }
    cluster.does(&register_via(agent.clone(), "both", "t"));
    let asked = |cluster: &mut Cluster, address: &str| {
        let complete = Command::CompleteTombstone { topic: topic("t"), node: info(address).node() };
        let rehearsed = cluster.leader.rehearse(&complete, cluster.now).map(|impact| (impact.added, impact.removed));
        let decided = cluster.leader.registry().decide(&complete, &cluster.leader.settings().limits, cluster.now);
        let changes = decided.map(|batch| batch.map_or(vec![], |batch| batch.changes));
        assert_eq!(rehearsed.as_ref().err(), changes.as_ref().err(), "a rehearsal says so as well");
        if let (Ok((added, removed)), Ok(changes)) = (rehearsed, &changes) {
            let is_hidden = !changes.is_empty();
            assert_eq!((added.len(), removed.len()), (usize::from(is_hidden), 0));
        }
        changes
    };
    assert_eq!(asked(&mut cluster, "http"), Err(Refusal::NoAgent));
    assert_eq!(asked(&mut cluster, "nobody"), Ok(vec![]), "as it is with a tombstone alone");
    let at = cluster.now;
    for address in ["tcp", "agent", "both"] {
        let node = info(address).node();
        let expected = [
            Change::Tombstoned { topic: topic("t"), node: node.clone(), at },
            Change::CompletionAsked { topic: topic("t"), node },
        ];
        assert_eq!(asked(&mut cluster, address), Ok(expected.to_vec()), "{address}");
    }

    let complete = Command::CompleteTombstone { topic: topic("t"), node: info("tcp").node() };
    assert_eq!(cluster.leader.take_completions(), []);
    cluster.does(&complete);
    assert_eq!(cluster.leader.take_completions(), [(topic("t"), info("tcp").node())]);
    assert_eq!(cluster.leader.take_completions(), []);
    let before = cluster.leader.registry().snapshot(cluster.leader.cursor());
    let end = |address, problem: Option<&str>| Command::EndCompletion {
        claim: claim(address, Via::Tcp),
        topic: topic("t"),
        problem: problem.map(String::from),
    };
    let cursor = cluster.leader.cursor();
    for problem in [None, Some("nsqd answers 500")] {
        assert!(cluster.does(&end("tcp", problem)));
    }
    assert!(!cluster.does(&end("agent", None)), "nobody is announced like that");
    assert_eq!(cluster.leader.registry().snapshot(cursor), before, "it is told, and changes nothing");
    assert_eq!(cluster.leader.registry().revision(), cursor.revision + 2);
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
