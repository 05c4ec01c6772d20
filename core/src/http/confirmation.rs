//! Which answers a replica may give by itself.

use super::request::Read;
use crate::{producer::Lifetimes, registry::Registry, replica::Confirmation, time::Timestamp};

impl Read {
    /// Whether its answer tells when producers were last heard, which the leader alone knows.
    pub fn tells_what_was_heard(&self) -> bool {
        matches!(self, Self::Debug | Self::Explain { .. })
    }

    /// Whether the answer that this registry gives has to be confirmed by the leader: one that there is nothing, and the
    /// channels of a topic, which nsqd asks for before it lets the first messages in (nsqio/nsq, `nsqd/nsqd.go`, `GetTopic`).
    pub fn confirmation(&self, registry: &Registry, lifetimes: &Lifetimes, now: Timestamp) -> Confirmation {
        let is_negative = match self {
            Self::Channels { .. } => true,
            Self::Lookup { topic } => {
                registry.topic(topic).is_none_or(|topic| topic.visible(lifetimes, now).next().is_none())
            }
            Self::Topics => registry.topics().len() == 0,
            Self::Nodes => registry.nodes(lifetimes, now).next().is_none(),
            Self::Registrations(pattern) => registry.find_registrations(pattern).is_empty(),
            Self::Explain { topic } => registry.topic(topic).is_none(),
            Self::Debug => registry.claim_count() == 0,
            Self::Ping | Self::Info => false,
        };
        if is_negative { Confirmation::Needed } else { Confirmation::Granted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::{Command, Limits},
        http::{Request, Route, Target},
        name::TopicName,
        producer::{Node, ProducerInfo, Via},
    };
    use core::num::NonZeroU16;

    #[test]
    fn that_there_is_nothing_is_confirmed_and_so_are_channels() {
        let port = NonZeroU16::new(4151).unwrap();
        let info = ProducerInfo {
            remote_address: "".into(),
            hostname: "h".into(),
            broadcast_address: "a".into(),
            tcp_port: port,
            http_port: port,
            version: "1".into(),
            topology_zone: "".into(),
            topology_region: "".into(),
        };
        let topic = |name| TopicName::parse(name).unwrap();
        let mut full = Registry::default();
        for command in [
            Command::Register { via: Via::Http, info: info.clone(), topic: topic("t"), channel: None },
            Command::Register { via: Via::Http, info, topic: topic("u"), channel: None },
            Command::Tombstone { topic: topic("u"), node: Node::parse("a:4151").unwrap() },
            Command::CreateTopic { topic: topic("v") },
        ] {
            let batch = full.decide(&command, &Limits::EDGE, Timestamp::default()).unwrap();
            full.apply(&batch.unwrap()).unwrap();
        }
        let needed = |target: &str, registry: &Registry| {
            let target = Target::parse(target.as_bytes()).unwrap();
            let Ok(Request::Read(read)) = Request::parse(Route::find("GET", &target, None).unwrap(), &target) else {
                panic!("{target:?}");
            };
            read.confirmation(registry, &Lifetimes::default(), Timestamp::default()) == Confirmation::Needed
        };
        for (target, when_full) in [
            ("/lookup?topic=t", false),
            ("/lookup?topic=u", true),
            ("/lookup?topic=v", true),
            ("/lookup?topic=x", true),
            ("/channels?topic=t", true),
            ("/topics", false),
            ("/nodes", false),
            ("/registrations?category=topic", false),
            ("/registrations?category=topic&key=x", true),
            ("/debug", false),
            ("/v1/explain?topic=t", false),
            ("/v1/explain?topic=x", true),
        ] {
            assert_eq!(needed(target, &full), when_full, "{target}");
            assert!(needed(target, &Registry::default()), "{target}");
        }
        assert!(!needed("/ping", &full));
    }
}
