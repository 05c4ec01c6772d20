//! Who may do what: every route with every token.

use std::fmt::Write as _;

use lookupd_tests::{Bindings, Edge, Request, Response, identify};

const ADMIN: &str = "admin-0123456789";
const REGISTER: &str = "register-0123456789";
const READ: &str = "read-0123456789";

/// What a route asks for; each right includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Right {
    /// Anyone may.
    Open,
    Read,
    Register,
    Admin,
}

/// Every route, with a request that succeeds where it is permitted.
const ROUTES: &[(&str, &str, Right)] = &[
    ("GET", "/ping", Right::Open),
    ("GET", "/info", Right::Read),
    ("GET", "/topics", Right::Read),
    ("GET", "/channels?topic=t", Right::Read),
    ("GET", "/lookup?topic=t", Right::Read),
    ("GET", "/nodes", Right::Read),
    ("GET", "/debug", Right::Read),
    ("GET", "/registrations?category=topic", Right::Read),
    ("GET", "/v1/explain?topic=t", Right::Read),
    ("GET", "/v1/snapshot", Right::Read),
    ("GET", "/v1/changes?since=CURSOR", Right::Read),
    ("GET", "/v1/log", Right::Read),
    ("POST", "/register?topic=t", Right::Register),
    ("POST", "/unregister?node=a.example:4151", Right::Register),
    ("POST", "/topic/create?topic=t", Right::Admin),
    ("POST", "/channel/create?topic=t&channel=c", Right::Admin),
    ("POST", "/topic/tombstone?topic=t&node=a.example:4151", Right::Admin),
    ("POST", "/channel/delete?topic=t&channel=c&dry_run", Right::Admin),
    ("POST", "/topic/delete?topic=t&dry_run", Right::Admin),
];

/// An `Authorization` header, and the right that comes with it; `None` for a token that is nobody's.
const SENT: &[(&str, Option<Right>)] = &[
    ("", Some(Right::Open)),
    ("Bearer admin-0123456789", Some(Right::Admin)),
    ("Bearer register-0123456789", Some(Right::Register)),
    ("Bearer read-0123456789", Some(Right::Read)),
    ("bearer  read-0123456789 ", Some(Right::Read)),
    ("Bearer wrong", None),
    ("Bearer admin-012345678", None),
    ("Bearer admin-01234567890", None),
    ("Bearer ADMIN-0123456789", None),
    ("Bearer admin-0123456789, Bearer admin-0123456789", None),
    ("Bearer", None),
    ("Bearer ", None),
    // Another scheme's is no token of ours.
    ("Basic admin-0123456789", Some(Right::Open)),
    ("admin-0123456789", Some(Right::Open)),
];

fn with_tokens(anonymous: &str) -> Bindings {
    Bindings::none()
        .with("ANONYMOUS", anonymous)
        .with("ADMIN_TOKEN", ADMIN)
        .with("REGISTER_TOKEN", REGISTER)
        .with("READ_TOKEN", READ)
}

fn request(method: &str, target: &str) -> Request {
    let request = Request::new(method, target);
    if target.starts_with("/register") { request.body(identify("a.example").to_string()) } else { request }
}

/// A request for `target` with this `Authorization`, or none where it is empty.
fn ask(edge: &Edge, method: &str, target: &str, authorization: &str) -> Response {
    let request = request(method, &target.replace("CURSOR", "0-0000000000000000"));
    edge.send(&if authorization.is_empty() { request } else { request.header("Authorization", authorization) })
}

