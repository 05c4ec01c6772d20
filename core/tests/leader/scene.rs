//! A leader, its disk and the time; and what is asked of it.

use std::{collections::BTreeMap, num::NonZeroU16, time::Duration};

use crate::disk::Disk;
use lookupd_core::{
    ChannelName, ClaimKey, Command, Fault, GRANT, Leader, LeaderSettings, Lifetimes, Limits, Node, ProducerInfo,
    Timestamp, TopicName, Via,
};

pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);
pub(crate) const T: Duration = Duration::from_secs(300);

pub(crate) fn settings() -> LeaderSettings {
    LeaderSettings { lifetimes: Lifetimes::default(), limits: Limits::EDGE, grant: GRANT }
}

/// A leader, its disk and the time.
pub(crate) struct Cluster {
    pub(crate) disk: Disk,
    pub(crate) leader: Leader<Disk>,
    pub(crate) now: Timestamp,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: LeaderSettings) -> Self {
        let disk = Disk::default();
        Self { leader: Leader::load(disk.clone(), settings, START).unwrap(), disk, now: START }
    }

    pub(crate) fn after(&mut self, duration: Duration) -> &mut Self {
        self.now = self.now.plus(duration);
        self
    }

    pub(crate) fn restarted(&mut self) -> &mut Self {
        self.leader = Leader::load(self.disk.clone(), *self.leader.settings(), self.now).unwrap();
        self
    }

    pub(crate) fn execute(&mut self, command: &Command) -> Result<bool, Fault<&'static str>> {
        self.leader.sweep(self.now)?;
        let outcome = self.leader.execute(command, self.now)?;
        self.leader.compact(self.now).map_err(Fault::NotStored)?;
        Ok(outcome.changed)
    }

    pub(crate) fn does(&mut self, command: &Command) -> bool {
        self.execute(command).unwrap()
    }

    pub(crate) fn lookup(&mut self, topic: &str) -> Vec<String> {
        self.leader.sweep(self.now).unwrap();
        let Some(topic) = self.leader.registry().topic(topic) else { return vec!["no such topic".into()] };
        topic.visible(&self.leader.settings().lifetimes, self.now).map(|found| found.node().to_string()).collect()
    }

    pub(crate) fn nodes(&mut self) -> Vec<(String, Vec<String>)> {
        self.leader.sweep(self.now).unwrap();
        let nodes = self.leader.registry().nodes(&self.leader.settings().lifetimes, self.now);
        nodes
            .map(|node| {
                (node.producer.node().to_string(), node.topics.iter().map(|(name, _)| name.to_string()).collect())
            })
            .collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let registry = self.leader.registry();
        registry
            .topics()
            .map(|topic| {
                [vec![topic.name().to_string()], topic.channels().map(ToString::to_string).collect()].concat().join(" ")
            })
            .collect()
    }
}

pub(crate) fn topic(name: &str) -> TopicName {
    TopicName::parse(name).unwrap()
}

pub(crate) fn channel(name: &str) -> ChannelName {
    ChannelName::parse(name).unwrap()
}

pub(crate) fn info(address: &str) -> ProducerInfo {
    ProducerInfo {
        remote_address: "10.0.0.9:5".into(),
        hostname: "host".into(),
        broadcast_address: address.into(),
        tcp_port: NonZeroU16::new(4150).unwrap(),
        http_port: NonZeroU16::new(4151).unwrap(),
        version: "1.3.0".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    }
}

pub(crate) fn claim(address: &str, via: Via) -> ClaimKey {
    ClaimKey { node: info(address).node(), via }
}

pub(crate) fn register_via(via: Via, address: &str, names: &str) -> Command {
    let (name, of) = names.split_once(' ').map_or((names, None), |(name, of)| (name, Some(of)));
    Command::Register { via, info: info(address), topic: topic(name), channel: of.map(channel) }
}

/// `names` is a topic, or a topic and a channel.
pub(crate) fn register(address: &str, names: &str) -> Command {
    register_via(Via::Http, address, names)
}

pub(crate) fn unregister(address: &str, names: &str) -> Command {
    let (name, of) = names.split_once(' ').map_or((names, None), |(name, of)| (name, Some(of)));
    Command::Unregister { claim: claim(address, Via::Http), topic: topic(name), channel: of.map(channel) }
}

pub(crate) fn announce(address: &str, topics: &[(&str, &[&str])]) -> Command {
    let topics: BTreeMap<_, _> =
        topics.iter().map(|(name, of)| (topic(name), of.iter().map(|name| channel(name)).collect())).collect();
    Command::Announce { via: Via::Http, info: info(address), topics }
}

pub(crate) fn leave(address: &str) -> Command {
    Command::Leave { claim: claim(address, Via::Http) }
}

pub(crate) fn tombstone(name: &str, node: &str) -> Command {
    Command::Tombstone { topic: topic(name), node: Node::parse(node).unwrap() }
}

pub(crate) fn delete(name: &str) -> Command {
    Command::DeleteTopic { topic: topic(name) }
}
