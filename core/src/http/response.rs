//! What is sent back, as a value.

use alloc::{borrow::Cow, string::ToString as _, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use super::access::Right;
use crate::change::Revision;

/// An answer. A home sends it as it is; to HEAD without the body, whose length counts all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// In the spelling of the wire. `Content-Length` and `Date` are the home's.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long to wait before it is sent: then nobody who answers from a copy shows what a command hid.
    pub hold: Duration,
}

/// The header `Server` of every answer: our own version, since `/info` tells nsqlookupd's.
pub const SERVER: &str = concat!("lookupd-edge/", env!("CARGO_PKG_VERSION"));

/// The header that tells how old an answer may be, in milliseconds.
pub const AGE: &str = "X-Lookupd-Age";

/// The header that tells what whoever asked may do, by [`Right::name`].
pub const RIGHT: &str = "X-Lookupd-Right";

impl Response {
    /// JSON as nsqlookupd sends it. Without `X-Nsq-Content-Type` go-nsq would decode an older wrapper and find nothing.
    pub(super) fn json(status: u16, body: Vec<u8>) -> Self {
        let mut response = Self::empty(status);
        response.push("Content-Type", "application/json; charset=utf-8");
        response.push("X-Nsq-Content-Type", "nsq; version=1.0");
        response.body = body;
        response
    }

    /// A command that nsqlookupd knows was carried out: nothing to say.
    pub(super) fn done() -> Self {
        let mut response = Self::empty(200);
        response.push("X-Nsq-Content-Type", "nsq; version=1.0");
        response
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        let mut response = Self::empty(status);
        response.push("Content-Type", "text/plain; charset=utf-8");
        response.body = body.into();
        response
    }

    /// Stored bytes, for replicas.
    pub fn bytes(body: Vec<u8>) -> Self {
        let mut response = Self::empty(200);
        response.push("Content-Type", "application/octet-stream");
        response.body = body;
        response
    }

    /// Only a status and who says so.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::from([("Server", Cow::Borrowed(SERVER))]), body: Vec::new(), hold: Duration::ZERO }
    }

    /// Adds a header.
    pub fn push(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.headers.push((name, value.into()));
    }

    /// Tells which state an answer from a copy is of, and how old that may be, each where it is known, and whether it is stale:
    /// whoever asked can't rely on it to show what the leader acknowledged since.
    pub fn describe(&mut self, revision: Option<Revision>, age: Option<Duration>, is_stale: bool) {
        if let Some(revision) = revision {
            self.push("X-Lookupd-Revision", revision.to_string());
        }
        if let Some(age) = age {
            self.push(AGE, age.as_millis().to_string());
        }
        if is_stale {
            self.push("X-Lookupd-Stale", "true");
        }
    }

    /// Tells whoever asked what he may do: this, or less where somebody behind said so.
    pub fn tell_right(&mut self, right: Right) {
        let told = self.header(RIGHT).and_then(Right::parse);
        self.headers.retain(|(name, _)| *name != RIGHT);
        self.push(RIGHT, told.map_or(right, |told| told.min(right)).name());
    }

    /// The value of the first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// A value as Go's `encoding/json` writes it: what serde_json writes, with `<`, `>`, `&`, U+2028 and U+2029 escaped.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "api's types have text keys and fail nowhere")]
    escape(serde_json::to_vec(value).expect("api's types become JSON"))
}

fn escape(json: Vec<u8>) -> Vec<u8> {
    // 0xe2 begins U+2028, and little else that a host or a version is made of.
    let Some(first) = json.iter().position(|byte| matches!(byte, b'<' | b'>' | b'&' | 0xe2)) else {
        return json;
    };
    let mut escaped = Vec::with_capacity(json.len() + 64);
    escaped.extend(&json[..first]);
    let mut rest = &json[first..];
    // These stand nowhere but inside texts, and never behind a backslash.
    while let [byte, others @ ..] = rest {
        let (text, length): (&[u8], usize) = match (byte, others) {
            (b'<', _) => (b"\\u003c", 1),
            (b'>', _) => (b"\\u003e", 1),
            (b'&', _) => (b"\\u0026", 1),
            (0xe2, [0x80, 0xa8, ..]) => (b"\\u2028", 3),
            (0xe2, [0x80, 0xa9, ..]) => (b"\\u2029", 3),
            _ => (&rest[..1], 1),
        };
        escaped.extend(text);
        rest = &rest[length..];
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_escaped_as_go_escapes_it() {
        // The right side is what nsqlookupd v1.3.0 built with Go 1.26 answers for a hostname of the left.
        for (text, expected) in [
            ("plain", r#""plain""#),
            ("<b>&\"\\/'", r#""\u003cb\u003e\u0026\"\\/'""#),
            ("\u{2028}\u{2029}\u{202a}€é", "\"\\u2028\\u2029\u{202a}€é\""),
            ("\u{8}\u{c}\n\r\t\u{0}\u{1f}\u{7f}", "\"\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}\""),
            ("a<", r#""a\u003c""#),
        ] {
            assert_eq!(str::from_utf8(&json(&text)).unwrap(), expected);
        }
    }

    #[test]
    fn a_right_is_at_most_what_each_on_the_way_grants() {
        for (behind, here, told) in [
            (None, Right::Register, "register"),
            (Some(Right::Admin), Right::Register, "register"),
            (Some(Right::Read), Right::Admin, "read"),
        ] {
            let mut response = Response::bytes(Vec::new());
            behind.into_iter().chain([here]).for_each(|right| response.tell_right(right));
            assert_eq!(response.header(RIGHT), Some(told));
            assert_eq!(response.headers.iter().filter(|(name, _)| *name == RIGHT).count(), 1);
        }
    }

    #[test]
    fn the_kinds_of_answers_have_their_headers() {
        let headers = |response: Response| {
            response.headers.into_iter().map(|(name, value)| alloc::format!("{name}: {value}")).collect::<Vec<_>>()
        };
        let server = concat!("Server: lookupd-edge/", env!("CARGO_PKG_VERSION"));
        let nsq = "X-Nsq-Content-Type: nsq; version=1.0";
        assert_eq!(headers(Response::done()), [server, nsq]);
        assert_eq!(headers(Response::text(200, "OK")), [server, "Content-Type: text/plain; charset=utf-8"]);
        assert_eq!(
            headers(Response::json(200, Vec::new())),
            [server, "Content-Type: application/json; charset=utf-8", nsq]
        );
    }
}
