//! What the overview counts, and what it points at.

use lookupd_core::{Lifetimes, Node, Registry, Timestamp, TopicName};

use super::{Liveness, NodeRow, Tombstone, TopicRow, order::sort_places, tombstone};

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Topics.
    pub topics: usize,
    /// Topics that consumers find a producer for.
    pub served: usize,
    /// Channels, summed over topics.
    pub channels: usize,
    /// Nodes, each once.
    pub nodes: usize,
    /// Nodes that are heard.
    pub active: usize,
    /// Nodes' topics and channels.
    pub registrations: usize,
}

/// Counts everything.
pub fn totals(registry: &Registry, topics: &[TopicRow], nodes: &[NodeRow]) -> Totals {
    Totals {
        topics: topics.len(),
        served: topics.iter().filter(|topic| topic.visible > 0).count(),
        channels: topics.iter().map(|topic| topic.channels).sum(),
        nodes: nodes.len(),
        active: nodes.iter().filter(|node| node.liveness == Liveness::Active).count(),
        registrations: registry.registration_count(),
    }
}

/// What someone should look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attention {
    /// Nodes that are silent or inactive, those first that are found the soonest no longer.
    pub silent: Vec<NodeRow>,
    /// What tombstones hide, those first that end soonest.
    pub tombstones: Vec<(String, String, Tombstone)>,
    /// Topics in which consumers find no producer.
    pub unserved: Vec<TopicRow>,
}

impl Attention {
    /// Whether all is well.
    pub fn is_empty(&self) -> bool {
        self.silent.is_empty() && self.tombstones.is_empty() && self.unserved.is_empty()
    }
}

/// Gathers what someone should look at.
pub fn attention(
    registry: &Registry,
    topics: &[TopicRow],
    nodes: &[NodeRow],
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> Attention {
    let mut unheard: Vec<usize> = (0..nodes.len()).filter(|&place| nodes[place].liveness != Liveness::Active).collect();
    sort_places(&mut unheard, &|a, b| nodes[a].liveness.cmp(&nodes[b].liveness));
    let silent = unheard.into_iter().map(|place| nodes[place].clone()).collect();
    // A tombstone outlives its node's registration; only one that hides something is shown.
    let hides = |topic: &TopicName, node: &Node| {
        registry.topic(topic).is_some_and(|entry| entry.producers().any(|producer| producer.node() == node))
    };
    let running: Vec<_> = registry
        .tombstones()
        .filter_map(|(topic, node, at)| Some((topic, node, tombstone(Some(at), lifetimes, now)?)))
        .filter(|(topic, node, _)| hides(topic, node))
        .map(|(topic, node, running)| (topic.to_string(), node.to_string(), running))
        .collect();
    let mut places: Vec<usize> = (0..running.len()).collect();
    sort_places(&mut places, &|a, b| running[a].2.until.cmp(&running[b].2.until));
    let tombstones = places.into_iter().map(|place| running[place].clone()).collect();
    let unserved = topics.iter().filter(|topic| topic.visible == 0).cloned().collect();
    Attention { silent, tombstones, unserved }
}

/// How many nodes say the same of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// What they say; empty where they say nothing.
    pub label: String,
    /// How many.
    pub nodes: usize,
}

/// The nodes by something that they say of themselves, the most first.
pub fn shares<'a>(nodes: &'a [NodeRow], said: impl Fn(&'a NodeRow) -> &'a str) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    for label in nodes.iter().map(said) {
        match shares.binary_search_by(|share| share.label.as_str().cmp(label)) {
            Ok(place) => shares[place].nodes += 1,
            Err(place) => shares.insert(place, Share { label: label.into(), nodes: 1 }),
        }
    }
    let mut places: Vec<usize> = (0..shares.len()).collect();
    sort_places(&mut places, &|a, b| shares[b].nodes.cmp(&shares[a].nodes));
    places.into_iter().map(|place| shares[place].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{node_rows, testing::Fixture, topic_rows};

    #[test]
    fn what_is_amiss_is_pointed_at() {
        let fixture = Fixture::new()
            .serves("a:1", "orders", &["mail"])
            .serves("b:1", "orders", &[])
            .serves("c:1", "payments", &[])
            .topic("idle")
            .silent("b:1", 10)
            .tombstoned("payments", "c:1", 20)
            .tombstoned("orders", "b:1", 15);
        let (totals, attention) = fixture.read(30, |registry, lifetimes, now| {
            let (topics, nodes) = (topic_rows(registry, lifetimes, now), node_rows(registry, lifetimes, now));
            (totals(registry, &topics, &nodes), attention(registry, &topics, &nodes, lifetimes, now))
        });
        assert_eq!(totals, Totals { topics: 3, served: 1, channels: 1, nodes: 3, active: 2, registrations: 4 });
        assert_eq!(attention.silent.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["b:1"]);
        let hidden: Vec<_> = attention.tombstones.iter().map(|(topic, node, _)| (&**topic, &**node)).collect();
        assert_eq!(hidden, [("orders", "b:1"), ("payments", "c:1")]);
        let unserved: Vec<_> = attention.unserved.iter().map(|topic| topic.name.as_str()).collect();
        assert_eq!(unserved, ["idle", "payments"]);
    }

    #[test]
    fn nodes_are_counted_by_what_they_say() {
        let nodes =
            Fixture::new().serves("a:1", "t", &[]).serves("b:1", "t", &[]).serves("a:2", "t", &[]).read(1, node_rows);
        let by_host: Vec<_> = shares(&nodes, |node| &node.info.hostname);
        let expected = [("host-a", 2), ("host-b", 1)].map(|(label, nodes)| Share { label: label.into(), nodes });
        assert_eq!(by_host, expected);
    }

    #[test]
    fn where_all_is_well_nothing_is_pointed_at() {
        let quiet = Fixture::new().serves("a:1", "orders", &[]).read(30, |registry, lifetimes, now| {
            let (topics, nodes) = (topic_rows(registry, lifetimes, now), node_rows(registry, lifetimes, now));
            attention(registry, &topics, &nodes, lifetimes, now).is_empty()
        });
        assert!(quiet);
    }
}
