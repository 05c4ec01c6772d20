//! Of which topics the answers may have become others.

use alloc::collections::BTreeSet;

use super::Registry;
use crate::{change::Change, name::TopicName};

/// The topics whose answers may be others than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// These.
    Topics(BTreeSet<TopicName>),
    /// Any: the state as a whole is another.
    All,
}

impl Default for Touched {
    fn default() -> Self {
        Self::Topics(BTreeSet::new())
    }
}

impl Touched {
    /// Adds those that a change touches which is about to be applied to this state: those that it names, and those that its
    /// producers serve.
    pub(crate) fn add(&mut self, change: &Change, registry: &Registry) {
        let Self::Topics(topics) = self else { return };
        topics.extend(change.topics().into_iter().cloned());
        let of_agent = change.agent().and_then(|agent| registry.agents.get(agent));
        let ids = of_agent.map_or(&[][..], |agent| &agent.claims);
        let claims = ids.iter().map(|&id| &registry.claims[id as usize]);
        for claim in claims.chain(change.claim().and_then(|key| registry.claim(key))) {
            let only_named = match change {
                Change::Registered { .. } | Change::Unregistered { .. } => true,
                // A heartbeat, for the most part.
                Change::Heard { .. } => claim.silent_since.is_none(),
                _ => false,
            };
            if !only_named {
                topics.extend(claim.topics.iter().cloned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::{num::NonZeroU16, time::Duration};

    use super::*;
    use crate::{
        command::{Command, Limits},
        producer::{AgentId, ClaimKey, Lifetimes, ProducerInfo, Via},
        time::Timestamp,
    };

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    fn topic(name: &str) -> TopicName {
        TopicName::parse(name).unwrap()
    }

    fn info(address: &str) -> ProducerInfo {
        ProducerInfo {
            remote_address: "".into(),
            hostname: "h".into(),
            broadcast_address: address.into(),
            tcp_port: NonZeroU16::MIN,
            http_port: NonZeroU16::MIN,
            version: "1".into(),
            topology_zone: "".into(),
            topology_region: "".into(),
        }
    }

    fn decided(registry: &mut Registry, command: &Command) -> Vec<TopicName> {
        let Some(batch) = registry.decide(command, &Limits::EDGE, START).unwrap() else { return Vec::new() };
        let mut touched = Touched::default();
        batch.changes.iter().for_each(|change| touched.add(change, registry));
        registry.apply(&batch).unwrap();
        match touched {
            Touched::Topics(topics) => topics.into_iter().collect(),
            Touched::All => panic!("{command:?}"),
        }
    }

    #[test]
    fn a_change_touches_what_it_names_and_what_its_producers_serve() {
        let mut registry = Registry::default();
        let agent = AgentId::parse("a").unwrap();
        let of_agent = Via::Agent(agent.clone());
        let key = |address, via: &Via| ClaimKey { node: info(address).node(), via: via.clone() };
        let register = |address, via: &Via, name| Command::Register {
            via: via.clone(),
            info: info(address),
            topic: topic(name),
            channel: None,
        };
        let start = |incarnation| Command::StartAgent { agent: agent.clone(), incarnation };
        let newer = ProducerInfo { version: "2".into(), ..info("x") };
        for (what, command, expected) in [
            ("the agent starts with nothing", start(1), &[][..]),
            ("a topic", register("x", &Via::Http, "t"), &["t"]),
            ("another, and not the first", register("x", &Via::Http, "u"), &["u"]),
            ("of another node", register("y", &of_agent, "v"), &["v"]),
            ("a heartbeat", Command::Identify { via: Via::Http, info: info("x") }, &[]),
            ("another description", Command::Identify { via: Via::Http, info: newer }, &["t", "u"]),
            ("silence", Command::silence([(key("x", &Via::Http), START)].into()), &["t", "u"]),
            ("a tombstone", Command::Tombstone { topic: topic("t"), node: info("x").node() }, &["t"]),
            ("the agent starts again", start(2), &["v"]),
            ("a deletion", Command::DeleteTopic { topic: topic("u") }, &["u"]),
            ("the end", Command::Leave { claim: key("x", &Via::Http) }, &["t"]),
        ] {
            assert_eq!(
                decided(&mut registry, &command),
                expected.iter().map(|name| topic(name)).collect::<Vec<_>>(),
                "{what}"
            );
        }
    }

    #[test]
    fn what_time_changes_is_known_before() {
        let mut registry = Registry::default();
        let lifetimes = Lifetimes::default();
        let changes_at = |registry: &Registry, now| registry.topic("t").unwrap().changes_at(&lifetimes, now);
        let register = Command::Register { via: Via::Http, info: info("x"), topic: topic("t"), channel: None };
        decided(&mut registry, &register);
        assert_eq!(changes_at(&registry, START), None, "whoever is heard lives");
        decided(&mut registry, &Command::Tombstone { topic: topic("t"), node: info("x").node() });
        let key = ClaimKey { node: info("x").node(), via: Via::Http };
        decided(&mut registry, &Command::silence([(key, START)].into()));
        let visible = |now| registry.topic("t").unwrap().visible(&lifetimes, now).count();
        let mut now = START;
        let mut seen = Vec::from([(Duration::ZERO, visible(now))]);
        while let Some(at) = changes_at(&registry, now) {
            assert_eq!(visible(at.minus(Duration::from_millis(1))), visible(now), "not before");
            now = at;
            seen.push((now.since(START), visible(now)));
        }
        let expected = [(0, 0), (45_000, 1), (300_001, 0)].map(|(at, count)| (Duration::from_millis(at), count));
        assert_eq!(seen, expected);
    }
}
