//! What the leader decided, and the one codec of log, wire and snapshot.
//!
//! The bytes are [postcard](https://postcard.jamesmunns.com/wire-format)'s: integers as varints, texts and lists after
//! their length, a variant by its index. So a new variant goes to the end, and a field is never inserted. Either way the
//! [`FORMAT`] goes up by one, so that an older release says that it can't read what it must not guess. What it would
//! understand is written under the number that it knows.

mod batch;
mod catch_up;
mod codec;
mod cursor;
mod snapshot_part;

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

pub(crate) use self::codec::{decode, encode, encode_with_completions};
pub use self::{
    batch::{Batch, Revision},
    catch_up::CatchUp,
    codec::{DecodeError, FORMAT, MAX_STORED_LENGTH},
    cursor::{Check, Cursor, InvalidCursor},
    snapshot_part::SnapshotPart,
};
use crate::{
    name::{ChannelName, TopicName},
    producer::{AgentId, ClaimKey, Incarnation, Node, ProducerInfo},
    time::Timestamp,
};

/// Topics with their channels, as a producer announces them.
pub type Topics = Vec<(TopicName, Vec<ChannelName>)>;

/// One thing that the leader decided. What follows from it is computed where it is applied, so it is as large as the
/// command it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
// As it is called in JSON; stored, it is a number.
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The topic exists.
    TopicCreated {
        /// Its name.
        topic: TopicName,
    },
    /// The topic is gone, with its channels, registrations and tombstones.
    TopicDeleted {
        /// Its name.
        topic: TopicName,
    },
    /// The channel exists, and so does its topic.
    ChannelCreated {
        /// The topic it is in.
        topic: TopicName,
        /// Its name.
        channel: ChannelName,
    },
    /// The channel is gone, with its registrations.
    ChannelDeleted {
        /// The topic it was in.
        topic: TopicName,
        /// Its name.
        channel: ChannelName,
    },
    /// The claim exists with this info; its registrations stay as they are.
    Identified {
        /// Whose.
        claim: ClaimKey,
        /// What it now says of itself.
        info: ProducerInfo,
    },
    /// The claim serves these topics and channels too.
    Registered {
        /// Whose.
        claim: ClaimKey,
        /// What it serves beside what it served.
        topics: Topics,
    },
    /// Somebody asked for the claim to serve the topic, or one channel of it, no longer.
    Unregistered {
        /// Whose.
        claim: ClaimKey,
        /// The topic.
        topic: TopicName,
        /// The one channel; without it the topic and all of the claim's channels in it.
        channel: Option<ChannelName>,
    },
    /// The claim is exactly this: info and topics replace what it was.
    Announced {
        /// Whose.
        claim: ClaimKey,
        /// What it says of itself.
        info: ProducerInfo,
        /// The revision at which it said so. In a batch that is the batch's own.
        announced: Revision,
        /// All that it serves.
        topics: Topics,
    },
    /// The claim is gone with its registrations. Tombstones stay.
    Left {
        /// Whose.
        claim: ClaimKey,
    },
    /// The claim was heard for the last time then.
    Silent {
        /// Whose.
        claim: ClaimKey,
        /// When.
        since: Timestamp,
    },
    /// The claim is heard again.
    Heard {
        /// Whose.
        claim: ClaimKey,
    },
    /// Consumers don't find the node under the topic, counted from then.
    Tombstoned {
        /// The topic.
        topic: TopicName,
        /// Who is hidden.
        node: Node,
        /// Since when.
        at: Timestamp,
    },
    /// The tombstone is forgotten.
    TombstoneForgotten {
        /// The topic.
        topic: TopicName,
        /// Who was hidden.
        node: Node,
    },
    /// The agent is there, in this life of it. What it announced in an earlier one is silent until it says so again.
    AgentStarted {
        /// Which one.
        agent: AgentId,
        /// The life that it is in.
        incarnation: Incarnation,
        /// When it was first heard in it.
        since: Timestamp,
    },
    /// The agent was heard for the last time then, and with it everything that it announced.
    AgentSilent {
        /// Which one.
        agent: AgentId,
        /// When.
        since: Timestamp,
    },
    /// The agent is heard again.
    AgentHeard {
        /// Which one.
        agent: AgentId,
    },
    /// The agent is forgotten; it announces nothing any more.
    AgentForgotten {
        /// Which one.
        agent: AgentId,
    },
    /// The agent that the node is connected to is to have its nsqd delete the topic, which is how a tombstone is meant to
    /// end. The state stays as it is: what comes of it, the node says itself.
    CompletionAsked {
        /// The topic.
        topic: TopicName,
        /// Whose nsqd.
        node: Node,
    },
    /// That is over. The state stays as it is.
    CompletionEnded {
        /// The topic.
        topic: TopicName,
        /// Whose nsqd.
        node: Node,
        /// Why the topic isn't deleted, in a sentence; nothing where it is.
        problem: Option<String>,
    },
}

