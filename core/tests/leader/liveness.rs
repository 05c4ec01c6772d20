//! Who is heard, who is silent, and until when each is found.

use std::time::Duration;

use crate::scene::{Cluster, T, announce, info, register};
use lookupd_core::{Command, Lifetimes, ProducerInfo, RETENTION, Via};

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
