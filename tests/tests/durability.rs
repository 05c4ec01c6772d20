//! What was acknowledged is kept, through `kill -9` and through eviction at any moment.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use lookupd_tests::{Bindings, Client, Edge, Request, Seed, Step, announcement, comparable, identify, read_stories};
use serde_json::{Value, json};

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
fn a_kill_during_the_very_first_writes_leaves_a_registry_that_loads() {
    let mut seed = Seed::new();
    for round in 0..20 {
        let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
        let client = edge.client();
        let delay = Duration::from_micros(seed.below(15_000));
        let acknowledged = thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let names = (0..50).map(|number| format!("t{number}"));
                let create = |name: &String| client.try_send(&Request::post(format!("/topic/create?topic={name}")));
                names.take_while(|name| create(name).is_ok_and(|answer| answer.status == 200)).collect::<Vec<_>>()
            });
            thread::sleep(delay);
            edge.kill9();
            writer.join().expect("the writer")
        });
        edge.restart();
        let answer = edge.get("/topics");
        assert_eq!(answer.status, 200, "round {round}: {answer:?}");
        let topics = answer.json()["topics"].as_array().expect("topics").clone();
        for name in &acknowledged {
            assert!(topics.contains(&Value::from(name.as_str())), "round {round}: {name} is lost of {acknowledged:?}");
        }
        assert!(topics.len() <= acknowledged.len() + 1, "round {round}: {topics:?}");
    }
}

#[test]
fn a_kill_during_compactions_leaves_a_registry_that_loads() {
    let mut seed = Seed::new();
    let announcements: Vec<Request> = ["a", "b"]
        .map(|prefix| {
            let mut body = identify("a.example");
            body["topics"] = (0..4_000).map(|index| (format!("{prefix}{index:060}"), json!([]))).collect();
            Request::post("/register").body(body.to_string())
        })
        .into();
    for round in 0..6 {
        let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
        let client = edge.client();
        let answered = AtomicUsize::new(0);
        let last = 2 + usize::try_from(seed.below(12)).expect("a small number");
        let delay = Duration::from_micros(seed.below(40_000));
        thread::scope(|scope| {
            scope.spawn(|| {
                for request in announcements.iter().cycle() {
                    match client.try_send(request) {
                        Ok(answer) => assert_eq!(answer.status, 200, "{answer:?}"),
                        Err(_) => break,
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
            while answered.load(Ordering::Relaxed) < last {
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(delay);
            edge.kill9();
        });
        let answered = answered.into_inner();
        edge.restart();
        let answer = edge.get("/v1/explain?topic=t");
        assert_eq!(answer.status, 200, "round {round}: {answer:?}");
        // Each announcement takes the other's place, so each moved the revision by one.
        let revision = answer.json()["revision"].as_u64().expect("a revision");
        let possible = answered as u64..=answered as u64 + 1;
        assert!(possible.contains(&revision), "round {round}: {revision} after {answered} answers");
        let serves = if revision % 2 == 1 { "a" } else { "b" };
        let nodes = edge.get("/nodes").json();
        let topics = nodes["producers"][0]["topics"].as_array().expect("topics");
        assert_eq!(topics.len(), 4_000, "round {round}");
        assert!(
            topics.iter().all(|topic| topic.as_str().is_some_and(|name| name.starts_with(serves))),
            "round {round}"
        );
    }
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
