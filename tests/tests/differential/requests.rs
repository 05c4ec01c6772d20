//! What somebody asks over HTTP: every endpoint, mostly as its callers do, sometimes in any other way.

use lookupd_tests::{Request, Seed};

use crate::{
    scenario::{channel, pick, topic},
    step::{Ask, KEPT_CONNECTIONS, On},
};

/// A request.
pub(crate) fn ask(seed: &mut Seed) -> Ask {
    // Go refuses some of the odd ones before it has read them: whoever still sends then may not hear why.
    let mut cuts = Vec::new();
    let (request, connection) = match seed.below(36) {
        0 => (malformed(seed), pick(seed, &[On::New, On::Ended])),
        1 => (cut_short(seed), On::Ended),
        2 | 3 => {
            let (method, target) = odd_line(seed);
            (with_headers(seed, Request::new(method, target)), connection(seed))
        }
        4 => (from_a_page(seed), connection(seed)),
        5 => (Request::get(pick(seed, &OUR_PATHS)), connection(seed)),
        _ => {
            if seed.below(5) == 0 {
                cuts = (0..seed.below(4)).map(|_| seed.below(1 << 16) as usize).collect();
            }
            let (method, target) = line(seed);
            let request = with_headers(seed, Request::new(method, target));
            (with_body(seed, request), connection(seed))
        }
    };
    Ask { request, cuts, connection }
}

fn connection(seed: &mut Seed) -> On {
    match seed.below(10) {
        0..4 => On::New,
        4 => On::Ended,
        _ => On::Kept(seed.below(KEPT_CONNECTIONS as u64) as usize),
    }
}

/// Method and target.
fn line(seed: &mut Seed) -> (&'static str, Vec<u8>) {
    let (usual, path, parameters) = pick(seed, &ENDPOINTS);
    let method = if seed.below(20) == 0 { method(seed) } else { usual };
    let mut target =
        if seed.below(15) == 0 && method != "CONNECT" { spelt_otherwise(seed, path) } else { path.as_bytes().to_vec() };
    let query = query(seed, parameters);
    if !query.is_empty() || seed.below(20) == 0 {
        target.push(b'?');
        target.extend(query);
    }
    (method, target)
}

/// The endpoints that change something are asked more often than others.
const ENDPOINTS: [(&str, &str, &[&str]); 20] = [
    ("GET", "/ping", &[]),
    ("GET", "/info", &[]),
    ("GET", "/topics", &[]),
    ("GET", "/nodes", &[]),
    ("GET", "/debug", &[]),
    ("GET", "/channels", &["topic"]),
    ("GET", "/channels", &["topic"]),
    ("GET", "/lookup", &["topic"]),
    ("GET", "/lookup", &["topic"]),
    ("POST", "/topic/create", &["topic"]),
    ("POST", "/topic/create", &["topic"]),
    ("POST", "/topic/delete", &["topic"]),
    ("POST", "/channel/create", &["topic", "channel"]),
    ("POST", "/channel/create", &["topic", "channel"]),
    ("POST", "/channel/delete", &["topic", "channel"]),
    ("POST", "/channel/delete", &["topic", "channel"]),
    ("POST", "/topic/tombstone", &["topic", "node"]),
    ("POST", "/topic/tombstone", &["topic", "node"]),
    ("POST", "/topic/tombstone", &["topic", "node"]),
    ("POST", "/topic/tombstone", &["topic", "node"]),
];

fn method(seed: &mut Seed) -> &'static str {
    pick(
        seed,
        &["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "FOO", "M-SEARCH"],
    )
}

fn odd_line(seed: &mut Seed) -> (&'static str, Vec<u8>) {
    if seed.below(30) == 0 {
        return ("GET", [&b"/topics?"[..], &b"x".repeat(70_000)].concat());
    }
    let (method, path) = (method(seed), odd_path(seed));
    // Of CONNECT, Go takes the target for a host.
    (if method == "CONNECT" { "GET" } else { method }, path)
}

/// What a browser sends for a page of another site, or of our own. Nothing that would change a registry.
fn from_a_page(seed: &mut Seed) -> Request {
    if seed.below(4) == 0 {
        return Request::get("/").header("Accept", "text/html,application/xhtml+xml");
    }
    let (method, target) = pick(
        seed,
        &[
            ("POST", "/topic/create"),
            ("POST", "/topic/create?topic=$"),
            ("POST", "/channel/delete?topic=none&channel=none"),
            ("GET", "/topics"),
            ("GET", "/lookup?topic=t"),
            ("OPTIONS", "/topic/create"),
        ],
    );
    let origin = pick(seed, &["https://elsewhere.example", "null", "http://nsqlookupd:4161"]);
    Request::new(method, target).header("Origin", origin)
}

