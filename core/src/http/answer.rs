//! Answers to questions, from any copy of the registry and at any time, in order.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    error::Error,
    request::Read,
    response::{Response, json},
};
use crate::{
    api,
    producer::{ClaimKey, Lifetimes, Node, Via},
    registry::{NodeEntry, Producer, Registration, RegistrationPattern, Registry, TopicEntry},
    time::Timestamp,
};

/// The nsqlookupd that this behaves as.
const NSQLOOKUPD_VERSION: &str = "1.3.0";

/// The answer as of `now`. Lists are sorted by name or node, and no name or node is in one twice, but that `/debug`,
/// `/registrations` and `/v1/explain` tell of each way in which a node is announced.
///
/// `last_heard` is what is known of when claims were heard, which is no part of the registry: the leader has
/// [`last_heard`](crate::Leader::last_heard), a replica nothing. Only `/debug` and `/v1/explain` tell of it.
pub fn answer(
    read: &Read,
    registry: &Registry,
    lifetimes: &Lifetimes,
    now: Timestamp,
    last_heard: impl Fn(&ClaimKey) -> Option<Timestamp>,
) -> Response {
    let view = View { registry, lifetimes, now, last_heard: &last_heard };
    let body = match read {
        Read::Ping => return Response::text(200, "OK"),
        Read::Info => json(&api::Info { version: NSQLOOKUPD_VERSION }),
        Read::Topics => json(&api::Topics { topics: registry.topics().map(|topic| &**topic.name()).collect() }),
        Read::Channels { topic } => {
            json(&api::Channels { channels: registry.topic(topic).map_or_else(Vec::new, channels) })
        }
        Read::Lookup { topic } => match registry.topic(topic) {
            Some(topic) => json(&api::Lookup {
                channels: channels(topic),
                producers: topic.visible(lifetimes, now).map(|producer| producer.info.into()).collect(),
            }),
            None => return Error::TopicNotFound.into(),
        },
        Read::Nodes => json(&api::Nodes {
            producers: registry.nodes(lifetimes, now).map(|node| node_producer(&node, lifetimes, now)).collect(),
        }),
        Read::Debug => json(&view.debug()),
        Read::Registrations(pattern) => json(&view.registrations(pattern)),
        Read::Explain { topic } => json(&view.explain(topic)),
    };
    Response::json(200, body)
}

fn channels(topic: TopicEntry<'_>) -> Vec<&str> {
    topic.channels().map(|name| &**name).collect()
}

fn node_producer<'a>(node: &NodeEntry<'a>, lifetimes: &Lifetimes, now: Timestamp) -> api::NodeProducer<&'a str> {
    let info = node.producer.info;
    let hidden = |(_, tombstoned_at): &(_, Option<Timestamp>)| lifetimes.is_tombstoned(*tombstoned_at, now);
    api::NodeProducer {
        remote_address: &info.remote_address,
        hostname: &info.hostname,
        broadcast_address: &info.broadcast_address,
        tcp_port: info.tcp_port,
        http_port: info.http_port,
        version: &info.version,
        topology_zone: &info.topology_zone,
        topology_region: &info.topology_region,
        tombstones: node.topics.iter().map(hidden).collect(),
        topics: node.topics.iter().map(|(name, _)| name.as_str()).collect(),
    }
}

/// What the longer answers are made from.
struct View<'a> {
    registry: &'a Registry,
    lifetimes: &'a Lifetimes,
    now: Timestamp,
    last_heard: &'a dyn Fn(&ClaimKey) -> Option<Timestamp>,
}

