//! A storage that can't be read, or not written: that is told, and nothing is made up or written over.

use std::fs;

use lookupd_tests::{Bindings, Edge, Request, announcement, identify};
use serde_json::{Value, json};

/// How a stored registry is spoiled, and what the rows are then.
const SPOILED: &[(&str, &str)] = &[
    ("an entry of the log is missing", "DELETE FROM log WHERE revision = 2"),
    ("the first entries of the log are missing", "DELETE FROM log WHERE revision <= 2"),
    ("an entry of the log was changed", "UPDATE log SET bytes = x'010203' WHERE revision = 2"),
    ("an entry of the log has another check", "UPDATE log SET hash = zeroblob(8) WHERE revision = 3"),
    ("an entry of the log is text", "UPDATE log SET bytes = 'text' WHERE revision = 2"),
    ("an entry has a revision that isn't its own", "UPDATE log SET revision = 77 WHERE revision = 3"),
    ("what was heard can't be read", "INSERT OR REPLACE INTO heard (id, bytes) VALUES (0, x'ff')"),
    ("the snapshot can't be read", "INSERT INTO snapshot (part, revision, bytes) VALUES (0, 1, x'ff')"),
    ("a table is missing", "DROP TABLE heard"),
    ("a table is another's", "DROP TABLE log; CREATE TABLE log (a, b)"),
];

#[test]
fn a_storage_that_cannot_be_loaded_is_told_and_not_written_to() {
    for (what, spoil) in SPOILED {
        let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
        for topic in ["t", "u", "v"] {
            assert_eq!(edge.post(format!("/channel/create?topic={topic}&channel=c")).status, 200);
        }
        edge.sql("default", spoil);
        let before = rows(&mut edge);
        assert_refuses_everything(&edge, what);
        edge.evict();
        assert_refuses_everything(&edge, what);
        assert_eq!(rows(&mut edge), before, "{what}");
    }
}

#[test]
fn a_storage_that_is_no_database_is_told_and_not_written_to() {
    let Some(mut edge) = Edge::start(&Bindings::open().with("CLUSTERS", "default,west")) else { return };
    assert_eq!(edge.post("/topic/create?topic=t").status, 200);
    assert_eq!(edge.post("/clusters/west/topic/create?topic=w").status, 200);
    edge.kill9();
    let mut spoiled = Vec::new();
    for entry in fs::read_dir(edge.storage().join("lookupd-edge-Leader")).expect("the storage") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with("-wal") || name.ends_with("-shm") {
            fs::remove_file(path).expect("the file is removed");
        } else if name != "metadata.sqlite" {
            fs::write(&path, b"this is no database").expect("the file is spoiled");
            spoiled.push(path);
        }
    }
    assert_eq!(spoiled.len(), 2);
    edge.restart();
    assert_refuses_everything(&edge, "no database");
    assert_eq!(edge.get("/clusters/west/topics").status, 503);
    for path in spoiled {
        assert_eq!(fs::read(path).expect("the file"), b"this is no database");
    }
}

#[test]
fn a_write_that_fails_is_told_and_changes_nothing() {
    let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
    let body = announcement("a.example", &[("t", &["c"])]).to_string();
    assert_eq!(edge.send(&Request::post("/register").body(&body)).status, 200);
    let state = edge.state("");
    edge.sql("default", "CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    for _ in 0..3 {
        for target in [
            "/topic/create?topic=n",
            "/topic/delete?topic=t",
            "/channel/create?topic=t&channel=n",
            "/channel/delete?topic=t&channel=c",
            "/topic/tombstone?topic=t&node=a.example:4151",
            "/unregister?node=a.example:4151",
        ] {
            let answer = edge.post(target);
            assert_eq!((answer.status, answer.message().as_str()), (503, "STORAGE_FAILED"), "{target}");
            assert_eq!(edge.state(""), state, "{target}");
        }
        // What writes nothing goes on.
        assert_eq!(edge.send(&Request::post("/register").body(&body)).json()["changed"], json!(false));
        assert_eq!(edge.post("/topic/delete?topic=t&dry_run=true").status, 200);
        edge.evict();
    }
    edge.sql("default", "DROP TRIGGER full");
    assert_eq!(edge.state(""), state);
    assert_eq!(edge.post("/topic/create?topic=n").status, 200);
    edge.restart();
    assert!(edge.get("/topics").text().contains("\"n\""));
}

#[test]
fn a_storage_that_is_mended_is_answered_from_again() {
    let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
    for topic in ["t", "u", "v"] {
        assert_eq!(edge.post(format!("/topic/create?topic={topic}")).status, 200);
    }
    let state = edge.state("");
    edge.sql("default", "ALTER TABLE log RENAME TO spoiled");
    assert_refuses_everything(&edge, "the log is missing");
    edge.sql("default", "ALTER TABLE spoiled RENAME TO log");
    assert_eq!(edge.state(""), state);
    assert_eq!(edge.post("/topic/create?topic=w").status, 200);
}

/// Every answer that needs the registry is 503, and says so in our words: never an empty list, and never a 404.
fn assert_refuses_everything(edge: &Edge, what: &str) {
    for target in [
        "/topics",
        "/lookup?topic=t",
        "/lookup?topic=x",
        "/channels?topic=t",
        "/nodes",
        "/debug",
        "/v1/explain?topic=t",
        "/v1/snapshot",
        "/registrations?category=topic",
    ] {
        let answer = edge.get(target);
        // An object that can't even be started has no words of its own.
        let words = ["STORAGE_FAILED", "NOT_READY"];
        assert_eq!((answer.status, words.contains(&&*answer.message())), (503, true), "{what}: {target}: {answer:?}");
    }
    for target in [
        "/topic/create?topic=n",
        "/topic/delete?topic=t",
        "/channel/delete?topic=t&channel=c",
        "/unregister?node=a:1",
        "/topic/create?topic=n&dry_run",
    ] {
        let answer = edge.post(target);
        assert_eq!((answer.status, answer.message().as_str()), (503, "STORAGE_FAILED"), "{what}: {target}");
    }
    let answer = edge.send(&Request::post("/register?topic=n").body(identify("n.example").to_string()));
    assert_eq!(answer.status, 503, "{what}");
    assert_eq!(edge.get("/ping").text(), "OK", "the daemon itself is alive");
}

/// Every row of every table.
fn rows(edge: &mut Edge) -> Vec<Value> {
    let tables = edge
        .sql("default", "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name");
    let names: Vec<_> =
        tables.as_array().expect("rows").iter().map(|row| row[0].as_str().expect("a name").to_owned()).collect();
    let mut rows = vec![tables];
    for name in names {
        rows.push(edge.sql("default", &format!("SELECT * FROM \"{name}\" ORDER BY 1")));
    }
    rows
}
