//! One node in full.

use lookupd_core::{Lifetimes, Node, Registry, Timestamp};

use super::{ProducerRow, Tombstone, tombstone};

/// A topic that a node serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedTopic {
    /// Its name.
    pub name: String,
    /// Those of its channels that the node has, by name.
    pub channels: Vec<String>,
    /// What hides the node there.
    pub tombstone: Option<Tombstone>,
}

/// All claims of a node, and all that they serve by name; `None` where nobody announces such a node.
pub fn node_detail(
    registry: &Registry,
    node: &Node,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> Option<(Vec<ProducerRow>, Vec<ServedTopic>)> {
    let claims: Vec<_> = registry.claims().filter(|claim| claim.node() == node).collect();
    if claims.is_empty() {
        return None;
    }
    let mut topics: Vec<ServedTopic> = Vec::new();
    for claim in &claims {
        for registration in registry.lookup_registrations(claim.key) {
            if registration.key.is_empty() {
                continue;
            }
            let place = match topics.binary_search_by(|topic| topic.name.as_str().cmp(registration.key)) {
                Ok(place) => place,
                Err(place) => {
                    let hidden = tombstone(registry.tombstoned_at(registration.key, node), lifetimes, now);
                    let name = registration.key.to_owned();
                    topics.insert(place, ServedTopic { name, channels: Vec::new(), tombstone: hidden });
                    place
                }
            };
            let channels = &mut topics[place].channels;
            if !registration.subkey.is_empty()
                && let Err(gap) = channels.binary_search_by(|name| name.as_str().cmp(registration.subkey))
            {
                channels.insert(gap, registration.subkey.to_owned());
            }
        }
    }
    Some((claims.iter().map(|claim| ProducerRow::of(claim, lifetimes, now)).collect(), topics))
}

#[cfg(test)]
mod tests {
    use lookupd_core::Via;

    use super::*;
    use crate::view::testing::Fixture;

    #[test]
    fn a_nodes_claims_serve_together() {
        let fixture = Fixture::new()
            .serves("[::1]:4151", "orders", &["mail"])
            .serves_via("[::1]:4151", &Via::Tcp, "orders", &["audit"])
            .serves_via("[::1]:4151", &Via::Tcp, "clicks#ephemeral", &[])
            .serves("other:1", "payments", &[])
            .tombstoned("orders", "[::1]:4151", 20);
        let node = Node::parse("::1:4151").unwrap();
        let (claims, topics) =
            fixture.read(30, |registry, lifetimes, now| node_detail(registry, &node, lifetimes, now)).unwrap();
        assert_eq!(claims.iter().map(|claim| claim.via.to_string()).collect::<Vec<_>>(), ["http", "tcp"]);
        let names: Vec<_> = topics.iter().map(|topic| (topic.name.as_str(), topic.tombstone.is_some())).collect();
        assert_eq!(names, [("clicks#ephemeral", false), ("orders", true)]);
        assert_eq!(topics[1].channels, ["audit", "mail"]);
        let unknown = Node::parse("nobody:1").unwrap();
        assert_eq!(fixture.read(30, |registry, lifetimes, now| node_detail(registry, &unknown, lifetimes, now)), None);
    }
}