/// What only the agent answers, asked so that it changes nothing.
pub(crate) const OUR_PATHS: [&str; 10] = [
    "/register",
    "/unregister?node=a:4151",
    "/registrations?category=topic&key=*",
    "/v1/explain?topic=t",
    "/v1/snapshot",
    "/v1/changes",
    "/v1/log",
    "/REGISTER",
    "/ui/",
    "/clusters/default/ping",
];

fn odd_path(seed: &mut Seed) -> Vec<u8> {
    pick(
        seed,
        &[
            &b"/"[..],
            b"/?topic=t",
            b"*",
            b"//",
            b"/.",
            b"/..",
            b"/topic",
            b"/topic/",
            b"/nothing",
            b"/lookup/t",
            b"/lookup%3ftopic=t",
            b"/ping%00",
            b"/%zz",
            b"/%",
            b"/\xff",
            b"/a<b>\"c|d\\e^`{}",
            b"/stats",
            b"/put?topic=t",
            b"/create_topic?topic=t",
            b"/delete_topic?topic=t",
            b"/tombstone_topic_producer?topic=t&node=a:4151",
            b"/debug/pprof",
            b"/debug/pprof/",
            b"/debug/pprof/cmdline",
            b"/debug/pprof/symbol",
            b"/debug/pprof/nothing",
            b"/DEBUG/pprof",
            b"/topic/create/extra?topic=t",
            b"ping",
            b"?",
            b"#",
            b"/ping#fragment",
            b"http://nsqlookupd/topics",
            b"http://nsqlookupd",
            b"HTTP://nsqlookupd:80/ping",
            b"https://user@nsqlookupd/ping",
            b"ftp://nsqlookupd/ping",
            b"nsqlookupd:4161",
            b"mailto:/topic/create?topic=t",
            b"1a://nsqlookupd/ping",
            b"//nsqlookupd/ping",
            b"///ping",
        ],
    )
    .to_vec()
}

fn spelt_otherwise(seed: &mut Seed, path: &str) -> Vec<u8> {
    match seed.below(9) {
        0 => format!("{path}/"),
        1 => path.to_uppercase(),
        2 => format!("/{path}"),
        3 => format!("/.{path}"),
        4 => format!("/x/..{path}"),
        5 => format!("{path}/."),
        6 => path.replacen('i', "%69", 1).replacen('o', "%6F", 1),
        7 => format!("/{}", path[1..].replace('/', "%2f")),
        _ => format!("HTTP://nsqlookupd:4161{path}"),
    }
    .into_bytes()
}

fn query(seed: &mut Seed, parameters: &[&str]) -> Vec<u8> {
    let mut query: Vec<Vec<u8>> = Vec::new();
    for name in parameters {
        let value = match *name {
            "topic" if seed.below(40) == 0 => b"*".to_vec(),
            "topic" => topic(seed),
            "channel" => channel(seed),
            _ => node(seed),
        };
        match seed.below(60) {
            0 => {}
            1 => query.push(name.as_bytes().to_vec()),
            2 => query.push(format!("{name}=").into_bytes()),
            3 => query.push([name.to_uppercase().as_bytes(), b"=", &encoded(seed, &value)].concat()),
            4 => {
                let other = topic(seed);
                query.push([name.as_bytes(), b"=", &encoded(seed, &value)].concat());
                query.push([name.as_bytes(), b"=", &encoded(seed, &other)].concat());
            }
            5 => query.push([name.as_bytes(), b"=", &encoded(seed, &value), b"=x"].concat()),
            _ => query.push([name.as_bytes(), b"=", &encoded(seed, &value)].concat()),
        }
    }
    if seed.below(20) == 0 {
        let more = pick(
            seed,
            &[
                &b"ts=1700000000"[..],
                b"",
                b"&",
                b"a;b",
                b"%zz",
                b"x=%",
                b"=",
                b"=x",
                b"x",
                b"#f",
                b"?",
                b"%00",
                b"+",
                b"\xff=\xfe",
                b"format=json",
                b"<>\"'|\\",
            ],
        );
        let at = seed.below(query.len() as u64 + 1) as usize;
        query.insert(at, more.to_vec());
    }
    query.join(&b'&')
}

