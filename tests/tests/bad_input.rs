//! Input that is wrong, huge or hostile: a clear refusal, no panic, and the registry as it was.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use lookupd_tests::{Bindings, Edge, Request, Response, announcement, identify};
use serde_json::{Value, json};

/// The longest body that registers one topic.
const ONE_TOPIC: usize = 64 << 10;
/// The longest body that announces a whole node.
const WHOLE_NODE: usize = 1 << 20;

/// Runs `attack` on a registry that isn't empty, and makes sure that it came through.
fn unharmed(attack: impl FnOnce(&Edge)) {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let body = announcement("good.example", &[("t", &["c"]), ("u", &[])]).to_string();
    assert_eq!(edge.send(&Request::post("/register").body(&body)).status, 200);
    let state = edge.state("");
    attack(&edge);
    assert_eq!(edge.state(""), state);
    // A heartbeat is still one: the revision didn't move.
    let answer = edge.send(&Request::post("/register").body(&body));
    assert_eq!((&answer.json()["changed"], &answer.json()["revision"]), (&json!(false), &json!(1)));
    let log = edge.log();
    for trouble in ["panicked", "RuntimeError", "unreachable", "Uncaught"] {
        assert!(!log.contains(trouble), "{log}");
    }
}

/// That it was refused with this status and code, and with a detail, since the endpoint is our own.
#[track_caller]
fn refused(what: &str, answer: &Response, status: u16, code: &str) {
    assert_eq!((answer.status, answer.message().as_str()), (status, code), "{what}: {answer:?}");
    assert!(answer.json()["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{what}: {answer:?}");
}

#[test]
fn a_body_is_refused_by_its_declared_length_before_it_is_read() {
    unharmed(|edge| {
        for (target, limit) in [("/register?topic=t", ONE_TOPIC), ("/register", WHOLE_NODE)] {
            for length in [limit + 1, 1 << 40] {
                let start = Instant::now();
                // Nothing of the body is ever sent.
                let answer = edge.send(&Request::post(target).declared(length, ""));
                refused(target, &answer, 413, "BODY_TOO_LARGE");
                assert!(answer.text().contains(&limit.to_string()), "{answer:?}");
                assert!(start.elapsed() < Duration::from_secs(5), "it waited for the body");
            }
        }
    });
}

#[test]
fn a_body_without_a_length_is_refused_as_soon_as_it_is_too_long() {
    unharmed(|edge| {
        for (target, limit) in [("/register?topic=t", ONE_TOPIC), ("/register", WHOLE_NODE)] {
            let blanks = vec![b' '; limit + 1];
            refused(target, &edge.send(&Request::post(target).chunked(&blanks, 8 << 10)), 413, "BODY_TOO_LARGE");
            // One that never ends.
            let mut bytes = Request::post(target).chunked(&blanks, limit + 1).bytes().to_vec();
            bytes.truncate(bytes.len() - b"0\r\n\r\n".len());
            refused(target, &edge.send(&Request::raw(bytes)), 413, "BODY_TOO_LARGE");
        }
    });
}

#[test]
fn a_body_of_the_longest_length_is_read() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    for (target, limit, body) in [
        ("/register?topic=t", ONE_TOPIC, identify("a.example")),
        ("/register", WHOLE_NODE, announcement("b.example", &[("t", &[])])),
    ] {
        let body = body.to_string();
        let body = format!("{body}{}", " ".repeat(limit - body.len()));
        assert_eq!(edge.send(&Request::post(target).body(&body)).status, 200, "{target}");
        assert_eq!(edge.send(&Request::post(target).chunked(&body, 10_000)).status, 200, "{target} in chunks");
    }
}

