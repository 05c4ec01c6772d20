//! What an act would change, in words.

use lookupd_core::Lifetimes;

use crate::{
    answer::{Impact, KINDS},
    client::Act,
    format,
};

/// Each kind of thing that would come or go, with how many; nothing where nothing would.
pub fn impact_lines(impact: &Impact) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in KINDS {
        let (added, removed) = impact.of(kind);
        // What begins anew, as a tombstone does, comes; that it also goes says nothing.
        let removed = removed.saturating_sub(added);
        for (verb, number) in [("Removes", removed), ("Adds", added)] {
            if number > 0 {
                lines.push(format!("{verb} {}", format::counted(number, kind)));
            }
        }
    }
    lines
}

/// What comes of the act beside what the server counts.
pub fn consequences(act: &Act, impact: &Impact, lifetimes: &Lifetimes, ends: &str) -> String {
    let still_served = impact.of("registration").1 > 0;
    let lifetime = format::duration(lifetimes.tombstone_lifetime);
    match act {
        Act::DeleteTopic { .. } if still_served => {
            "Producers that still serve it bring it back the next time they register: stop them first.".into()
        }
        Act::DeleteTopic { .. } => "No producer serves it, so it stays away until one registers it.".into(),
        Act::DeleteChannel { .. } if still_served => {
            "A producer that still has the channel brings it back the next time it registers.".into()
        }
        Act::DeleteChannel { .. } => "No producer has it, so it stays away until one registers it.".into(),
        Act::Tombstone { .. } | Act::CompleteTombstone { .. } if impact.of("tombstone").0 == 0 => {
            "This node doesn't serve the topic any more: nothing would change.".into()
        }
        Act::Tombstone { .. } => format!(
            "Hidden from /lookup for {lifetime}, until {ends}. If it still serves the topic then, consumers find it again. nsqd \
             itself is not touched: it keeps the topic and its messages."
        ),
        Act::CompleteTombstone { .. } => format!(
            "Hidden from /lookup for {lifetime}, until {ends}. Meanwhile the agent that it is connected to has nsqd delete the \
             topic, with every message that waits in it there."
        ),
        Act::Unregister { .. } => "A producer that is still running comes back with its next heartbeat.".into(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use lookupd_core::api::Changes;

    use super::*;
    use crate::answer::tests::{changes, impact};

    #[test]
    fn what_goes_and_comes_is_counted() {
        let expected = [
            "Removes 1 topic",
            "Removes 2 channels",
            "Removes 1 producer",
            "Removes 1 registration",
            "Adds 1 tombstone",
        ];
        assert_eq!(impact_lines(&impact(changes())), expected);
        assert_eq!(impact_lines(&Impact::default()), [""; 0]);
        let mut anew = changes();
        anew.tombstones.removed = anew.tombstones.added.clone();
        assert_eq!(impact_lines(&impact(anew)), expected, "a tombstone that begins anew");
    }

    #[test]
    fn what_comes_of_it_is_said() {
        let lifetimes = Lifetimes::default();
        let tombstone = Act::Tombstone { topic: "orders".into(), node: "a:1".into() };
        let said = |act: &Act, changes: Changes| consequences(act, &impact(changes), &lifetimes, "12:00:45");
        assert!(said(&tombstone, changes()).contains("for 45 s, until 12:00:45"));
        assert!(said(&tombstone, changes()).contains("keeps the topic and its messages"));
        let complete = Act::CompleteTombstone { topic: "orders".into(), node: "a:1".into() };
        assert!(said(&complete, changes()).contains("delete the topic, with every message"));
        assert!(said(&tombstone, Changes::default()).contains("nothing would change"));
        let delete = Act::DeleteTopic { topic: "orders".into() };
        assert!(said(&delete, changes()).contains("stop them first"));
        assert!(said(&delete, Changes::default()).contains("No producer serves it"));
    }
}
