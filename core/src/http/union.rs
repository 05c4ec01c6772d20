//! Answers from several registries at once, for whoever follows several leaders: what any of them holds, as NSQ's clients
//! unite the answers of several nsqlookupds (nsqio/go-nsq, `consumer.go`; nsqio/nsq, `internal/clusterinfo`).

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{
    answer::{answer, channels, node_producer},
    error::Error,
    request::Read,
    response::{Response, json},
};
use crate::{
    api,
    producer::{Lifetimes, Node},
    registry::{RegistrationPattern, Registry},
    time::Timestamp,
};

/// A registry to answer from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What it holds.
    pub registry: &'a Registry,
    /// How long producers and tombstones live there.
    pub lifetimes: &'a Lifetimes,
    /// The time there.
    pub now: Timestamp,
}

/// What all of them answer together, each name and node once. A producer that one hides and another shows is shown; what one
/// that stands before says of a node counts. `/debug` and `/v1/explain` tell of one registry: of the first.
pub fn answer_from_all(read: &Read, sources: &[Source<'_>]) -> Response {
    let body = match (read, sources) {
        (_, []) => return Error::NotReady.into(),
        (_, [only]) => return answer_from(read, only),
        (Read::Topics, _) => json(&api::Topics { topics: topics(sources).into_iter().collect() }),
        (Read::Channels { topic }, _) => {
            json(&api::Channels { channels: channels_of(topic, sources).into_iter().collect() })
        }
        (Read::Lookup { topic }, _) if sources.iter().all(|source| source.registry.topic(topic).is_none()) => {
            return Error::TopicNotFound.into();
        }
        (Read::Lookup { topic }, _) => json(&lookup(topic, sources)),
        (Read::Nodes, _) => json(&nodes(sources)),
        (Read::Registrations(pattern), _) => json(&registrations(pattern, sources)),
        (Read::Ping | Read::Info | Read::Debug | Read::Explain { .. }, [first, ..]) => return answer_from(read, first),
    };
    Response::json(200, body)
}

fn answer_from(read: &Read, source: &Source<'_>) -> Response {
    answer(read, source.registry, source.lifetimes, source.now, |_| None)
}

fn topics<'a>(sources: &[Source<'a>]) -> BTreeSet<&'a str> {
    sources.iter().flat_map(|source| source.registry.topics()).map(|topic| topic.name().as_str()).collect()
}

fn channels_of<'a>(topic: &str, sources: &[Source<'a>]) -> BTreeSet<&'a str> {
    sources.iter().filter_map(|source| source.registry.topic(topic)).flat_map(channels).collect()
}

fn lookup<'a>(topic: &str, sources: &[Source<'a>]) -> api::Lookup<&'a str> {
    let mut producers: BTreeMap<&Node, api::Producer<&str>> = BTreeMap::new();
    for source in sources {
        let found = source.registry.topic(topic).into_iter();
        for producer in found.flat_map(|topic| topic.visible(source.lifetimes, source.now)) {
            producers.entry(producer.node()).or_insert_with(|| producer.info.into());
        }
    }
    let channels = channels_of(topic, sources).into_iter().collect();
    api::Lookup { channels, producers: producers.into_values().collect() }
}

fn nodes<'a>(sources: &[Source<'a>]) -> api::Nodes<&'a str> {
    let mut found: BTreeMap<Node, (api::Producer<&str>, BTreeMap<&str, bool>)> = BTreeMap::new();
    for source in sources {
        for node in source.registry.nodes(source.lifetimes, source.now) {
            let api::NodeProducer { producer, tombstones, topics } = node_producer(&node, source.lifetimes, source.now);
            let (_, hidden) = found.entry(producer.node()).or_insert((producer, BTreeMap::new()));
            for (topic, is_hidden) in topics.into_iter().zip(tombstones) {
                *hidden.entry(topic).or_insert(true) &= is_hidden;
            }
        }
    }
    let producers = found.into_values().map(|(producer, hidden)| {
        let (topics, tombstones) = hidden.into_iter().unzip();
        api::NodeProducer { producer, tombstones, topics }
    });
    api::Nodes { producers: producers.collect() }
}

