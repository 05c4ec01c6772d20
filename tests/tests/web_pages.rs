//! What web pages may ask: those of other origins, of configured ones, and those whose own name leads here.

use lookupd_tests::{Bindings, Edge, Request, identify};

/// Requests for every route, each of which succeeds where it is permitted.
fn requests() -> Vec<Request> {
    [
        "/ping",
        "/info",
        "/topics",
        "/channels?topic=t",
        "/lookup?topic=t",
        "/nodes",
        "/debug",
        "/registrations?category=topic",
        "/v1/explain?topic=t",
        "/v1/snapshot",
        "/v1/changes?since=0-0000000000000000",
        "/v1/log",
    ]
    .map(Request::get)
    .into_iter()
    .chain(changes())
    .collect()
}

fn changes() -> Vec<Request> {
    let register = Request::post("/register?topic=t").body(identify("a.example").to_string());
    [
        "/unregister?node=a.example:4151",
        "/topic/create?topic=t",
        "/channel/create?topic=t&channel=c",
        "/topic/tombstone?topic=t&node=a.example:4151",
        "/channel/delete?topic=t&channel=c",
        "/topic/delete?topic=t",
        "/topic/create?topic=t&dry_run=true",
    ]
    .map(Request::post)
    .into_iter()
    .chain([register])
    .collect()
}

#[test]
fn a_web_page_of_another_origin_changes_nothing() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let state = edge.state("");
    for origin in [
        "https://evil.example",
        "http://nsqlookupd:4162",
        "https://nsqlookupd:4161",
        "http://nsqlookupd:4161.evil.example",
        "http://127.0.0.1",
        "null",
    ] {
        for request in changes() {
            let answer = edge.send(&request.clone().header("Origin", origin));
            assert_eq!((answer.status, answer.message().as_str()), (403, "FOREIGN_ORIGIN"), "{origin} {request:?}");
        }
        for request in requests() {
            let answer = edge.send(&request.header("Origin", origin));
            let cors = answer.headers.iter().find(|(name, _)| name.to_ascii_lowercase().starts_with("access-control"));
            assert_eq!(cors, None, "{origin}: a page may send it, and must not read the answer");
        }
    }
    assert_eq!(edge.state(""), state);
    // The dashboard's own requests.
    let own = Request::post("/topic/create?topic=t").header("Origin", "http://nsqlookupd:4161");
    assert_eq!(edge.send(&own).status, 200);
}

#[test]
fn configured_origins_may_read_and_change() {
    let bindings = Bindings::open().with("CORS_ORIGINS", "https://a.example, https://b.example:8443");
    let Some(edge) = Edge::start(&bindings) else { return };
    for origin in ["https://a.example", "https://b.example:8443"] {
        for (method, target) in [
            ("GET", "/topics"),
            ("GET", "/info"),
            ("GET", "/lookup?topic=unknown"),
            ("GET", "/unknown"),
            ("POST", "/topic/create?topic=t"),
        ] {
            let answer = edge.send(&Request::new(method, target).header("Origin", origin));
            assert_eq!(answer.header("Access-Control-Allow-Origin"), Some(origin), "{target}: {answer:?}");
            assert_eq!(answer.header("Vary"), Some("Origin"), "{target}");
            assert_ne!(answer.status, 403, "{target}");
        }
        let preflight = Request::new("OPTIONS", "/topic/create")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization");
        let answer = edge.send(&preflight);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("Access-Control-Allow-Origin"), Some(origin));
        assert!(answer.header("Access-Control-Allow-Methods").is_some_and(|methods| methods.contains("POST")));
        assert!(answer.header("Access-Control-Allow-Headers").is_some_and(|headers| headers.contains("authorization")));
        assert_eq!(answer.header("Allow"), Some("OPTIONS, POST"), "what nsqlookupd says stays: {answer:?}");
    }
    for origin in ["https://evil.example", "https://a.example.evil", "http://a.example", "null"] {
        let answer = edge.send(&Request::get("/topics").header("Origin", origin));
        assert_eq!(answer.header("Access-Control-Allow-Origin"), None, "{origin}");
        let answer = edge.send(&Request::post("/topic/create?topic=u").header("Origin", origin));
        assert_eq!(answer.status, 403, "{origin}");
    }
}

#[test]
fn a_page_whose_own_name_leads_here_is_not_answered() {
    // The name evil.example can be given the address of this very machine; then the page's origin is no foreign one.
    let bindings = Bindings::open().with("HOSTS", "127.0.0.1:8787, localhost:8787");
    let Some(edge) = Edge::start(&bindings) else { return };
    let sent_to = |host: &str, method: &str, target: &str| {
        edge.send(&Request::raw(format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\r\n")))
    };
    for host in
        ["evil.example:8787", "evil.example", "localhost", "localhost:8788", "127.0.0.1:8787.evil.example", "127.0.0.1"]
    {
        for (method, target) in
            [("POST", "/topic/create?topic=t"), ("GET", "/topics"), ("GET", "/lookup?topic=t"), ("GET", "/ui/")]
        {
            let answer = sent_to(host, method, target);
            assert_eq!((answer.status, answer.message().as_str()), (403, "FOREIGN_HOST"), "{host} {target}");
        }
    }
    for host in ["127.0.0.1:8787", "localhost:8787", "LocalHost:8787"] {
        assert_eq!(sent_to(host, "GET", "/topics").text(), r#"{"topics":[]}"#, "{host}");
        assert_eq!(sent_to(host, "POST", "/topic/create?topic=t&dry_run").status, 200, "{host}");
        assert_eq!(sent_to(host, "GET", "/ui/").status, 200, "{host}");
    }
}
