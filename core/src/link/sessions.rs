//! The nsqds that are connected to an agent, and what each has said that it serves.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use crate::{
    name::{ChannelName, TopicName},
    producer::{Node, ProducerInfo},
    time::Timestamp,
};

/// A connection of an nsqd, by the order in which they began.
pub type SessionId = u64;

/// Everything that one nsqd has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// What it says of itself.
    pub info: ProducerInfo,
    /// What it serves.
    pub topics: BTreeMap<TopicName, BTreeSet<ChannelName>>,
    /// Whether it has said all that it serves. nsqd has with the first PING on its connection (nsqio/nsq, `nsqd/lookup.go`,
    /// `connectCallback`).
    pub complete: bool,
}

impl Announcement {
    /// Of these channels of a topic those that it serves; nothing where it doesn't serve the topic.
    pub(super) fn of(&self, topic: &TopicName, channels: &[ChannelName]) -> Option<(TopicName, Vec<ChannelName>)> {
        let served = self.topics.get(topic)?;
        Some((topic.clone(), channels.iter().filter(|channel| served.contains(*channel)).cloned().collect()))
    }
}

/// Who speaks for each node: the connection that identified itself latest.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions(BTreeMap<Node, Session>);

#[derive(Clone, Debug)]
pub(super) struct Session {
    id: SessionId,
    pub(super) said: Announcement,
    heard_at: Timestamp,
    /// What it registered since the leader last knew all that it said: nothing that was deleted there took back.
    unacknowledged: BTreeSet<TopicName>,
    /// Whether that nothing was heard for long has been said.
    pub(super) is_silent: bool,
}

impl Sessions {
    pub(super) fn identify(&mut self, id: SessionId, info: ProducerInfo, now: Timestamp) {
        let (node, said) = (info.node(), Announcement { info, topics: BTreeMap::new(), complete: false });
        let unacknowledged = BTreeSet::new();
        self.0.insert(node, Session { id, said, heard_at: now, unacknowledged, is_silent: false });
    }

    /// Nobody speaks for the node any more, where this connection did. Says whether it did.
    pub(super) fn end(&mut self, id: SessionId, node: &Node) -> bool {
        let held = self.0.get(node).is_some_and(|session| session.id == id);
        if held {
            self.0.remove(node);
        }
        held
    }

    /// Whoever speaks for the node.
    pub(super) fn get(&self, node: &Node) -> Option<&Session> {
        self.0.get(node)
    }

    pub(super) fn get_mut(&mut self, node: &Node) -> Option<&mut Session> {
        self.0.get_mut(node)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Node, &Session)> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&Node, &mut Session)> {
        self.0.iter_mut()
    }

    pub(super) fn nodes(&self) -> BTreeSet<Node> {
        self.0.keys().cloned().collect()
    }
}

impl Session {
    /// Takes down that the connection is heard; says whether it is the one that speaks for the node.
    pub(super) fn hear(&mut self, id: SessionId, now: Timestamp) -> bool {
        let speaks = self.id == id;
        if speaks {
            self.heard_at = now;
        }
        speaks
    }

    pub(super) fn heard_at(&self) -> Timestamp {
        self.heard_at
    }

    pub(super) fn register(&mut self, topic: &TopicName, channel: Option<&ChannelName>) {
        self.said.topics.entry(topic.clone()).or_default().extend(channel.cloned());
        self.unacknowledged.insert(topic.clone());
    }

    /// The leader knows all that it said.
    pub(super) fn acknowledged(&mut self) {
        self.unacknowledged.clear();
    }

    /// This was deleted at the leader: it isn't said any more, unless it was registered again and the leader may not know.
    pub(super) fn deleted(&mut self, topic: &TopicName, channel: Option<&ChannelName>) {
        if !self.unacknowledged.contains(topic) {
            self.unregister(topic, channel);
        }
    }

    pub(super) fn unregister(&mut self, topic: &TopicName, channel: Option<&ChannelName>) {
        match channel {
            None => drop(self.said.topics.remove(topic)),
            Some(channel) => {
                if let Some(channels) = self.said.topics.get_mut(topic) {
                    channels.remove(channel);
                }
            }
        }
    }
}
