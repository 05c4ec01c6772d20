//! `at=`: the registry as it was, on the edge.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lookupd_core::LogFile;
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

#[test]
fn all_that_is_held_is_exported_and_read_back() {
    let bindings = Bindings::open().with("CLUSTERS", "default,west");
    let Some(mut edge) = Edge::start(&bindings) else { return };
    for path in ["", "/clusters/west"] {
        let body = announcement("a", &[("t", &["c"])]).to_string();
        assert_eq!(edge.send(&Request::post(format!("{path}/register")).body(body)).status, 200);
        assert_eq!(edge.post(format!("{path}/topic/create?topic=u")).status, 200);
        assert_eq!(edge.post(format!("{path}/topic/delete?topic=t")).status, 200);
    }
    edge.restart();
    for (path, cluster) in [("", "default"), ("/clusters/west", "west")] {
        let answer = edge.get(format!("{path}/v1/log?whatever"));
        assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("application/x-ndjson")));
        let disposition = answer.header("Content-Disposition").expect("a file's name");
        let name = format!("attachment; filename=\"lookupd-edge-{cluster}-2");
        assert!(disposition.starts_with(&name) && disposition.ends_with("Z.ndjson\""), "{disposition}");
        let file = LogFile::read(&answer.text()).expect("a whole file");
        assert_eq!((file.cluster.as_str(), file.start().revision(), file.batches.len()), (cluster, 0, 3));
        let mut registry = file.start();
        let topics = file.batches.iter().map(|batch| {
            registry.apply(batch).expect("the next batch");
            registry.topics().map(|topic| topic.name().to_string()).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(topics.collect::<Vec<_>>(), ["t", "t u", "u"]);
    }
    assert_eq!(edge.get("/clusters/east/v1/log").status, 404);
    assert_eq!(edge.post("/v1/log").status, 405);
}

/// In milliseconds, between what happens before and after.
fn moment() -> u128 {
    sleep(Duration::from_millis(5));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_millis();
    sleep(Duration::from_millis(5));
    now
}
