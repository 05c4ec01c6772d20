//! The HTTP surface, and the registry behind it.

use std::time::Duration;

use lookupd_core::{
    CatchUp, GRANT, Leader, LeaderSettings, Lifetimes, Limits, Replica, Timestamp,
    http::{Access, Anonymous, Headers, Hosts, Origins, Request, Response, Target, admit, serve},
};
use serde_json::Value;

use crate::{
    disk::Disk,
    memory::within,
    state::{Described, check},
};

/// Requests to a leader that begins empty: heads and bodies as HTTP/1.1 has them, parted by lines of three hyphens. Of the
/// headers, `After: SECONDS` lets time pass before, and `Anonymous` says who may do what without a token.
///
/// Every answer is one that a client can take, a question and a refused change change nothing, a rehearsal tells whether the
/// real thing will be refused, and what was answered is still there after a restart, and at a replica.
pub fn http(script: &[u8]) {
    within(MEMORY + MEMORY_PER_BYTE * script.len(), || {
        let mut home = Home::new();
        for request in split(script, b"\n---\n").take(MOST_REQUESTS) {
            home.take(&Sent::read(request));
        }
        home.ends();
    });
}

const MOST_REQUESTS: usize = 32;
const MEMORY: usize = 1 << 20;
const MEMORY_PER_BYTE: usize = 256;

const SETTINGS: LeaderSettings = LeaderSettings {
    lifetimes: Lifetimes {
        inactive_producer_timeout: Duration::from_secs(300),
        tombstone_lifetime: Duration::from_secs(45),
    },
    limits: Limits { topics: 4, channels_per_topic: 3, claims: 3, agents: 2, registrations: 12 },
    grant: GRANT,
};

/// What a client can be answered. Not 5xx: nothing is broken here, but that the registry may be full, and nothing streams.
const STATUSES: [u16; 13] = [200, 301, 302, 307, 400, 401, 403, 404, 405, 413, 414, 501, 507];

/// Fails where no client should be answered so.
pub(crate) fn check_answer(response: &Response) {
    let Response { status, headers, body, .. } = response;
    assert!(STATUSES.contains(status), "status {status}");
    for (name, value) in headers {
        assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{name}: {value:?}");
    }
    match response.header("Content-Type") {
        Some("application/json; charset=utf-8") => {
            let value: Value = serde_json::from_slice(body).unwrap();
            assert!(!body.iter().any(|byte| matches!(byte, b'<' | b'>' | b'&')), "not escaped as Go does it");
            if *status >= 400 {
                let Value::Object(fields) = &value else { panic!("{value}") };
                let code = fields["message"].as_str().unwrap();
                assert!(!code.is_empty() && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'));
                let detail = fields.get("detail");
                assert!(detail.is_none_or(Value::is_string) && fields.len() == 1 + usize::from(detail.is_some()));
            }
        }
        Some("text/plain; charset=utf-8") => {
            assert!(matches!((*status, &body[..]), (200, b"OK") | (400, b"400 Bad Request")));
        }
        Some("text/html; charset=utf-8") => assert_eq!(*status, 301),
        Some("application/octet-stream") => assert_eq!(*status, 200),
        Some(other) => panic!("{other}"),
        None => assert!(body.is_empty() && *status < 400),
    }
    assert_eq!(response.header("Location").is_some(), (300..400).contains(status));
}

/// A request as it comes.
struct Sent<'a> {
    method: &'a str,
    target: &'a [u8],
    headers: Vec<(&'a str, &'a str)>,
    body: &'a [u8],
}

