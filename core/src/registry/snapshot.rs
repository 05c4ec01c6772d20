//! The shortest list of changes that leads to a state, in parts, and back.

use alloc::{vec, vec::Vec};

use super::{Claim, Registry};
use crate::{
    change::{Change, Cursor, DecodeError, MAX_STORED_LENGTH, SnapshotPart, Topics},
    name::{ChannelName, TopicName},
};

impl Registry {
    /// The state as the encoded parts of a snapshot, each at most [`MAX_STORED_LENGTH`]. Equal states give equal bytes.
    ///
    /// `cursor` is the place in the history that the state stands for; its revision is the registry's.
    pub fn snapshot(&self, cursor: Cursor) -> Vec<Vec<u8>> {
        let mut parts = vec![vec![]];
        let mut length = 0;
        for change in self.shortest_history() {
            let more = longest_encoding(&change);
            if length + more > MAX_STORED_LENGTH - PART_HEADER {
                parts.push(vec![]);
                length = 0;
            }
            length += more;
            if let Some(part) = parts.last_mut() {
                part.push(change);
            }
        }
        let count = parts.len() as u32;
        let at = self.at;
        let part = |(place, changes)| SnapshotPart { cursor, at, part: place, parts: count, changes };
        (0..).zip(parts).map(|numbered| part(numbered).encode()).collect()
    }

    /// The state that all parts of one snapshot, in order, lead to, and its place in the history.
    ///
    /// # Errors
    /// [`DecodeError`]; parts that are missing, twice, or of different snapshots are [`DecodeError::Damaged`].
    pub fn from_snapshot<T: AsRef<[u8]>>(parts: &[T]) -> Result<(Self, Cursor), DecodeError> {
        let mut registry = Self::default();
        let mut cursor = None;
        for (place, bytes) in (0..).zip(parts) {
            let part = SnapshotPart::decode(bytes.as_ref())?;
            let whole = part.part == place && part.parts as usize == parts.len();
            if !whole || *cursor.get_or_insert(part.cursor) != part.cursor {
                return Err(DecodeError::Damaged);
            }
            registry.revision = part.cursor.revision;
            registry.at = part.at;
            for change in &part.changes {
                registry.apply_change(change);
            }
        }
        cursor.map(|cursor| (registry, cursor)).ok_or(DecodeError::Damaged)
    }

    fn shortest_history(&self) -> impl Iterator<Item = Change> {
        let claims = || self.claims_by_key.values().map(|&id| &self.claims[id as usize]);
        let announced = move |confirmed| {
            claims().filter(move |claim| claim.confirmed == confirmed).flat_map(|claim| self.announced_in_pieces(claim))
        };
        // What was announced before its agent started is what it hasn't confirmed since.
        let started = self.agents().filter_map(|agent| {
            let (agent, incarnation) = (agent.id.clone(), agent.incarnation?);
            Some(Change::AgentStarted { agent, incarnation, since: self.at })
        });
        let silent = claims()
            .filter_map(|claim| claim.silent_since.map(|since| Change::Silent { claim: claim.key.clone(), since }));
        let silent_agents = self
            .agents()
            .filter_map(|agent| agent.silent_since.map(|since| Change::AgentSilent { agent: agent.id.clone(), since }));
        let tombstones = self.tombstones().map(|(topic, node, at)| Change::Tombstoned {
            topic: topic.clone(),
            node: node.clone(),
            at,
        });
        announced(false)
            .chain(started)
            .chain(announced(true))
            .chain(silent)
            .chain(silent_agents)
            .chain(self.unserved_names())
            .chain(tombstones)
    }

    fn announced_in_pieces(&self, claim: &Claim) -> Vec<Change> {
        let mut pieces: Vec<Topics> = vec![vec![]];
        let mut length = 0;
        for name in &claim.topics {
            let channels: Vec<_> = self.channels_served(&claim.key, name).cloned().collect();
            let more = longest_topic(name, &channels);
            if length + more > PIECE_LENGTH {
                pieces.push(vec![]);
                length = 0;
            }
            length += more;
            if let Some(piece) = pieces.last_mut() {
                piece.push((name.clone(), channels));
            }
        }
        let mut pieces = pieces.into_iter();
        let first = pieces.next().unwrap_or_default();
        let Claim { key, info, announced, .. } = claim;
        let head = Change::Announced { claim: key.clone(), info: info.clone(), announced: *announced, topics: first };
        let rest = pieces.map(|topics| Change::Registered { claim: key.clone(), topics });
        core::iter::once(head).chain(rest).collect()
    }

    fn unserved_names(&self) -> impl Iterator<Item = Change> {
        self.topics.iter().flat_map(|(name, topic)| {
            let bare = topic.claims.is_empty() && topic.channels.is_empty();
            let created = bare.then(|| Change::TopicCreated { topic: name.clone() });
            let unserved = topic.channels.iter().filter(|channel| channel.claims.is_empty());
            created.into_iter().chain(
                unserved.map(|channel| Change::ChannelCreated { topic: name.clone(), channel: channel.name.clone() }),
            )
        })
    }
}

/// Of one claim's topics, as much as goes into one change.
const PIECE_LENGTH: usize = MAX_STORED_LENGTH / 4;

/// Room for everything in a part but its changes.
const PART_HEADER: usize = 128;

/// A text's length as a varint takes at most three bytes, as all texts are far below 2 MiB; so does a list's.
const LENGTH: usize = 3;

/// A varint of 64 bits takes at most ten.
const NUMBER: usize = 10;

fn longest_encoding(change: &Change) -> usize {
    let claim = |claim: &crate::producer::ClaimKey| claim.node.broadcast_address().len() + 96;
    match change {
        Change::Announced { claim: key, info, topics, .. } => {
            let texts = [
                &info.remote_address,
                &info.hostname,
                &info.broadcast_address,
                &info.version,
                &info.topology_zone,
                &info.topology_region,
            ];
            let info: usize = texts.iter().map(|text| text.len() + LENGTH).sum();
            claim(key)
                + info
                + 4 * NUMBER
                + topics.iter().map(|(name, channels)| longest_topic(name, channels)).sum::<usize>()
        }
        Change::Registered { claim: key, topics } => {
            claim(key) + NUMBER + topics.iter().map(|(name, channels)| longest_topic(name, channels)).sum::<usize>()
        }
        Change::Silent { claim: key, .. } => claim(key) + NUMBER,
        Change::Tombstoned { node, .. } => node.broadcast_address().len() + 96 + NUMBER,
        // Two names at most.
        _ => 160,
    }
}

fn longest_topic(name: &TopicName, channels: &[ChannelName]) -> usize {
    name.len() + 2 * LENGTH + channels.iter().map(|channel| channel.len() + LENGTH).sum::<usize>()
}
