//! What was acknowledged is kept: through `kill -9`, through eviction at any moment, and not at the price of
//! writing over a storage that can't be read.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use lookupd_tests::{Bindings, Client, Edge, Request, Seed, Step, announcement, comparable, identify, read_stories};
use serde_json::Value;

/// Writers at once. Each has names of its own, so that its part of the registry follows from its requests alone.
const WRITERS: usize = 4;
/// How many writes are acknowledged before the process is killed.
const ACKNOWLEDGED: usize = 100;

/// What a writer asked for, in order.
#[derive(Debug)]
struct Written {
    acknowledged: Vec<Request>,
    /// Under way when the process died: it may have happened or not.
    unanswered: Option<Request>,
}

#[test]
fn every_acknowledged_write_survives_a_kill() {
    let mut seed = Seed::new();
    for _ in 0..5 {
        let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
        let written = write_until_killed(&mut edge, &mut seed);
        assert!(written.iter().map(|writer| writer.acknowledged.len()).sum::<usize>() >= ACKNOWLEDGED);
        edge.restart();
        let survived = edge.state("");
        for (number, writer) in written.iter().enumerate() {
            let possible = possible_states(number, writer);
            let found = part_of(&survived, number);
            assert!(
                possible.contains(&found),
                "writer {number}\nfound {found:#?}\npossible {possible:#?}\n{writer:#?}"
            );
        }
        // Nobody else's names, and it goes on.
        assert_eq!(edge.post("/topic/create?topic=after").status, 200);
        edge.restart();
        assert!(edge.get("/topics").text().contains("\"after\""));
    }
}

/// Lets the writers write, and kills the process at a random moment after enough was acknowledged.
fn write_until_killed(edge: &mut Edge, seed: &mut Seed) -> Vec<Written> {
    let acknowledged = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let moment = ACKNOWLEDGED + usize::try_from(seed.below(100)).expect("a small number");
    let delay = Duration::from_micros(seed.below(20_000));
    let requests: Vec<Vec<Request>> = (0..WRITERS).map(|number| requests_of(number, seed)).collect();
    let client = edge.client();
    thread::scope(|scope| {
        let (acknowledged, stopped) = (&acknowledged, &stopped);
        let writers: Vec<_> = requests
            .into_iter()
            .map(|requests| scope.spawn(move || write(client, requests, acknowledged, stopped)))
            .collect();
        while acknowledged.load(Ordering::Relaxed) < moment {
            assert!(!writers.iter().all(thread::ScopedJoinHandle::is_finished), "the writers gave up");
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(delay);
        edge.kill9();
        stopped.store(true, Ordering::Relaxed);
        writers.into_iter().map(|writer| writer.join().expect("a writer")).collect()
    })
}

fn write(client: Client, requests: Vec<Request>, acknowledged: &AtomicUsize, stopped: &AtomicBool) -> Written {
    let mut written = Written { acknowledged: Vec::new(), unanswered: None };
    for request in requests {
        match client.try_send(&request) {
            Ok(answer) => {
                assert!(answer.status == 200 || answer.message() == "CHANNEL_NOT_FOUND", "{request:?}: {answer:?}");
                acknowledged.fetch_add(1, Ordering::Relaxed);
                written.acknowledged.push(request);
            }
            Err(_) => {
                written.unanswered = Some(request);
                break;
            }
        }
        if stopped.load(Ordering::Relaxed) {
            break;
        }
    }
    written
}

/// Writes of every kind about names that end in the writer's number. More than are ever sent.
fn requests_of(number: usize, seed: &mut Seed) -> Vec<Request> {
    let host = host(number);
    (0..2_000)
        .map(|_| {
            let topic = format!("t{}-w{number}", seed.below(5));
            let channel = format!("c{}{}", seed.below(3), if seed.below(3) == 0 { "%23ephemeral" } else { "" });
            let channels = format!("c{}", seed.below(3));
            match seed.below(9) {
                0 => Request::post(format!("/topic/create?topic={topic}")),
                1 => Request::post(format!("/topic/delete?topic={topic}")),
                2 => Request::post(format!("/channel/create?topic={topic}&channel={channel}")),
                3 => Request::post(format!("/channel/delete?topic={topic}&channel={channel}")),
                4 => Request::post(format!("/topic/tombstone?topic={topic}&node={host}:4151")),
                5 => Request::post(format!("/register?topic={topic}&channel={channel}"))
                    .body(identify(&host).to_string()),
                6 => Request::post("/register").body(announcement(&host, &[(&topic, &[&channels])]).to_string()),
                7 => Request::post(format!("/unregister?node={host}:4151&topic={topic}")),
                _ => Request::post(format!("/unregister?node={host}:4151")),
            }
        })
        .collect()
}

fn host(number: usize) -> String {
    format!("w{number}.example")
}

/// A writer's part of the registry after all that was acknowledged, without and with what was under way: as it is
/// on a process that nobody killed.
fn possible_states(number: usize, writer: &Written) -> Vec<Vec<String>> {
    let Some(edge) = Edge::start(&Bindings::open()) else { return Vec::new() };
    for request in &writer.acknowledged {
        edge.send(request);
    }
    let mut states = vec![part_of(&edge.state(""), number)];
    if let Some(request) = &writer.unanswered {
        edge.send(request);
        states.push(part_of(&edge.state(""), number));
    }
    states
}

/// What of a registry's state is about a writer: the entries of its lists that name it.
fn part_of(state: &str, number: usize) -> Vec<String> {
    let (host, suffix) = (host(number), format!("-w{number}"));
    let mut parts = Vec::new();
    for line in state.lines() {
        // `/debug` has a name for times that no JSON has.
        let line: Value = serde_json::from_str(&line.replace("NANOSECONDS", "0")).expect("JSON");
        let lists = line.as_object().expect("an object");
        for (key, list) in lists {
            for entry in list.as_array().expect("a list") {
                let entry = format!("{key} {entry}");
                if entry.contains(&host) || entry.contains(&suffix) {
                    parts.push(entry);
                }
            }
        }
    }
    parts.sort();
    parts
}

#[test]
fn eviction_between_any_two_requests_changes_no_answer() {
    // Those that the recorded answers are about, and our own endpoints.
    for story in read_stories(include_str!("../recorded/http.txt")) {
        let requests: Vec<Request> = story
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Note(_) => None,
                Step::Announce(producer) => Some(Request::post("/register").body(producer)),
                Step::Send { lines, .. } => Some(Step::request(lines)),
            })
            .collect();
        assert_same_with_evictions(&story.name, &requests);
    }
    let identity = identify("a.example").to_string();
    let whole = announcement("b.example", &[("t", &["c", "d#ephemeral"]), ("e#ephemeral", &["c"])]).to_string();
    let requests = [
        Request::post("/register?topic=t&channel=c").body(&identity),
        Request::post("/register?topic=t&channel=c").body(&identity),
        Request::post("/register").body(&whole),
        Request::get("/registrations?category=channel"),
        Request::get("/v1/explain?topic=t"),
        Request::post("/topic/tombstone?topic=t&node=b.example:4151"),
        Request::post("/register").body(&whole),
        Request::get("/v1/explain?topic=t"),
        Request::get("/nodes"),
        Request::post("/topic/delete?topic=t&dry_run=true"),
        Request::post("/unregister?node=a.example:4151&topic=t&channel=c"),
        Request::post("/unregister?node=b.example:4151"),
        Request::get("/topics"),
        Request::get("/lookup?topic=t"),
        Request::post("/register").body(&whole),
        Request::get("/lookup?topic=t"),
        Request::post("/topic/delete?topic=t"),
        Request::get("/debug"),
        Request::get("/registrations?category=client"),
    ];
    assert_same_with_evictions("our own", &requests);
}

