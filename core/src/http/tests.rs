//! The whole surface at once: a request line and a body in, an answer out.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use proptest::prelude::*;

use super::{response::json, *};
use crate::{
    api,
    change::{CatchUp, Revision},
    command::Limits,
    leader::{Leader, LeaderSettings},
    producer::Lifetimes,
    store::{LogEntry, Store, Stored, StoredSnapshot},
    time::Timestamp,
};

/// As much of a disk as a few commands need.
#[derive(Default)]
struct Memory {
    log: Vec<LogEntry>,
    broken: bool,
}

impl Store for Memory {
    type Error = &'static str;

    fn load(&self) -> Result<Stored, Self::Error> {
        Ok(Stored { log: self.log.clone(), ..Stored::default() })
    }

    fn append(&mut self, entry: &LogEntry) -> Result<(), Self::Error> {
        if self.broken {
            return Err("no space left");
        }
        self.log.push(entry.clone());
        Ok(())
    }

    fn save_heard(&mut self, _: &[u8]) -> Result<(), Self::Error> {
        Ok(())
    }

    fn compact(&mut self, _: &StoredSnapshot, _: &[u8], _: Revision) -> Result<(), Self::Error> {
        Ok(())
    }

    fn snapshot(&self) -> Result<StoredSnapshot, Self::Error> {
        Ok(StoredSnapshot::default())
    }

    fn earlier(&self) -> Result<StoredSnapshot, Self::Error> {
        Ok(StoredSnapshot::default())
    }

    fn log_from(&self, revision: Revision) -> Result<Vec<LogEntry>, Self::Error> {
        Ok(self.log.iter().filter(|entry| entry.revision >= revision).cloned().collect())
    }

    fn last_before(&self, time: Timestamp) -> Result<Option<Revision>, Self::Error> {
        Ok(self.log.iter().rev().find(|entry| entry.at < time).map(|entry| entry.revision))
    }
}

/// A whole server but for its sockets.
struct Server {
    leader: Leader<Memory>,
    now: Timestamp,
}

impl Server {
    fn new() -> Self {
        Self::with(Limits::EDGE, Memory::default())
    }

    fn with(limits: Limits, store: Memory) -> Self {
        let settings = LeaderSettings { lifetimes: Lifetimes::default(), limits, grant: Duration::ZERO };
        let Ok(leader) = Leader::load(store, settings, Timestamp::default()) else { panic!("an empty disk") };
        Self { leader, now: Timestamp::from_millis(1_700_000_000_000) }
    }

    fn request(&mut self, method: &str, target: &str, body: &[u8]) -> Result<Response, &'static str> {
        let target = Target::parse(target.as_bytes()).unwrap();
        let open = Access::new(Anonymous::Write, None, None, None);
        match admit(method, &target, &Headers::default(), &open, &Origins::default()) {
            Ok(request) => serve(request, body, "1.2.3.4:5", &mut self.leader, self.now),
            Err(response) => Ok(response),
        }
    }

    fn get(&mut self, target: &str) -> String {
        String::from_utf8(self.request("GET", target, b"").unwrap().body).unwrap()
    }

    fn post(&mut self, target: &str, body: &str) -> (u16, String) {
        let response = self.request("POST", target, body.as_bytes()).unwrap();
        (response.status, String::from_utf8(response.body).unwrap())
    }

    /// Who `/lookup` lists.
    fn lookup(&mut self, topic: &str) -> Vec<String> {
        let body: api::Lookup = serde_json::from_str(&self.get(&format!("/lookup?topic={topic}"))).unwrap();
        body.producers.iter().map(|producer| producer.node().to_string()).collect()
    }
}

