//! Tombstones and leases end by themselves, on the real runtime and its clock. Lifetimes are seconds here; the rules
//! to the millisecond are core's tests, where time is an argument.

use std::thread;
use std::time::{Duration, Instant};

use lookupd_tests::{Bindings, Edge, Request, announcement};
use serde_json::json;

/// For how long a tombstone hides.
const TOMBSTONE: Duration = Duration::from_secs(2);
/// For how long a producer that isn't heard is found.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How much later than it should something may be seen to end, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(10);

fn edge() -> Option<Edge> {
    Edge::start(&Bindings::open().with("TOMBSTONE_LIFETIME", "2s").with("INACTIVE_PRODUCER_TIMEOUT", "3s"))
}

fn announce(edge: &Edge, host: &str) {
    let body = announcement(host, &[("t", &["c"]), ("u", &[])]).to_string();
    let answer = edge.send(&Request::post("/register").body(body));
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn is_listed(edge: &Edge, path: &str, host: &str) -> bool {
    let answer = edge.get(path);
    assert_eq!(answer.status, 200, "{answer:?}");
    let producers = answer.json()["producers"].as_array().expect("producers").clone();
    producers.iter().any(|producer| producer["broadcast_address"] == host)
}

/// Asks again and again until it is so, for as long as anyone may have to wait for it.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never happens");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_tombstone_hides_for_its_lifetime_and_no_longer() {
    let Some(edge) = edge() else { return };
    announce(&edge, "a.example");
    let before = Instant::now();
    assert_eq!(edge.post("/topic/tombstone?topic=t&node=a.example:4151").status, 200);
    let after = Instant::now();
    assert!(!is_listed(&edge, "/lookup?topic=t", "a.example"));
    assert!(is_listed(&edge, "/lookup?topic=u", "a.example"));
    assert!(is_listed(&edge, "/nodes", "a.example"));
    wait_until(|| {
        // A heartbeat does not end it, and keeps the producer from expiring meanwhile.
        announce(&edge, "a.example");
        is_listed(&edge, "/lookup?topic=t", "a.example")
    });
    assert!(before.elapsed() >= TOMBSTONE, "it ended early");
    assert!(after.elapsed() < TOMBSTONE + PATIENCE, "it ended late");
    // `/debug` remembers it, as nsqlookupd does.
    let debug = edge.get("/debug").json();
    assert_eq!(debug["topic:t:"][0]["tombstoned"], json!(true));
    assert_eq!(debug["topic:u:"][0]["tombstoned"], json!(false));
    assert_eq!(edge.get("/nodes").json()["producers"][0]["tombstones"], json!([false, false]));
}

#[test]
fn a_second_tombstone_counts_anew() {
    let Some(edge) = edge() else { return };
    announce(&edge, "a.example");
    let first = Instant::now();
    assert_eq!(edge.post("/topic/tombstone?topic=t&node=a.example:4151").status, 200);
    while first.elapsed() < TOMBSTONE / 2 {
        announce(&edge, "a.example");
        thread::sleep(Duration::from_millis(50));
    }
    let second = Instant::now();
    assert_eq!(edge.post("/topic/tombstone?topic=t&node=a.example:4151").status, 200);
    wait_until(|| {
        announce(&edge, "a.example");
        is_listed(&edge, "/lookup?topic=t", "a.example")
    });
    assert!(second.elapsed() >= TOMBSTONE, "the first one's end ended the second");
}

#[test]
fn a_producer_that_is_silent_is_found_until_its_lease_ends_and_again_when_it_returns() {
    for evicting in [false, true] {
        let Some(edge) = edge() else { return };
        announce(&edge, "a.example");
        thread::sleep(TIMEOUT / 10);
        let heard = Instant::now();
        let body = announcement("a.example", &[("t", &["c"]), ("u", &[])]).to_string();
        let answer = edge.send(&Request::post("/register").body(body)).json();
        let lease = Duration::from_millis(answer["lease_ms"].as_u64().expect("a lease"));
        assert!(lease <= TIMEOUT, "{lease:?}");
        wait_until(|| {
            if evicting {
                edge.evict();
            }
            let listed = is_listed(&edge, "/lookup?topic=t", "a.example");
            assert!(listed || heard.elapsed() >= lease, "evicting: {evicting}: it expired within its lease");
            !listed
        });
        assert!(!is_listed(&edge, "/nodes", "a.example"));
        let explained = edge.get("/v1/explain?topic=t").json();
        let producer = &explained["producers"][0];
        assert_eq!((&producer["node"], &producer["verdict"]), (&json!("a.example:4151"), &json!("inactive")));
        assert!(producer["inactive_at"].as_u64() <= explained["now_at"].as_u64(), "{explained}");
        // Its topics and channels stay.
        assert_eq!(edge.get("/lookup?topic=t").json(), json!({"channels": ["c"], "producers": []}));
        assert_eq!(edge.get("/topics").json(), json!({"topics": ["t", "u"]}));

        announce(&edge, "a.example");
        assert!(is_listed(&edge, "/lookup?topic=t", "a.example"));
        assert!(is_listed(&edge, "/nodes", "a.example"));
    }
}

#[test]
fn a_producer_whose_heartbeats_come_is_never_lost() {
    // When a producer was last heard is known in memory; nothing may depend on that.
    for evicting in [false, true] {
        let Some(edge) = edge() else { return };
        announce(&edge, "a.example");
        announce(&edge, "silent.example");
        let start = Instant::now();
        while start.elapsed() < TIMEOUT * 2 {
            let interval = Duration::from_millis(edge_interval(&edge));
            for path in ["/lookup?topic=t", "/nodes"] {
                assert!(is_listed(&edge, path, "a.example"), "evicting: {evicting}, after {:?}", start.elapsed());
            }
            if evicting {
                edge.evict();
            }
            thread::sleep(interval);
        }
        assert!(!is_listed(&edge, "/lookup?topic=t", "silent.example"), "evicting: {evicting}");
    }
}

/// Sends a heartbeat, and returns how long to wait before the next, in milliseconds.
fn edge_interval(edge: &Edge) -> u64 {
    let body = announcement("a.example", &[("t", &["c"]), ("u", &[])]).to_string();
    let answer = edge.send(&Request::post("/register").body(body));
    answer.json()["interval_ms"].as_u64().expect("an interval")
}

#[test]
fn lifetimes_go_on_while_nothing_runs() {
    let Some(mut edge) = edge() else { return };
    announce(&edge, "a.example");
    assert_eq!(edge.post("/topic/tombstone?topic=t&node=a.example:4151").status, 200);
    let start = Instant::now();
    edge.restart();
    let listed = is_listed(&edge, "/lookup?topic=t", "a.example");
    assert!(!listed || start.elapsed() >= TOMBSTONE, "a restart ended the tombstone");
    edge.kill9();
    thread::sleep(TIMEOUT.saturating_sub(start.elapsed()) + Duration::from_millis(200));
    edge.restart();
    assert!(!is_listed(&edge, "/nodes", "a.example"), "the lease ended while the process was away");
    announce(&edge, "a.example");
    assert!(is_listed(&edge, "/lookup?topic=t", "a.example"), "the tombstone ended while the process was away");
}