fn assert_same_with_evictions(story: &str, requests: &[Request]) {
    let (Some(kept), Some(evicted)) = (Edge::start(&Bindings::open()), Edge::start(&Bindings::open())) else { return };
    for request in requests {
        evicted.evict();
        let (expected, found) = (kept.send(request), evicted.send(request));
        assert_eq!(found.status, expected.status, "{story}: {request:?}");
        assert_eq!(without_moments(&found.text()), without_moments(&expected.text()), "{story}: {request:?}");
        assert_eq!(names_of(&found.headers), names_of(&expected.headers), "{story}: {request:?}");
    }
}

/// A body without what two runs can't share: our own endpoints' moments too, whose keys end in `_at`.
fn without_moments(body: &str) -> String {
    let text = comparable(body, false);
    let mut parts = text.split("_at\":");
    let mut without = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        without += "_at\":";
        without += part.trim_start_matches(|character: char| character.is_ascii_digit());
    }
    without
}

fn names_of(headers: &[(String, String)]) -> Vec<&str> {
    let mut names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

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
    for entry in std::fs::read_dir(edge.storage().join("lookupd-edge-Leader")).expect("the storage") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with("-wal") || name.ends_with("-shm") {
            std::fs::remove_file(path).expect("the file is removed");
        } else if name != "metadata.sqlite" {
            std::fs::write(&path, b"this is no database").expect("the file is spoiled");
            spoiled.push(path);
        }
    }
    assert_eq!(spoiled.len(), 2);
    edge.restart();
    assert_refuses_everything(&edge, "no database");
    assert_eq!(edge.get("/clusters/west/topics").status, 503);
    for path in spoiled {
        assert_eq!(std::fs::read(path).expect("the file"), b"this is no database");
    }
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
        assert_eq!((answer.status, answer.message().as_str()), (503, "STORAGE_FAILED"), "{what}: {target}");
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
