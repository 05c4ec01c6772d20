//! What hides a producer, and what ends that.

use std::time::Duration;

use crate::scene::{Cluster, announce, delete, info, leave, register, register_via, tombstone, unregister};
use lookupd_core::{Command, Via};

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
