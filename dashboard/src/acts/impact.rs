//! What an act would change, in words.

use std::time::Duration;

use lookupd_core::{Lifetimes, api::Changes};

use crate::{client::Act, format};

/// Each kind of thing that would come or go, with how many; nothing where nothing would.
pub fn impact_lines(changes: &Changes) -> Vec<String> {
    let Changes { topics, channels, producers, registrations, tombstones } = changes;
    let kinds = [
        ("topic", topics.added.len(), topics.removed.len()),
        ("channel", channels.added.len(), channels.removed.len()),
        ("producer", producers.added.len(), producers.removed.len()),
        ("registration", registrations.added.len(), registrations.removed.len()),
        ("tombstone", tombstones.added.len(), tombstones.removed.len()),
    ];
    let line = |(noun, number, verb): (&str, usize, &str)| {
        (number > 0).then(|| format!("{verb} {}", format::counted(number, noun)))
    };
    kinds
        .into_iter()
        .flat_map(|(noun, added, removed)| [line((noun, removed, "Removes")), line((noun, added, "Adds"))])
        .flatten()
        .collect()
}

/// What comes of the act beside what the server counts.
pub fn consequences(act: &Act, changes: &Changes, lifetimes: &Lifetimes, ends: &str) -> String {
    let span = |duration: Duration| format::duration(duration);
    match act {
        Act::DeleteTopic { .. } if !changes.registrations.removed.is_empty() => {
            "Producers that still serve it bring it back the next time they register: stop them first.".into()
        }
        Act::DeleteTopic { .. } => "No producer serves it, so it stays away until one registers it.".into(),
        Act::DeleteChannel { .. } if !changes.registrations.removed.is_empty() => {
            "A producer that still has the channel brings it back the next time it registers.".into()
        }
        Act::DeleteChannel { .. } => "No producer has it, so it stays away until one registers it.".into(),
        Act::Tombstone { .. } if changes.tombstones.added.is_empty() => {
            "This node doesn't serve the topic any more: nothing would change.".into()
        }
        Act::Tombstone { .. } => format!(
            "Hidden from /lookup for {}, until {ends}. If it still serves the topic then, consumers find it again.",
            span(lifetimes.tombstone_lifetime)
        ),
        Act::Unregister { .. } => {
            "A producer that is still running comes back with its next heartbeat.".into()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use lookupd_core::{
        ChannelName, Node, TopicName, Via,
        api::{ChannelPath, Difference, RegistrationPath, TombstonePath},
    };

    use super::*;

    fn topic() -> TopicName {
        TopicName::parse("orders").unwrap()
    }

    fn removed<T>(removed: Vec<T>) -> Difference<T> {
        Difference { added: vec![], removed }
    }

    #[test]
    fn what_goes_and_comes_is_counted() {
        let node = Node::parse("a:1").unwrap();
        let channels = ["a", "b"].map(|name| ChannelPath { topic: topic(), channel: ChannelName::parse(name).unwrap() });
        let registration =
            RegistrationPath { node: node.clone(), via: Via::Http, topic: topic(), channel: None };
        let changes = Changes {
            topics: removed(vec![topic()]),
            channels: removed(channels.to_vec()),
            registrations: removed(vec![registration]),
            tombstones: Difference { added: vec![TombstonePath { topic: topic(), node }], removed: vec![] },
            ..Changes::default()
        };
        let expected = ["Removes 1 topic", "Removes 2 channels", "Removes 1 registration", "Adds 1 tombstone"];
        assert_eq!(impact_lines(&changes), expected);
        assert_eq!(impact_lines(&Changes::default()), [""; 0]);
    }

    #[test]
    fn what_comes_of_it_is_said() {
        let lifetimes = Lifetimes::default();
        let act = Act::Tombstone { topic: "orders".into(), node: "a:1".into() };
        let node = Node::parse("a:1").unwrap();
        let tombstones = Difference { added: vec![TombstonePath { topic: topic(), node }], removed: vec![] };
        let changes = Changes { tombstones, ..Changes::default() };
        assert!(consequences(&act, &changes, &lifetimes, "12:00:45").contains("for 45 s, until 12:00:45"));
        assert!(consequences(&act, &Changes::default(), &lifetimes, "").contains("nothing would change"));
        let act = Act::DeleteTopic { topic: "orders".into() };
        assert!(consequences(&act, &Changes::default(), &lifetimes, "").contains("No producer serves it"));
    }
}
