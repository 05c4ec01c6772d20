//! Questions. Each costs what it returns.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::time::Duration;

use super::{Claim, ClaimId, Registry, Tombstones, Topic, claims_of_node, place_of, tombstone_place};
use crate::{
    change::Revision,
    name::{ChannelName, TopicName},
    producer::{ClaimKey, Lifetimes, Node, ProducerInfo, Via},
    time::Timestamp,
};

/// A claim as seen from one topic, or from none.
#[derive(Clone, Copy, Debug)]
pub struct Producer<'a> {
    /// Who.
    pub key: &'a ClaimKey,
    /// What it says of itself.
    pub info: &'a ProducerInfo,
    /// The revision at which it said so.
    pub announced: Revision,
    /// When it was last heard, if it is silent, or the agent that announces it is.
    pub silent_since: Option<Timestamp>,
    /// When it was hidden under the topic, ended or not. `None` where it was found without a topic.
    pub tombstoned_at: Option<Timestamp>,
}

impl<'a> Producer<'a> {
    /// Who.
    pub fn node(&self) -> &'a Node {
        &self.key.node
    }

    /// How it is announced.
    pub fn via(&self) -> &'a Via {
        &self.key.via
    }

    /// Whether it counts as alive.
    pub fn is_active(&self, lifetimes: &Lifetimes, now: Timestamp) -> bool {
        lifetimes.is_active(self.silent_since, now)
    }

    /// Whether a tombstone hides it.
    pub fn is_tombstoned(&self, lifetimes: &Lifetimes, now: Timestamp) -> bool {
        lifetimes.is_tombstoned(self.tombstoned_at, now)
    }
}

/// A topic and who serves it.
#[derive(Clone, Copy)]
pub struct TopicEntry<'a> {
    registry: &'a Registry,
    name: &'a TopicName,
    topic: &'a Topic,
}

impl<'a> TopicEntry<'a> {
    /// Its name.
    pub fn name(&self) -> &'a TopicName {
        self.name
    }

    /// Its channels by name.
    pub fn channels(&self) -> impl ExactSizeIterator<Item = &'a ChannelName> + use<'a> {
        self.topic.channels.iter().map(|channel| &channel.name)
    }

    /// All its claims, by node; active or not, hidden or not.
    pub fn producers(&self) -> impl ExactSizeIterator<Item = Producer<'a>> + use<'a> {
        self.view(&self.topic.claims)
    }

    /// The claims that serve one of its channels, by node; `None` where there is no such channel.
    pub fn channel_producers(&self, channel: &str) -> Option<impl ExactSizeIterator<Item = Producer<'a>> + use<'a>> {
        self.topic.channel(channel).map(|channel| self.view(&channel.claims))
    }

    /// What consumers find: each node once, if any of its active claims serves the topic and no tombstone hides it, as
    /// the one announced latest describes it.
    pub fn visible(&self, lifetimes: &Lifetimes, now: Timestamp) -> impl Iterator<Item = Producer<'a>> + use<'a> {
        let lifetimes = *lifetimes;
        latest_of_each_node(
            self.producers().filter(move |producer| {
                producer.is_active(&lifetimes, now) && !producer.is_tombstoned(&lifetimes, now)
            }),
        )
    }

    /// When time alone makes [`visible`](Self::visible) another: a producer expires, or a tombstone ends.
    pub fn changes_at(&self, lifetimes: &Lifetimes, now: Timestamp) -> Option<Timestamp> {
        let Lifetimes { inactive_producer_timeout, tombstone_lifetime } = *lifetimes;
        let ends = self.producers().flat_map(|producer| {
            let silent_since = producer.silent_since.filter(|_| producer.is_active(lifetimes, now));
            let tombstoned_at = producer.tombstoned_at.filter(|_| producer.is_tombstoned(lifetimes, now));
            [
                // It is still active at the last moment of its timeout.
                silent_since.map(|since| since.plus(inactive_producer_timeout).plus(Duration::from_millis(1))),
                tombstoned_at.map(|at| at.plus(tombstone_lifetime)),
            ]
        });
        ends.flatten().min()
    }

    fn view(&self, ids: &'a [ClaimId]) -> impl ExactSizeIterator<Item = Producer<'a>> + use<'a> {
        let registry = self.registry;
        let tombstones = registry.tombstones.get(self.name);
        ids.iter().map(move |&id| {
            let claim = &registry.claims[id as usize];
            let tombstoned_at = tombstones.and_then(|nodes| tombstoned_at(nodes, &claim.key.node));
            registry.view(claim, tombstoned_at)
        })
    }
}

