//! Many callers at once, and callers that don't wait for their answer.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use lookupd_tests::{Bindings, Client, Edge, Request, Seed, announcement, identify};
use serde_json::{Value, json};

const CALLERS: usize = 16;

#[test]
fn whoever_was_answered_sees_what_he_did() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let client = edge.client();
            scope.spawn(move || story(client, caller));
        }
    });
    assert_eq!(edge.get("/topics").json(), json!({"topics": []}));
    assert_eq!(edge.get("/nodes").json(), json!({"producers": []}));
    // No command was lost or done twice: each of them moved the revision by one.
    assert_eq!(revision(&edge), json!(CALLERS * ROUNDS * 4));
}

fn revision(edge: &Edge) -> Value {
    edge.get("/v1/explain?topic=t").json()["revision"].clone()
}

const ROUNDS: usize = 10;

/// A caller's own topic, over and over: created, served, left, deleted.
fn story(client: Client, caller: usize) {
    let (topic, host) = (format!("t{caller}"), format!("h{caller}.example"));
    let lookup = format!("/lookup?topic={topic}");
    for _ in 0..ROUNDS {
        assert_eq!(client.get(&lookup).status, 404);
        assert_eq!(client.post(format!("/topic/create?topic={topic}")).status, 200);
        assert_eq!(client.get(&lookup).json(), json!({"channels": [], "producers": []}));
        let body = announcement(&host, &[(&topic, &["c"])]).to_string();
        assert_eq!(client.send(&Request::post("/register").body(body)).status, 200);
        assert_eq!(client.get(&lookup).json()["producers"][0]["broadcast_address"], json!(host));
        assert_eq!(client.post(format!("/unregister?node={host}:4151")).status, 200);
        assert_eq!(client.get(&lookup).json(), json!({"channels": ["c"], "producers": []}));
        assert_eq!(client.post(format!("/topic/delete?topic={topic}")).status, 200);
    }
}

#[test]
fn callers_that_leave_early_do_no_harm() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let mut seed = Seed::new();
    for number in 0..300 {
        let body = announcement("gone.example", &[("t", &["c"])]).to_string();
        let requests = [
            Request::post("/register").body(&body),
            Request::post("/register").chunked(&body, 7),
            Request::post(format!("/topic/create?topic=t{}", number % 10)),
            Request::get("/nodes"),
            Request::get("/v1/snapshot"),
        ];
        let request = &requests[number % requests.len()];
        let sent = usize::try_from(seed.below(request.bytes().len() as u64 + 1)).expect("a length");
        let mut stream = TcpStream::connect(edge.client().address()).expect("the runtime listens");
        // The other end may have refused what it had by then.
        let _ = stream.write_all(&request.bytes()[..sent]);
        if number % 20 == 0 {
            edge.evict();
        }
    }
    let answer = edge.send(&Request::post("/register?topic=after").body(identify("a.example").to_string()));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(edge.get("/lookup?topic=after").json()["producers"].as_array().map(Vec::len), Some(1));
    // Some of them may still be under way. Whenever none came in between, memory and storage agree.
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let in_memory = (revision(&edge), edge.state(""), revision(&edge));
        edge.evict();
        let stored = (revision(&edge), edge.state(""), revision(&edge));
        if in_memory.0 == stored.2 {
            assert_eq!(stored, in_memory);
            break;
        }
        assert!(Instant::now() < deadline, "it never becomes quiet");
    }
    assert!(!edge.log().contains("panicked"), "{}", edge.log());
}
