//! nsqlookupd as plainly as it can be said, and everybody's answers beside its own.
//!
//! Follows `nsqlookupd/registration_db.go` and `lookup_protocol_v1.go` of nsqio/nsq v1.3.0, but for three of the numbered
//! differences: a tombstone belongs to the topic and the node (5), an ephemeral name goes with its last producer, and a topic takes
//! its channels along (7), and a node is listed once (13).

use std::collections::{BTreeMap, BTreeSet};

use lookupd_core::{Command, Registry, Timestamp};

use crate::world::{SETTINGS, T_MS, TOMBSTONE_MS};

/// A connection, by the node that it speaks for and by what tells it from others of that node.
pub(crate) type Client = (String, String);

type Channel = (String, String);

/// The registration database, and who is connected.
#[derive(Default)]
pub(crate) struct Nsqlookupd {
    topics: BTreeSet<String>,
    channels: BTreeSet<Channel>,
    clients: BTreeMap<Client, Producer>,
    tombstones: BTreeMap<(String, String), u64>,
}

#[derive(Default)]
struct Producer {
    topics: BTreeSet<String>,
    channels: BTreeSet<Channel>,
    /// Nothing where it pings for as long as it is there.
    last_update: Option<u64>,
}

/// What somebody answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answers {
    channels: BTreeMap<String, BTreeSet<String>>,
    /// What `/lookup` finds of each topic.
    producers: BTreeMap<String, BTreeSet<String>>,
    nodes: BTreeSet<String>,
}

impl Nsqlookupd {
    pub(crate) fn identify(&mut self, client: &Client, last_update: Option<u64>) {
        self.clients.entry(client.clone()).or_default().last_update = last_update;
    }

    pub(crate) fn register(&mut self, client: &Client, topic: &str, channel: Option<&str>) {
        let Some(producer) = self.clients.get_mut(client) else { return };
        self.topics.insert(topic.into());
        producer.topics.insert(topic.into());
        if let Some(channel) = channel {
            self.channels.insert((topic.into(), channel.into()));
            producer.channels.insert((topic.into(), channel.into()));
        }
    }

    /// Ephemeral names without producers go also where whoever asks wasn't one.
    pub(crate) fn unregister(&mut self, client: &Client, topic: &str, channel: Option<&str>) {
        let mut unknown = Producer::default();
        let producer = self.clients.get_mut(client).unwrap_or(&mut unknown);
        let Some(channel) = channel else {
            let of_topic: Vec<Channel> = producer.channels.extract_if(.., |(name, _)| name == topic).collect();
            let served = producer.topics.remove(topic);
            of_topic.iter().for_each(|(topic, channel)| self.drop_channel_if_unused(topic, channel));
            self.drop_topic_if_unused(topic);
            // By request, not because its connection ended.
            if served && !self.serves(topic, &client.0) {
                self.tombstones.remove(&(topic.into(), client.0.clone()));
            }
            return;
        };
        producer.channels.remove(&(topic.into(), channel.into()));
        self.drop_channel_if_unused(topic, channel);
    }

    pub(crate) fn disconnect(&mut self, client: &Client) {
        let Some(Producer { topics, channels, .. }) = self.clients.remove(client) else { return };
        channels.iter().for_each(|(topic, channel)| self.drop_channel_if_unused(topic, channel));
        topics.iter().for_each(|topic| self.drop_topic_if_unused(topic));
    }

    /// A request over HTTP. What registers there speaks for its node as a connection does, until it isn't heard any more.
    pub(crate) fn http(&mut self, command: &Command, now: u64) {
        match command {
            Command::CreateTopic { topic } => drop(self.topics.insert(topic.to_string())),
            Command::CreateChannel { topic, channel } => {
                self.topics.insert(topic.to_string());
                self.channels.insert((topic.to_string(), channel.to_string()));
            }
            Command::DeleteTopic { topic } => self.drop_topic(topic),
            Command::DeleteChannel { topic, channel } => self.drop_channel(&(topic.to_string(), channel.to_string())),
            Command::Tombstone { topic, node } if self.serves(topic, &node.to_string()) => {
                self.tombstones.insert((topic.to_string(), node.to_string()), now);
            }
            Command::Register { info, topic, channel, .. } => {
                let client = over_http(&info.node().to_string());
                self.identify(&client, Some(now));
                self.register(&client, topic, channel.as_deref());
            }
            Command::Unregister { claim, topic, channel } => {
                self.unregister(&over_http(&claim.node.to_string()), topic, channel.as_deref());
            }
            Command::Leave { claim } => self.disconnect(&over_http(&claim.node.to_string())),
            _ => {}
        }
    }