/// A node that is alive, with all that it serves.
#[derive(Clone, Debug)]
pub struct NodeEntry<'a> {
    /// As the claim announced latest describes it.
    pub producer: Producer<'a>,
    /// The topics of all its active claims by name, each with the time of its tombstone, ended or not.
    pub topics: Vec<(&'a TopicName, Option<Timestamp>)>,
}

/// nsqlookupd's kinds of registrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// All producers: key and subkey are empty.
    Client,
    /// The key is a topic.
    Topic,
    /// The key is a topic, the subkey one of its channels.
    Channel,
}

impl Category {
    /// Reads `client`, `topic` or `channel`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "client" => Some(Self::Client),
            "topic" => Some(Self::Topic),
            "channel" => Some(Self::Channel),
            _ => None,
        }
    }

    /// The word that [`parse`](Self::parse) reads.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Topic => "topic",
            Self::Channel => "channel",
        }
    }
}

/// One key of a [`RegistrationPattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// Any text, the empty one too: `*`.
    Any,
    /// This text alone.
    Exactly(Box<str>),
}

impl Match {
    /// Reads a key as nsqlookupd does: `*` is any.
    pub fn parse(text: &str) -> Self {
        if text == "*" { Self::Any } else { Self::Exactly(text.into()) }
    }

    fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(exact) => **exact == *text,
        }
    }
}

/// Which registrations are asked for. nsqlookupd, `registration_db.go`, `FindRegistrations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationPattern {
    /// Their kind.
    pub category: Category,
    /// Their topic.
    pub key: Match,
    /// Their channel.
    pub subkey: Match,
}

/// A name that is registered, with or without producers. Keys that a category doesn't have are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Registration<'a> {
    /// Its kind.
    pub category: Category,
    /// The topic.
    pub key: &'a str,
    /// The channel.
    pub subkey: &'a str,
}