#[test]
fn a_body_that_breaks_off_changes_nothing() {
    unharmed(|edge| {
        let body = announcement("bad.example", &[("bad", &[])]).to_string();
        // Gone after half of it.
        let mut stream = TcpStream::connect(edge.client().address()).expect("the runtime listens");
        let request = Request::post("/register").declared(body.len(), &body[..body.len() / 2]);
        stream.write_all(request.bytes()).expect("half of the body is sent");
        drop(stream);
        // A chunk that isn't one.
        let head = "POST /register HTTP/1.1\r\nHost: nsqlookupd:4161\r\nTransfer-Encoding: chunked\r\n\r\n";
        let answer = edge.send(&Request::raw(format!("{head}{:x}\r\n{body}\r\nzz\r\n", body.len())));
        assert_eq!((answer.status, answer.message().as_str()), (400, "INVALID_REQUEST"), "{answer:?}");
    });
}

#[test]
fn json_that_is_none_is_refused_with_what_is_wrong() {
    let deep = |open: &str, close: &str| open.repeat(10_000) + "1" + &close.repeat(10_000);
    let identity = identify("bad.example").to_string();
    let within = |value: &str| identity.replacen('{', &format!("{{\"x\":{value},"), 1);
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b" ".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"1".to_vec(),
        b"\"text\"".to_vec(),
        b"{".to_vec(),
        b"{}".to_vec(),
        b"{]".to_vec(),
        identity[..identity.len() - 1].into(),
        format!("{identity}x").into(),
        format!("{identity}{identity}").into(),
        identity.replace('"', "'").into(),
        b"\xff".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        identity.replace("1.3.0", "\u{0}").into(),
        [identity.as_bytes(), b"\xff"].concat(),
        identity
            .replace("1.3.0", "V")
            .into_bytes()
            .into_iter()
            .map(|byte| if byte == b'V' { 0xff } else { byte })
            .collect(),
        deep("[", "]").into(),
        deep("{\"a\":", "}").into(),
        within(&deep("[", "]")).into(),
        within(&deep("{\"a\":", "}")).into(),
    ];
    unharmed(|edge| {
        for body in &bodies {
            let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
            for target in ["/register?topic=bad", "/register"] {
                refused(&shown, &edge.send(&Request::post(target).body(body)), 400, "INVALID_BODY");
            }
        }
    });
}

#[test]
fn every_field_is_checked() {
    let long = "x".repeat(2_000);
    let mut cases: Vec<(&str, Value)> = vec![
        ("broadcast_address", json!("")),
        ("broadcast_address", json!("x".repeat(256))),
        ("broadcast_address", json!(1)),
        ("broadcast_address", Value::Null),
        ("hostname", json!(1)),
        ("hostname", json!(long)),
        ("version", json!("")),
        ("version", json!(1.3)),
        ("version", json!(long)),
        ("topology_zone", json!(["z"])),
        ("topology_region", json!(long)),
    ];
    for port in ["tcp_port", "http_port"] {
        for value in [
            "0",
            "-1",
            "65536",
            "99999999",
            "-5",
            "99999999999999999999",
            "1.5",
            "1e3",
            "1e999",
            "\"4150\"",
            "true",
            "[]",
        ] {
            // Some of these aren't numbers to serde_json's `Value`, so they are written by hand below.
            cases.push((port, Value::String(format!("RAW{value}"))));
        }
    }
    unharmed(|edge| {
        for (field, value) in &cases {
            let mut body = announcement("bad.example", &[("bad", &[])]);
            body[*field] = value.clone();
            let text = body.to_string();
            let body = match value.as_str().and_then(|text| text.strip_prefix("RAW")) {
                Some(raw) => text.replace(&value.to_string(), raw),
                None => text,
            };
            let answer = edge.send(&Request::post("/register").body(&body));
            refused(&body, &answer, 400, "INVALID_BODY");
            let is_named = answer.text().contains(field) || body.contains("1e999");
            assert!(is_named, "the field is named: {body} {answer:?}");
        }
        for field in ["broadcast_address", "tcp_port", "http_port", "version"] {
            let mut body = announcement("bad.example", &[("bad", &[])]);
            body.as_object_mut().expect("an object").remove(field);
            let answer = edge.send(&Request::post("/register").body(body.to_string()));
            refused(field, &answer, 400, "INVALID_BODY");
            assert!(answer.text().contains(field), "{answer:?}");
            let twice = identify("bad.example").to_string().replacen('{', &format!("{{\"{field}\":1,"), 1);
            refused(field, &edge.send(&Request::post("/register?topic=bad").body(twice)), 400, "INVALID_BODY");
        }
    });
}

