//! What a command changes. Nothing is changed here: the leader stores the batch before it applies it.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec,
    vec::Vec,
};

use super::{Claim, Registry, claims_of_node};
use crate::{
    change::{Batch, Change},
    command::{Bound, Command, Limits, Refusal},
    name::{ChannelName, TopicName},
    producer::{ClaimKey, Node, ProducerInfo, Via},
    time::Timestamp,
};

impl Registry {
    /// What the command would change, as the batch to store and apply; `None` where all is as it asks already.
    ///
    /// # Errors
    /// [`Refusal`]; a command is decided as a whole or not at all.
    pub fn decide(&self, command: &Command, limits: &Limits, now: Timestamp) -> Result<Option<Batch>, Refusal> {
        let at = now.max(self.at);
        let changes = match command {
            Command::CreateTopic { topic } => {
                self.create(topic, None, Change::TopicCreated { topic: topic.clone() }, limits)?
            }
            Command::CreateChannel { topic, channel } => {
                let change = Change::ChannelCreated { topic: topic.clone(), channel: channel.clone() };
                self.create(topic, Some(channel), change, limits)?
            }
            Command::DeleteTopic { topic } => self.delete_topic(topic),
            Command::DeleteChannel { topic, channel } => self.delete_channel(topic, channel)?,
            Command::Tombstone { topic, node } => self.tombstone(topic, node, at),
            Command::CompleteTombstone { topic, node } => self.complete_tombstone(topic, node, at)?,
            Command::EndCompletion { claim, topic, problem } => self.end_completion(claim, topic, problem.as_deref()),
            Command::Identify { via, info } => self.identify_or_register(via, info, None, limits)?,
            Command::Register { via, info, topic, channel } => {
                self.identify_or_register(via, info, Some((topic, channel.as_ref())), limits)?
            }
            Command::Announce { via, info, topics } => self.announce_all(via, info, topics, limits)?,
            Command::Unregister { claim, topic, channel } => self.stop_serving(claim, topic, channel.as_ref()),
            Command::Leave { claim } => self.leave(claim),
            Command::Update { claim, unregister, register } => self.update(claim, unregister, register, limits)?,
            Command::StartAgent { agent, incarnation } => self.agent_starts(agent, *incarnation, limits, at)?,
            Command::Settle { agent, nodes } => self.settle(agent, nodes),
            Command::Sweep { silent, silent_agents, gone, gone_agents, ended } => {
                let mut changes = self.sweep(silent, gone, ended);
                changes.extend(self.sweep_agents(silent_agents, gone_agents));
                changes
            }
        };
        Ok((!changes.is_empty()).then(|| Batch { revision: self.revision + 1, at, changes }))
    }

    fn create(
        &self,
        topic: &TopicName,
        channel: Option<&ChannelName>,
        change: Change,
        limits: &Limits,
    ) -> Result<Vec<Change>, Refusal> {
        let mut growth = Growth::default();
        growth.count(self, None, topic, channel);
        if growth.topics + growth.channels == 0 {
            return Ok(vec![]);
        }
        growth.fits(self, limits)?;
        Ok(vec![change])
    }

    fn delete_topic(&self, topic: &TopicName) -> Vec<Change> {
        if self.topics.contains_key(topic) { vec![Change::TopicDeleted { topic: topic.clone() }] } else { vec![] }
    }

    fn delete_channel(&self, topic: &TopicName, channel: &ChannelName) -> Result<Vec<Change>, Refusal> {
        self.topics.get(topic).and_then(|entry| entry.channel(channel)).ok_or(Refusal::ChannelNotFound)?;
        Ok(vec![Change::ChannelDeleted { topic: topic.clone(), channel: channel.clone() }])
    }

    fn tombstone(&self, topic: &TopicName, node: &Node, at: Timestamp) -> Vec<Change> {
        let serves =
            self.topics.get(topic).is_some_and(|entry| !claims_of_node(&entry.claims, node, &self.claims).is_empty());
        if serves { vec![Change::Tombstoned { topic: topic.clone(), node: node.clone(), at }] } else { vec![] }
    }

    fn complete_tombstone(&self, topic: &TopicName, node: &Node, at: Timestamp) -> Result<Vec<Change>, Refusal> {
        let mut changes = self.tombstone(topic, node, at);
        if let (false, Some(entry)) = (changes.is_empty(), self.topics.get(topic)) {
            let mut claims =
                claims_of_node(&entry.claims, node, &self.claims).iter().map(|&id| &self.claims[id as usize]);
            if claims.all(|claim| claim.key.via == Via::Http) {
                return Err(Refusal::NoAgent);
            }
            changes.push(Change::CompletionAsked { topic: topic.clone(), node: node.clone() });
        }
        Ok(changes)
    }

