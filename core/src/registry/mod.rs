//! The state that a history of batches leads to, the same everywhere it is applied.
//!
//! Topics are found by name and producers by node, in ordered maps: answers come out sorted, and there is no hash to
//! attack. A registration costs a few bytes on each side: the topic lists the claims that serve it by number, the claim
//! lists its topics by their shared names.

mod agents;
mod decide;
mod few;
mod impact;
mod query;
mod snapshot;
mod touched;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::fmt;

use slab::Slab;

use self::{agents::Agent, few::Few};
pub use self::{
    agents::AgentEntry,
    impact::{Fact, Impact},
    query::{Category, Match, NodeEntry, Producer, Registration, RegistrationPattern, TopicEntry},
    touched::Touched,
};
use crate::{
    change::{Batch, Change, Revision, Topics},
    name::{ChannelName, TopicName},
    producer::{AgentId, ClaimKey, Node, ProducerInfo},
    time::Timestamp,
};

/// Topics, channels, claims and tombstones as of one revision.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    revision: Revision,
    at: Timestamp,
    topics: BTreeMap<TopicName, Topic>,
    claims: Slab<Claim>,
    claims_by_key: BTreeMap<ClaimKey, ClaimId>,
    agents: Few<AgentId, Agent>,
    tombstones: Few<TopicName, Tombstones>,
    /// Claims' topics and channels, counted.
    registrations: usize,
}

/// A claim's place in [`Registry::claims`].
type ClaimId = u32;

/// Which claims serve something, ordered by [`ClaimKey`].
type ClaimIds = Vec<ClaimId>;

/// When nodes were hidden, ordered by node. Few at a time, and a map would be 4 KB of each wasm.
type Tombstones = Vec<(Node, Timestamp)>;

#[derive(Clone, Debug, Default)]
struct Topic {
    claims: ClaimIds,
    /// Ordered by name.
    channels: Vec<Channel>,
}

#[derive(Clone, Debug)]
struct Channel {
    name: ChannelName,
    claims: ClaimIds,
}

#[derive(Clone, Debug)]
struct Claim {
    key: ClaimKey,
    info: ProducerInfo,
    announced: Revision,
    silent_since: Option<Timestamp>,
    /// Whether its agent, where one announces it, said so in the life that it is in. Always silent where it didn't.
    confirmed: bool,
    topics: BTreeSet<TopicName>,
}

/// A batch that doesn't follow on the state: pull what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The revision that the state is at.
    pub at: Revision,
    /// The revision that the batch leads to.
    pub batch: Revision,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch {} does not follow on revision {}", self.batch, self.at)
    }
}

impl core::error::Error for Gap {}

impl Registry {
    /// How many batches led here.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The time of the latest of them.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// How many topics there are.
    pub fn topic_count(&self) -> usize {
        self.topics.len()
    }

    /// How many claims there are.
    pub fn claim_count(&self) -> usize {
        self.claims.len()
    }

    /// How many registrations there are: claims' topics and channels.
    pub fn registration_count(&self) -> usize {
        self.registrations
    }

    /// Takes the next batch over, whole. One that is already in the state changes nothing.
    ///
    /// # Errors
    /// [`Gap`] for a batch beyond the next; nothing was changed.
    pub fn apply(&mut self, batch: &Batch) -> Result<(), Gap> {
        if batch.revision <= self.revision {
            return Ok(());
        }
        if batch.revision != self.revision + 1 {
            return Err(Gap { at: self.revision, batch: batch.revision });
        }
        self.revision = batch.revision;
        self.at = self.at.max(batch.at);
        for change in &batch.changes {
            self.apply_change(change);
        }
        Ok(())
    }

    /// Takes one change of the next batch over, whose others follow on it: for who holds changes and no batches.
    pub fn apply_one(&mut self, revision: Revision, at: Timestamp, change: &Change) {
        self.revision = revision;
        self.at = self.at.max(at);
        self.apply_change(change);
    }

    /// As [`apply`](Self::apply), but for those changes that are not wanted: for a state with something laid over it.
    pub(crate) fn follow(&mut self, batch: &Batch, is_wanted: impl Fn(&Change) -> bool) {
        self.revision = batch.revision;
        self.at = self.at.max(batch.at);
        batch.changes.iter().filter(|change| is_wanted(change)).for_each(|change| self.apply_change(change));
    }

    /// Changes what is answered without a leader's decision.
    pub(crate) fn lay_over(&mut self, change: &Change) {
        self.apply_change(change);
    }

