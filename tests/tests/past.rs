//! `at=`: the registry as it was, on the edge.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lookupd_tests::{Bindings, Edge, Request, announcement};

#[test]
fn every_question_can_be_asked_of_a_moment_before() {
    let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
    let before = moment();
    let body = announcement("a", &[("t", &["c"])]).to_string();
    assert_eq!(edge.send(&Request::post("/register").body(body)).status, 200);
    let registered = moment();
    assert_eq!(edge.send(&Request::post("/topic/delete?topic=t")).status, 200);
    assert_eq!(edge.get("/lookup?topic=t").status, 404);

    edge.restart();
    let then = edge.get(format!("/lookup?topic=t&at={registered}"));
    assert_eq!(then.status, 200, "{then:?}");
    assert_eq!(then.json()["channels"], serde_json::json!(["c"]));
    assert_eq!(then.json()["producers"][0]["hostname"], "a");
    assert_eq!(then.header("X-Lookupd-Revision"), Some("1"));
    assert_eq!(edge.get(format!("/topics?at={registered}")).text(), r#"{"topics":["t"]}"#);
    assert_eq!(edge.get(format!("/topics?at={before}")).text(), r#"{"topics":[]}"#);
    assert_eq!(edge.get(format!("/lookup?topic=t&at={before}")).message(), "TOPIC_NOT_FOUND");
    assert_eq!(edge.get("/topics?at=-1h").text(), r#"{"topics":[]}"#);
    assert_eq!(edge.get("/topics?at=yesterday").message(), "INVALID_ARG_AT");
    assert_eq!(edge.get("/lookup?topic=t&wait=1s&at=1").message(), "INVALID_ARG_AT");
}

/// In milliseconds, between what happens before and after.
fn moment() -> u128 {
    sleep(Duration::from_millis(5));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_millis();
    sleep(Duration::from_millis(5));
    now
}
