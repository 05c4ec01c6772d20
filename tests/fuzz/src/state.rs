//! What holds of every state, however it came about.

use std::collections::BTreeSet;

use lookupd_core::{Category, ClaimKey, Cursor, Registry};

/// All that is known of a state, as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Described {
    topics: Vec<(String, Vec<String>)>,
    claims: Vec<String>,
    agents: Vec<String>,
    registrations: BTreeSet<String>,
    tombstones: Vec<String>,
}

impl Described {
    pub(crate) fn of(registry: &Registry) -> Self {
        let topics = registry.topics().map(|topic| {
            let channels = topic.channels().map(ToString::to_string);
            (topic.name().to_string(), channels.collect())
        });
        let registrations = registry.claims().flat_map(|claim| {
            let mut found = registry.lookup_registrations(claim.key);
            found.retain(|registration| registration.category != Category::Client);
            found.into_iter().map(|found| registration(claim.key, found.key, found.subkey)).collect::<Vec<_>>()
        });
        Self {
            topics: topics.collect(),
            claims: registry.claims().map(|claim| format!("{claim:?}")).collect(),
            agents: registry.agents().map(|agent| format!("{agent:?}")).collect(),
            registrations: registrations.collect(),
            tombstones: registry.tombstones().map(|tombstone| format!("{tombstone:?}")).collect(),
        }
    }
}

/// Fails where a state contradicts itself, or where its snapshot leads to another one.
pub(crate) fn check(registry: &Registry, cursor: Cursor) -> Described {
    let described = Described::of(registry);
    let mut by_topic = BTreeSet::new();
    for topic in registry.topics() {
        by_topic.extend(topic.producers().map(|producer| registration(producer.key, topic.name(), "")));
        for channel in topic.channels() {
            let producers = topic.channel_producers(channel).unwrap();
            by_topic.extend(producers.map(|producer| registration(producer.key, topic.name(), channel)));
        }
    }
    assert_eq!(described.registrations, by_topic, "claims and topics tell the same");
    assert_eq!(registry.registration_count(), by_topic.len());
    assert_eq!(registry.claim_count(), described.claims.len());
    assert_eq!(registry.topic_count(), described.topics.len());

    let snapshot = registry.snapshot(cursor);
    let (loaded, place) = Registry::from_snapshot(&snapshot).unwrap();
    assert_eq!(place, cursor);
    assert_eq!(loaded.snapshot(cursor), snapshot);
    assert_eq!(Described::of(&loaded), described, "a snapshot leads to the state that it is of");
    described
}

fn registration(claim: &ClaimKey, topic: &str, channel: &str) -> String {
    format!("{claim:?} {topic} {channel}")
}