    fn end_completion(&self, claim: &ClaimKey, topic: &TopicName, problem: Option<&str>) -> Vec<Change> {
        if !self.claims_by_key.contains_key(claim) {
            return vec![];
        }
        let (topic, node) = (topic.clone(), claim.node.clone());
        vec![Change::CompletionEnded { topic, node, problem: problem.map(String::from) }]
    }

    fn identify_or_register(
        &self,
        via: &Via,
        info: &ProducerInfo,
        registration: Option<(&TopicName, Option<&ChannelName>)>,
        limits: &Limits,
    ) -> Result<Vec<Change>, Refusal> {
        let key = ClaimKey { node: info.node(), via: via.clone() };
        let claim = self.claim(&key);
        let mut growth = Growth { claims: usize::from(claim.is_none()), ..Growth::default() };
        if let Some((topic, channel)) = registration {
            growth.count(self, Some(&key), topic, channel);
        }
        growth.fits(self, limits)?;

        let mut changes = hear(&key, claim);
        if claim.is_none_or(|claim| !says_the_same(&claim.info, info)) {
            changes.push(Change::Identified { claim: key.clone(), info: info.clone() });
        }
        if let Some((topic, channel)) = registration.filter(|_| growth.registrations > 0) {
            let topics = vec![(topic.clone(), channel.cloned().into_iter().collect())];
            changes.push(Change::Registered { claim: key, topics });
        }
        Ok(changes)
    }

    fn announce_all(
        &self,
        via: &Via,
        info: &ProducerInfo,
        topics: &BTreeMap<TopicName, BTreeSet<ChannelName>>,
        limits: &Limits,
    ) -> Result<Vec<Change>, Refusal> {
        let key = ClaimKey { node: info.node(), via: via.clone() };
        let claim = self.claim(&key);
        let mut growth = Growth { claims: usize::from(claim.is_none()), ..Growth::default() };
        let mut announced = 0;
        for (topic, channels) in topics {
            growth.count(self, Some(&key), topic, channels);
            announced += 1 + channels.len();
        }
        let served = claim.map_or(0, |claim| self.registrations_of(claim));
        // Nothing new and as much as before is the same.
        if growth.registrations == 0 && announced == served && claim.is_some() {
            return self.identify_or_register(via, info, None, limits);
        }
        // What is withdrawn makes room only once the batch is applied: counted as if all came first.
        growth.fits(self, limits)?;
        Ok(vec![Change::Announced {
            claim: key,
            info: info.clone(),
            announced: self.revision + 1,
            topics: topics
                .iter()
                .map(|(topic, channels)| (topic.clone(), channels.iter().cloned().collect()))
                .collect(),
        }])
    }

    fn stop_serving(&self, key: &ClaimKey, topic: &TopicName, channel: Option<&ChannelName>) -> Vec<Change> {
        let Some(entry) = self.topics.get(topic) else { return vec![] };
        let (serves, leaves_a_name) = match channel {
            None => (self.serves(key, topic, None), topic.is_ephemeral() && entry.claims.is_empty()),
            Some(name) => (self.serves(key, topic, channel), name.is_ephemeral() && entry.lacks_claims_in(name)),
        };
        if !serves && !leaves_a_name {
            return vec![];
        }
        vec![Change::Unregistered { claim: key.clone(), topic: topic.clone(), channel: channel.cloned() }]
    }

    fn leave(&self, key: &ClaimKey) -> Vec<Change> {
        if self.claims_by_key.contains_key(key) { vec![Change::Left { claim: key.clone() }] } else { vec![] }
    }

    fn update(
        &self,
        key: &ClaimKey,
        unregister: &[(TopicName, Option<ChannelName>)],
        register: &BTreeMap<TopicName, BTreeSet<ChannelName>>,
        limits: &Limits,
    ) -> Result<Vec<Change>, Refusal> {
        let claim = self.claim(key).ok_or(Refusal::UnknownClaim)?;
        let withdrawn: Vec<Change> =
            unregister.iter().flat_map(|(topic, channel)| self.stop_serving(key, topic, channel.as_ref())).collect();
        // What is withdrawn makes room only once the batch is applied: counted as if all came first.
        let mut growth = Growth::default();
        let mut topics = Vec::new();
        for (topic, channels) in register {
            let before = growth.registrations;
            growth.count(self, Some(key), topic, channels);
            let is_named_above = unregister.iter().any(|(name, _)| name == topic);
            if growth.registrations > before || is_named_above {
                topics.push((topic.clone(), channels.iter().cloned().collect()));
            }
        }
        growth.fits(self, limits)?;
        let mut changes = hear(key, Some(claim));
        changes.extend(withdrawn);
        if !topics.is_empty() {
            changes.push(Change::Registered { claim: key.clone(), topics });
        }
        Ok(changes)
    }

