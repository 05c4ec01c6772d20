//! What becomes of a leader whose disk fails, and of a log that grows.

use std::time::Duration;

use crate::{
    disk::{Disk, Failure},
    scene::{Cluster, START, T, announce, delete, leave, register, settings},
};
use lookupd_core::{
    Fault, Leader, LeaderSettings, Limits, LoadError, MAX_STORED_LENGTH, Refusal, Registry, Replica, Store,
};

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