/// Every route with everything that may be sent, against what the rules say.
fn check_matrix(anonymous: &str, anonymous_right: Right) {
    let Some(edge) = Edge::start(&with_tokens(anonymous)) else { return };
    assert_eq!(ask(&edge, "POST", "/channel/create?topic=t&channel=c", &format!("Bearer {ADMIN}")).status, 200);
    let mut wrong = String::new();
    for (method, target, needed) in ROUTES {
        for (authorization, granted) in SENT {
            let answer = ask(&edge, method, target, authorization);
            let is_token = authorization.to_ascii_lowercase().starts_with("bearer");
            let expected = match granted {
                _ if *needed == Right::Open => 200,
                // Whoever believes to be known must learn otherwise, whatever anyone may do.
                None => 401,
                Some(granted) if *needed <= anonymous_right.max(*granted) => 200,
                Some(_) if is_token => 403,
                Some(_) => 401,
            };
            let code = match (expected, granted) {
                (200, _) => "",
                (403, _) => "FORBIDDEN",
                (_, None) => "INVALID_TOKEN",
                _ => "UNAUTHORIZED",
            };
            let challenged = answer.header("WWW-Authenticate").is_some_and(|value| value.starts_with("Bearer"));
            // A replica is told what its caller may do.
            let follows =
                expected == 200 && ["/v1/snapshot", "/v1/changes"].iter().any(|path| target.starts_with(path));
            let told = granted.filter(|_| follows).map(|granted| match anonymous_right.max(granted) {
                Right::Open => "none",
                Right::Read => "read",
                Right::Register => "register",
                Right::Admin => "admin",
            });
            let is_right = answer.status == expected
                && answer.message() == code
                && challenged == (expected == 401)
                && answer.header("X-Lookupd-Right") == told;
            if !is_right {
                let _ = writeln!(wrong, "{method} {target} with {authorization:?}: not {expected} {code}\n{answer:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "ANONYMOUS={anonymous}\n{wrong}");
}

#[test]
fn without_a_token_nothing_is_permitted_by_none() {
    check_matrix("none", Right::Open);
}

#[test]
fn without_a_token_reading_is_permitted_by_read() {
    check_matrix("read", Right::Read);
}

#[test]
fn without_a_token_everything_is_permitted_by_write() {
    check_matrix("write", Right::Admin);
}

#[test]
fn a_deployment_with_nothing_configured_says_what_to_configure() {
    let Some(edge) = Edge::start(&Bindings::none()) else { return };
    for (method, target, needed) in ROUTES {
        for authorization in ["", "Bearer ", "Bearer undefined", "Bearer null", "Basic Og=="] {
            let answer = ask(&edge, method, target, authorization);
            if *needed == Right::Open {
                assert_eq!(answer.status, 200, "{target}");
                continue;
            }
            assert_eq!(answer.status, 401, "{target} with {authorization:?}: {answer:?}");
            assert!(answer.header("WWW-Authenticate").is_some(), "{target}: {answer:?}");
            let secret = match needed {
                Right::Open | Right::Read => "READ_TOKEN",
                Right::Register => "REGISTER_TOKEN",
                Right::Admin => "ADMIN_TOKEN",
            };
            assert!(authorization.starts_with("Bearer") || answer.text().contains(secret), "{target}: {answer:?}");
        }
    }
}

#[test]
fn one_token_alone_opens_what_it_is_for() {
    for (name, token, right) in [
        ("ADMIN_TOKEN", ADMIN, Right::Admin),
        ("REGISTER_TOKEN", REGISTER, Right::Register),
        ("READ_TOKEN", READ, Right::Read),
    ] {
        // A blank secret is no secret: it must not match a blank token.
        let mut bindings = Bindings::none().with("ADMIN_TOKEN", "").with("REGISTER_TOKEN", " ").with("READ_TOKEN", "");
        bindings = bindings.with(name, token);
        let Some(edge) = Edge::start(&bindings) else { return };
        for (method, target, needed) in ROUTES {
            let answer = ask(&edge, method, target, &format!("Bearer {token}"));
            // What `channel/delete` and `topic/tombstone` are about may not be there.
            let is_permitted = answer.status == 200
                || answer.message() == "CHANNEL_NOT_FOUND"
                || answer.message() == "TOPIC_NOT_FOUND";
            assert_eq!(is_permitted, *needed <= right, "{name} {target}: {answer:?}");
            for blank in ["Bearer", "Bearer ", "Bearer  "] {
                let answer = ask(&edge, method, target, blank);
                assert_eq!(answer.status, if *needed == Right::Open { 200 } else { 401 }, "{name} {target} {blank:?}");
            }
        }
    }
}

#[test]
fn a_variable_that_is_not_understood_opens_nothing() {
    for (name, value) in [
        ("ANONYMOUS", "all"),
        ("ANONYMOUS", "Write"),
        ("ANONYMOUS", " write"),
        ("ANONYMOUS", "true"),
        ("TOMBSTONE_LIFETIME", "soon"),
        ("TOMBSTONE_LIFETIME", "0s"),
        ("INACTIVE_PRODUCER_TIMEOUT", "-1s"),
        ("CLUSTERS", "a/b"),
        ("CLUSTERS", ","),
    ] {
        let bindings = Bindings::open().with("ADMIN_TOKEN", ADMIN).with(name, value);
        let Some(edge) = Edge::start(&bindings) else { return };
        for (method, target, needed) in ROUTES {
            if *needed != Right::Open {
                let answer = ask(&edge, method, target, "");
                assert!(answer.status >= 400, "{name}={value} {target}: {answer:?}");
                assert!(answer.text().contains(name), "it is said what is wrong: {answer:?}");
            }
        }
    }
}

#[test]
fn refusals_come_before_anything_is_read_or_changed() {
    let Some(edge) = Edge::start(&with_tokens("none")) else { return };
    // The body is far from complete, and the query is wrong: neither is looked at.
    let answer = edge.send(&Request::post("/register?;").declared(1 << 30, "{"));
    assert_eq!((answer.status, answer.message().as_str()), (401, "UNAUTHORIZED"));
    let answer = edge.send(&Request::post("/register?topic=t").token("wrong").declared(1 << 30, "{"));
    assert_eq!((answer.status, answer.message().as_str()), (401, "INVALID_TOKEN"));
    // A path that isn't there is no secret.
    assert_eq!(edge.get("/unknown").status, 404);
    assert_eq!(edge.send(&Request::new("PUT", "/lookup")).status, 405);
    let topics = edge.send(&Request::get("/topics").token(ADMIN));
    assert_eq!(topics.text(), r#"{"topics":[]}"#);
}