impl Change {
    /// The claim that it is about.
    pub(crate) fn claim(&self) -> Option<&ClaimKey> {
        match self {
            Self::Identified { claim, .. }
            | Self::Registered { claim, .. }
            | Self::Unregistered { claim, .. }
            | Self::Announced { claim, .. }
            | Self::Left { claim }
            | Self::Silent { claim, .. }
            | Self::Heard { claim } => Some(claim),
            _ => None,
        }
    }

    /// The agent that it is about, not one of its claims.
    pub(crate) fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::AgentStarted { agent, .. }
            | Self::AgentSilent { agent, .. }
            | Self::AgentHeard { agent }
            | Self::AgentForgotten { agent } => Some(agent),
            _ => None,
        }
    }

    /// Whether it only tells of a tombstone's completion.
    pub(crate) fn is_of_a_completion(&self) -> bool {
        matches!(self, Self::CompletionAsked { .. } | Self::CompletionEnded { .. })
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU16;
    use std::{string::ToString, vec};

    use super::*;
    use crate::producer::Via;

    fn one_of_each_change() -> Vec<Change> {
        let topic = TopicName::parse("t").unwrap();
        let channel = ChannelName::parse("c#ephemeral").unwrap();
        let info = ProducerInfo {
            remote_address: "10.0.0.1:5".into(),
            hostname: "h".into(),
            broadcast_address: "::1".into(),
            tcp_port: NonZeroU16::new(4150).unwrap(),
            http_port: NonZeroU16::new(4151).unwrap(),
            version: "1.3.0".into(),
            topology_zone: "z".into(),
            topology_region: "".into(),
        };
        let claim = ClaimKey { node: info.node(), via: Via::Http };
        let node = claim.node.clone();
        let agent = AgentId::parse("a").unwrap();
        let at = Timestamp::from_millis(300);
        vec![
            Change::TopicCreated { topic: topic.clone() },
            Change::TopicDeleted { topic: topic.clone() },
            Change::ChannelCreated { topic: topic.clone(), channel: channel.clone() },
            Change::ChannelDeleted { topic: topic.clone(), channel: channel.clone() },
            Change::Identified { claim: claim.clone(), info: info.clone() },
            Change::Registered { claim: claim.clone(), topics: vec![(topic.clone(), vec![channel.clone()])] },
            Change::Unregistered { claim: claim.clone(), topic: topic.clone(), channel: Some(channel) },
            Change::Announced { claim: claim.clone(), info, announced: 7, topics: vec![(topic.clone(), vec![])] },
            Change::Left { claim: claim.clone() },
            Change::Silent { claim: claim.clone(), since: at },
            Change::Heard { claim },
            Change::Tombstoned { topic: topic.clone(), node: node.clone(), at },
            Change::TombstoneForgotten { topic: topic.clone(), node: node.clone() },
            Change::AgentStarted { agent: agent.clone(), incarnation: 300, since: at },
            Change::AgentSilent { agent: agent.clone(), since: at },
            Change::AgentHeard { agent: agent.clone() },
            Change::AgentForgotten { agent },
            Change::CompletionAsked { topic: topic.clone(), node: node.clone() },
            Change::CompletionEnded { topic: topic.clone(), node: node.clone(), problem: None },
            Change::CompletionEnded { topic, node, problem: Some("no".into()) },
        ]
    }

    fn check(number: u64) -> Check {
        Check::from_bytes(number.to_be_bytes())
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| std::format!("{byte:02x}")).collect()
    }

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// Stored bytes outlive releases: whoever changes these must read the old ones too, under a new number.
    #[test]
    fn format_is_unchanged() {
        let mut batch =
            Batch { revision: 300, at: Timestamp::from_millis(1_700_000_000_000), changes: one_of_each_change() };
        let claim = "0a5b3a3a315d3a343135310468747470";
        let info = "0a31302e302e302e313a350168033a3a31b620b72005312e332e30017a00";
        let channel = "0b6323657068656d6572616c";
        let head = ["ac02", "80d095ffbc31"].concat();
        let first_format = [
            "00",
            "0174",
            "01",
            "0174",
            "02",
            "0174",
            channel,
            "03",
            "0174",
            channel,
            "04",
            claim,
            info,
            "05",
            claim,
            "01",
            "0174",
            "01",
            channel,
            "06",
            claim,
            "0174",
            "01",
            channel,
            "07",
            claim,
            info,
            "07",
            "01",
            "0174",
            "00",
            "08",
            claim,
            "09",
            claim,
            "ac02",
            "0a",
            claim,
            "0b",
            "0174",
            "0a5b3a3a315d3a34313531",
            "ac02",
            "0c",
            "0174",
            "0a5b3a3a315d3a34313531",
        ]
        .concat();
        let agents = ["0d", "0161", "ac02", "ac02", "0e", "0161", "ac02", "0f", "0161", "10", "0161"].concat();
        let (topic, node) = ("0174", "0a5b3a3a315d3a34313531");
        let completions = ["11", topic, node, "12", topic, node, "00", "12", topic, node, "01", "026e6f"].concat();
        assert_eq!(hex(&batch.encode()), ["03", &head, "14", &first_format, &agents, &completions].concat());
        assert_eq!(Batch::decode(&batch.encode()), Ok(batch.clone()));
        // What a release before reads is written as that wrote it.
        batch.changes.truncate(17);
        assert_eq!(hex(&batch.encode()), ["02", &head, "11", &first_format, &agents].concat());
        assert_eq!(Batch::decode(&batch.encode()), Ok(batch.clone()));
        // And the one before that.
        let before = ["01", &head, "0d", &first_format].concat();
        batch.changes.truncate(13);
        assert_eq!(Batch::decode(&unhex(&before)), Ok(batch));
    }

    #[test]
    fn snapshot_format_is_unchanged() {
        let cursor = Cursor { revision: 2, check: check(0x0102) };
        let topic = TopicName::parse("t").unwrap();
        let changes = vec![Change::TopicCreated { topic }];
        let part = SnapshotPart { cursor, at: Timestamp::from_millis(5), part: 0, parts: 1, changes };
        assert_eq!(hex(&part.encode()), "020282020500010100017417e1ae1a279b8ed7");
        assert_eq!(SnapshotPart::decode(&part.encode()), Ok(part));
    }

    #[test]
    fn the_check_chains_every_batch() {
        let check = Check::default().next(b"one").next(b"two");
        assert_eq!(Cursor { revision: 2, check }.to_string(), "2-fa843cf2a6af6bb4");
        assert_ne!(check, Check::default().next(b"two").next(b"one"));
        assert_eq!(Check::from_bytes(check.to_bytes()), check);
    }

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        let cursor = Cursor { revision: 42, check: check(0xabc) };
        assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
        for bad in [
            "",
            "42",
            "42-",
            "-0000000000000abc",
            "42-abc",
            "42-000000000000zabc",
            "x-0000000000000abc",
            "+4-0000000000000abc",
            "99999999999999999999-0000000000000abc",
        ] {
            assert_eq!(Cursor::parse(bad), Err(InvalidCursor), "{bad}");
        }
    }

    #[test]
    fn whatever_is_cut_or_flipped_is_damaged() {
        let batch = Batch { revision: 1, at: Timestamp::from_millis(1), changes: one_of_each_change() };
        let bytes = batch.encode();
        for end in 0..bytes.len() {
            assert_eq!(Batch::decode(&bytes[..end]), Err(DecodeError::Damaged), "cut to {end}");
        }
        assert_eq!(Batch::decode(&[&bytes[..], &[0]].concat()), Err(DecodeError::Damaged));
        assert_eq!(Batch::decode(&[4, 1, 1, 0]), Err(DecodeError::UnknownFormat(4)));
        assert_eq!(Batch::decode(&[0xff, 0xff, 3, 1, 1, 0]), Err(DecodeError::UnknownFormat(u16::MAX)));

        let cursor = Cursor { revision: 1, check: check(1) };
        let part = SnapshotPart { cursor, at: batch.at, part: 0, parts: 1, changes: batch.changes }.encode();
        for place in 0..part.len() * 8 {
            let mut flipped = part.clone();
            flipped[place / 8] ^= 1 << (place % 8);
            assert!(SnapshotPart::decode(&flipped).is_err(), "bit {place}");
        }
    }

    #[test]
    fn a_length_that_lies_allocates_nothing_much() {
        // A list of 2⁶³ changes, a text of 2⁶³ bytes.
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(Batch::decode(&[&[1, 1, 1][..], &huge].concat()), Err(DecodeError::Damaged));
        assert_eq!(Batch::decode(&[&[1, 1, 1, 1, 0][..], &huge].concat()), Err(DecodeError::Damaged));
    }

    #[test]
    fn an_invalid_name_cannot_be_decoded() {
        assert!(Batch::decode(&[1, 1, 1, 1, 0, 1, b't']).is_ok());
        assert_eq!(Batch::decode(&[1, 1, 1, 1, 0, 1, b'$']), Err(DecodeError::Damaged));
    }
}
