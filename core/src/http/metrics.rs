//! How a home fares, as Prometheus reads it (its text format, version 0.0.4).

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use super::response::Response;
use crate::{
    leader::Leader,
    producer::{Lifetimes, Via},
    registry::Registry,
    store::Store,
    time::Timestamp,
};

/// Metrics, in order of their names. Each is there from the beginning, at 0, so that whoever watches it sees it grow.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Vec<(&'static str, String)>);

impl Metrics {
    /// Those of a leader; its home adds what it knows beside them.
    pub fn of<S: Store>(leader: &Leader<S>, now: Timestamp) -> Self {
        let mut metrics = Self::of_registry(leader.registry(), &leader.settings().lifetimes, now);
        let log = leader.log();
        metrics.gauge("lookupd_log_entries", "Changes stored since the last snapshot.", log.entries);
        metrics.gauge("lookupd_log_bytes", "Their size.", log.length as u64);
        metrics.gauge("lookupd_snapshot_bytes", "Size of the last snapshot.", log.snapshot_length as u64);
        let done = leader.done();
        metrics.add(
            "lookupd_commands_total",
            "counter",
            "Commands since this process loaded the registry.",
            &[
                ("{result=\"done\"}", done.done),
                ("{result=\"not_stored\"}", done.not_stored),
                ("{result=\"refused\"}", done.refused),
            ],
        );
        metrics
    }

    /// Those of a state, whoever holds it.
    pub fn of_registry(registry: &Registry, lifetimes: &Lifetimes, now: Timestamp) -> Self {
        let mut metrics = Self::default();
        let [mut agent, mut http, mut tcp, mut silent] = [0; 4];
        for claim in registry.claims() {
            *match claim.via() {
                Via::Agent(_) => &mut agent,
                Via::Http => &mut http,
                Via::Tcp => &mut tcp,
            } += 1;
            silent += u64::from(claim.silent_since.is_some());
        }
        let channels: usize = registry.topics().map(|topic| topic.channels().len()).sum();
        let hides = |at| lifetimes.is_tombstoned(Some(at), now);
        let tombstones = registry.tombstones().filter(|(_, _, at)| hides(*at)).count();
        let version = concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
        metrics.add("lookupd_build_info", "gauge", "The release, as a label of 1.", &[(version, 1)]);
        metrics.gauge("lookupd_revision", "Changes that led to the state.", registry.revision());
        metrics.gauge("lookupd_topics", "Topics.", registry.topic_count() as u64);
        metrics.gauge("lookupd_channels", "Channels of all topics.", channels as u64);
        metrics.gauge(
            "lookupd_registrations",
            "Topics and channels of all claims.",
            registry.registration_count() as u64,
        );
        metrics.gauge("lookupd_tombstones", "Tombstones that hide a producer.", tombstones as u64);
        metrics.gauge("lookupd_agents", "Agents that are known.", registry.agents().len() as u64);
        metrics.add(
            "lookupd_claims",
            "gauge",
            "Nodes, each counted once for each way it is announced.",
            &[("{via=\"agent\"}", agent), ("{via=\"http\"}", http), ("{via=\"tcp\"}", tcp)],
        );
        metrics.gauge("lookupd_claims_silent", "Those that aren't heard, alive or not.", silent);
        metrics
    }

    /// Adds how many streams are open at a leader, and how many of them agents opened.
    pub fn streams(&mut self, all: u64, agents: u64) {
        let samples = [("{by=\"agent\"}", agents), ("{by=\"follower\"}", all.saturating_sub(agents))];
        self.add("lookupd_streams", "gauge", "Streams that are open, by who opened them.", &samples);
    }

    /// Adds what goes up and down.
    pub fn gauge(&mut self, name: &'static str, help: &str, value: u64) {
        self.add(name, "gauge", help, &[("", value)]);
    }

    /// Adds what only grows.
    pub fn counter(&mut self, name: &'static str, help: &str, value: u64) {
        self.add(name, "counter", help, &[("", value)]);
    }