#[test]
fn names_are_checked_wherever_they_come_in() {
    let identity = identify("bad.example").to_string();
    let long = "x".repeat(65);
    unharmed(|edge| {
        for name in ["", "a b", "$", "*", "a/b", "ä", "#ephemeral", "a#b", "a\u{0}", &long] {
            let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
            for (target, code) in [
                (format!("/register?topic={encoded}"), "INVALID_ARG_TOPIC"),
                (format!("/register?topic=bad&channel={encoded}"), "INVALID_ARG_CHANNEL"),
                (format!("/unregister?node=good.example:4151&topic={encoded}"), "INVALID_ARG_TOPIC"),
                (format!("/unregister?node=good.example:4151&topic=t&channel={encoded}"), "INVALID_ARG_CHANNEL"),
            ] {
                refused(&target, &edge.send(&Request::post(&target).body(&identity)), 400, code);
            }
            for (topic, channel, code) in [(name, "c", "INVALID_ARG_TOPIC"), ("bad", name, "INVALID_ARG_CHANNEL")] {
                let body = announcement("bad.example", &[("good", &["c"]), (topic, &[channel])]).to_string();
                refused(&body, &edge.send(&Request::post("/register").body(&body)), 400, code);
            }
        }
    });
}

#[test]
fn arguments_that_contradict_or_miss_something_are_refused() {
    let identity = identify("bad.example").to_string();
    let whole = announcement("bad.example", &[("bad", &[])]).to_string();
    let shapes = |topics: Value| {
        let mut body = identify("bad.example");
        body["topics"] = topics;
        body.to_string()
    };
    unharmed(|edge| {
        for (target, body, code) in [
            ("/register", identity.clone(), "MISSING_ARG_TOPIC"),
            ("/register?channel=c", identity.clone(), "MISSING_ARG_TOPIC"),
            ("/register?topic=t", whole.clone(), "INVALID_BODY"),
            ("/register", shapes(json!(["t"])), "INVALID_BODY"),
            ("/register", shapes(json!({"t": "c"})), "INVALID_BODY"),
            ("/register", shapes(json!({"t": [1]})), "INVALID_BODY"),
            ("/register", shapes(json!({"t": null})), "INVALID_BODY"),
            ("/unregister", String::new(), "MISSING_ARG_NODE"),
            ("/unregister?node=", String::new(), "INVALID_ARG_NODE"),
            ("/unregister?node=good.example", String::new(), "INVALID_ARG_NODE"),
            ("/unregister?node=good.example:0", String::new(), "INVALID_ARG_NODE"),
            ("/unregister?node=good.example:65536", String::new(), "INVALID_ARG_NODE"),
            ("/unregister?node=:4151", String::new(), "INVALID_ARG_NODE"),
            ("/unregister?node=good.example:4151&channel=c", String::new(), "MISSING_ARG_TOPIC"),
            ("/register?topic=bad&dry_run=perhaps", identity.clone(), "INVALID_ARG_DRY_RUN"),
        ] {
            let request = Request::post(target).body(&body);
            refused(&format!("{target} {body}"), &edge.send(&request), 400, code);
        }
        for target in ["/register?topic=bad;", "/register?%zz", "/unregister?node=good.example:4151;"] {
            let answer = edge.send(&Request::post(target).body(&identity));
            assert_eq!((answer.status, answer.message().as_str()), (400, "INVALID_REQUEST"), "{target}");
        }
    });
}