fn identify(address: &str) -> String {
    format!(r#"{{"broadcast_address":"{address}","tcp_port":4150,"http_port":4151,"version":"v"}}"#)
}

fn whole(address: &str, topics: &str) -> String {
    identify(address).replace('{', &format!(r#"{{"topics":{topics},"#))
}

fn code((status, body): &(u16, String)) -> (u16, String) {
    let error: api::Error = serde_json::from_str(body).unwrap();
    (*status, error.message)
}

#[test]
fn a_producer_registers_beats_and_leaves() {
    let mut server = Server::new();
    assert_eq!(
        server.post("/register?topic=t&channel=c", &identify("b")),
        (
            200,
            r#"{"node":"b:4151","new":true,"changed":true,"lease_ms":225000,"interval_ms":60000,"revision":1}"#.into()
        )
    );
    assert_eq!(server.lookup("t"), ["b:4151"]);
    assert_eq!(server.get("/channels?topic=t"), r#"{"channels":["c"]}"#);

    let (_, heartbeat) = server.post("/register?topic=t&channel=c", &identify("b"));
    assert!(heartbeat.contains(r#""new":false,"changed":false,"#) && heartbeat.contains(r#""revision":1"#));
    let (_, other) = server.post("/register?topic=u", &identify("b"));
    assert!(other.contains(r#""new":false,"changed":true,"#), "{other}");

    let unregistered =
        |changed, revision| (200, format!(r#"{{"node":"b:4151","changed":{changed},"revision":{revision}}}"#));
    assert_eq!(server.post("/unregister?node=b:4151&topic=t", ""), unregistered(true, 3));
    assert_eq!((server.lookup("t").len(), server.lookup("u").len()), (0, 1));
    assert_eq!(server.post("/unregister?node=b:4151", ""), unregistered(true, 4));
    assert_eq!(server.lookup("u").len(), 0);
    assert_eq!(server.post("/unregister?node=b:4151", ""), unregistered(false, 4));
}

#[test]
fn a_whole_node_is_announced_at_once() {
    let mut server = Server::new();
    assert_eq!(server.post("/register", &whole("b", r#"{"t":["c"],"u":[]}"#)).0, 200);
    assert_eq!((server.lookup("t").len(), server.lookup("u").len()), (1, 1));
    assert_eq!(server.post("/register", &whole("b", r#"{"u":[]}"#)).0, 200);
    assert_eq!((server.lookup("t").len(), server.lookup("u").len()), (0, 1));
}

#[test]
fn a_body_that_does_not_fit_changes_nothing() {
    let mut server = Server::new();
    let long = |length: usize| format!("{}{}", identify("b"), " ".repeat(length - identify("b").len()));
    for (target, body, status, expected) in [
        ("/register", identify("b"), 400, "MISSING_ARG_TOPIC"),
        ("/register?topic=t", whole("b", "{}"), 400, "INVALID_BODY"),
        ("/register?topic=t", String::new(), 400, "INVALID_BODY"),
        ("/register?topic=t", identify("b").replace("4151", "0"), 400, "INVALID_BODY"),
        ("/register", whole("b", r#"{"a b":[]}"#), 400, "INVALID_ARG_TOPIC"),
        ("/register", whole("b", r#"{"t":[""]}"#), 400, "INVALID_ARG_CHANNEL"),
        ("/register?topic=t", long((64 << 10) + 1), 413, "BODY_TOO_LARGE"),
        ("/register", long((1 << 20) + 1), 413, "BODY_TOO_LARGE"),
    ] {
        assert_eq!(code(&server.post(target, &body)), (status, expected.into()), "{target}");
    }
    assert_eq!(server.leader.registry().revision(), 0);
    assert_eq!(server.post("/register?topic=t", &long(64 << 10)).0, 200);
}

#[test]
fn a_body_that_nobody_reads_may_be_anything() {
    let mut server = Server::new();
    assert_eq!(server.post("/topic/create?topic=t", &"x".repeat(2 << 20)), (200, String::new()));
    let response = server.request("POST", "/topic/create?topic=u", b"topic=v").unwrap();
    assert_eq!(response, Response::done());
    assert_eq!(server.get("/topics"), r#"{"topics":["t","u"]}"#);
}

#[test]
fn nsqlookupds_commands_answer_with_nothing() {
    let mut server = Server::new();
    server.post("/register?topic=t", &identify("::1"));
    for (target, expected) in [
        ("/channel/create?topic=t&channel=c", (200, "")),
        ("/channel/delete?topic=t&channel=c", (200, "")),
        ("/channel/delete?topic=t&channel=c", (404, r#"{"message":"CHANNEL_NOT_FOUND"}"#)),
        ("/channel/delete?topic=no&channel=c", (404, r#"{"message":"CHANNEL_NOT_FOUND"}"#)),
        ("/topic/tombstone?topic=t&node=other:1", (200, "")),
        ("/topic/tombstone?topic=*&node=", (200, "")),
        ("/topic/delete?topic=*", (200, "")),
        ("/topic/delete?topic=no", (200, "")),
    ] {
        assert_eq!(server.post(target, ""), (expected.0, expected.1.into()), "{target}");
    }
    assert_eq!(server.lookup("t"), ["[::1]:4151"]);
    assert_eq!(server.post("/topic/tombstone?topic=t&node=::1:4151", ""), (200, String::new()));
    assert_eq!(server.lookup("t").len(), 0);
    assert_eq!(server.post("/topic/delete?topic=t", ""), (200, String::new()));
    assert_eq!(server.get("/topics"), r#"{"topics":[]}"#);
    assert!(server.get("/nodes").contains(r#""tombstones":[],"topics":[]"#));
}

#[test]
fn a_rehearsal_tells_what_would_change_and_changes_nothing() {
    let mut server = Server::new();
    server.post("/register?topic=t&channel=c", &identify("b"));
    let mut rehearse = |target: &str, body: &str| -> api::Changes {
        let (status, answer) = server.post(target, body);
        assert_eq!(status, 200, "{target}: {answer}");
        let answer: api::DryRun = serde_json::from_str(&answer).unwrap();
        assert!(answer.dry_run && answer.revision == 1, "{answer:?}");
        answer.changes
    };
    let deleted = rehearse("/topic/delete?topic=t&dry_run", "");
    assert_eq!(
        str::from_utf8(&json(&deleted)).unwrap(),
        concat!(
            r#"{"topics":{"added":[],"removed":["t"]},"#,
            r#""channels":{"added":[],"removed":[{"topic":"t","channel":"c"}]},"#,
            r#""producers":{"added":[],"removed":[]},"#,
            r#""registrations":{"added":[],"removed":["#,
            r#"{"node":"b:4151","via":"http","topic":"t","channel":null},"#,
            r#"{"node":"b:4151","via":"http","topic":"t","channel":"c"}]},"#,
            r#""tombstones":{"added":[],"removed":[]}}"#
        )
    );
    assert_eq!(rehearse("/topic/create?topic=n&dry_run=1", "").topics.added.len(), 1);
    assert_eq!(rehearse("/channel/create?topic=t&channel=n&dry_run=1", "").channels.added.len(), 1);
    assert_eq!(rehearse("/channel/delete?topic=t&channel=c&dry_run=1", "").channels.removed.len(), 1);
    assert_eq!(rehearse("/topic/tombstone?topic=t&node=b:4151&dry_run=1", "").tombstones.added.len(), 1);
    assert_eq!(rehearse("/register?topic=n&dry_run=true", &identify("new")).producers.added.len(), 1);
    assert_eq!(rehearse("/register?dry_run", &whole("b", "{}")).registrations.removed.len(), 2);
    assert_eq!(rehearse("/unregister?node=b:4151&dry_run", "").producers.removed.len(), 1);
    for nothing in ["/topic/delete?topic=*&dry_run", "/topic/delete?topic=no&dry_run", "/unregister?node=x:1&dry_run"] {
        assert_eq!(rehearse(nothing, ""), api::Changes::default(), "{nothing}");
    }
    let refused = server.post("/channel/delete?topic=t&channel=no&dry_run", "");
    assert_eq!(code(&refused), (404, "CHANNEL_NOT_FOUND".into()));
    assert_eq!(server.leader.registry().revision(), 1);
    assert_eq!(server.lookup("t"), ["b:4151"]);
}

#[test]
fn a_full_registry_refuses_and_keeps_what_it_has() {
    let mut server = Server::with(Limits { topics: 1, ..Limits::EDGE }, Memory::default());
    assert_eq!(server.post("/topic/create?topic=t", "").0, 200);
    for (target, body) in [
        ("/topic/create?topic=u", String::new()),
        ("/topic/create?topic=u&dry_run", String::new()),
        ("/register?topic=u", identify("b")),
        ("/register", whole("b", r#"{"t":[],"u":[]}"#)),
    ] {
        let full = r#"{"message":"REGISTRY_FULL","detail":"the registry holds at most 1 topics"}"#;
        assert_eq!(server.post(target, &body), (507, full.into()), "{target}");
    }
    assert_eq!(server.get("/topics"), r#"{"topics":["t"]}"#);
    assert_eq!(server.post("/register?topic=t", &identify("b")).0, 200);
}

#[test]
fn a_disk_that_fails_is_told_to_whoever_holds_the_leader() {
    let mut server = Server::with(Limits::EDGE, Memory { broken: true, ..Memory::default() });
    assert_eq!(server.request("POST", "/topic/create?topic=t", b""), Err("no space left"));
    assert!(server.request("POST", "/topic/create?topic=t&dry_run", b"").is_ok());
    let told = Response::from(Error::StorageFailed);
    assert_eq!((told.status, told.header("Retry-After")), (503, Some("1")));
    assert!(!String::from_utf8(told.body).unwrap().contains("space"), "the reason belongs in the log");
}

#[test]
fn silence_and_tombstones_end_without_a_timer() {
    let mut server = Server::new();
    server.post("/register?topic=t", &identify("b"));
    server.post("/topic/tombstone?topic=t&node=b:4151", "");
    for (seconds, listed) in [(0, 0), (44, 0), (1, 1), (255, 1), (1, 0)] {
        server.now = server.now.plus(Duration::from_secs(seconds));
        assert_eq!(server.lookup("t").len(), listed, "{seconds} s later");
    }
    server.post("/register?topic=t", &identify("b"));
    assert_eq!(server.lookup("t").len(), 1);
}

#[test]
fn a_replica_is_caught_up_in_stored_bytes() {
    let mut server = Server::new();
    server.post("/topic/create?topic=t", "");
    let start = server.leader.cursor();
    server.post("/topic/create?topic=u", "");
    let mut catch_up = |target: &str| {
        let response = server.request("GET", target, b"").unwrap();
        assert_eq!(response.header("Content-Type"), Some("application/octet-stream"));
        CatchUp::decode(&response.body).unwrap()
    };
    let whole = catch_up("/v1/snapshot");
    assert_eq!((whole.anew, whole.batches.len(), whole.cursor.revision), (true, 2, 2));
    let rest = catch_up(&format!("/v1/changes?since={start}"));
    assert_eq!((rest.anew, rest.batches.len(), rest.cursor), (false, 1, whole.cursor));
    let unknown = catch_up("/v1/changes?since=1-0000000000000000");
    assert!(unknown.anew);
}

fn admitted(method: &str, target: &str, headers: Headers<'_>, access: &Access) -> Result<Request, (u16, String)> {
    let target = Target::parse(target.as_bytes()).unwrap();
    admit(method, &target, &headers, access, &Origins::default())
        .map_err(|response| (response.status, String::from_utf8(response.body).unwrap()))
}

#[test]
fn a_request_is_refused_for_the_first_thing_that_is_wrong() {
    let closed = Access::default();
    let open = Access::new(Anonymous::Write, None, None, None);
    let foreign = Headers { origin: Some("http://evil"), own_origin: Some("http://h"), ..Headers::default() };
    let none = Headers::default();
    for (method, target, headers, access, status, code) in [
        ("GET", "/nothing", none, &closed, 404, "NOT_FOUND"),
        ("PUT", "/lookup", none, &closed, 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/lookup", none, &closed, 401, "UNAUTHORIZED"),
        ("GET", "/lookup", none, &open, 400, "MISSING_ARG_TOPIC"),
        ("POST", "/topic/create", foreign, &closed, 403, "FOREIGN_ORIGIN"),
        ("POST", "/topic/create", none, &closed, 401, "UNAUTHORIZED"),
        ("POST", "/register?;", none, &closed, 401, "UNAUTHORIZED"),
        ("POST", "/register?;", none, &open, 400, "INVALID_REQUEST"),
        ("POST", "/topic/create?topic=t", foreign, &open, 403, "FOREIGN_ORIGIN"),
    ] {
        let (found, body) = admitted(method, target, headers, access).expect_err(target);
        assert!(found == status && body.contains(code), "{method} {target}: {found} {body}");
    }
    assert!(admitted("GET", "/lookup?topic=t", foreign, &open).is_ok(), "a page may ask; whether it may read is CORS");
    assert!(admitted("GET", "/ping", none, &closed).is_ok());
}

#[test]
fn each_endpoint_needs_its_right() {
    use Right::{Admin, Open, Read, Register};
    for (method, path, right) in [
        ("GET", "/ping", Open),
        ("GET", "/info", Read),
        ("GET", "/topics", Read),
        ("GET", "/channels", Read),
        ("GET", "/lookup", Read),
        ("GET", "/nodes", Read),
        ("GET", "/debug", Read),
        ("GET", "/registrations", Read),
        ("GET", "/v1/explain", Read),
        ("GET", "/v1/snapshot", Read),
        ("GET", "/v1/changes", Read),
        ("GET", "/v1/log", Read),
        ("POST", "/register", Register),
        ("POST", "/unregister", Register),
        ("POST", "/topic/create", Admin),
        ("POST", "/topic/delete", Admin),
        ("POST", "/topic/tombstone", Admin),
        ("POST", "/channel/create", Admin),
        ("POST", "/channel/delete", Admin),
    ] {
        let target = Target::parse(path.as_bytes()).unwrap();
        assert_eq!(Route::find(method, &target, None).unwrap().right(), right, "{path}");
    }
}

fn target() -> impl Strategy<Value = Vec<u8>> {
    let path = prop::sample::select(
        &["/lookup", "/register", "/unregister", "/topic/create", "/v1/explain", "/registrations", "/clusters/a/ping"]
            [..],
    );
    let part = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..12),
        prop::sample::select(
            &["topic=", "&", "?", "%", "/", "..", "channel=c", "node=a:1", "since=", "dry_run", "é"][..]
        )
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    (prop::option::of(path), prop::collection::vec(part, 0..8)).prop_map(|(path, parts)| {
        let mut target = path.unwrap_or_default().as_bytes().to_vec();
        target.extend(parts.concat());
        target
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let text = r#"{"broadcast_address":"b","tcp_port":1,"http_port":2,"version":"v","topics":{"t":["c"]}}"#;
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        (0..text.len(), any::<u8>()).prop_map(move |(place, byte)| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] = byte;
            bytes
        }),
    ]
}

proptest! {
    #[test]
    fn no_bytes_break_it(
        method in prop_oneof![Just(String::from("GET")), Just(String::from("POST")), ".*"],
        target in target(),
        accept in prop::option::of(".*"),
        authorization in prop::option::of(".*"),
        origin in prop::option::of(".*"),
        body in body(),
    ) {
        let Ok(target) = Target::parse(&target) else { return Ok(()) };
        let headers = Headers {
            accept: accept.as_deref(),
            authorization: authorization.as_deref(),
            origin: origin.as_deref(),
            own_origin: target.origin.and_then(|origin| str::from_utf8(origin).ok()),
        };
        let origins = Origins::parse("https://a.example");
        let open = Access::new(Anonymous::Write, Some("a"), None, None);
        let mut server = Server::new();
        let mut response = match admit(&method, &target, &headers, &open, &origins) {
            Err(response) => response,
            Ok(request) => serve(request, &body, "r", &mut server.leader, server.now).unwrap(),
        };
        origins.decorate(&mut response, &method, headers.origin);
        prop_assert!((200..600).contains(&response.status));
        for (_, value) in &response.headers {
            prop_assert!(value.bytes().all(|byte| (b' '..0x7f).contains(&byte)), "no header is split: {:?}", value);
        }
        if response.header("Content-Type") == Some("application/json; charset=utf-8") {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&response.body).is_ok());
        }
    }
}
