//! A producer's standing: whether it is heard, and whether a tombstone hides it.

use std::time::Duration;

use lookupd_core::{Lifetimes, Node, Producer, ProducerInfo, Registry, Timestamp, TopicEntry, Via, millis};

use super::Order;

/// Whether a producer is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Liveness {
    /// Consumers find it.
    Active,
    /// Not heard of late; consumers still find it.
    Silent {
        /// When it was heard last.
        since: Timestamp,
        /// When it becomes inactive.
        until: Timestamp,
    },
    /// Not heard for so long that consumers don't find it.
    Inactive {
        /// When it was heard last.
        since: Timestamp,
    },
}

impl Liveness {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Silent { .. } => "silent",
            Self::Inactive { .. } => "inactive",
        }
    }

    /// When it was heard last; nothing where it is heard.
    pub fn since(self) -> Option<Timestamp> {
        match self {
            Self::Active => None,
            Self::Silent { since, .. } | Self::Inactive { since } => Some(since),
        }
    }
}

/// A tombstone that still hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// Since when.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Tombstone {
    /// How much is left of it.
    pub fn left(&self, now: Timestamp) -> Duration {
        self.until.since(now)
    }

    /// How much is left, in thousandths.
    pub fn permille_left(&self, now: Timestamp) -> u64 {
        let whole = millis(self.until.since(self.at));
        (millis(self.left(now)) * 1_000).checked_div(whole).unwrap_or_default().min(1_000)
    }
}

/// What one claim's silence means now.
pub fn liveness(silent_since: Option<Timestamp>, lifetimes: &Lifetimes, now: Timestamp) -> Liveness {
    match silent_since {
        None => Liveness::Active,
        Some(since) if lifetimes.is_active(Some(since), now) => {
            Liveness::Silent { since, until: since.plus(lifetimes.inactive_producer_timeout) }
        }
        Some(since) => Liveness::Inactive { since },
    }
}

/// The tombstone, if it has not ended.
pub fn tombstone(tombstoned_at: Option<Timestamp>, lifetimes: &Lifetimes, now: Timestamp) -> Option<Tombstone> {
    let at = tombstoned_at.filter(|_| lifetimes.is_tombstoned(tombstoned_at, now))?;
    Some(Tombstone { at, until: at.plus(lifetimes.tombstone_lifetime) })
}

/// One claim of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerRow {
    /// Who.
    pub node: Node,
    /// How it is announced.
    pub via: Via,
    /// What it says of itself.
    pub info: ProducerInfo,
    /// Whether it is heard.
    pub liveness: Liveness,
    /// What hides it under the topic.
    pub tombstone: Option<Tombstone>,
}

impl ProducerRow {
    /// The claim as it stands now.
    pub fn of(producer: &Producer<'_>, lifetimes: &Lifetimes, now: Timestamp) -> Self {
        Self {
            node: producer.node().clone(),
            via: producer.via().clone(),
            info: producer.info.clone(),
            liveness: liveness(producer.silent_since, lifetimes, now),
            tombstone: tombstone(producer.tombstoned_at, lifetimes, now),
        }
    }

    /// Whether consumers of the topic find it.
    pub fn is_visible(&self) -> bool {
        self.tombstone.is_none() && !matches!(self.liveness, Liveness::Inactive { .. })
    }
}

/// The columns that producers are ordered by.
pub const PRODUCER_COLUMNS: [&str; 7] = ["node", "state", "hostname", "version", "zone", "region", "via"];

/// The places of `rows` in order.
pub fn sort_producers(rows: &[ProducerRow], order: Order) -> Vec<usize> {
    let mut places: Vec<usize> = (0..rows.len()).collect();
    let hidden = |row: &ProducerRow| row.tombstone.map(|tombstone| tombstone.until);
    order.sort(&mut places, &|a, b| {
        let (left, right) = (&rows[a], &rows[b]);
        match order.key {
            "state" => (hidden(left), left.liveness).cmp(&(hidden(right), right.liveness)),
            "via" => left.via.cmp(&right.via),
            key => said(&left.info, key).cmp(said(&right.info, key)),
        }
    });
    places
}

/// What a producer says of itself, by the key of its column; nothing for any other key.
pub(super) fn said<'a>(info: &'a ProducerInfo, key: &str) -> &'a str {
    match key {
        "hostname" => &info.hostname,
        "version" => &info.version,
        "zone" => &info.topology_zone,
        "region" => &info.topology_region,
        _ => "",
    }
}