    /// Adds one of several samples, each with its [`label`], or none. The kind is `gauge` or `counter`.
    pub fn add(&mut self, name: &'static str, kind: &str, help: &str, samples: &[(impl AsRef<str>, impl ToString)]) {
        let mut text = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for (label, value) in samples {
            text.extend([name, label.as_ref(), " ", &value.to_string(), "\n"]);
        }
        // Few of them, and sorting would weigh 3 KB in the worker.
        let place = self.0.partition_point(|(other, _)| *other < name);
        self.0.insert(place, (name, text));
    }
}

/// A label with a value from wherever, as it stands behind a metric's name.
pub fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{{{name}=\"{value}\"}}")
}

/// A duration in seconds, to the millisecond.
pub fn seconds(duration: Duration) -> String {
    format!("{}.{:03}", duration.as_secs(), duration.subsec_millis())
}

impl From<Metrics> for Response {
    fn from(Metrics(metrics): Metrics) -> Self {
        let mut response = Self::empty(200);
        response.push("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        response.body = metrics.into_iter().map(|(_, text)| text).collect::<String>().into_bytes();
        response
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU16;

    use super::*;
    use crate::{
        command::{Command, Limits},
        name::TopicName,
        producer::ProducerInfo,
    };

    const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn text(metrics: Metrics) -> String {
        let response = Response::from(metrics);
        assert_eq!(response.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        String::from_utf8(response.body).unwrap()
    }

    fn some_state() -> Registry {
        let topic = |name| TopicName::parse(name).unwrap();
        let info = |address: &str| ProducerInfo {
            remote_address: "".into(),
            hostname: "h".into(),
            broadcast_address: address.into(),
            tcp_port: NonZeroU16::MIN,
            http_port: NonZeroU16::MIN,
            version: "1".into(),
            topology_zone: "".into(),
            topology_region: "".into(),
        };
        let register = |via, info, channel| {
            let channel = Some(crate::name::ChannelName::parse(channel).unwrap());
            Command::Register { via, info, topic: topic("t"), channel }
        };
        let key = crate::producer::ClaimKey { node: info("b").node(), via: Via::Tcp };
        let mut registry = Registry::default();
        for command in [
            register(Via::Http, info("a"), "c"),
            register(Via::Tcp, info("a"), "c"),
            register(Via::Tcp, info("b"), "d"),
            Command::CreateTopic { topic: topic("u") },
            Command::Tombstone { topic: topic("t"), node: info("a").node() },
            Command::silence([(key, START)].into()),
        ] {
            let batch = registry.decide(&command, &Limits::EDGE, START).unwrap();
            registry.apply(&batch.unwrap()).unwrap();
        }
        registry
    }

    #[test]
    fn a_state_is_counted() {
        let text = text(Metrics::of_registry(&some_state(), &Lifetimes::default(), START));
        let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            samples,
            [
                "lookupd_agents 0",
                &*format!("lookupd_build_info{{version=\"{version}\"}} 1"),
                "lookupd_channels 2",
                "lookupd_claims{via=\"agent\"} 0",
                "lookupd_claims{via=\"http\"} 1",
                "lookupd_claims{via=\"tcp\"} 2",
                "lookupd_claims_silent 1",
                "lookupd_registrations 6",
                "lookupd_revision 6",
                "lookupd_tombstones 1",
                "lookupd_topics 2",
            ]
        );
        let later = START.plus(Lifetimes::default().tombstone_lifetime);
        let text = self::text(Metrics::of_registry(&some_state(), &Lifetimes::default(), later));
        assert!(text.contains("\nlookupd_tombstones 0\n"), "it has ended: {text}");
    }

    #[test]
    fn the_text_is_prometheus_own() {
        let mut metrics = Metrics::default();
        metrics.counter("lookupd_z_total", "Last.", 7);
        let place = label("upstream", "a\\b\"c\nd");
        metrics.add("lookupd_a_seconds", "gauge", "First.", &[(place, seconds(Duration::from_millis(61_005)))]);
        assert_eq!(
            text(metrics),
            concat!(
                "# HELP lookupd_a_seconds First.\n# TYPE lookupd_a_seconds gauge\n",
                "lookupd_a_seconds{upstream=\"a\\\\b\\\"c\\nd\"} 61.005\n",
                "# HELP lookupd_z_total Last.\n# TYPE lookupd_z_total counter\nlookupd_z_total 7\n",
            )
        );
    }
}
