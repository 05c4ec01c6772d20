//! What a batch would do, told before it is done.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{Registry, Topic};
use crate::{
    change::{Batch, Change},
    name::{ChannelName, TopicName},
    producer::{ClaimKey, Node},
};

/// What came and what went, each in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<T> {
    /// There afterwards, not before.
    pub added: Vec<T>,
    /// There before, not afterwards.
    pub removed: Vec<T>,
}

/// One topic of one claim, or one channel of it.
pub type ServedName = (ClaimKey, TopicName, Option<ChannelName>);

/// All that one batch adds and removes, what follows from it included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impact {
    /// Topics.
    pub topics: Difference<TopicName>,
    /// Channels.
    pub channels: Difference<(TopicName, ChannelName)>,
    /// Claims.
    pub producers: Difference<ClaimKey>,
    /// Claims' topics and channels.
    pub registrations: Difference<ServedName>,
    /// Tombstones.
    pub tombstones: Difference<(TopicName, Node)>,
}

impl Registry {
    /// What the batch would add and remove; nothing is changed. Costs as much as what the batch touches.
    ///
    /// A small registry of just the touched topics goes through the very same [`apply`](Registry::apply), so this can't
    /// tell anything but what would happen.
    pub fn impact(&self, batch: &Batch) -> Impact {
        let mut neighbourhood = self.neighbourhood(batch);
        let before = Facts::of(&neighbourhood);
        for change in &batch.changes {
            neighbourhood.apply_change(change);
        }
        let after = Facts::of(&neighbourhood);
        Impact {
            topics: difference(&before.topics, &after.topics),
            channels: difference(&before.channels, &after.channels),
            producers: difference(&before.producers, &after.producers),
            registrations: difference(&before.registrations, &after.registrations),
            tombstones: difference(&before.tombstones, &after.tombstones),
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
            self.tombstones.insert(name.clone(), nodes.clone());
        }
    }
}

impl Change {
    fn claim(&self) -> Option<&ClaimKey> {
        match self {
            Self::Identified { claim, .. }
            | Self::Registered { claim, .. }
            | Self::Unregistered { claim, .. }
            | Self::Announced { claim, .. }
            | Self::Left { claim }
            | Self::Silent { claim, .. }
            | Self::Heard { claim } => Some(claim),
            _ => None,
        }
    }

    fn topics(&self) -> Vec<&TopicName> {
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
            Self::Identified { .. } | Self::Left { .. } | Self::Silent { .. } | Self::Heard { .. } => Vec::new(),
        }
    }
}

/// A state as sets of plain statements.
struct Facts {
    topics: BTreeSet<TopicName>,
    channels: BTreeSet<(TopicName, ChannelName)>,
    producers: BTreeSet<ClaimKey>,
    registrations: BTreeSet<ServedName>,
    tombstones: BTreeSet<(TopicName, Node)>,
}

impl Facts {
    fn of(registry: &Registry) -> Self {
        let key = |&id: &super::ClaimId| registry.claims[id as usize].key.clone();
        let mut channels = BTreeSet::new();
        let mut registrations = BTreeSet::new();
        for (name, topic) in &registry.topics {
            registrations.extend(topic.claims.iter().map(|id| (key(id), name.clone(), None)));
            for channel in &topic.channels {
                channels.insert((name.clone(), channel.name.clone()));
                let served = channel.claims.iter().map(|id| (key(id), name.clone(), Some(channel.name.clone())));
                registrations.extend(served);
            }
        }
        Self {
            topics: registry.topics.keys().cloned().collect(),
            channels,
            producers: registry.claims_by_key.keys().cloned().collect(),
            registrations,
            tombstones: registry.tombstones().map(|(topic, node, _)| (topic.clone(), node.clone())).collect(),
        }
    }
}

fn difference<T: Ord + Clone>(before: &BTreeSet<T>, after: &BTreeSet<T>) -> Difference<T> {
    Difference {
        added: after.difference(before).cloned().collect(),
        removed: before.difference(after).cloned().collect(),
    }
}