    fn apply_change(&mut self, change: &Change) {
        match change {
            Change::TopicCreated { topic } => {
                self.topics.entry(topic.clone()).or_default();
            }
            Change::TopicDeleted { topic } => self.remove_topic(topic),
            Change::ChannelCreated { topic, channel } => {
                self.topics.entry(topic.clone()).or_default().channel_mut(channel);
            }
            Change::ChannelDeleted { topic, channel } => self.remove_channel(topic, channel),
            Change::Identified { claim, info } => {
                self.identify(claim, info, self.revision);
            }
            Change::Registered { claim, topics } => {
                if let Some(&id) = self.claims_by_key.get(claim) {
                    self.register(id, topics);
                }
            }
            Change::Unregistered { claim, topic, channel } => self.unregister(claim, topic, channel.as_ref()),
            Change::Announced { claim, info, announced, topics } => self.announce(claim, info, *announced, topics),
            Change::Left { claim } => self.remove_claim(claim),
            Change::Silent { claim, since } => self.silence(claim, *since),
            Change::Heard { claim } => self.hear(claim),
            Change::Tombstoned { topic, node, at } => {
                let nodes = self.tombstones.or_default(topic);
                match tombstone_place(nodes, node) {
                    Ok(place) => nodes[place].1 = *at,
                    Err(place) => nodes.insert(place, (node.clone(), *at)),
                }
            }
            Change::TombstoneForgotten { topic, node } => self.forget_tombstone(topic, node),
            Change::AgentStarted { agent, incarnation, since } => self.start_agent(agent, *incarnation, *since),
            Change::AgentSilent { agent, since } => self.set_agent_silent(agent, Some(*since)),
            Change::AgentHeard { agent } => self.set_agent_silent(agent, None),
            Change::AgentForgotten { agent } => self.forget_agent(agent),
            Change::CompletionAsked { .. } | Change::CompletionEnded { .. } => {}
        }
    }

    fn identify(&mut self, key: &ClaimKey, info: &ProducerInfo, announced: Revision) -> ClaimId {
        if let Some(&id) = self.claims_by_key.get(key) {
            let claim = &mut self.claims[id as usize];
            claim.info = info.clone();
            claim.announced = announced;
            return id;
        }
        let claim = Claim {
            key: key.clone(),
            info: info.clone(),
            announced,
            silent_since: None,
            confirmed: true,
            topics: BTreeSet::new(),
        };
        // At most `Limits::claims` of them, so the number fits.
        let id = self.claims.insert(claim) as ClaimId;
        self.claims_by_key.insert(key.clone(), id);
        if let Some(agent) = key.via.agent() {
            self.agents.or_default(agent).claims.push(id);
        }
        id
    }

    fn announce(&mut self, key: &ClaimKey, info: &ProducerInfo, announced: Revision, topics: &Topics) {
        let id = self.identify(key, info, announced);
        // A leader's own are in order already; who else announces may say them in any.
        let mut served: Vec<&(TopicName, Vec<ChannelName>)> = topics.iter().collect();
        served.sort_unstable_by_key(|(name, _)| name);
        for topic in self.claims[id as usize].topics.clone() {
            match served.binary_search_by_key(&&topic, |(name, _)| name) {
                Ok(place) => self.withdraw_channels(id, &topic, |channel| !served[place].1.contains(channel)),
                Err(_) => self.withdraw_topic(id, &topic),
            }
        }
        self.register(id, topics);
        self.hear(key);
    }

    fn register(&mut self, id: ClaimId, topics: &Topics) {
        let Self { topics: registered, claims, registrations, .. } = self;
        for (name, channels) in topics {
            let entry = registered.entry(name.clone());
            let shared_name = entry.key().clone();
            let topic = entry.or_default();
            if insert_claim(&mut topic.claims, id, claims) {
                *registrations += 1;
                claims[id as usize].topics.insert(shared_name);
            }
            for channel in channels {
                *registrations += usize::from(insert_claim(&mut topic.channel_mut(channel).claims, id, claims));
            }
        }
    }

    fn unregister(&mut self, key: &ClaimKey, name: &TopicName, channel: Option<&ChannelName>) {
        let id = self.claims_by_key.get(key).copied();
        if let Some(channel) = channel {
            if let Some(id) = id {
                self.withdraw_channels(id, name, |candidate| candidate == channel);
            }
            if channel.is_ephemeral() && self.topics.get(name).is_some_and(|topic| topic.lacks_claims_in(channel)) {
                self.remove_channel(name, channel);
            }
            return;
        }
        if let Some(id) = id.filter(|&id| self.claims[id as usize].topics.contains(name)) {
            self.withdraw_topic(id, name);
            if self
                .topics
                .get(name)
                .is_none_or(|topic| claims_of_node(&topic.claims, &key.node, &self.claims).is_empty())
            {
                self.forget_tombstone(name, &key.node);
            }
        }
        if name.is_ephemeral() && self.topics.get(name).is_some_and(|topic| topic.claims.is_empty()) {
            self.remove_topic(name);
        }
    }

    /// Ends all of a claim's registrations under one topic, and what is ephemeral and now unserved there.
    fn withdraw_topic(&mut self, id: ClaimId, name: &TopicName) {
        self.withdraw_channels(id, name, |_| true);
        let Some(topic) = self.topics.get_mut(name) else { return };
        if remove_claim(&mut topic.claims, id, &self.claims) {
            self.registrations -= 1;
            self.claims[id as usize].topics.remove(name);
        }
        if name.is_ephemeral() && topic.claims.is_empty() {
            self.remove_topic(name);
        }
    }