impl<'a> Sent<'a> {
    fn read(mut rest: &'a [u8]) -> Self {
        let mut lines = Vec::new();
        let body = loop {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let (line, behind) = rest.split_at(end);
            rest = behind.get(1..).unwrap_or_default();
            match line.strip_suffix(b"\r").unwrap_or(line) {
                [] => break rest,
                line => lines.push(line),
            }
        };
        let first = lines.first().copied().unwrap_or_default();
        let mut words = first.splitn(2, |byte| *byte == b' ');
        let method = words.next().and_then(text).unwrap_or("GET");
        let target = words.next().unwrap_or_default();
        let target = target.strip_suffix(b" HTTP/1.1").unwrap_or(target);
        let header = |line: &&'a [u8]| text(line).and_then(|line| line.split_once(": "));
        Self { method, target, headers: lines.iter().skip(1).filter_map(header).collect(), body }
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

struct Home {
    disk: Disk,
    leader: Leader<Disk>,
    clock: Timestamp,
    origins: Origins,
    hosts: Hosts,
}

impl Home {
    fn new() -> Self {
        let (disk, clock) = (Disk::default(), Timestamp::from_millis(1_700_000_000_000));
        Self {
            leader: Leader::load(disk.clone(), SETTINGS, clock).unwrap(),
            disk,
            clock,
            origins: Origins::parse("https://a.example"),
            hosts: Hosts::parse("nsqlookupd:4161"),
        }
    }

    fn take(&mut self, sent: &Sent<'_>) {
        let seconds = sent.header("After").and_then(|seconds| seconds.parse().ok()).unwrap_or(0_u32);
        self.clock = self.clock.plus(Duration::from_secs(seconds.into()));
        self.leader.sweep(self.clock).unwrap();
        let before = self.state();
        let may_change = match self.admitted(sent) {
            Err(mut response) => {
                self.origins.decorate(&mut response, sent.method, sent.header("Origin"));
                check_answer(&response);
                false
            }
            Ok(request) => self.serves(request, sent),
        };
        if may_change {
            check(self.leader.registry(), self.leader.cursor());
        } else {
            assert_eq!(self.state(), before, "{} changed something", sent.method);
        }
    }

    fn admitted(&self, sent: &Sent<'_>) -> Result<Request, Response> {
        let own_origin = sent.header("Host").map(|host| format!("http://{host}"));
        let headers = Headers {
            accept: sent.header("Accept"),
            authorization: sent.header("Authorization"),
            origin: sent.header("Origin"),
            own_origin: own_origin.as_deref(),
        };
        let anonymous = sent.header("Anonymous").and_then(Anonymous::parse).unwrap_or(Anonymous::Write);
        let access = Access::new(anonymous, Some("a"), Some("p"), Some("r"));
        if sent.header("Origin").is_some() {
            self.hosts.check(headers.own_origin)?;
        }
        let target = Target::parse(sent.target)?;
        admit(sent.method, &target, &headers, &access, &self.origins)
    }

    /// Says whether the request may have changed something.
    fn serves(&mut self, request: Request, sent: &Sent<'_>) -> bool {
        match request {
            Request::Write(write) if !write.dry_run => {
                assert_eq!(sent.method, "POST");
                let before = self.state();
                let mut rehearsal = write.clone();
                rehearsal.dry_run = true;
                let rehearsed = self.answers(Request::Write(rehearsal), sent);
                assert_eq!(self.state(), before, "a rehearsal changes nothing");
                let status = self.answers(Request::Write(write), sent);
                assert_eq!(rehearsed, status, "a rehearsal is refused where the real thing is");
                status == 200
            }
            Request::Write(write) => {
                self.answers(Request::Write(write), sent);
                false
            }
            question => {
                assert_eq!(sent.method, "GET");
                assert!(matches!(self.answers(question, sent), 200 | 404));
                false
            }
        }
    }

    fn answers(&mut self, request: Request, sent: &Sent<'_>) -> u16 {
        let mut response = serve(request, sent.body, "127.0.0.1:5", &mut self.leader, self.clock).unwrap();
        self.origins.decorate(&mut response, sent.method, sent.header("Origin"));
        check_answer(&response);
        response.status
    }

    fn ends(mut self) {
        let expected = self.state();
        let answer = self.leader.catch_up(None, self.clock).unwrap();
        let mut replica = Replica::default();
        replica.catch_up(&CatchUp::decode(&answer.encode()).unwrap(), self.clock, self.clock).unwrap();
        assert_eq!(Described::of(replica.registry()), expected.1, "a replica holds the same");
        let leader = Leader::load(self.disk, SETTINGS, self.clock).unwrap();
        assert_eq!((leader.cursor(), Described::of(leader.registry())), expected, "a restart changes nothing");
    }

    fn state(&self) -> (lookupd_core::Cursor, Described) {
        (self.leader.cursor(), Described::of(self.leader.registry()))
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok()
}

fn split<'a>(text: &'a [u8], separator: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.windows(separator.len()).position(|window| window == separator);
        rest = end.map(|end| &text[end + separator.len()..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}
