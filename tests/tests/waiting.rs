//! What the worker does for whoever waits or watches: `/lookup?wait=` and `/metrics`.

use std::thread;
use std::time::{Duration, Instant};

use lookupd_tests::{Bindings, Edge, Request, Response, announcement, identify};

#[test]
fn a_lookup_waits_for_its_answer_to_change() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    register(&edge, "first", "t");
    let seen = edge.get("/lookup?topic=t&wait=0s");
    assert_eq!(hosts(&seen), ["first"]);
    let cursor = seen.header("X-Lookupd-Cursor").expect("a cursor");

    let began = Instant::now();
    let same = edge.get(format!("/lookup?topic=t&wait=2s&since={cursor}"));
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!((same.status, &same.body), (200, &seen.body), "as it is when the wait is over");

    let client = edge.client();
    let target = format!("/lookup?topic=t&wait=60s&since={cursor}");
    let waiting = thread::spawn(move || client.get(target));
    register(&edge, "other", "u");
    register(&edge, "second", "t");
    let news = waiting.join().expect("an answer within half a minute");
    assert_eq!(hosts(&news), ["first", "second"]);
    assert_ne!(news.header("X-Lookupd-Cursor"), Some(cursor));
    assert!(news.header("X-Lookupd-Age").is_some(), "{news:?}");

    let plain = edge.get("/lookup?topic=t");
    assert_eq!(plain.header("X-Lookupd-Cursor"), None, "{plain:?}");
    for (bad, message) in [("wait=61s", "INVALID_ARG_WAIT"), ("wait=1s&since=9", "INVALID_ARG_SINCE")] {
        let refused = edge.get(format!("/lookup?topic=t&{bad}"));
        assert_eq!((refused.status, &*refused.message()), (400, message), "{refused:?}");
    }
}

#[test]
fn the_leader_counts_what_it_holds_and_does() {
    let bindings = Bindings::none().with("ADMIN_TOKEN", "a").with("READ_TOKEN", "r");
    let Some(edge) = Edge::start(&bindings) else { return };
    assert_eq!(edge.get("/metrics").status, 401);
    let body = announcement("a", &[("t", &["c", "d"]), ("u", &[])]).to_string();
    assert_eq!(edge.send(&Request::post("/register").token("a").body(body)).status, 200);
    assert_eq!(edge.send(&Request::post("/channel/delete?topic=t&channel=x").token("a")).status, 404);
    let metrics = edge.send(&Request::get("/metrics").token("r"));
    assert_eq!(metrics.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = metrics.text();
    for line in [
        "lookupd_topics 2",
        "lookupd_channels 2",
        "lookupd_registrations 4",
        "lookupd_claims{via=\"http\"} 1",
        "lookupd_commands_total{result=\"done\"} 1",
        "lookupd_commands_total{result=\"refused\"} 1",
        "lookupd_log_entries 1",
        "lookupd_streams{by=\"follower\"} 0",
        "# TYPE lookupd_streams gauge",
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
    }
}

fn register(edge: &Edge, host: &str, topic: &str) {
    let answer = edge.send(&Request::post(format!("/register?topic={topic}")).body(identify(host).to_string()));
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn hosts(answer: &Response) -> Vec<String> {
    let producers = answer.json()["producers"].as_array().cloned().unwrap_or_default();
    producers.iter().map(|producer| producer["hostname"].as_str().unwrap_or_default().to_owned()).collect()
}
