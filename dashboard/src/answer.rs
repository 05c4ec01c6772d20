//! The server's answers, as far as the dashboard shows them.

use std::time::Duration;

use crate::json::Json;

/// How many of each kind an act would add and remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impact([(usize, usize); 5]);

/// The kinds, in the order in which they are told.
pub const KINDS: [&str; 5] = ["topic", "channel", "producer", "registration", "tombstone"];

impl Impact {
    /// Reads an [`api::DryRun`](lookupd_core::api::DryRun).
    pub fn read(json: &Json) -> Option<Self> {
        let changes = json.get("changes");
        json.get("dry_run").is_true().then(|| {
            Self(KINDS.map(|kind| {
                let difference = changes.get(&format!("{kind}s"));
                (difference.get("added").items().len(), difference.get("removed").items().len())
            }))
        })
    }

    /// How many of a kind come and go.
    pub fn of(&self, kind: &str) -> (usize, usize) {
        KINDS.iter().position(|known| *known == kind).map_or((0, 0), |place| self.0[place])
    }
}

/// `POST /register`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Who was registered.
    pub node: String,
    /// How long consumers find the node after this call.
    pub lease: Duration,
}

impl Registered {
    /// Reads an [`api::Registered`](lookupd_core::api::Registered).
    pub fn read(json: &Json) -> Option<Self> {
        Some(Self { node: json.get("node").text()?, lease: Duration::from_millis(json.get("lease_ms").number()?) })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use lookupd_core::{
        ChannelName, ClaimKey, Node, TopicName, Via,
        api::{self, ChannelPath, Difference, RegistrationPath, TombstonePath},
    };
    use serde::Serialize;

    use super::*;

    fn json(body: &impl Serialize) -> Json {
        Json::parse(&serde_json::to_string(body).unwrap()).unwrap()
    }

    fn topic() -> TopicName {
        TopicName::parse("orders").unwrap()
    }

    fn removed<T>(removed: Vec<T>) -> Difference<T> {
        Difference { added: vec![], removed }
    }

    /// What deleting a topic with two channels would change, and a tombstone that comes.
    pub(crate) fn impact(changes: api::Changes) -> Impact {
        Impact::read(&json(&api::DryRun { dry_run: true, revision: 1, changes })).unwrap()
    }

    pub(crate) fn changes() -> api::Changes {
        let node = Node::parse("a:1").unwrap();
        let channels =
            ["a", "b"].map(|name| ChannelPath { topic: topic(), channel: ChannelName::parse(name).unwrap() });
        let registration = RegistrationPath { node: node.clone(), via: Via::Http, topic: topic(), channel: None };
        api::Changes {
            topics: removed(vec![topic()]),
            channels: removed(channels.to_vec()),
            producers: removed(vec![ClaimKey { node: node.clone(), via: Via::Tcp }]),
            registrations: removed(vec![registration]),
            tombstones: Difference { added: vec![TombstonePath { topic: topic(), node }], removed: vec![] },
        }
    }

    #[test]
    fn what_would_change_is_counted() {
        let impact = impact(changes());
        assert_eq!(KINDS.map(|kind| impact.of(kind)), [(0, 1), (0, 2), (0, 1), (0, 1), (1, 0)]);
        assert_eq!(Impact::read(&json(&"no dry run")), None);
    }

    #[test]
    fn a_registration_is_read_as_core_writes_it() {
        let node = Node::parse("[::1]:4151").unwrap();
        let body =
            api::Registered { node, new: true, changed: true, lease_ms: 225_000, interval_ms: 60_000, revision: 1 };
        let expected = Registered { node: "[::1]:4151".into(), lease: Duration::from_secs(225) };
        assert_eq!(Registered::read(&json(&body)), Some(expected));
    }
}