    pub(crate) fn answers(&self, now: u64) -> Answers {
        let all = self.topics.iter();
        let channels = all.clone().map(|topic| {
            let of = self.channels.iter().filter(|(name, _)| name == topic);
            (topic.clone(), of.map(|(_, channel)| channel.clone()).collect())
        });
        let active = |producer: &Producer| producer.last_update.is_none_or(|at| now - at <= T_MS);
        let producers = all.clone().map(|topic| {
            let serving =
                self.clients.iter().filter(|(_, producer)| active(producer) && producer.topics.contains(topic));
            let shown = serving.filter(|((node, _), _)| {
                let tombstoned = self.tombstones.get(&(topic.clone(), node.clone()));
                tombstoned.is_none_or(|at| now - at >= TOMBSTONE_MS)
            });
            (topic.clone(), shown.map(|((node, _), _)| node.clone()).collect())
        });
        let nodes = self.clients.iter().filter(|(_, producer)| active(producer)).map(|((node, _), _)| node.clone());
        Answers { channels: channels.collect(), producers: producers.collect(), nodes: nodes.collect() }
    }

    /// Nodes of which it depends on how long things take whether they are shown: over HTTP, what was heard may have been
    /// forgotten with the leader's memory if it is three quarters of the timeout old, and is looked for every third.
    pub(crate) fn doubtful(&self, now: u64) -> BTreeSet<String> {
        let heard = self.clients.iter().filter(|(_, producer)| {
            let age = producer.last_update.map_or(0, |at| now - at);
            (T_MS - T_MS / 4..=T_MS + T_MS / 3 + TRAVEL_MS).contains(&age)
        });
        let ending = self.tombstones.iter().filter(|(_, at)| {
            let age = now - **at;
            (TOMBSTONE_MS - TRAVEL_MS..=TOMBSTONE_MS + TRAVEL_MS).contains(&age)
        });
        heard.map(|((node, _), _)| node.clone()).chain(ending.map(|((_, node), _)| node.clone())).collect()
    }

    fn serves(&self, topic: &str, node: &str) -> bool {
        self.clients.iter().any(|((of, _), producer)| of == node && producer.topics.contains(topic))
    }

    fn drop_topic(&mut self, topic: &str) {
        self.topics.remove(topic);
        self.channels.retain(|(name, _)| name != topic);
        self.tombstones.retain(|(name, _), _| name != topic);
        for producer in self.clients.values_mut() {
            producer.topics.remove(topic);
            producer.channels.retain(|(name, _)| name != topic);
        }
    }

    fn drop_channel(&mut self, channel: &Channel) {
        self.channels.remove(channel);
        for producer in self.clients.values_mut() {
            producer.channels.remove(channel);
        }
    }

    fn drop_topic_if_unused(&mut self, topic: &str) {
        if topic.ends_with("#ephemeral") && !self.clients.values().any(|producer| producer.topics.contains(topic)) {
            self.drop_topic(topic);
        }
    }

    fn drop_channel_if_unused(&mut self, topic: &str, channel: &str) {
        let of = (topic.to_owned(), channel.to_owned());
        if channel.ends_with("#ephemeral") && !self.clients.values().any(|producer| producer.channels.contains(&of)) {
            self.channels.remove(&of);
        }
    }
}

impl Answers {
    pub(crate) fn of(registry: &Registry, now: Timestamp) -> Self {
        let lifetimes = &SETTINGS.lifetimes;
        let topics = || registry.topics().map(|topic| (topic.name().to_string(), topic));
        Self {
            channels: topics()
                .map(|(name, topic)| (name, topic.channels().map(ToString::to_string).collect()))
                .collect(),
            producers: topics()
                .map(|(name, topic)| {
                    (name, topic.visible(lifetimes, now).map(|found| found.node().to_string()).collect())
                })
                .collect(),
            nodes: registry.nodes(lifetimes, now).map(|node| node.producer.node().to_string()).collect(),
        }
    }

    /// The same without these nodes.
    pub(crate) fn without(mut self, nodes: &BTreeSet<String>) -> Self {
        self.producers.values_mut().for_each(|found| found.retain(|node| !nodes.contains(node)));
        self.nodes.retain(|node| !nodes.contains(node));
        self
    }
}

/// More than anything is on its way without faults.
const TRAVEL_MS: u64 = 1_000;

fn over_http(node: &str) -> Client {
    (node.into(), "http".into())
}
