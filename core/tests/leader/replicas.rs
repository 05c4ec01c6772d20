//! What a leader gives those who follow it.

use std::time::Duration;

use crate::scene::{Cluster, START, T, register};
use lookupd_core::{CannotFollow, CatchUp, Check, Confirmation, Cursor, Plan, Registry, Replica, link::ToFollower};

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
