//! Which session speaks for a node. A node that connects again is there already, as far as it is known: the latest
//! IDENTIFY wins (COMPATIBILITY.md, difference 13).

use std::collections::{BTreeMap, BTreeSet};

use lookupd_core::{ChannelName, ClaimKey, Command, Node, ProducerInfo, Registry, TopicName, Via};

/// A session, by the order in which sessions began.
pub(crate) type SessionId = u64;

/// The nodes that are connected.
#[derive(Default)]
pub(super) struct Holders(BTreeMap<Node, Holder>);

struct Holder {
    session: SessionId,
    info: ProducerInfo,
    /// What was announced since the node came back, until its first PING; nothing where it is new.
    announced: Option<Topics>,
}

type Topics = BTreeMap<TopicName, BTreeSet<ChannelName>>;

impl Holders {
    /// The session speaks for the node from now on. `returns` tells whether the node was known before.
    pub(super) fn take_over(&mut self, session: SessionId, info: &ProducerInfo, returns: bool) {
        let announced = returns.then(Topics::new);
        self.0.insert(info.node(), Holder { session, info: info.clone(), announced });
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// What whoever speaks for the node says of it; nothing where nobody does.
    pub(super) fn info(&self, node: &Node) -> Option<&ProducerInfo> {
        self.0.get(node).map(|holder| &holder.info)
    }

    /// Whether it is this session.
    pub(super) fn is_held_by(&self, node: &Node, session: SessionId) -> bool {
        self.0.get(node).is_some_and(|holder| holder.session == session)
    }

    /// Nobody speaks for the node any more, where this session did. Says whether it did.
    pub(super) fn release(&mut self, node: &Node, session: SessionId) -> bool {
        let held = self.is_held_by(node, session);
        if held {
            self.0.remove(node);
        }
        held
    }

    /// Takes down that the node, having come back, serves this.
    pub(super) fn registered(&mut self, node: &Node, topic: &TopicName, channel: Option<&ChannelName>) {
        if let Some(announced) = self.announced(node) {
            announced.entry(topic.clone()).or_default().extend(channel.cloned());
        }
    }

    /// Takes down that it doesn't.
    pub(super) fn unregistered(&mut self, node: &Node, topic: &TopicName, channel: Option<&ChannelName>) {
        let Some(announced) = self.announced(node) else { return };
        match channel {
            None => drop(announced.remove(topic)),
            Some(channel) => {
                if let Some(channels) = announced.get_mut(topic) {
                    channels.remove(channel);
                }
            }
        }
    }

    /// What a node's PING asks for: that it is heard; and the first one after it came back, that what it served before
    /// and didn't announce again is over. nsqd announces everything before it sends that one (nsqio/nsq,
    /// `nsqd/lookup.go`, `connectCallback`).
    pub(super) fn pinged(&mut self, node: &Node, registry: &Registry) -> Option<Command> {
        let holder = self.0.get_mut(node)?;
        let (via, info) = (Via::Tcp, holder.info.clone());
        let Some(mut topics) = holder.announced.take() else { return Some(Command::Identify { via, info }) };
        // What was deleted since it was announced stays deleted.
        let claim = ClaimKey { node: node.clone(), via: via.clone() };
        topics.retain(|topic, channels| {
            let Some(entry) = registry.topic(topic) else { return false };
            channels.retain(|channel| {
                entry.channel_producers(channel).is_some_and(|mut served| served.any(|producer| *producer.key == claim))
            });
            entry.producers().any(|producer| *producer.key == claim)
        });
        Some(Command::Announce { via, info, topics })
    }

    fn announced(&mut self, node: &Node) -> Option<&mut Topics> {
        self.0.get_mut(node)?.announced.as_mut()
    }
}