    fn withdraw_channels(&mut self, id: ClaimId, name: &TopicName, withdrawn: impl Fn(&ChannelName) -> bool) {
        let Some(topic) = self.topics.get_mut(name) else { return };
        let (claims, registrations) = (&self.claims, &mut self.registrations);
        topic.channels.retain_mut(|channel| {
            if !withdrawn(&channel.name) || !remove_claim(&mut channel.claims, id, claims) {
                return true;
            }
            *registrations -= 1;
            !(channel.name.is_ephemeral() && channel.claims.is_empty())
        });
    }

    fn remove_topic(&mut self, name: &TopicName) {
        let Some(topic) = self.topics.remove(name) else { return };
        self.registrations -= topic.registration_count();
        for id in topic.claims {
            self.claims[id as usize].topics.remove(name);
        }
        self.tombstones.remove(name);
    }

    fn remove_channel(&mut self, topic: &TopicName, name: &ChannelName) {
        let Some(topic) = self.topics.get_mut(topic) else { return };
        if let Ok(place) = topic.channel_place(name) {
            self.registrations -= topic.channels.remove(place).claims.len();
        }
    }

    fn remove_claim(&mut self, key: &ClaimKey) {
        let Some(&id) = self.claims_by_key.get(key) else { return };
        for topic in self.claims[id as usize].topics.clone() {
            self.withdraw_topic(id, &topic);
        }
        self.claims.remove(id as usize);
        self.claims_by_key.remove(key);
        if let Some(agent) = key.via.agent() {
            self.disown(agent, id);
        }
    }

    fn silence(&mut self, key: &ClaimKey, since: Timestamp) {
        if let Some(&id) = self.claims_by_key.get(key) {
            self.claims[id as usize].silent_since = Some(since);
        }
    }

    fn hear(&mut self, key: &ClaimKey) {
        if let Some(&id) = self.claims_by_key.get(key) {
            let claim = &mut self.claims[id as usize];
            (claim.silent_since, claim.confirmed) = (None, true);
        }
    }

    fn forget_tombstone(&mut self, topic: &TopicName, node: &Node) {
        if let Some(nodes) = self.tombstones.get_mut(topic) {
            if let Ok(place) = tombstone_place(nodes, node) {
                nodes.remove(place);
            }
            if nodes.is_empty() {
                self.tombstones.remove(topic);
            }
        }
    }

    fn claim(&self, key: &ClaimKey) -> Option<&Claim> {
        self.claims_by_key.get(key).map(|&id| &self.claims[id as usize])
    }
}

impl Topic {
    fn channel_place(&self, name: &str) -> Result<usize, usize> {
        self.channels.binary_search_by(|channel| channel.name.as_str().cmp(name))
    }

    fn channel(&self, name: &str) -> Option<&Channel> {
        self.channel_place(name).ok().map(|place| &self.channels[place])
    }

    /// The channel of that name, made where it is missing.
    fn channel_mut(&mut self, name: &ChannelName) -> &mut Channel {
        let place = self.channel_place(name).unwrap_or_else(|place| {
            if self.channels.len() < FEW_CHANNELS {
                self.channels.reserve_exact(1);
            }
            self.channels.insert(place, Channel { name: name.clone(), claims: ClaimIds::new() });
            place
        });
        &mut self.channels[place]
    }

    fn lacks_claims_in(&self, channel: &str) -> bool {
        self.channel(channel).is_some_and(|channel| channel.claims.is_empty())
    }

    fn registration_count(&self) -> usize {
        self.claims.len() + self.channels.iter().map(|channel| channel.claims.len()).sum::<usize>()
    }
}

/// Most topics have no more, and there are many topics: up to here, room is made for each channel by itself.
const FEW_CHANNELS: usize = 4;

fn tombstone_place(nodes: &Tombstones, node: &Node) -> Result<usize, usize> {
    nodes.binary_search_by(|(hidden, _)| hidden.cmp(node))
}

fn place_of(ids: &ClaimIds, key: &ClaimKey, claims: &Slab<Claim>) -> Result<usize, usize> {
    ids.binary_search_by(|&id| claims[id as usize].key.cmp(key))
}

fn insert_claim(ids: &mut ClaimIds, id: ClaimId, claims: &Slab<Claim>) -> bool {
    let place = place_of(ids, &claims[id as usize].key, claims);
    if let Err(place) = place {
        ids.insert(place, id);
    }
    place.is_err()
}

fn remove_claim(ids: &mut ClaimIds, id: ClaimId, claims: &Slab<Claim>) -> bool {
    let place = place_of(ids, &claims[id as usize].key, claims);
    if let Ok(place) = place {
        ids.remove(place);
    }
    place.is_ok()
}

/// Those of `ids` that announce this node.
fn claims_of_node<'a>(ids: &'a [ClaimId], node: &Node, claims: &Slab<Claim>) -> &'a [ClaimId] {
    let start = ids.partition_point(|&id| claims[id as usize].key.node < *node);
    let length = ids[start..].partition_point(|&id| claims[id as usize].key.node == *node);
    &ids[start..start + length]
}
