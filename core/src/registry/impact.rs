//! What a batch would do, told before it is done.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{Registry, Topic};
use crate::{
    change::{Batch, Change},
    name::{ChannelName, TopicName},
    producer::{ClaimKey, Node},
    time::Timestamp,
};

/// One thing that a state holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// The topic exists.
    Topic(TopicName),
    /// The channel exists.
    Channel(TopicName, ChannelName),
    /// The producer is announced.
    Producer(ClaimKey),
    /// It serves the topic, or the channel of it.
    Registration(ClaimKey, TopicName, Option<ChannelName>),
    /// The node is hidden under the topic, or was, since then: one that begins anew replaces the one before.
    Tombstone(TopicName, Node, Timestamp),
}

/// All that one batch adds and removes, what follows from it included, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// There afterwards, not before.
    pub added: Vec<Fact>,
    /// There before, not afterwards.
    pub removed: Vec<Fact>,
}

impl Registry {
    /// What the batch would add and remove; nothing is changed. Costs as much as what the batch touches.
    ///
    /// A small registry of just the touched topics goes through the very same [`apply`](Registry::apply), so this can't
    /// tell anything but what would happen.
    pub fn impact(&self, batch: &Batch) -> Impact {
        let mut neighbourhood = self.neighbourhood(batch);
        let before = facts(&neighbourhood);
        for change in &batch.changes {
            neighbourhood.apply_change(change);
        }
        let after = facts(&neighbourhood);
        Impact {
            added: after.difference(&before).cloned().collect(),
            removed: before.difference(&after).cloned().collect(),
        }
    }

    fn neighbourhood(&self, batch: &Batch) -> Self {
        let mut part = Self::default();
        let mut topics = BTreeSet::new();
        for change in &batch.changes {
            topics.extend(change.topics().into_iter().cloned());
            if let Some(claim) = change.claim().and_then(|key| self.claim(key)) {
                part.identify(&claim.key, &claim.info, claim.announced);
                if matches!(change, Change::Announced { .. } | Change::Left { .. }) {
                    topics.extend(claim.topics.iter().cloned());
                }
            }
        }
        for name in topics {
            if let Some(topic) = self.topics.get(&name) {
                part.adopt(self, &name, topic);
            }
        }
        part
    }

    fn adopt(&mut self, from: &Self, name: &TopicName, topic: &Topic) {
        self.topics.entry(name.clone()).or_default();
        for channel in &topic.channels {
            self.apply_change(&Change::ChannelCreated { topic: name.clone(), channel: channel.name.clone() });
        }
        for (channel, ids) in core::iter::once((None, &topic.claims))
            .chain(topic.channels.iter().map(|channel| (Some(&channel.name), &channel.claims)))
        {
            let served = Vec::from([(name.clone(), channel.into_iter().cloned().collect())]);
            for claim in ids.iter().map(|&id| &from.claims[id as usize]) {
                let id = self.identify(&claim.key, &claim.info, claim.announced);
                self.register(id, &served);
            }
        }
        if let Some(nodes) = from.tombstones.get(name) {
            self.tombstones.or_default(name).clone_from(nodes);
        }
    }
}

impl Change {
    pub(super) fn topics(&self) -> Vec<&TopicName> {
        match self {
            Self::TopicCreated { topic }
            | Self::TopicDeleted { topic }
            | Self::ChannelCreated { topic, .. }
            | Self::ChannelDeleted { topic, .. }
            | Self::Unregistered { topic, .. }
            | Self::Tombstoned { topic, .. }
            | Self::TombstoneForgotten { topic, .. } => Vec::from([topic]),
            Self::Registered { topics, .. } | Self::Announced { topics, .. } => {
                topics.iter().map(|(topic, _)| topic).collect()
            }
            Self::Identified { .. }
            | Self::Left { .. }
            | Self::Silent { .. }
            | Self::Heard { .. }
            | Self::AgentStarted { .. }
            | Self::AgentSilent { .. }
            | Self::AgentHeard { .. }
            | Self::AgentForgotten { .. }
            | Self::CompletionAsked { .. }
            | Self::CompletionEnded { .. } => Vec::new(),
        }
    }
}

fn facts(registry: &Registry) -> BTreeSet<Fact> {
    let key = |&id: &super::ClaimId| registry.claims[id as usize].key.clone();
    let mut facts = BTreeSet::new();
    facts.extend(registry.claims_by_key.keys().cloned().map(Fact::Producer));
    facts.extend(registry.tombstones().map(|(topic, node, at)| Fact::Tombstone(topic.clone(), node.clone(), at)));
    for (name, topic) in &registry.topics {
        facts.insert(Fact::Topic(name.clone()));
        facts.extend(topic.claims.iter().map(|id| Fact::Registration(key(id), name.clone(), None)));
        for channel in &topic.channels {
            facts.insert(Fact::Channel(name.clone(), channel.name.clone()));
            let served = |id| Fact::Registration(key(id), name.clone(), Some(channel.name.clone()));
            facts.extend(channel.claims.iter().map(served));
        }
    }
    facts
}
