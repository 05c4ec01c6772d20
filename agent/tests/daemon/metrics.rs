//! `/metrics`, as Prometheus reads it.

use std::collections::BTreeMap;

use crate::{agent::Agent, nsqd::Nsqd};

#[test]
fn what_happened_is_counted() {
    let agent = Agent::start(&[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    assert_eq!(agent.post("/channel/delete?topic=t&channel=unknown"), 404);
    assert_eq!(agent.post("/topic/tombstone?topic=t&node=a:4151"), 200);
    let metrics = read(&agent);
    for (name, value) in [
        ("lookupd_topics", "1"),
        ("lookupd_channels", "1"),
        ("lookupd_registrations", "2"),
        ("lookupd_claims{via=\"tcp\"}", "1"),
        ("lookupd_claims{via=\"http\"}", "0"),
        ("lookupd_claims_silent", "0"),
        ("lookupd_tombstones", "1"),
        ("lookupd_sessions", "1"),
        ("lookupd_streams{by=\"agent\"}", "0"),
        ("lookupd_streams{by=\"follower\"}", "0"),
        // IDENTIFY, REGISTER, the tombstone.
        ("lookupd_commands_total{result=\"done\"}", "3"),
        ("lookupd_commands_total{result=\"refused\"}", "1"),
        ("lookupd_commands_total{result=\"not_stored\"}", "0"),
        ("lookupd_waited_topics", "0"),
    ] {
        assert_eq!(metrics.get(name).map(String::as_str), Some(value), "{name} in {metrics:#?}");
    }
    assert_eq!(metrics["lookupd_log_entries"], metrics["lookupd_revision"]);
    assert_ne!(metrics["lookupd_log_bytes"], "0");
}

#[test]
fn they_take_the_right_to_read() {
    let agent = Agent::start(&["--read-token=r"]);
    assert_eq!(agent.ask("GET", "/metrics").0, 401);
    let answer = agent.raw(b"GET /metrics HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer r\r\n\r\n");
    assert!(answer.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{answer}");
}

/// The samples by name and labels, each of a metric that was described before it, and in order.
pub(crate) fn read(agent: &Agent) -> BTreeMap<String, String> {
    let text = agent.get("/metrics");
    let mut samples = BTreeMap::new();
    let (mut metrics, mut described) = (Vec::new(), "");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            described = help.split_once(' ').expect(line).0;
            metrics.push(described);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let kinds = [format!("{described} gauge"), format!("{described} counter")];
            assert!(kinds.iter().any(|expected| expected == kind), "{line}");
            assert_eq!(kind.ends_with("counter"), described.ends_with("_total"), "{line}");
        } else {
            let (name, value) = line.rsplit_once(' ').expect(line);
            assert_eq!(name.split('{').next(), Some(described), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(samples.insert(name.to_owned(), value.to_owned()).is_none(), "twice: {line}");
        }
    }
    assert!(metrics.is_sorted(), "{metrics:?}");
    assert!(text.ends_with('\n'));
    samples
}
