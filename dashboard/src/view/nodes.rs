//! The table of nodes.

use lookupd_core::{Lifetimes, Node, ProducerInfo, Registry, Timestamp, Via};

use super::{Liveness, Order, liveness, producers::said, topics::contains};

/// A node in one line: all its claims together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Who.
    pub node: Node,
    /// Its name as text, which is what is searched and linked.
    pub name: String,
    /// What it says of itself: the liveliest claim's words, among equals those announced latest.
    pub info: ProducerInfo,
    /// The ways in which it is announced.
    pub via: Vec<Via>,
    /// The best of its claims'.
    pub liveness: Liveness,
    /// How many topics it serves.
    pub topics: usize,
    /// In how many of them a tombstone hides it.
    pub tombstoned: usize,
}

/// Which nodes are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// Heard.
    Active,
    /// Not heard of late.
    Silent,
    /// Not heard for so long that consumers don't find it.
    Inactive,
    /// Hidden in a topic.
    Tombstoned,
}

impl NodeState {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Active, Self::Silent, Self::Inactive, Self::Tombstoned];

    /// As a link says it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Silent => "silent",
            Self::Inactive => "inactive",
            Self::Tombstoned => "tombstoned",
        }
    }

    /// As people say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Silent => "Silent",
            Self::Inactive => "Inactive",
            Self::Tombstoned => "Tombstoned",
        }
    }

    /// Reads a link's word; anything else is no filter.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.key() == text)
    }

    fn has(self, row: &NodeRow) -> bool {
        match self {
            Self::Active => row.liveness == Liveness::Active,
            Self::Silent => matches!(row.liveness, Liveness::Silent { .. }),
            Self::Inactive => matches!(row.liveness, Liveness::Inactive { .. }),
            Self::Tombstoned => row.tombstoned > 0,
        }
    }
}

/// All nodes by address and port, those that are inactive too.
pub fn node_rows(registry: &Registry, lifetimes: &Lifetimes, now: Timestamp) -> Vec<NodeRow> {
    let mut rows: Vec<NodeRow> = Vec::new();
    let mut announced = 0;
    for claim in registry.claims() {
        let alive = liveness(claim.silent_since, lifetimes, now);
        match rows.last_mut().filter(|row| row.node == *claim.node()) {
            Some(row) => {
                row.via.push(claim.via().clone());
                if (alive, announced) < (row.liveness, claim.announced) {
                    row.info = claim.info.clone();
                    announced = claim.announced;
                }
                row.liveness = row.liveness.min(alive);
            }
            None => {
                announced = claim.announced;
                rows.push(NodeRow {
                    node: claim.node().clone(),
                    name: claim.node().to_string(),
                    info: claim.info.clone(),
                    via: vec![claim.via().clone()],
                    liveness: alive,
                    topics: 0,
                    tombstoned: 0,
                });
            }
        }
    }
    for topic in registry.topics() {
        let mut last = None;
        for producer in topic.producers().filter(|producer| last.replace(producer.node()) != Some(producer.node())) {
            if let Ok(place) = rows.binary_search_by(|row| row.node.cmp(producer.node())) {
                rows[place].topics += 1;
                rows[place].tombstoned += usize::from(producer.is_tombstoned(lifetimes, now));
            }
        }
    }
    rows
}

/// The columns that nodes are ordered by.
pub const NODE_COLUMNS: [&str; 8] = ["node", "state", "heard", "hostname", "version", "zone", "region", "topics"];

/// Those of `rows` where node, hostname, version, zone or region contain `search` (in any case) and that are in
/// `state`, by place and in order.
pub fn find_nodes(rows: &[NodeRow], search: &str, state: Option<NodeState>, order: Order) -> Vec<usize> {
    let search = search.trim().to_ascii_lowercase();
    let matches = |row: &NodeRow| {
        let info = &row.info;
        [&*row.name, &info.hostname, &info.version, &info.topology_zone, &info.topology_region]
            .iter()
            .any(|text| contains(text, &search))
    };
    let mut found: Vec<usize> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| state.is_none_or(|state| state.has(row)) && matches(row))
        .map(|(place, _)| place)
        .collect();
    order.sort(&mut found, &|a, b| {
        let (left, right) = (&rows[a], &rows[b]);
        match order.key {
            "state" => (left.liveness, left.tombstoned).cmp(&(right.liveness, right.tombstoned)),
            // Who is heard was heard last.
            "heard" => (left.liveness.since().is_none(), left.liveness.since())
                .cmp(&(right.liveness.since().is_none(), right.liveness.since())),
            "topics" => left.topics.cmp(&right.topics),
            "node" => a.cmp(&b),
            key => said(&left.info, key).cmp(said(&right.info, key)),
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::Fixture;

    fn rows() -> Vec<NodeRow> {
        Fixture::new()
            .serves("a:1", "orders", &[])
            .serves_via("a:1", &Via::Tcp, "orders", &[])
            .serves_via("a:1", &Via::Tcp, "payments", &[])
            .serves("[::1]:4151", "orders", &[])
            .serves("old:1", "orders", &[])
            .silent("a:1", 10)
            .silent("old:1", 0)
            .tombstoned("orders", "[::1]:4151", 290)
            .read(305, node_rows)
    }

    #[test]
    fn a_nodes_claims_are_one_row() {
        let rows = rows();
        let names: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.topics, row.tombstoned)).collect();
        assert_eq!(names, [("[::1]:4151", 1, 1), ("a:1", 2, 0), ("old:1", 1, 0)]);
        assert_eq!(rows[1].via, [Via::Http, Via::Tcp]);
        assert_eq!(rows[1].liveness, Liveness::Active, "one of its claims is heard");
    }

    #[test]
    fn nodes_are_found_by_what_they_say_and_by_state() {
        let rows = rows();
        let names = |search, state, order| -> Vec<&str> {
            find_nodes(&rows, search, state, Order::parse(order, &NODE_COLUMNS))
                .into_iter()
                .map(|place| rows[place].name.as_str())
                .collect()
        };
        assert_eq!(names("", None, "-topics"), ["a:1", "[::1]:4151", "old:1"]);
        assert_eq!(names("", None, "heard"), ["old:1", "[::1]:4151", "a:1"], "who is heard comes last");
        assert_eq!(names("", None, "-state"), ["old:1", "[::1]:4151", "a:1"]);
        assert_eq!(names("", None, "-hostname"), ["old:1", "a:1", "[::1]:4151"]);
        assert_eq!(names("HOST-OLD", None, ""), ["old:1"]);
        assert_eq!(names("zone-1", None, "").len(), 3);
        assert_eq!(names("", Some(NodeState::Inactive), ""), ["old:1"]);
        assert_eq!(names("", Some(NodeState::Tombstoned), ""), ["[::1]:4151"]);
        assert_eq!(names("", Some(NodeState::Active), ""), ["[::1]:4151", "a:1"]);
        assert_eq!(names("", Some(NodeState::Silent), ""), [""; 0]);
    }
}
