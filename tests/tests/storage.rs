//! What is written to the leader's storage, and when: rows are what a deployment pays for.

use std::fs;
use std::thread;
use std::time::Duration;

use lookupd_tests::{Bindings, Edge, Request, announcement, identify};
use serde_json::{Value, json};

/// For how long a producer that isn't heard is found, where a test waits for that.
const TIMEOUT: Duration = Duration::from_secs(3);

fn announce(edge: &Edge) {
    let body = announcement("a.example", &[("t", &["c"])]).to_string();
    assert_eq!(edge.send(&Request::post("/register").body(body)).status, 200);
}

/// How many bytes were ever written to the objects' databases. SQLite appends each transaction to a file beside the
/// database, which the runtime folds in only when it ends in good order.
fn written(edge: &Edge) -> u64 {
    let files = fs::read_dir(edge.storage().join("lookupd-edge-Leader")).into_iter().flatten();
    let sizes = files.filter_map(Result::ok).filter(|file| {
        let name = file.file_name().to_string_lossy().into_owned();
        name.ends_with("-wal") && !name.starts_with("metadata")
    });
    sizes.map(|file| file.metadata().expect("a file's size").len()).sum()
}

fn count(edge: &mut Edge, table: &str) -> Value {
    edge.sql("default", &format!("SELECT count(*) FROM {table}"))[0][0].clone()
}

#[test]
fn an_object_that_was_never_written_to_stays_empty() {
    let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
    for target in ["/topics", "/lookup?topic=t", "/nodes", "/debug", "/v1/explain?topic=t", "/v1/snapshot"] {
        edge.get(target);
    }
    for target in ["/topic/delete?topic=t", "/topic/tombstone?topic=t&node=a:1", "/topic/create?topic=t&dry_run=true"] {
        assert_eq!(edge.post(target).status, 200, "{target}");
    }
    let tables = edge.sql("default", "SELECT name FROM sqlite_master");
    assert!(!tables.to_string().contains("log"), "{tables}");
}

#[test]
fn what_changes_nothing_writes_nothing() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    announce(&edge);
    assert_eq!(edge.post("/topic/create?topic=u").status, 200);
    let before = written(&edge);
    assert!(before > 0);
    for _ in 0..20 {
        announce(&edge);
        assert_eq!(edge.post("/topic/create?topic=u").status, 200);
        assert_eq!(edge.post("/channel/create?topic=t&channel=c").status, 200);
        assert_eq!(edge.post("/topic/delete?topic=unknown").status, 200);
        assert_eq!(edge.post("/topic/delete?topic=t&dry_run=true").status, 200);
        assert_eq!(edge.post("/unregister?node=unknown:1").status, 200);
        assert_eq!(edge.post("/channel/delete?topic=t&channel=unknown").status, 404);
        for target in ["/topics", "/lookup?topic=t", "/nodes", "/debug", "/v1/snapshot"] {
            assert_eq!(edge.get(target).status, 200);
        }
    }
    assert_eq!(written(&edge), before);
    // Eviction closes the database, and folds the file in.
    edge.evict();
    announce(&edge);
    assert_eq!(written(&edge), 0);
    assert_eq!(edge.post("/topic/create?topic=v").status, 200);
    assert!(written(&edge) > 0);
}

#[test]
fn a_command_is_one_row() {
    let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
    let topics: Vec<String> = (0..500).map(|index| format!("t{index}")).collect();
    let mut body = identify("a.example");
    body["topics"] = topics.iter().map(|topic| (topic.clone(), json!(["c", "d"]))).collect();
    assert_eq!(edge.send(&Request::post("/register").body(body.to_string())).status, 200);
    assert_eq!(count(&mut edge, "log"), json!(1));
    assert_eq!(edge.post("/topic/delete?topic=t0").status, 200);
    assert_eq!(edge.post("/unregister?node=a.example:4151").status, 200);
    assert_eq!(count(&mut edge, "log"), json!(3));
}

#[test]
fn silence_is_noticed_without_anyone_asking() {
    let Some(mut edge) = Edge::start(&Bindings::open().with("INACTIVE_PRODUCER_TIMEOUT", "3s")) else { return };
    announce(&edge);
    // Out of memory: only the alarm that it has set brings it back.
    edge.evict();
    // It must be noticed before it makes a difference. A busy machine is granted some more.
    thread::sleep(TIMEOUT + Duration::from_secs(2));
    assert_eq!(count(&mut edge, "log"), json!(2));
    let explained = edge.get("/v1/explain?topic=t").json();
    assert!(explained["producers"][0]["silent_since_at"].is_u64(), "{explained}");
}

#[test]
fn a_log_that_outgrows_the_state_becomes_a_snapshot() {
    let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
    let topics = |prefix: &str| {
        let mut body = identify("a.example");
        body["topics"] = (0..2_000).map(|index| (format!("{prefix}-{index:050}"), json!([]))).collect();
        Request::post("/register").body(body.to_string())
    };
    for round in 0..12 {
        for prefix in ["a", "b"] {
            let answer = edge.send(&topics(prefix));
            assert_eq!(answer.status, 200, "{round}: {answer:?}");
        }
    }
    assert_eq!(edge.post("/topic/create?topic=last").status, 200);
    let state = edge.state("");
    let snapshot = edge.sql("default", "SELECT max(revision), sum(length(bytes)), max(length(bytes)) FROM snapshot");
    let [revision, total, largest] = [0, 1, 2].map(|column| snapshot[0][column].as_u64().unwrap_or(0));
    assert!(revision > 0 && total > 100_000 && largest <= 1 << 20, "{snapshot}");
    assert_eq!(edge.state(""), state);
    edge.evict();
    assert_eq!(edge.state(""), state);
    // And it goes on from there.
    assert_eq!(edge.post("/topic/create?topic=more").status, 200);
    edge.restart();
    assert!(edge.get("/topics").text().contains("\"more\""));
}