impl Registry {
    /// All topics by name.
    pub fn topics(&self) -> impl ExactSizeIterator<Item = TopicEntry<'_>> {
        self.topics.iter().map(|(name, topic)| TopicEntry { registry: self, name, topic })
    }

    /// One topic.
    pub fn topic(&self, name: &str) -> Option<TopicEntry<'_>> {
        self.topics.get_key_value(name).map(|(name, topic)| TopicEntry { registry: self, name, topic })
    }

    /// All claims by node and the way they are announced, active or not.
    pub fn claims(&self) -> impl ExactSizeIterator<Item = Producer<'_>> {
        self.claims_by_key.values().map(|&id| self.view(&self.claims[id as usize], None))
    }

    /// One claim.
    pub fn producer(&self, key: &ClaimKey) -> Option<Producer<'_>> {
        self.claim(key).map(|claim| self.view(claim, None))
    }

    /// The nodes that are alive, each once, tombstoned or not.
    pub fn nodes(&self, lifetimes: &Lifetimes, now: Timestamp) -> impl Iterator<Item = NodeEntry<'_>> {
        let lifetimes = *lifetimes;
        let active = self.claims().filter(move |producer| producer.is_active(&lifetimes, now));
        latest_of_each_node(active).map(move |producer| NodeEntry {
            producer,
            topics: self
                .topics_of_node(producer.node(), &lifetimes, now)
                .into_iter()
                .map(|topic| (topic, self.tombstoned_at(topic, producer.node())))
                .collect(),
        })
    }

    /// When the node was hidden under the topic, ended or not.
    pub fn tombstoned_at(&self, topic: &str, node: &Node) -> Option<Timestamp> {
        tombstoned_at(self.tombstones.get(topic)?, node)
    }

    /// All tombstones by topic and node, ended or not.
    pub fn tombstones(&self) -> impl Iterator<Item = (&TopicName, &Node, Timestamp)> {
        self.tombstones.iter().flat_map(|(topic, nodes)| nodes.iter().map(move |(node, at)| (topic, node, *at)))
    }

    /// The names that match. nsqlookupd's `FindRegistrations`.
    pub fn find_registrations(&self, pattern: &RegistrationPattern) -> Vec<Registration<'_>> {
        let RegistrationPattern { category, key, subkey } = pattern;
        let mut found = Vec::new();
        match category {
            Category::Client => {
                if !self.claims.is_empty() && key.accepts("") && subkey.accepts("") {
                    found.push(Registration { category: *category, key: "", subkey: "" });
                }
            }
            Category::Topic => {
                if subkey.accepts("") {
                    let topics = self.matching(key);
                    found.extend(topics.map(|topic| Registration { category: *category, key: topic.name, subkey: "" }));
                }
            }
            Category::Channel => {
                for topic in self.matching(key) {
                    let names = topic.channels().filter(|name| subkey.accepts(name));
                    found.extend(names.map(|name| Registration { category: *category, key: topic.name, subkey: name }));
                }
            }
        }
        found
    }

    /// Every claim behind the names that match, by node and once, active or not. nsqlookupd's `FindProducers`; its
    /// filter is [`Producer::is_active`] and [`Producer::is_tombstoned`]. A tombstone is seen only where one topic is
    /// asked for by its name.
    pub fn find_producers(&self, pattern: &RegistrationPattern) -> Vec<Producer<'_>> {
        let RegistrationPattern { category, key, subkey } = pattern;
        if let (Category::Topic, Match::Exactly(name), true) = (category, key, subkey.accepts("")) {
            return self.topic(name).map(|topic| topic.producers().collect()).unwrap_or_default();
        }
        let mut found = BTreeMap::new();
        for Registration { category, key, subkey } in self.find_registrations(pattern) {
            let ids: &[ClaimId] = match (category, self.topics.get(key)) {
                (Category::Topic, Some(topic)) => &topic.claims,
                (Category::Channel, Some(topic)) => topic.channel(subkey).map_or(&[], |channel| &channel.claims),
                _ => return self.claims().collect(),
            };
            found.extend(ids.iter().map(|&id| (&self.claims[id as usize].key, id)));
        }
        found.into_values().map(|id| self.view(&self.claims[id as usize], None)).collect()
    }

    /// What one claim is registered under, topics with their channels by name. nsqlookupd's `LookupRegistrations`.
    pub fn lookup_registrations(&self, key: &ClaimKey) -> Vec<Registration<'_>> {
        let Some(claim) = self.claim(key) else { return Vec::new() };
        let mut found = Vec::from([Registration { category: Category::Client, key: "", subkey: "" }]);
        for topic in &claim.topics {
            found.push(Registration { category: Category::Topic, key: topic, subkey: "" });
            let channels = self.channels_served(&claim.key, topic);
            found.extend(channels.map(|name| Registration { category: Category::Channel, key: topic, subkey: name }));
        }
        found
    }

    pub(super) fn channels_served<'a>(
        &'a self,
        key: &'a ClaimKey,
        topic: &TopicName,
    ) -> impl Iterator<Item = &'a ChannelName> + use<'a> {
        let channels = self.topics.get(topic).map_or(&[][..], |topic| &topic.channels);
        channels
            .iter()
            .filter(move |channel| place_of(&channel.claims, key, &self.claims).is_ok())
            .map(|channel| &channel.name)
    }

    fn matching(&self, key: &Match) -> impl Iterator<Item = TopicEntry<'_>> {
        let (one, all) = match key {
            Match::Any => (None, Some(self.topics())),
            Match::Exactly(name) => (self.topic(name), None),
        };
        one.into_iter().chain(all.into_iter().flatten())
    }

    fn topics_of_node(&self, node: &Node, lifetimes: &Lifetimes, now: Timestamp) -> Vec<&TopicName> {
        let from = ClaimKey { node: node.clone(), via: Via::Http };
        let claims = self
            .claims_by_key
            .range(from..)
            .take_while(|(key, _)| key.node == *node)
            .map(|(_, &id)| &self.claims[id as usize])
            .filter(|claim| lifetimes.is_active(self.silent_since(claim), now));
        let mut topics: Vec<_> = Vec::new();
        for (place, claim) in claims.enumerate() {
            topics.extend(&claim.topics);
            if place > 0 {
                topics.sort_unstable();
                topics.dedup();
            }
        }
        topics
    }

    fn view<'a>(&'a self, claim: &'a Claim, tombstoned_at: Option<Timestamp>) -> Producer<'a> {
        Producer {
            key: &claim.key,
            info: &claim.info,
            announced: claim.announced,
            silent_since: self.silent_since(claim),
            tombstoned_at,
        }
    }

    /// Whether any claim of the node serves the topic.
    pub(crate) fn node_serves(&self, node: &Node, topic: &str) -> bool {
        self.topics.get(topic).is_some_and(|topic| !claims_of_node(&topic.claims, node, &self.claims).is_empty())
    }
}

fn tombstoned_at(nodes: &Tombstones, node: &Node) -> Option<Timestamp> {
    tombstone_place(nodes, node).ok().map(|place| nodes[place].1)
}

/// Of producers ordered by node, the one of each node that was announced latest.
fn latest_of_each_node<'a>(producers: impl Iterator<Item = Producer<'a>>) -> impl Iterator<Item = Producer<'a>> {
    let mut producers = producers.peekable();
    core::iter::from_fn(move || {
        let mut latest = producers.next()?;
        while let Some(other) = producers.next_if(|other| other.node() == latest.node()) {
            if other.announced > latest.announced {
                latest = other;
            }
        }
        Some(latest)
    })
}
