//! The server's answers, as far as the dashboard shows them.

use std::time::Duration;

use lookupd_core::{Timestamp, api::Verdict};

use crate::json::Json;

/// `GET /v1/explain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explain {
    /// The topic asked for, known or not.
    pub topic: String,
    /// Whether there is such a topic.
    pub exists: bool,
    /// Every claim that serves it, by node.
    pub producers: Vec<Explained>,
}

/// One claim, and whether consumers find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Who.
    pub node: String,
    /// How it is announced.
    pub via: String,
    /// Whether `/lookup` lists it, or the first reason why it doesn't.
    pub verdict: Verdict,
    /// When it was last heard, where it has fallen silent.
    pub silent_since: Option<Timestamp>,
    /// After when it counts as inactive if it stays silent.
    pub inactive_at: Option<Timestamp>,
    /// When its tombstone ends.
    pub tombstoned_until: Option<Timestamp>,
    /// The claim of the same node that is listed in its place.
    pub superseded_by: Option<String>,
}

impl Explain {
    /// Reads an [`api::Explain`](lookupd_core::api::Explain).
    pub fn read(json: &Json) -> Option<Self> {
        Some(Self {
            topic: json.get("topic").text()?,
            exists: json.get("exists").is_true(),
            producers: json.get("producers").items().iter().map(Explained::read).collect::<Option<_>>()?,
        })
    }
}

impl Explained {
    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            node: json.get("node").text()?,
            via: json.get("via").text()?,
            verdict: match json.get("verdict").text()?.as_str() {
                "visible" => Verdict::Visible,
                "inactive" => Verdict::Inactive,
                "tombstoned" => Verdict::Tombstoned,
                "superseded" => Verdict::Superseded,
                _ => return None,
            },
            silent_since: json.get("silent_since_at").moment(),
            inactive_at: json.get("inactive_at").moment(),
            tombstoned_until: json.get("tombstoned_until_at").moment(),
            superseded_by: json.get("superseded_by").text(),
        })
    }
}

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
    fn verdicts_are_read_as_core_writes_them() {
        for (verdict, word) in [
            (Verdict::Visible, "\"visible\""),
            (Verdict::Inactive, "\"inactive\""),
            (Verdict::Tombstoned, "\"tombstoned\""),
            (Verdict::Superseded, "\"superseded\""),
        ] {
            assert_eq!(serde_json::to_string(&verdict).unwrap(), word);
            let body = format!(
                r#"{{"topic":"t","exists":true,"producers":[{{"node":"a:1","via":"tcp","verdict":{word},
                "silent_since_at":5,"inactive_at":null,"tombstoned_until_at":9,"superseded_by":"http"}}]}}"#
            );
            let explain = Explain::read(&Json::parse(&body).unwrap()).unwrap();
            let [producer] = &explain.producers[..] else { panic!("{explain:?}") };
            assert_eq!((producer.verdict, producer.inactive_at), (verdict, None));
            assert_eq!(producer.silent_since, Some(Timestamp::from_millis(5)));
            assert_eq!(producer.tombstoned_until, Some(Timestamp::from_millis(9)));
            assert_eq!(producer.superseded_by.as_deref(), Some("http"));
        }
        assert_eq!(Explain::read(&Json::parse(r#"{"topic":"t","producers":[{}]}"#).unwrap()), None);
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