impl<'a> View<'a> {
    fn debug(&self) -> api::Debug<&'a str> {
        let mut entries = api::Debug::new();
        let mut add = |key: String, producers: Vec<api::DebugProducer<_>>| {
            if !producers.is_empty() {
                entries.insert(key, producers);
            }
        };
        add("client::".into(), self.registry.claims().map(|producer| self.debug_producer(&producer, None)).collect());
        for topic in self.registry.topics() {
            let name = topic.name();
            // nsqlookupd keeps a tombstone with the topic's entry alone.
            let producers = topic.producers().map(|producer| self.debug_producer(&producer, producer.tombstoned_at));
            add(format!("topic:{name}:"), producers.collect());
            for channel in topic.channels() {
                let producers = topic.channel_producers(channel).into_iter().flatten();
                let producers = producers.map(|producer| self.debug_producer(&producer, None));
                add(format!("channel:{name}:{channel}"), producers.collect());
            }
        }
        entries
    }

    fn debug_producer(&self, producer: &Producer<'a>, tombstoned_at: Option<Timestamp>) -> api::DebugProducer<&'a str> {
        let info = producer.info;
        api::DebugProducer {
            broadcast_address: &info.broadcast_address,
            hostname: &info.hostname,
            http_port: info.http_port,
            id: &info.remote_address,
            last_update: nanoseconds(self.heard_at(producer).unwrap_or(self.now)),
            tcp_port: info.tcp_port,
            tombstoned: tombstoned_at.is_some(),
            tombstoned_at: tombstoned_at.map_or(api::NEVER_TOMBSTONED_AT, nanoseconds),
            topology_region: &info.topology_region,
            topology_zone: &info.topology_zone,
            version: &info.version,
        }
    }

    fn heard_at(&self, producer: &Producer<'_>) -> Option<Timestamp> {
        producer.silent_since.or_else(|| (self.last_heard)(producer.key))
    }

    fn registrations(&self, pattern: &RegistrationPattern) -> api::Registrations<&'a str> {
        let registration =
            |Registration { category, key, subkey }| api::Registration { category: category.as_str(), key, subkey };
        let found = |producer: Producer<'_>| api::FoundProducer {
            node: producer.node().clone(),
            via: producer.via().clone(),
            active: producer.is_active(self.lifetimes, self.now),
        };
        api::Registrations {
            registrations: self.registry.find_registrations(pattern).into_iter().map(registration).collect(),
            producers: self.registry.find_producers(pattern).into_iter().map(found).collect(),
        }
    }

    fn explain(&self, name: &str) -> api::Explain {
        let mut explain = api::Explain {
            topic: name.into(),
            exists: false,
            channels: Vec::new(),
            now_at: self.now,
            revision: self.registry.revision(),
            producers: Vec::new(),
        };
        let Some(topic) = self.registry.topic(name) else {
            return explain;
        };
        let listed: BTreeMap<&Node, &Via> =
            topic.visible(self.lifetimes, self.now).map(|producer| (producer.node(), producer.via())).collect();
        let mut served: BTreeMap<&ClaimKey, Vec<String>> = BTreeMap::new();
        for channel in topic.channels() {
            for producer in topic.channel_producers(channel).into_iter().flatten() {
                served.entry(producer.key).or_default().push(channel.to_string());
            }
        }
        explain.exists = true;
        explain.channels = topic.channels().map(ToString::to_string).collect();
        let explained = topic.producers().map(|producer| {
            let channels = served.remove(producer.key).unwrap_or_default();
            self.explained(&producer, listed.get(producer.node()).copied(), channels)
        });
        explain.producers = explained.collect();
        explain
    }

    fn explained(&self, producer: &Producer<'_>, listed: Option<&Via>, channels: Vec<String>) -> api::Explained {
        let Lifetimes { inactive_producer_timeout, tombstone_lifetime } = *self.lifetimes;
        let superseded_by = listed.filter(|via| *via != producer.via());
        let verdict = if !producer.is_active(self.lifetimes, self.now) {
            api::Verdict::Inactive
        } else if producer.is_tombstoned(self.lifetimes, self.now) {
            api::Verdict::Tombstoned
        } else if superseded_by.is_some() {
            api::Verdict::Superseded
        } else {
            api::Verdict::Visible
        };
        api::Explained {
            node: producer.node().clone(),
            via: producer.via().clone(),
            verdict,
            heard_at: self.heard_at(producer),
            silent_since_at: producer.silent_since,
            inactive_at: producer.silent_since.map(|since| since.plus(inactive_producer_timeout)),
            tombstoned_at: producer.tombstoned_at,
            tombstoned_until_at: producer.tombstoned_at.map(|at| at.plus(tombstone_lifetime)),
            superseded_by: superseded_by.cloned(),
            channels,
            announced_revision: producer.announced,
            producer: producer.info.into(),
        }
    }
}

fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}
