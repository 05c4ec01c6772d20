//! A registry for tests, made as the leader makes one: by deciding commands and applying what they decide.

use std::time::Duration;

use lookupd_core::{
    ChannelName, ClaimKey, Command, Lifetimes, Limits, Node, ProducerInfo, Registry, Timestamp, TopicName, Via,
};

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).plus(Duration::from_secs(seconds))
}

#[derive(Default)]
pub(crate) struct Fixture {
    registry: Registry,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn command(mut self, command: &Command, now: Timestamp) -> Self {
        if let Some(batch) = self.registry.decide(command, &Limits::EDGE, now).unwrap() {
            self.registry.apply(&batch).unwrap();
        }
        self
    }

    pub(crate) fn topic(self, name: &str) -> Self {
        self.command(&Command::CreateTopic { topic: topic(name) }, at(0))
    }

    pub(crate) fn serves(self, node: &str, name: &str, channels: &[&str]) -> Self {
        self.serves_via(node, &Via::Http, name, channels)
    }

    pub(crate) fn serves_via(mut self, node: &str, via: &Via, name: &str, channels: &[&str]) -> Self {
        let names = channels.iter().map(|channel| Some(ChannelName::parse(channel).unwrap()));
        for channel in std::iter::once(None).chain(names) {
            let command = Command::Register { via: via.clone(), info: info(node), topic: topic(name), channel };
            self = self.command(&command, at(0));
        }
        self
    }

    pub(crate) fn silent(self, node: &str, since: u64) -> Self {
        let key = ClaimKey { node: Node::parse(node).unwrap(), via: Via::Http };
        self.command(&Command::silence(vec![(key, at(since))]), at(since))
    }

    pub(crate) fn tombstoned(self, name: &str, node: &str, when: u64) -> Self {
        self.command(&Command::Tombstone { topic: topic(name), node: Node::parse(node).unwrap() }, at(when))
    }

    pub(crate) fn read<R>(&self, now: u64, question: impl FnOnce(&Registry, &Lifetimes, Timestamp) -> R) -> R {
        question(&self.registry, &Lifetimes::default(), at(now))
    }
}

pub(crate) fn topic(name: &str) -> TopicName {
    TopicName::parse(name).unwrap()
}

pub(crate) fn info(node: &str) -> ProducerInfo {
    let node = Node::parse(node).unwrap();
    ProducerInfo {
        remote_address: "127.0.0.1:9".into(),
        hostname: format!("host-{}", node.broadcast_address()).into(),
        broadcast_address: node.broadcast_address().into(),
        tcp_port: 4150.try_into().unwrap(),
        http_port: node.http_port(),
        version: "1.3.0".into(),
        topology_zone: "zone-1".into(),
        topology_region: "".into(),
    }
}