#[test]
fn a_long_query_is_refused_or_answered() {
    unharmed(|edge| {
        for length in [1 << 10, 32 << 10, 60 << 10, 64 << 10, 128 << 10, 1 << 20] {
            let text = "x".repeat(length);
            let get = edge.get(format!("/lookup?topic={text}"));
            assert!(matches!(get.status, 404 | 414 | 431), "{length}: {get:?}");
            let post = edge.post(format!("/topic/create?topic={text}"));
            assert!(matches!(post.status, 400 | 414 | 431), "{length}: {post:?}");
            let many = edge.get(format!("/lookup?{}", "&".repeat(length)));
            assert!(matches!(many.status, 400 | 414 | 431), "{length}: {many:?}");
            let path = edge.get(format!("/{text}"));
            assert!(matches!(path.status, 404 | 414 | 431), "{length}: {path:?}");
            let slashes = edge.get("/".repeat(length));
            assert!(matches!(slashes.status, 404 | 414 | 431), "{length}: {slashes:?}");
        }
    });
}

#[test]
fn strange_hosts_and_headers_are_survived() {
    unharmed(|edge| {
        for host in ["a b", "a/b", "user@a", "a, b", "[::1", "?", "#", "%zz", "a:b:c", "*", "x".repeat(5_000).as_str()]
        {
            let answer = edge.send(&Request::raw(format!("GET /topics HTTP/1.1\r\nHost: {host}\r\n\r\n")));
            assert!((200..500).contains(&answer.status), "{host}: {answer:?}");
        }
        for header in
            ["Authorization", "Origin", "Accept", "Content-Length-X", "CF-Connecting-IP", "Transfer-Encoding-X"]
        {
            for value in [&b"\xff\xfe"[..], b"", b",,,", b"Bearer \xc3\xa9", "x".repeat(10_000).as_bytes()] {
                let answer = edge.send(&Request::get("/topics").header(header, value));
                assert!((200..500).contains(&answer.status), "{header}: {answer:?}");
            }
        }
    });
}

#[test]
fn a_full_registry_refuses_and_keeps_what_it_has() {
    let many =
        |prefix: &str, count: usize| -> Vec<String> { (0..count).map(|index| format!("{prefix}{index}")).collect() };
    unharmed(|edge| {
        let mut topics = identify("bad.example");
        topics["topics"] = many("bad", 20_001).into_iter().map(|topic| (topic, json!([]))).collect();
        let mut channels = identify("bad.example");
        channels["topics"] = json!({"bad": many("c", 1_001)});
        for (body, bound) in [(topics, "20000 topics"), (channels, "1000 channels")] {
            let answer = edge.send(&Request::post("/register").body(body.to_string()));
            refused(bound, &answer, 507, "REGISTRY_FULL");
            assert!(answer.text().contains(bound), "{answer:?}");
            let dry = edge.send(&Request::post("/register?dry_run=true").body(body.to_string()));
            refused(bound, &dry, 507, "REGISTRY_FULL");
        }
    });
}

#[test]
fn a_registry_filled_to_its_bound_still_answers_and_can_be_emptied() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let mut body = identify("a.example");
    body["topics"] = (0..20_000).map(|index| (format!("t{index:05}"), json!([]))).collect();
    let full = Request::post("/register").body(body.to_string());
    assert_eq!(edge.send(&full).status, 200);
    refused(
        "one more",
        &edge.send(&Request::post("/register?topic=more").body(identify("b.example").to_string())),
        507,
        "REGISTRY_FULL",
    );
    let answer = edge.post("/topic/create?topic=more");
    assert_eq!((answer.status, answer.message().as_str()), (507, "REGISTRY_FULL"));
    assert_eq!(edge.send(&full).json()["changed"], json!(false), "a heartbeat of what is there");
    assert_eq!(edge.get("/lookup?topic=more").status, 404);
    edge.evict();
    assert_eq!(edge.get("/lookup?topic=t19999").json()["producers"].as_array().map(Vec::len), Some(1));
    assert_eq!(edge.get("/topics").json()["topics"].as_array().map(Vec::len), Some(20_000));
    assert_eq!(edge.post("/topic/delete?topic=t00000").status, 200);
    assert_eq!(edge.post("/topic/create?topic=more").status, 200);
}
