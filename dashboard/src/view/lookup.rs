//! What a consumer of a topic is told, and why.

use std::fmt::Write;

use lookupd_core::{Lifetimes, ProducerInfo, Registry, Timestamp, TopicEntry, Via, api::Verdict};

use super::{Liveness, Tombstone, liveness, tombstone};
use crate::{json::quote, route::encode};

/// One claim, and whether consumers find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Who.
    pub node: String,
    /// How it is announced.
    pub via: Via,
    /// Whether `/lookup` lists it, or the first reason why it doesn't.
    pub verdict: Verdict,
    /// Whether it is heard.
    pub liveness: Liveness,
    /// What hides it under the topic.
    pub tombstone: Option<Tombstone>,
    /// The claim of the same node that is listed in its place.
    pub superseded_by: Option<Via>,
}

/// Every claim that serves a topic, by node, judged as `/v1/explain` does.
pub fn judged(topic: &TopicEntry<'_>, lifetimes: &Lifetimes, now: Timestamp) -> Vec<Judged> {
    // Both are by node, so that they go side by side.
    let mut listed = topic.visible(lifetimes, now).peekable();
    topic
        .producers()
        .map(|producer| {
            while listed.next_if(|listed| listed.node() < producer.node()).is_some() {}
            let listed = listed.peek().filter(|listed| listed.node() == producer.node());
            let superseded_by = listed.map(lookupd_core::Producer::via).filter(|via| *via != producer.via()).cloned();
            let alive = liveness(producer.silent_since, lifetimes, now);
            let hidden = tombstone(producer.tombstoned_at, lifetimes, now);
            let verdict = match (alive, &hidden, &superseded_by) {
                (Liveness::Inactive { .. }, ..) => Verdict::Inactive,
                (_, Some(_), _) => Verdict::Tombstoned,
                (_, _, Some(_)) => Verdict::Superseded,
                _ => Verdict::Visible,
            };
            Judged {
                node: producer.node().to_string(),
                via: producer.via().clone(),
                verdict,
                liveness: alive,
                tombstone: hidden,
                superseded_by,
            }
        })
        .collect()
}