    fn sweep(&self, silent: &[(ClaimKey, Timestamp)], gone: &[ClaimKey], ended: &[(TopicName, Node)]) -> Vec<Change> {
        let newly_silent = silent
            .iter()
            .filter(|(key, _)| self.claim(key).is_some_and(|claim| claim.silent_since.is_none()))
            .map(|(key, since)| Change::Silent { claim: key.clone(), since: *since });
        let dropped = gone.iter().flat_map(|key| self.leave(key));
        let forgotten = ended
            .iter()
            .filter(|(topic, node)| self.tombstoned_at(topic, node).is_some())
            .map(|(topic, node)| Change::TombstoneForgotten { topic: topic.clone(), node: node.clone() });
        newly_silent.chain(dropped).chain(forgotten).collect()
    }

    fn serves(&self, key: &ClaimKey, topic: &TopicName, channel: Option<&ChannelName>) -> bool {
        let Some(entry) = self.topics.get(topic) else { return false };
        let ids = match channel {
            None => Some(&entry.claims),
            Some(name) => entry.channel(name).map(|channel| &channel.claims),
        };
        ids.is_some_and(|ids| super::place_of(ids, key, &self.claims).is_ok())
    }

    fn registrations_of(&self, claim: &Claim) -> usize {
        claim.topics.iter().map(|topic| 1 + self.channels_served(&claim.key, topic).count()).sum()
    }
}

fn hear(key: &ClaimKey, claim: Option<&Claim>) -> Vec<Change> {
    match claim.and_then(|claim| claim.silent_since) {
        Some(_) => vec![Change::Heard { claim: key.clone() }],
        None => vec![],
    }
}

/// Whether nothing that consumers see differs. The remote address alone is no news: it may change with every request.
fn says_the_same(before: &ProducerInfo, now: &ProducerInfo) -> bool {
    ProducerInfo { remote_address: before.remote_address.clone(), ..now.clone() } == *before
}

/// What a command adds, to be held against the limits before anything is decided.
#[derive(Default)]
struct Growth {
    topics: usize,
    channels: usize,
    claims: usize,
    registrations: usize,
    /// The largest number of channels that one topic would have.
    channels_in_a_topic: usize,
}

impl Growth {
    /// Counts what comes with these names, each given once: registrations where a claim asks, else the bare names.
    fn count<'a>(
        &mut self,
        registry: &Registry,
        claim: Option<&ClaimKey>,
        topic: &TopicName,
        channels: impl IntoIterator<Item = &'a ChannelName>,
    ) {
        let entry = registry.topics.get(topic);
        let unserved = |ids: Option<&super::ClaimIds>| {
            claim.is_some_and(|key| ids.is_none_or(|ids| super::place_of(ids, key, &registry.claims).is_err()))
        };
        self.topics += usize::from(entry.is_none());
        self.registrations += usize::from(unserved(entry.map(|entry| &entry.claims)));
        let mut new_channels = 0;
        for name in channels {
            let channel = entry.and_then(|entry| entry.channel(name));
            new_channels += usize::from(channel.is_none());
            self.registrations += usize::from(unserved(channel.map(|channel| &channel.claims)));
        }
        if new_channels > 0 {
            let known = entry.map_or(0, |entry| entry.channels.len());
            self.channels += new_channels;
            self.channels_in_a_topic = self.channels_in_a_topic.max(known + new_channels);
        }
    }

    fn fits(&self, registry: &Registry, limits: &Limits) -> Result<(), Refusal> {
        let bounds = [
            (Bound::Topics, self.topics, registry.topics.len() + self.topics, limits.topics),
            (Bound::ChannelsPerTopic, self.channels, self.channels_in_a_topic, limits.channels_per_topic),
            (Bound::Claims, self.claims, registry.claims.len() + self.claims, limits.claims),
            (
                Bound::Registrations,
                self.registrations,
                registry.registrations + self.registrations,
                limits.registrations,
            ),
        ];
        for (bound, added, total, limit) in bounds {
            if added > 0 && total > limit {
                return Err(Refusal::Full { bound, limit });
            }
        }
        Ok(())
    }
}
