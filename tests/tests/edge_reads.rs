//! Questions that an isolate answers by itself: without the leader, and never wrongly.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use lookupd_tests::{Bindings, Edge, Request, Response, Way, announcement, assert_becomes};
use serde_json::json;

/// How long an isolate may answer from what it was told.
const GRANT: Duration = Duration::from_secs(1);

const READS: [&str; 7] = [
    "/lookup?topic=t",
    "/topics",
    "/channels?topic=t",
    "/nodes",
    "/registrations?category=topic",
    "/debug",
    "/v1/explain?topic=t",
];

fn announce(edge: &Edge, host: &str) -> Response {
    let answer = edge.send(&Request::post("/register").body(announcement(host, &[("t", &["c"])]).to_string()));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

/// An edge that holds one producer, and whose isolate has a replica.
fn warm(bindings: &Bindings) -> Option<Edge> {
    let edge = Edge::start(bindings)?;
    announce(&edge, "a.example");
    // The first is forwarded; the replica is loaded meanwhile.
    let deadline = Instant::now() + Duration::from_secs(30);
    while is_forwarded(&edge) {
        assert!(Instant::now() < deadline, "no replica");
    }
    Some(edge)
}

/// Whether the leader is asked for a lookup.
fn is_forwarded(edge: &Edge) -> bool {
    edge.get("/lookup?topic=t");
    let calls = edge.observed("calls");
    edge.get("/lookup?topic=t");
    edge.observed("calls") > calls
}

fn number(answer: &Response, header: &str) -> u64 {
    answer.header(header).and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {header}: {answer:?}"))
}

fn is_stale(answer: &Response) -> bool {
    answer.header("X-Lookupd-Stale") == Some("true")
}

fn producers(answer: &Response) -> usize {
    answer.json()["producers"].as_array().expect("producers").len()
}

#[test]
fn while_the_grant_lasts_the_leader_is_not_asked() {
    let Some(edge) = warm(&Bindings::open().observed()) else { return };
    edge.get("/channels?topic=t");
    let (start, calls) = (Instant::now(), edge.observed("calls"));
    let mut asked = 0;
    while start.elapsed() < GRANT / 4 {
        let answer = edge.get("/lookup?topic=t");
        assert_eq!((answer.status, producers(&answer), is_stale(&answer)), (200, 1, false));
        assert!(number(&answer, "X-Lookupd-Age") < 1_000, "{answer:?}");
        asked += 1;
    }
    assert!(asked > 5, "{asked}");
    assert_eq!(edge.observed("calls"), calls, "{asked} lookups");
}

#[test]
fn a_busy_isolate_asks_twice_a_second_and_nobody_waits() {
    let Some(edge) = warm(&Bindings::open().observed()) else { return };
    let (start, calls) = (Instant::now(), edge.observed("calls"));
    let mut oldest = 0;
    while start.elapsed() < GRANT * 3 {
        let answer = edge.get("/lookup?topic=t");
        assert!(!is_stale(&answer), "{answer:?}");
        oldest = oldest.max(number(&answer, "X-Lookupd-Age"));
    }
    let calls = edge.observed("calls") - calls;
    assert!((3..=8).contains(&calls), "{calls} calls in 3 s");
    assert!(oldest < 1_000, "an answer was {oldest} ms old");
}

#[test]
fn every_read_tells_its_state_and_age() {
    let Some(edge) = warm(&Bindings::open().observed()) else { return };
    let revision = number(&announce(&edge, "b.example"), "X-Lookupd-Revision");
    assert_eq!(revision, 2);
    for _ in 0..2 {
        for target in READS {
            let answer = edge.get(target);
            assert_eq!((answer.status, number(&answer, "X-Lookupd-Revision")), (200, revision), "{target}");
            assert!(number(&answer, "X-Lookupd-Age") <= 1_000, "{answer:?}");
            assert_eq!(answer.header("X-Lookupd-Stale"), None, "{answer:?}");
        }
    }
    // Only the leader knows when somebody was heard.
    assert!(edge.get("/v1/explain?topic=t").json()["producers"][0]["heard_at"].is_u64());
}

#[test]
fn whoever_changes_something_sees_it_at_once() {
    let Some(edge) = warm(&Bindings::open().observed()) else { return };
    for round in 0..20 {
        let topic = format!("n{round}");
        let calls = edge.observed("calls");
        assert_eq!(edge.post(format!("/channel/create?topic={topic}&channel=c")).status, 200);
        assert!(edge.get("/topics").text().contains(&format!("\"{topic}\"")), "{topic}");
        assert!(edge.observed("calls") <= calls + 2, "the answer to the change brings it along");
    }
    // So many changes at once that they aren't sent along.
    let topics: Vec<String> = (0..3_000).map(|number| format!("{number:050}")).collect();
    let topics: Vec<(&str, &[&str])> = topics.iter().map(|topic| (&**topic, &[][..])).collect();
    let answer = edge.send(&Request::post("/register").body(announcement("b.example", &topics).to_string()));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(edge.get("/topics").json()["topics"].as_array().map(Vec::len), Some(3_021));
}

#[test]
fn that_there_is_nothing_is_confirmed_but_not_each_time() {
    let Some(edge) = warm(&Bindings::open().observed()) else { return };
    for (target, status) in [
        ("/lookup?topic=unknown", 404),
        ("/channels?topic=t", 200),
        ("/channels?topic=unknown", 200),
        ("/registrations?category=topic&key=unknown", 200),
    ] {
        edge.get("/lookup?topic=t");
        thread::sleep(Duration::from_millis(300));
        let calls = edge.observed("calls");
        assert_eq!(edge.get(target).status, status, "{target}");
        assert!(edge.observed("calls") > calls, "{target}: it was not confirmed");
        let (start, calls) = (Instant::now(), edge.observed("calls"));
        for _ in 0..3 {
            edge.get(target);
        }
        // At most one in a quarter of a second.
        let allowed = u64::try_from(start.elapsed().as_millis() / 250).expect("a short time") + 1;
        assert!(edge.observed("calls") - calls <= allowed, "{target}: it was confirmed each time");
    }
}

#[test]
fn with_the_leader_out_of_reach_the_last_state_answers() {
    for way in [Way::Cut, Way::Silent] {
        let Some(edge) = warm(&Bindings::open().observed()) else { return };
        edge.way(way);
        thread::sleep(GRANT);
        for target in READS {
            let start = Instant::now();
            let answer = edge.get(target);
            assert_eq!((answer.status, is_stale(&answer)), (200, true), "{way:?} {target}: {answer:?}");
            assert!(number(&answer, "X-Lookupd-Age") >= 1_000, "{answer:?}");
            assert!(start.elapsed() < Duration::from_secs(8), "{way:?} {target}");
        }
        assert_eq!(producers(&edge.get("/lookup?topic=t")), 1);
        // A change is never made up.
        if matches!(way, Way::Cut) {
            assert_eq!(edge.post("/topic/create?topic=u").status, 503);
        }
        edge.way(Way::Open);
        announce(&edge, "b.example");
        let answer = edge.get("/lookup?topic=t");
        assert_eq!((producers(&answer), is_stale(&answer)), (2, false), "{answer:?}");
    }
}

#[test]
fn without_any_state_nothing_is_said_to_be_empty() {
    let Some(edge) = Edge::start(&Bindings::open().observed()) else { return };
    edge.way(Way::Cut);
    for target in READS.into_iter().chain(["/lookup?topic=unknown"]) {
        let answer = edge.get(target);
        assert_eq!((answer.status, answer.message().as_str()), (503, "NOT_READY"), "{target}: {answer:?}");
        assert_eq!(answer.header("Retry-After"), Some("1"));
    }
    edge.way(Way::Open);
    assert_eq!(edge.get("/topics").json(), json!({"topics": []}));
}

#[test]
fn a_refresh_that_never_came_back_holds_nobody_up() {
    let Some(edge) = warm(&Bindings::open().observed()) else { return };
    thread::sleep(GRANT);
    edge.way(Way::Silent);
    // It waits for the leader, and whoever asked goes away.
    let calls = edge.observed("calls");
    let mut gone = TcpStream::connect(edge.address()).expect("a connection");
    gone.write_all(Request::get("/lookup?topic=t").bytes()).expect("sent");
    assert_becomes(|| edge.observed("calls"), calls + 1);
    drop(gone);
    edge.way(Way::Open);
    announce(&edge, "b.example");
    let answer = edge.get("/lookup?topic=t");
    assert_eq!((producers(&answer), is_stale(&answer)), (2, false), "{answer:?}");
}

#[test]
fn a_revision_can_be_demanded() {
    let Some(edge) = warm(&Bindings::open().observed()) else { return };
    let demand = |revision: &str| edge.send(&Request::get("/topics").header("X-Lookupd-Min-Revision", revision));
    let (calls, answer) = (edge.observed("calls"), demand("1"));
    assert_eq!((answer.status, is_stale(&answer)), (200, false));
    assert!(edge.observed("calls") <= calls + 1, "it is there");
    // One that nobody has seen yet: the leader is asked, and what there is is told as it is.
    let calls = edge.observed("calls");
    let answer = demand("99");
    assert_eq!((answer.status, is_stale(&answer), number(&answer, "X-Lookupd-Revision")), (200, true, 1));
    assert!(edge.observed("calls") > calls);
    for bad in ["x", "-1", ""] {
        let answer = demand(bad);
        assert_eq!((answer.status, answer.message().as_str()), (400, "INVALID_MIN_REVISION"), "{bad:?}");
    }
}

#[test]
fn a_state_that_is_too_large_is_never_copied() {
    let Some(edge) = Edge::start(&Bindings::open().observed().with("REPLICA_MAX_BYTES", "50")) else { return };
    announce(&edge, "a.example");
    for _ in 0..5 {
        let calls = edge.observed("calls");
        let answer = edge.get("/lookup?topic=t");
        assert_eq!((answer.status, producers(&answer), is_stale(&answer)), (200, 1, false));
        assert!(edge.observed("calls") > calls);
    }
    let calls = edge.observed("calls");
    edge.get("/lookup?topic=t");
    assert_eq!(edge.observed("calls"), calls + 1, "it isn't loaded again and again");
}

#[test]
fn what_hides_something_is_answered_when_nobody_shows_it_any_more() {
    let Some(edge) = warm(&Bindings::open().observed()) else { return };
    for target in
        ["/topic/tombstone?topic=t&node=a.example:4151", "/channel/delete?topic=t&channel=c", "/topic/delete?topic=t"]
    {
        // Grants a second, as an isolate elsewhere is granted one.
        assert_eq!(edge.get("/v1/snapshot").status, 200);
        let granted = Instant::now();
        let answer = edge.post(target);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(granted.elapsed() > GRANT - Duration::from_millis(100), "{target}: after {:?}", granted.elapsed());
        assert_eq!(answer.header("X-Lookupd-Hold"), None);
        assert_eq!(answer.header("X-Lookupd-Changes-Length"), None);
        // What hides nothing waits for nobody.
        edge.get("/v1/snapshot");
        let start = Instant::now();
        assert_eq!(edge.post("/topic/create?topic=u").status, 200);
        assert!(start.elapsed() < GRANT / 2, "{:?}", start.elapsed());
    }
}
