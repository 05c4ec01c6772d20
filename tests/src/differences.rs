//! Where our answer differs from the real daemon's on purpose, each by its number in `COMPATIBILITY.md`.
//!
//! Two kinds are everywhere and so are rules instead of entries: the newest nsqlookupd's topology fields, which
//! the recorded version lacks, and values that no two runs share. [`expected`] applies both.

use crate::json::Json;
use crate::recorded::Answer;

/// One request that we answer otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Difference {
    /// Its number in `COMPATIBILITY.md`.
    pub number: u8,
    /// The story it is in.
    pub story: &'static str,
    /// The request's lines in the story, joined by ` | `. Every such request of the story differs.
    pub request: &'static str,
    /// What we answer.
    pub ours: Ours,
}

/// What we answer in place of what was recorded.
#[derive(Debug, Clone, Copy)]
pub enum Ours {
    /// Another body, all else the same.
    Body(&'static str),
    /// An answer of our own.
    Answer {
        /// The status code.
        status: u16,
        /// The `Location`, where there is one.
        location: Option<&'static str>,
        /// The body.
        body: &'static str,
    },
    /// A refusal in the runtime's words, of which only the status counts.
    Status(u16),
}

/// What an answer of ours has to be like, given the recorded one: its body in a form that can be compared.
pub fn expected(answer: &Answer) -> String {
    comparable(&String::from_utf8_lossy(&answer.body), true)
}

/// A body without the values that no two runs share, and with arrays in one order. Bodies that aren't JSON stay
/// as they are.
pub fn comparable(body: &str, add_topology: bool) -> String {
    comparable_with_clients(body, add_topology, |_| "HOST:PORT".to_owned())
}

/// As [`comparable`], where it is known which client an address, as `host:port`, belongs to.
pub fn comparable_with_clients(body: &str, add_topology: bool, client: impl Fn(&str) -> String) -> String {
    let Some(json) = Json::parse(body) else { return body.to_owned() };
    let mut change = |mut entries: Vec<(String, Json)>| {
        for (key, value) in &mut entries {
            mask(key, value, &client);
        }
        if add_topology {
            topology(&mut entries);
        }
        entries
    };
    json.with_objects(&mut change).sorted().to_string()
}

/// Whom a producer is announced by, and when something happened, differs from run to run.
fn mask(key: &str, value: &mut Json, client: &impl Fn(&str) -> String) {
    let Json::Scalar(text) = value else { return };
    *text = match key {
        "\"remote_address\"" | "\"id\"" => format!("\"{}\"", client(text.trim_matches('"'))),
        "\"last_update\"" => "NANOSECONDS".to_owned(),
        "\"tombstoned_at\"" if text != NEVER => "NANOSECONDS".to_owned(),
        _ => return,
    };
}

/// The newest nsqlookupd says a producer's zone and region: after its version, or, in `/debug`, where the keys are
/// sorted, before it.
fn topology(entries: &mut Vec<(String, Json)>) {
    let Some(version) = entries.iter().position(|(key, _)| key == "\"version\"") else { return };
    if !entries.iter().any(|(key, _)| key == "\"tcp_port\"") {
        return;
    }
    let (at, keys) = if entries.iter().any(|(key, _)| key == "\"id\"") {
        (version, ["\"topology_region\"", "\"topology_zone\""])
    } else {
        (version + 1, ["\"topology_zone\"", "\"topology_region\""])
    };
    entries.splice(at..at, keys.map(|key| (key.to_owned(), Json::Scalar("\"\"".to_owned()))));
}

/// `tombstoned_at` where there is no tombstone: the nanoseconds of Go's zero time, which overflow.
const NEVER: &str = "-6795364578871345152";

const fn entry(number: u8, story: &'static str, request: &'static str, ours: Ours) -> Difference {
    Difference { number, story, request, ours }
}

const fn not_found(number: u8, story: &'static str, request: &'static str) -> Difference {
    entry(number, story, request, Ours::Answer { status: 404, location: None, body: r#"{"message":"NOT_FOUND"}"# })
}

/// All of them. A test that replays the recorded answers fails if one of these isn't met.
pub const DIFFERENCES: &[Difference] = &[
    // 3: `*` is no wildcard here.
    entry(
        3,
        WILDCARD,
        "send GET /lookup?topic=*",
        Ours::Answer { status: 404, location: None, body: r#"{"message":"TOPIC_NOT_FOUND"}"# },
    ),
    entry(3, WILDCARD, "send GET /channels?topic=*", Ours::Body(r#"{"channels":[]}"#)),
    entry(3, WILDCARD, "send GET /topics", Ours::Body(r#"{"topics":["t"]}"#)),
    // 6: a node with an IPv6 address can be tombstoned as nsqadmin writes it.
    entry(
        6,
        "a tombstone for a node with an IPv6 address",
        "send GET /lookup?topic=t",
        Ours::Body(r#"{"channels":[],"producers":[]}"#),
    ),
    // 12: nothing to profile.
    not_found(12, "nothing to profile", "send GET /debug/pprof/symbol"),
    not_found(12, "nothing to profile", "send POST /debug/pprof/symbol"),
    // 14: a browser is led to the dashboard.
    entry(
        14,
        "unknown paths",
        "send GET / | with Accept: text/html,application/xhtml+xml",
        Ours::Answer { status: 302, location: Some("/ui/"), body: "" },
    ),
    // 16: the runtime cuts a target at `#`.
    entry(16, RAW_BYTES, "send GET /topics", Ours::Body(r#"{"topics":["euro","t"]}"#)),
    entry(
        16,
        "redirects of a GET",
        "send GET /lookup/?topic=t#x",
        Ours::Answer {
            status: 301,
            location: Some("/lookup?topic=t"),
            body: "<a href=\"/lookup?topic=t\">Moved Permanently</a>.\n\n",
        },
    ),
    entry(16, "encoded paths", "send GET /ping#x", Ours::Answer { status: 200, location: None, body: "OK" }),
    // 17: the runtime refuses targets that are no URI.
    entry(17, RAW_BYTES, "send POST /topic/create?topic=quote&x=\"", Ours::Status(400)),
    entry(17, RAW_BYTES, "send POST /topic/create?topic=less&x=<", Ours::Status(400)),
    entry(17, RAW_BYTES, "send POST /topic/create?topic=more&x=>", Ours::Status(400)),
    entry(17, RAW_BYTES, "send POST /topic/create?topic=byte&x=\\xff", Ours::Status(400)),
    entry(17, "redirects of a GET", "send GET /Lookup?topic=t&x=<", Ours::Status(400)),
    entry(17, "redirects of a GET", "send GET /lookup/?x='\"&", Ours::Status(400)),
    entry(17, "redirects of a GET", "send GET /ping/?x=\\xe9", Ours::Status(400)),
    entry(17, "encoded paths", "send GET /a<b", Ours::Status(400)),
    entry(17, "encoded paths", "send GET /\\xe9", Ours::Status(400)),
    // 18: the runtime refuses methods that it doesn't know.
    entry(18, "wrong methods", "send get /ping", Ours::Status(501)),
    entry(18, "wrong methods", "send FOO /ping", Ours::Status(501)),
    entry(18, "wrong methods", "send FOO /unknown", Ours::Status(501)),
    entry(18, "wrong methods", "send CONNECT /ping", Ours::Status(500)),
    // 19: malformed HTTP is refused in the runtime's words.
    entry(19, MALFORMED, r"raw GET /ping HTTP/1.1\r\n\r\n", Ours::Status(400)),
    entry(19, MALFORMED, r"raw GET /pi ng HTTP/1.1\r\nHost: nsqlookupd:4161\r\n\r\n", Ours::Status(400)),
    entry(19, MALFORMED, r"raw GET /ping\r\n\r\n", Ours::Status(400)),
    entry(19, MALFORMED, r"raw GET /ping HTTP/3.0\r\nHost: nsqlookupd:4161\r\n\r\n", Ours::Status(400)),
    entry(19, MALFORMED, r"raw GET ping HTTP/1.1\r\nHost: nsqlookupd:4161\r\n\r\n", Ours::Status(404)),
    entry(19, MALFORMED, r"raw GET  HTTP/1.1\r\nHost: nsqlookupd:4161\r\n\r\n", Ours::Status(400)),
    entry(
        19,
        MALFORMED,
        r"raw POST /topic/create?topic=t HTTP/1.1\r\nHost: nsqlookupd:4161\r\nContent-Length: x\r\n\r\n",
        Ours::Status(400),
    ),
    entry(
        19,
        MALFORMED,
        r"raw POST /topic/create?topic=t HTTP/1.1\r\nHost: nsqlookupd:4161\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        Ours::Status(400),
    ),
    entry(19, MALFORMED, r"raw GET /ping HTTP/1.0\r\n\r\n", Ours::Status(400)),
    entry(19, MALFORMED, r"raw GET /ping HTTP/1.1\r\nHost: a b\r\n\r\n", Ours::Status(400)),
    entry(19, MALFORMED, r"raw GET /ping HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", Ours::Status(400)),
    entry(19, MALFORMED, r"raw GET /ping HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", Ours::Status(400)),
    entry(19, MALFORMED, r"raw \x16\x03\x01\r\n\r\n", Ours::Status(400)),
    // 20: a body that isn't needed isn't read, broken or not.
    entry(
        20,
        MALFORMED,
        r"raw POST /topic/create?topic=t HTTP/1.1\r\nHost: nsqlookupd:4161\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        Ours::Answer { status: 200, location: None, body: "" },
    ),
    entry(20, MALFORMED, "send GET /topics", Ours::Body(r#"{"topics":["t"]}"#)),
];

const WILDCARD: &str = "a wildcard is a name like any other";
const MALFORMED: &str = "requests that are no good HTTP";
const RAW_BYTES: &str = "raw bytes in a query";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_producer_of_the_recorded_version_gains_its_topology() {
        let cases = [
            (
                r#"{"producers":[{"remote_address":"a:1","tcp_port":1,"version":"1"}]}"#,
                r#"{"producers":[{"remote_address":"HOST:PORT","tcp_port":1,"version":"1","topology_zone":"","topology_region":""}]}"#,
            ),
            (
                r#"{"k":[{"id":"a:1","tcp_port":1,"tombstoned_at":5,"version":"1"}]}"#,
                r#"{"k":[{"id":"HOST:PORT","tcp_port":1,"tombstoned_at":NANOSECONDS,"topology_region":"","topology_zone":"","version":"1"}]}"#,
            ),
            (r#"{"version":"1.3.0"}"#, r#"{"version":"1.3.0"}"#),
            ("OK", "OK"),
        ];
        for (recorded, expected) in cases {
            assert_eq!(comparable(recorded, true), expected);
        }
    }

    #[test]
    fn every_difference_is_explained() {
        let explained = include_str!("../COMPATIBILITY.md");
        for difference in DIFFERENCES {
            assert!(explained.contains(&format!("\n{}. ", difference.number)), "{difference:?}");
        }
    }
}