/// All claims that serve a topic, by node.
pub fn producer_rows(topic: &TopicEntry<'_>, lifetimes: &Lifetimes, now: Timestamp) -> Vec<ProducerRow> {
    topic.producers().map(|producer| ProducerRow::of(&producer, lifetimes, now)).collect()
}

/// All claims that serve a channel, by node; `None` where there is no such channel.
pub fn channel_producer_rows(
    registry: &Registry,
    topic: &str,
    channel: &str,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> Option<Vec<ProducerRow>> {
    let producers = registry.topic(topic)?.channel_producers(channel)?;
    Some(producers.map(|producer| ProducerRow::of(&producer, lifetimes, now)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{Fixture, at};

    #[test]
    fn silence_runs_into_inactivity() {
        let lifetimes = Lifetimes::default();
        assert_eq!(liveness(None, &lifetimes, at(9)), Liveness::Active);
        let silent = Liveness::Silent { since: at(10), until: at(310) };
        assert_eq!(liveness(Some(at(10)), &lifetimes, at(310)), silent);
        assert_eq!(liveness(Some(at(10)), &lifetimes, at(311)), Liveness::Inactive { since: at(10) });
    }

    #[test]
    fn a_tombstone_runs_out() {
        let lifetimes = Lifetimes::default();
        let running = tombstone(Some(at(100)), &lifetimes, at(110)).unwrap();
        assert_eq!(running, Tombstone { at: at(100), until: at(145) });
        assert_eq!(running.left(at(110)).as_secs(), 35);
        assert_eq!(running.permille_left(at(110)), 777);
        assert_eq!(running.permille_left(at(50)), 1_000, "a clock that stepped back");
        assert_eq!(running.permille_left(at(200)), 0);
        assert_eq!(tombstone(Some(at(100)), &lifetimes, at(145)), None);
        assert_eq!(tombstone(None, &lifetimes, at(145)), None);
    }

    #[test]
    fn producers_are_ordered_by_what_they_say_and_how_they_stand() {
        let fixture = Fixture::new()
            .serves("a:1", "orders", &[])
            .serves("b:1", "orders", &[])
            .serves("c:1", "orders", &[])
            .serves_via("c:1", &Via::Tcp, "orders", &[])
            .silent("a:1", 10)
            .tombstoned("orders", "b:1", 20);
        let rows = fixture
            .read(30, |registry, lifetimes, now| producer_rows(&registry.topic("orders").unwrap(), lifetimes, now));
        let ordered = |by| {
            let places = sort_producers(&rows, Order::parse(by, &PRODUCER_COLUMNS)).into_iter();
            places.map(|place| format!("{} {}", rows[place].node, rows[place].via)).collect::<Vec<_>>()
        };
        assert_eq!(ordered(""), ["a:1 http", "b:1 http", "c:1 http", "c:1 tcp"]);
        assert_eq!(ordered("state"), ["c:1 http", "c:1 tcp", "a:1 http", "b:1 http"]);
        assert_eq!(ordered("-via"), ["c:1 tcp", "a:1 http", "b:1 http", "c:1 http"]);
        assert_eq!(ordered("-hostname"), ["c:1 http", "c:1 tcp", "b:1 http", "a:1 http"]);
    }

    #[test]
    fn a_topics_producers_stand_as_consumers_see_them() {
        let fixture = Fixture::new()
            .serves("a:1", "orders", &["audit"])
            .serves("b:1", "orders", &[])
            .silent("b:1", 10)
            .tombstoned("orders", "a:1", 20);
        let rows = fixture
            .read(30, |registry, lifetimes, now| producer_rows(&registry.topic("orders").unwrap(), lifetimes, now));
        assert_eq!(rows.iter().map(|row| row.node.to_string()).collect::<Vec<_>>(), ["a:1", "b:1"]);
        assert!(!rows[0].is_visible(), "tombstoned");
        assert!(rows[1].is_visible(), "silent, not yet inactive");
        let served = fixture.read(30, |registry, lifetimes, now| {
            channel_producer_rows(registry, "orders", "audit", lifetimes, now).map(|rows| rows.len())
        });
        assert_eq!(served, Some(1));
    }
}