fn registrations<'a>(pattern: &RegistrationPattern, sources: &[Source<'a>]) -> api::Registrations<&'a str> {
    let mut names = BTreeSet::new();
    let mut claims = BTreeMap::new();
    for Source { registry, lifetimes, now } in sources {
        names.extend(registry.find_registrations(pattern).into_iter().map(|found| (found.key, found.subkey)));
        for producer in registry.find_producers(pattern) {
            *claims.entry(producer.key).or_insert(false) |= producer.is_active(lifetimes, *now);
        }
    }
    let category = pattern.category.as_str();
    let producers = claims.into_iter().map(|(claim, active)| {
        let (node, via) = (claim.node.clone(), claim.via.clone());
        api::FoundProducer { node, via, active }
    });
    api::Registrations {
        registrations: names.into_iter().map(|(key, subkey)| api::Registration { category, key, subkey }).collect(),
        producers: producers.collect::<Vec<_>>(),
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::String, vec};
    use core::num::NonZeroU16;

    use super::*;
    use crate::{
        command::{Command, Limits},
        name::{ChannelName, TopicName},
        producer::{ProducerInfo, Via},
        registry::{Category, Match},
    };

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn info(address: &str, version: &str) -> ProducerInfo {
        ProducerInfo {
            remote_address: "".into(),
            hostname: "h".into(),
            broadcast_address: address.into(),
            tcp_port: NonZeroU16::MIN,
            http_port: NonZeroU16::MIN,
            version: version.into(),
            topology_zone: "".into(),
            topology_region: "".into(),
        }
    }

    fn topic(name: &str) -> TopicName {
        TopicName::parse(name).unwrap()
    }

    fn registry(version: &str, served: &[(&str, &str, &str)], hidden: &[(&str, &str)]) -> Registry {
        let register = served.iter().map(|(address, name, channel)| Command::Register {
            via: Via::Http,
            info: info(address, version),
            topic: topic(name),
            channel: Some(ChannelName::parse(channel).unwrap()),
        });
        let tombstone = hidden
            .iter()
            .map(|(name, address)| Command::Tombstone { topic: topic(name), node: info(address, version).node() });
        let mut registry = Registry::default();
        for command in register.chain(tombstone) {
            let batch = registry.decide(&command, &Limits::EDGE, NOW).unwrap();
            registry.apply(&batch.unwrap()).unwrap();
        }
        registry
    }

    #[test]
    fn what_any_of_them_holds_is_told_once_and_in_order() {
        let one = registry("1", &[("a", "t", "c"), ("b", "t", "d"), ("b", "u", "c")], &[("t", "a"), ("t", "b")]);
        let other = registry("2", &[("b", "t", "e"), ("c", "t", "c"), ("c", "s", "c")], &[("t", "c")]);
        let lifetimes = Lifetimes::default();
        let sources = [&one, &other].map(|registry| Source { registry, lifetimes: &lifetimes, now: NOW });
        let told = |read: &Read| String::from_utf8(answer_from_all(read, &sources).body).unwrap();
        let of = |name: &str| (Read::Lookup { topic: name.into() }, Read::Channels { topic: name.into() });

        assert_eq!(told(&Read::Topics), r#"{"topics":["s","t","u"]}"#);
        assert_eq!(told(&of("t").1), r#"{"channels":["c","d","e"]}"#);
        assert_eq!(told(&of("none").1), r#"{"channels":[]}"#);
        assert_eq!(answer_from_all(&of("none").0, &sources).status, 404);
        let lookup: api::Lookup = serde_json::from_str(&told(&of("t").0)).unwrap();
        let found: Vec<_> = lookup.producers.iter().map(|found| (&*found.broadcast_address, &*found.version)).collect();
        assert_eq!(found, [("b", "2")], "hidden by one alone");
        assert_eq!(lookup.channels, ["c", "d", "e"]);
        let nodes: api::Nodes = serde_json::from_str(&told(&Read::Nodes)).unwrap();
        let nodes: Vec<_> = nodes
            .producers
            .iter()
            .map(|node| (&*node.producer.broadcast_address, node.topics.join(" "), node.tombstones.clone()))
            .collect();
        let expected = [
            ("a", "t".into(), vec![true]),
            ("b", "t u".into(), vec![false, false]),
            ("c", "s t".into(), vec![false, true]),
        ];
        assert_eq!(nodes, expected);
        let pattern = RegistrationPattern { category: Category::Channel, key: Match::Any, subkey: Match::Any };
        let found: api::Registrations = serde_json::from_str(&told(&Read::Registrations(pattern))).unwrap();
        let names: Vec<_> = found.registrations.iter().map(|found| [&*found.key, &*found.subkey].join("/")).collect();
        assert_eq!(names, ["s/c", "t/c", "t/d", "t/e", "u/c"]);
        assert_eq!(found.producers.len(), 3);
    }

    #[test]
    fn one_alone_answers_as_ever() {
        let one = registry("1", &[("a", "t", "c")], &[]);
        let lifetimes = Lifetimes::default();
        let source = Source { registry: &one, lifetimes: &lifetimes, now: NOW };
        for read in [Read::Topics, Read::Nodes, Read::Debug, Read::Lookup { topic: "t".into() }] {
            assert_eq!(answer_from_all(&read, &[source]), answer(&read, &one, &lifetimes, NOW, |_| None));
        }
        assert_eq!(answer_from_all(&Read::Topics, &[]).status, 503);
    }
}
