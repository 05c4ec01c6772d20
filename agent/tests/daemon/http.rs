//! Everyone else's side, where sockets make a difference: the rest is core's, and tested there.

use std::io::{BufRead, BufReader, Read, Write};

use crate::{
    agent::{Agent, command, open},
    nsqd::Nsqd,
};

#[test]
fn targets_count_as_they_come() {
    let agent = Agent::start(&[]);
    assert_eq!(agent.post("/topic/create?topic=t#ephemeral"), 200);
    assert_eq!(agent.get("/topics"), "{\"topics\":[\"t#ephemeral\"]}");
    for (target, status) in [
        (&b"/ping?<>\"|^`{}\\#\xff"[..], 200),
        (b"/lookup?topic=<\xff>", 404),
        (b"/topic/create?topic=<", 405),
        (b"/a b", 400),
        (b"/%zz", 400),
        (b"ping", 400),
        (b"http://h/ping", 200),
        (b"//ping", 301),
        (b"*", 405),
        (b"/clusters/default/ping", 200),
        (b"/clusters/west/ping", 404),
    ] {
        let request = [b"GET ", target, b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
        let answer = agent.raw(&request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{target:?}: {answer}");
    }
    let answer = agent.raw(b"GET /ping/?a#b\xe9 HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(answer.contains("\r\nLocation: /ping?a#b%e9\r\n"), "{answer}");
    let long = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(100_000));
    assert!(agent.raw(long.as_bytes()).starts_with("HTTP/1.1 414 "));
}

#[test]
fn an_answer_is_nsqlookupds() {
    let agent = Agent::start(&[]);
    let answer = agent.raw(b"GET /info HTTP/1.1\r\nHost: h\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().filter(|line| !line.starts_with("Date: ")).collect();
    lines.sort_unstable();
    let server = concat!("Server: lookupd-edge/", env!("CARGO_PKG_VERSION"));
    let expected = [
        "Content-Length: 19",
        "Content-Type: application/json; charset=utf-8",
        "HTTP/1.1 200 OK",
        server,
        "X-Nsq-Content-Type: nsq; version=1.0",
    ];
    assert_eq!((&lines[..], body), (&expected[..], "{\"version\":\"1.3.0\"}"));
    let head = agent.raw(b"HEAD /ping HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 405 ") && head.contains("Allow: GET, OPTIONS\r\n"), "{head}");
    assert!(head.contains("Content-Length: 32\r\n") && head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn requests_follow_one_another_on_a_connection() {
    let agent = Agent::start(&[]);
    let several = b"POST /topic/create?topic=a#ephemeral HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\n\
        GET /not/a/request HTTP/1.1\r\n\n\
        \r\nPOST /topic/create?topic=b#ephemeral HTTP/1.1\r\nHost: h\r\n\r\n\
        GET /topics HTTP/1.1\r\nHost: h\r\n\r\n";
    let answers = agent.raw(several);
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
    assert!(answers.ends_with("{\"topics\":[\"a#ephemeral\",\"b#ephemeral\"]}"), "{answers}");

    // Byte by byte is no different.
    let mut stream = open(agent.http);
    for byte in b"GET /lookup?topic=a#ephemeral HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" {
        stream.write_all(&[*byte]).unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("{\"channels\":[],\"producers\":[]}"), "{answer}");
}

#[test]
fn a_refused_request_has_its_body_passed_over() {
    let agent = Agent::start(&[]);
    for refused in ["POST /nothing", "PUT /topics", "POST /topic/create/", "POST /topic/create"] {
        let mut stream = open(agent.http);
        let mut ask = |request: &[u8]| {
            stream.write_all(request).unwrap();
            let mut answer = [0; 4_096];
            let length = stream.read(&mut answer).unwrap();
            String::from_utf8_lossy(&answer[..length]).into_owned()
        };
        // More than is read at once.
        let body = "x".repeat(200_000);
        let first =
            ask(format!("{refused} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        assert!(first.starts_with("HTTP/1.1 3") || first.starts_with("HTTP/1.1 4"), "{refused}: {first}");
        assert!(!first.contains("Connection: close"), "{refused}: {first}");
        let next = ask(b"GET /ping HTTP/1.1\r\nHost: h\r\n\r\n");
        assert!(next.starts_with("HTTP/1.1 200 "), "{refused}: {next}");
    }
    // But not without end.
    let long = b"PUT /topics HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n";
    let answer = agent.raw(long);
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("Connection: close"), "{answer}");
}

#[test]
fn what_cannot_be_followed_closes() {
    let agent = Agent::start(&[]);
    for (request, status) in [
        (&b"POST /topic/create?topic=t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"[..], 200),
        (b"POST /topic/create?topic=t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"GET /ping HTTP/1.1\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nHost: h\r\nContent-Length: 5x\r\n\r\n", 400),
        (b"CONNECT /ping HTTP/1.1\r\nHost: h\r\n\r\n", 405),
    ] {
        let mut stream = open(agent.http);
        stream.write_all(request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {answer}");
    }
}

#[test]
fn a_body_is_asked_for_and_bounded() {
    let agent = Agent::start(&[]);
    let body = r#"{"broadcast_address":"b","hostname":"h","tcp_port":4150,"http_port":4151,"version":"1"}"#;
    let mut stream = open(agent.http);
    let head = format!(
        "POST /register?topic=t HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    stream.write_all(body.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    answers.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("HTTP/1.1 200 OK"), "{answer}");
    assert_eq!(agent.producers("t"), ["b"]);
    assert!(agent.get("/lookup?topic=t").contains("\"remote_address\":\"127.0.0.1:"));

    let long = b"POST /register?topic=t HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n";
    assert!(agent.raw(long).starts_with("HTTP/1.1 413 "));
    let cut_short = b"POST /register?topic=t HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{";
    assert!(agent.raw(cut_short).starts_with("HTTP/1.1 400 "));
}

#[test]
fn a_node_known_both_ways_is_listed_once_and_replicas_can_follow() {
    let agent = Agent::start(&[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    let body = r#"{"broadcast_address":"a","tcp_port":4150,"http_port":4151,"version":"1"}"#;
    let request = format!("POST /register?topic=t HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    assert!(agent.raw(request.as_bytes()).starts_with("HTTP/1.1 200 "));
    assert_eq!(agent.producers("t"), ["a"]);
    assert_eq!(agent.post("/topic/tombstone?topic=t&node=a:4151"), 200);
    assert_eq!(agent.producers("t"), [""; 0]);
    assert!(agent.get("/nodes").contains("\"tombstones\":[true],\"topics\":[\"t\"]"));
    assert_eq!(agent.ask("GET", "/v1/snapshot").0, 200);
    assert_eq!(agent.ask("GET", "/v1/explain?topic=t").0, 200);
}

#[test]
fn tokens_and_foreign_pages_are_checked() {
    let agent = Agent::spawn(
        command().args(["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0"]).env("ADMIN_TOKEN", "secret"),
    );
    assert_eq!((agent.ask("GET", "/topics").0, agent.ask("GET", "/ping").0), (401, 200));
    let with_token = b"POST /topic/create?topic=t HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer secret\r\n\r\n";
    assert!(agent.raw(with_token).starts_with("HTTP/1.1 200 "));

    let open = Agent::start(&["--cors-origins=https://known.example"]);
    for (origin, status) in
        [("http://h", 200), ("https://known.example", 200), ("https://evil.example", 403), ("null", 403)]
    {
        let request = format!("POST /topic/create?topic=t HTTP/1.1\r\nHost: h\r\nOrigin: {origin}\r\n\r\n");
        assert!(open.raw(request.as_bytes()).starts_with(&format!("HTTP/1.1 {status} ")), "{origin}");
    }
    let cors = open.raw(b"GET /topics HTTP/1.1\r\nHost: h\r\nOrigin: https://known.example\r\n\r\n");
    assert!(cors.contains("Access-Control-Allow-Origin: https://known.example\r\n"), "{cors}");
}

#[test]
fn a_name_that_is_none_of_ours_is_not_answered_to() {
    let agent = Agent::start(&["-hosts=localhost:4161,127.0.0.1:4161", "-broadcast-address=lookup.local"]);
    let port = agent.http.port();
    for (host, status) in [
        ("localhost:4161".to_owned(), 200),
        ("LOCALHOST:4161".to_owned(), 200),
        // What IDENTIFY's answer leads an nsqd to.
        (format!("lookup.local:{port}"), 200),
        // A page whose own name was given this machine's address.
        ("evil.example:4161".to_owned(), 403),
        ("localhost".to_owned(), 403),
        (String::new(), 403),
    ] {
        for request in [
            format!("GET /topics HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("POST /topic/create?topic=t HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\r\n"),
            format!("GET http://{host}/ui HTTP/1.1\r\nHost: localhost:4161\r\n\r\n"),
        ] {
            let answer = agent.raw(request.as_bytes());
            let status = if status == 200 && request.contains("/ui") { 307 } else { status };
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}{answer}");
        }
    }
    let nameless = agent.raw(b"GET /ping HTTP/1.0\r\n\r\n");
    assert!(nameless.starts_with("HTTP/1.0 403 ") && nameless.contains("FOREIGN_HOST"), "{nameless}");
    // Unless some are named, all are.
    assert!(Agent::start(&[]).raw(b"GET /ping HTTP/1.1\r\nHost: any.example\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

#[test]
fn the_dashboard_is_served_or_said_to_be_missing() {
    let agent = Agent::start(&[]);
    let browser = b"GET / HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\n\r\n";
    assert!(agent.raw(browser).starts_with("HTTP/1.1 302 "));
    let page = agent.raw(b"GET /ui/ HTTP/1.1\r\nHost: h\r\n\r\n");
    if page.starts_with("HTTP/1.1 200 ") {
        assert!(page.contains("\r\nContent-Security-Policy: default-src 'none'; "), "{page}");
        assert!(page.contains("\r\nContent-Type: text/html; charset=utf-8\r\n") && page.contains("</html>"), "{page}");
        let link = agent.raw(b"GET /ui/topics/t HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\n\r\n");
        assert_eq!(agent.ask("GET", "/ui/old-script.js").0, 404);
        assert_eq!(link.split("\r\n\r\n").nth(1), page.split("\r\n\r\n").nth(1));
    } else {
        assert!(page.starts_with("HTTP/1.1 404 ") && page.contains("without the dashboard"), "{page}");
    }
}