/// The body of `/lookup`, to the byte. Core writes it by serde, with which the dashboard would weigh 14 KB more under gzip.
pub fn lookup_body(registry: &Registry, topic: &str, lifetimes: &Lifetimes, now: Timestamp) -> String {
    let Some(topic) = registry.topic(topic) else { return r#"{"message":"TOPIC_NOT_FOUND"}"#.into() };
    let mut body = String::from(r#"{"channels":["#);
    for (place, channel) in topic.channels().enumerate() {
        body.push_str(if place > 0 { "," } else { "" });
        body.push_str(&escaped(channel));
    }
    body.push_str(r#"],"producers":["#);
    for (place, producer) in topic.visible(lifetimes, now).enumerate() {
        body.push_str(if place > 0 { "," } else { "" });
        write_producer(&mut body, producer.info);
    }
    body.push_str("]}");
    body
}

fn write_producer(body: &mut String, info: &ProducerInfo) {
    let text = |body: &mut String, key: &str, text: &str| {
        // Writing to a String can't fail.
        let _ = write!(body, "\"{key}\":{},", escaped(text));
    };
    body.push('{');
    text(body, "remote_address", &info.remote_address);
    text(body, "hostname", &info.hostname);
    text(body, "broadcast_address", &info.broadcast_address);
    let _ = write!(body, "\"tcp_port\":{},\"http_port\":{},", info.tcp_port, info.http_port);
    text(body, "version", &info.version);
    text(body, "topology_zone", &info.topology_zone);
    text(body, "topology_region", &info.topology_region);
    body.pop();
    body.push('}');
}

/// A text as Go writes it into JSON: without what HTML would take for markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in quote(text).chars() {
        match character {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// How the topic is consumed, by curl and by NSQ's client libraries: what it is called, and its lines. `origin` and `api` are
/// where the API is.
pub fn snippets(origin: &str, api: &str, topic: &str) -> [(&'static str, String); 4] {
    let name = quote(topic);
    // With its path, since the libraries put their own in place of an empty one alone; and go-nsq wants a port.
    let address = format!("{}{api}/lookup", with_port(origin));
    [
        ("curl", curl(origin, api, topic)),
        (
            "go-nsq",
            format!(
                "consumer, err := nsq.NewConsumer({name}, \"channel\", nsq.NewConfig())\n\
                 consumer.AddHandler(handler)\n\
                 err = consumer.ConnectToNSQLookupd(\"{address}\")"
            ),
        ),
        (
            "pynsq",
            format!(
                "nsq.Reader({name}, \"channel\", message_handler=handler,\n           \
                 lookupd_http_addresses=[\"{address}\"])\n\
                 nsq.run()"
            ),
        ),
        (
            "nsqjs",
            format!(
                "const reader = new nsq.Reader({name}, \"channel\", {{\n  \
                 lookupdHTTPAddresses: [\"{address}\"],\n}})\n\
                 reader.on(\"message\", handler)\n\
                 reader.connect()"
            ),
        ),
    ]
}

/// The question of a topic, as a command of the shell.
pub fn curl(origin: &str, api: &str, topic: &str) -> String {
    format!("curl '{origin}{api}/lookup?topic={}'", encode(topic))
}

fn with_port(origin: &str) -> String {
    let has_port = origin.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok());
    let port = match origin.starts_with("https:") {
        _ if has_port => "",
        true => ":443",
        false => ":80",
    };
    format!("{origin}{port}")
}

#[cfg(test)]
mod tests {
    use lookupd_core::{
        Command, Node, TopicName,
        api::Explain,
        http::{Read, answer},
    };

    use super::*;
    use crate::view::testing::{Fixture, at};

    /// One of each: heard, silent, inactive, hidden, and two that are announced twice.
    fn fixture() -> Fixture {
        let hostile = ProducerInfo {
            remote_address: "[::1]:9".into(),
            hostname: "<b>&\"\\/'\u{2028}\u{202e}é😀\n\t\u{0}\u{7f}".into(),
            broadcast_address: "2001:db8::1".into(),
            tcp_port: 1.try_into().unwrap(),
            http_port: 65_535.try_into().unwrap(),
            version: "".into(),
            topology_zone: "z".into(),
            topology_region: "\u{2029}".into(),
        };
        let register = Command::Register {
            via: Via::Http,
            info: hostile,
            topic: TopicName::parse("orders").unwrap(),
            channel: None,
        };
        Fixture::new()
            .serves("heard:1", "orders", &["mail", "audit#ephemeral"])
            .serves("silent:1", "orders", &[])
            .serves("old:1", "orders", &["mail"])
            .serves("hidden:1", "orders", &[])
            .serves("twice:1", "orders", &[])
            .serves_via("twice:1", &Via::Tcp, "orders", &[])
            .serves("both:1", "orders", &[])
            .serves_via("both:1", &Via::Tcp, "orders", &[])
            .command(&register, at(1))
            .topic("idle")
            .silent("old:1", 1)
            .silent("both:1", 2)
            .silent("silent:1", 200)
            .tombstoned("orders", "hidden:1", 300)
            .tombstoned("orders", "both:1", 300)
    }

    fn answered(read: &Read, seconds: u64) -> String {
        let response =
            fixture().read(seconds, |registry, lifetimes, now| answer(read, registry, lifetimes, now, |_| None));
        String::from_utf8(response.body).unwrap()
    }

    #[test]
    fn the_body_is_cores_to_the_byte() {
        for seconds in [10, 310, 344, 345, 501, 100_000] {
            for topic in ["orders", "idle", "nobody", "*", ""] {
                let body =
                    fixture().read(seconds, |registry, lifetimes, now| lookup_body(registry, topic, lifetimes, now));
                assert_eq!(body, answered(&Read::Lookup { topic: topic.into() }, seconds), "{topic} at {seconds}");
            }
        }
    }

    #[test]
    fn verdicts_are_those_of_explain() {
        let mut met = Vec::new();
        for seconds in [10, 310, 344, 345, 501, 100_000] {
            let explain: Explain =
                serde_json::from_str(&answered(&Read::Explain { topic: "orders".into() }, seconds)).unwrap();
            let judged = fixture()
                .read(seconds, |registry, lifetimes, now| judged(&registry.topic("orders").unwrap(), lifetimes, now));
            assert_eq!(judged.len(), explain.producers.len());
            for (ours, theirs) in judged.iter().zip(&explain.producers) {
                assert_eq!(Node::parse(&ours.node).unwrap(), theirs.node);
                assert_eq!((&ours.via, ours.verdict), (&theirs.via, theirs.verdict), "{} at {seconds}", ours.node);
                assert_eq!(ours.superseded_by, theirs.superseded_by);
                assert_eq!(ours.liveness.since(), theirs.silent_since_at);
                if let Liveness::Silent { until, .. } = ours.liveness {
                    assert_eq!(Some(until), theirs.inactive_at);
                }
                if let Some(tombstone) = ours.tombstone {
                    assert_eq!(Some(tombstone.until), theirs.tombstoned_until_at);
                }
                if !met.contains(&ours.verdict) {
                    met.push(ours.verdict);
                }
            }
        }
        assert_eq!(met.len(), 4, "{met:?}");
    }

    #[test]
    fn snippets_lead_to_the_cluster_and_name_a_port() {
        let address = |origin, api| {
            let [(_, curl), rest @ ..] = snippets(origin, api, "foo#ephemeral");
            let address = rest[0].1.split('"').rev().nth(1).unwrap().to_owned();
            assert!(rest.iter().all(|(_, lines)| lines.contains(&format!("\"{address}\""))), "{rest:?}");
            assert!(rest.iter().all(|(_, lines)| lines.contains("(\"foo#ephemeral\", \"channel\"")), "{rest:?}");
            (curl, address)
        };
        for (origin, api, expected) in [
            ("http://127.0.0.1:8787", "", "http://127.0.0.1:8787/lookup"),
            ("https://nsq.example.com", "/clusters/eu-1", "https://nsq.example.com:443/clusters/eu-1/lookup"),
            ("http://[::1]", "", "http://[::1]:80/lookup"),
        ] {
            let (curl, address) = address(origin, api);
            assert_eq!(address, expected);
            assert_eq!(curl, format!("curl '{origin}{api}/lookup?topic=foo%23ephemeral'"));
        }
    }
}
