//! The table of topics.

use lookupd_core::{Lifetimes, Registry, Timestamp, TopicEntry};

use super::{Liveness, Order, liveness, tombstone};

/// A topic in one line. Nodes are counted once, however many ways they are announced in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicRow {
    /// Its name.
    pub name: String,
    /// Nodes that consumers find.
    pub visible: usize,
    /// Nodes that a tombstone hides.
    pub tombstoned: usize,
    /// Nodes that were not heard of late, but are still found.
    pub silent: usize,
    /// Nodes that were not heard for so long that they aren't found.
    pub inactive: usize,
    /// How many channels it has.
    pub channels: usize,
}

impl TopicRow {
    fn of(topic: &TopicEntry<'_>, lifetimes: &Lifetimes, now: Timestamp) -> Self {
        let mut row = Self {
            name: topic.name().to_string(),
            visible: 0,
            tombstoned: 0,
            silent: 0,
            inactive: 0,
            channels: topic.channels().len(),
        };
        let mut producers = topic.producers().peekable();
        while let Some(first) = producers.next() {
            let mut best = liveness(first.silent_since, lifetimes, now);
            while let Some(other) = producers.next_if(|other| other.node() == first.node()) {
                best = best.min(liveness(other.silent_since, lifetimes, now));
            }
            match (best, tombstone(first.tombstoned_at, lifetimes, now)) {
                (Liveness::Inactive { .. }, _) => row.inactive += 1,
                (_, Some(_)) => row.tombstoned += 1,
                (Liveness::Silent { .. }, None) => {
                    row.visible += 1;
                    row.silent += 1;
                }
                (Liveness::Active, None) => row.visible += 1,
            }
        }
        row
    }

    /// What is to be said of it first.
    pub fn state(&self) -> TopicState {
        if self.visible == 0 {
            TopicState::Unserved
        } else if self.tombstoned > 0 {
            TopicState::Tombstoned
        } else if self.unheard() > 0 {
            TopicState::Silent
        } else {
            TopicState::Served
        }
    }

    /// Nodes that were not heard of late, found or not.
    pub fn unheard(&self) -> usize {
        self.silent + self.inactive
    }

    fn is_in(&self, state: TopicState) -> bool {
        match state {
            TopicState::Served => self.visible > 0,
            TopicState::Tombstoned => self.tombstoned > 0,
            TopicState::Silent => self.unheard() > 0,
            TopicState::Unserved => self.visible == 0,
        }
    }
}

/// What a topic's producers are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicState {
    /// Consumers find a producer.
    Served,
    /// A producer is not heard.
    Silent,
    /// A tombstone hides a producer.
    Tombstoned,
    /// Consumers find no producer.
    Unserved,
}

impl TopicState {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Served, Self::Silent, Self::Tombstoned, Self::Unserved];

    /// As a link says it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Tombstoned => "tombstoned",
            Self::Silent => "silent",
            Self::Unserved => "unserved",
        }
    }

    /// As people say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Served => "Served",
            Self::Tombstoned => "Tombstoned",
            Self::Silent => "Silent",
            Self::Unserved => "No producers",
        }
    }

    /// Reads a link's word; anything else is no filter.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.key() == text)
    }
}

/// All topics by name.
pub fn topic_rows(registry: &Registry, lifetimes: &Lifetimes, now: Timestamp) -> Vec<TopicRow> {
    registry.topics().map(|topic| TopicRow::of(&topic, lifetimes, now)).collect()
}

/// The columns that topics are ordered by.
pub const TOPIC_COLUMNS: [&str; 6] = ["name", "state", "producers", "tombstoned", "silent", "channels"];

/// Those of `rows` whose name contains `search` (in any case) and that are in `state`, by place and in order.
pub fn find_topics(rows: &[TopicRow], search: &str, state: Option<TopicState>, order: Order) -> Vec<usize> {
    let search = search.trim().to_ascii_lowercase();
    let mut found: Vec<usize> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| state.is_none_or(|state| row.is_in(state)) && contains(&row.name, &search))
        .map(|(place, _)| place)
        .collect();
    order.sort(&mut found, &|a, b| {
        let (left, right) = (&rows[a], &rows[b]);
        match order.key {
            "state" => left.state().cmp(&right.state()),
            "producers" => left.visible.cmp(&right.visible),
            "tombstoned" => left.tombstoned.cmp(&right.tombstoned),
            "silent" => left.unheard().cmp(&right.unheard()),
            "channels" => left.channels.cmp(&right.channels),
            _ => a.cmp(&b),
        }
    });
    found
}

/// Whether `text` contains `search`, which is in lower case already. ASCII only, without a copy: a key pressed in the
/// search field asks this of every row.
pub(super) fn contains(text: &str, search: &str) -> bool {
    search.is_empty() || text.as_bytes().windows(search.len()).any(|part| part.eq_ignore_ascii_case(search.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::Fixture;
    use lookupd_core::Via;

    fn rows() -> Vec<TopicRow> {
        Fixture::new()
            .serves("a:1", "orders", &["audit", "mail"])
            .serves_via("a:1", &Via::Tcp, "orders", &[])
            .serves("b:1", "orders", &[])
            .serves("c:1", "payments", &[])
            .serves("d:1", "clicks#ephemeral", &[])
            .topic("idle")
            .silent("b:1", 10)
            .tombstoned("payments", "c:1", 20)
            .read(30, topic_rows)
    }

    #[test]
    fn a_node_counts_once() {
        let rows = rows();
        let orders = rows.iter().find(|row| row.name == "orders").unwrap();
        let expected =
            TopicRow { name: "orders".into(), visible: 2, tombstoned: 0, silent: 1, inactive: 0, channels: 2 };
        assert_eq!(*orders, expected);
    }

    #[test]
    fn topics_are_found_by_name_and_state() {
        let rows = rows();
        let names = |search, state, order| -> Vec<&str> {
            find_topics(&rows, search, state, Order::parse(order, &TOPIC_COLUMNS))
                .into_iter()
                .map(|place| rows[place].name.as_str())
                .collect()
        };
        assert_eq!(names("", None, ""), ["clicks#ephemeral", "idle", "orders", "payments"]);
        assert_eq!(names("", None, "-name"), ["payments", "orders", "idle", "clicks#ephemeral"]);
        assert_eq!(names("", None, "-producers"), ["orders", "clicks#ephemeral", "idle", "payments"]);
        assert_eq!(names("", None, "-state"), ["idle", "payments", "orders", "clicks#ephemeral"]);
        assert_eq!(names("", None, "-tombstoned")[0], "payments");
        assert_eq!(names("", None, "-silent")[0], "orders");
        assert_eq!(names(" RDE ", None, ""), ["orders"]);
        assert_eq!(names("#eph", None, ""), ["clicks#ephemeral"]);
        assert_eq!(names("", Some(TopicState::Unserved), ""), ["idle", "payments"]);
        assert_eq!(names("", Some(TopicState::Tombstoned), ""), ["payments"]);
        assert_eq!(names("", Some(TopicState::Silent), ""), ["orders"]);
        assert_eq!(names("nope", None, ""), [""; 0]);
    }

    #[test]
    fn a_state_is_read_as_it_is_written() {
        for state in TopicState::ALL {
            assert_eq!(TopicState::parse(state.key()), Some(state));
        }
        assert_eq!(TopicState::parse("all"), None);
    }
}