/// nodes as nsqadmin writes them, or nsqlookupd, or nobody.
fn node(seed: &mut Seed) -> Vec<u8> {
    pick(
        seed,
        &[
            "a:4151",
            "a:4151",
            "a:4151",
            "b:4151",
            "b:4151",
            "c:4151",
            "host.example:4151",
            "10.0.0.7:4151",
            "[::1]:4151",
            "::1:4151",
            "a:1",
            "b:65535",
            "a",
            "a:",
            ":4151",
            "a:04151",
            "a:+4151",
            "A:4151",
            "a:4150",
            "",
            "<&>':4151",
            "fe80::1%eth0:4151",
        ],
    )
    .as_bytes()
    .to_vec()
}

/// A value as it may stand in a query.
fn encoded(seed: &mut Seed, value: &[u8]) -> Vec<u8> {
    let way = seed.below(8);
    let mut text = Vec::new();
    for &byte in value {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~:[]*".contains(&byte);
        match way {
            // A bare `#`, as tokio-nsq sends it. A blank would end the target.
            0 if !matches!(byte, b' ' | b'%' | b'&' | b'+' | b';' | b'\0' | b'\n' | b'\t' | 0x1b | 0x7f) => {
                text.push(byte);
            }
            1 => text.extend(format!("%{byte:02x}").bytes()),
            _ if is_plain => text.push(byte),
            _ => text.extend(format!("%{byte:02X}").bytes()),
        }
    }
    text
}

fn with_headers(seed: &mut Seed, mut request: Request) -> Request {
    while seed.below(4) == 0 {
        let (name, value) = pick(
            seed,
            &[
                ("Accept", "application/vnd.nsq; version=1.0"),
                ("Accept", "*/*"),
                ("Accept", "text/html,application/xhtml+xml"),
                ("Accept-Encoding", "gzip, deflate"),
                ("User-Agent", "go-nsq/1.1.0"),
                ("Connection", "close"),
                ("Connection", "keep-alive"),
                ("Connection", "x, Close"),
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("X-Forwarded-For", "1.2.3.4"),
                ("Authorization", "Basic YTpi"),
                ("If-None-Match", "*"),
                ("Range", "bytes=0-1"),
                ("Cookie", "a=b"),
                ("Upgrade", "websocket"),
                ("X-Empty", ""),
                ("X-Bytes", "\u{e9}\u{ff}"),
            ],
        );
        request = request.header(name, value);
    }
    request
}

fn with_body(seed: &mut Seed, request: Request) -> Request {
    match seed.below(24) {
        0 => request.body("topic=t&channel=c"),
        1 => request.body(""),
        2 => request.body(r#"{"topic":"t"}"#),
        3 => request.body("x".repeat(pick(seed, &[1_000, 100_000]))),
        4 => request.chunked("topic=t&channel=c", 5),
        5 => request.header("Expect", "100-continue").body("topic=t"),
        _ => request,
    }
}

/// What is no good HTTP, but whole.
fn malformed(seed: &mut Seed) -> Request {
    let head = pick(seed, &[
        &b"GET /ping HTTP/1.1\r\n\r\n"[..],
        b"GET /ping HTTP/1.0\r\n\r\n",
        b"GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost:\r\n\r\n",
        b"GET /ping HTTP/1.1\nHost: a\n\n",
        b"\r\n\r\nGET /ping HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /pi ng HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET  /ping HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /ping\r\n\r\n",
        b"GET /ping HTTP/2.0\r\nHost: a\r\n\r\n",
        b"GET /ping HTTP/1.2\r\nHost: a\r\n\r\n",
        b"GET /ping http/1.1\r\nHost: a\r\n\r\n",
        b"GET /ping HTTP/1.1 \r\nHost: a\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
        b"G@T /ping HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        b"POST /topic/create?topic=t HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /topic/create?topic=t HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /topic/create?topic=t HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /topic/create?topic=t HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        b"POST /topic/create?topic=t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /topic/create?topic=t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST /topic/create?topic=t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"POST /topic/create?topic=t HTTP/1.0\r\nContent-Length: 2\r\n\r\nab",
    ]);
    Request::raw(head)
}

/// What ends before its time.
fn cut_short(seed: &mut Seed) -> Request {
    Request::raw(pick(seed, &[
        &b""[..],
        b"GET",
        b"GET /ping HTTP/1.1\r\n",
        b"GET /ping HTTP/1.1\r\nHost: a\r\n",
        b"POST /topic/create?topic=t HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
        b"POST /topic/create?topic=t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\nGET /info HTTP/1.1\r\nHost: a\r\n\r\nGET /to",
        b"POST /topic/create?topic=t HTTP/1.1\r\nHost: a\r\n\r\nPOST /topic/delete?topic=t HTTP/1.1\r\nHost: a\r\n\r\n",
    ]))
}
