//! What the leader decided, and the one codec of log, wire and snapshot.
//!
//! The bytes are [postcard](https://postcard.jamesmunns.com/wire-format)'s: integers as varints, texts and lists after
//! their length, a variant by its index. So a new variant goes to the end, and a field is never inserted: anything else
//! is a new [`FORMAT`].

use alloc::{vec, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::xxh64;

use crate::{
    name::{ChannelName, TopicName},
    producer::{ClaimKey, Lifetimes, Node, ProducerInfo},
    time::Timestamp,
};

/// The number of the stored form. Readers refuse any other but the one before it.
pub const FORMAT: u16 = 1;

/// The largest batch and the largest part of a snapshot, in bytes: half of the 2 MB that SQLite on the edge takes a row.
pub const MAX_STORED_LENGTH: usize = 1 << 20;

/// How many batches led to a state; the first batch makes revision 1.
pub type Revision = u64;

/// Topics with their channels, as a producer announces them.
pub type Topics = Vec<(TopicName, Vec<ChannelName>)>;

/// One thing that the leader decided. What follows from it is computed where it is applied, so it is as large as the
/// command it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// Why stored bytes can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Written by a release whose format this one doesn't read.
    UnknownFormat(u16),
    /// Cut, flipped, or never ours.
    Damaged,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFormat(format) => write!(f, "format {format}, where this release reads {FORMAT}"),
            Self::Damaged => f.write_str("damaged"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// What one command changed: stored, sent and applied whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The revision that it leads to.
    pub revision: Revision,
    /// When it was decided. Never falls from one batch to the next.
    pub at: Timestamp,
    /// In this order.
    pub changes: Vec<Change>,
}

impl Batch {
    /// The batch as it is stored and sent.
    pub fn encode(&self) -> Vec<u8> {
        encode(&(FORMAT, self.revision, self.at, &self.changes))
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`DecodeError`], also for bytes after the batch's end.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (revision, at, changes) = decode(bytes)?;
        Ok(Self { revision, at, changes })
    }
}

/// The running check over all batches of a history: `check(n) = hash64(check(n−1) ‖ bytes(n))`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check(u64);

impl Check {
    /// The check after one more batch.
    #[must_use]
    pub fn next(self, batch: &[u8]) -> Self {
        // The previous check is the hash's seed, which costs no copy of the bytes.
        Self(xxh64(batch, self.0))
    }

    /// As it is stored beside a batch.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }
}

/// A place in one history, `revision-check`. Opaque to whoever holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// How many batches led here.
    pub revision: Revision,
    /// Which ones.
    pub check: Check,
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCursor;

impl fmt::Display for InvalidCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cursor that an earlier answer gave")
    }
}

impl core::error::Error for InvalidCursor {}

impl Cursor {
    /// Reads what [`Display`](fmt::Display) writes.
    ///
    /// # Errors
    /// [`InvalidCursor`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidCursor> {
        let (revision, check) = text.split_once('-').ok_or(InvalidCursor)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if check.len() != 16 || !digits(check) || !digits(revision) {
            return Err(InvalidCursor);
        }
        Ok(Self {
            revision: revision.parse().map_err(|_| InvalidCursor)?,
            check: Check(u64::from_str_radix(check, 16).map_err(|_| InvalidCursor)?),
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.revision, self.check.0)
    }
}

/// One part of a snapshot: applied in order to an empty registry, all parts lead to the state at `cursor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPart {
    /// The place in the history that the whole snapshot stands for.
    pub cursor: Cursor,
    /// The time of the last batch in it.
    pub at: Timestamp,
    /// This part's place, from 0.
    pub part: u32,
    /// How many parts there are.
    pub parts: u32,
    /// What leads to its share of the state.
    pub changes: Vec<Change>,
}

impl SnapshotPart {
    /// The part as it is stored and sent, a hash of itself at its end.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = encode(&(FORMAT, self.cursor, self.at, self.part, self.parts, &self.changes));
        bytes.extend(xxh64(&bytes, 0).to_be_bytes());
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`DecodeError`]; a single flipped bit is [`DecodeError::Damaged`], unless it is in the format's number.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (content, hash) = bytes.split_last_chunk::<8>().ok_or(DecodeError::Damaged)?;
        let (cursor, at, part, parts, changes) = decode(content)?;
        if xxh64(content, 0).to_be_bytes() != *hash {
            return Err(DecodeError::Damaged);
        }
        Ok(Self { cursor, at, part, parts, changes })
    }
}

/// What brings a replica up to date: the body of `/v1/snapshot` and `/v1/changes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchUp {
    /// The leader's clock as it answered.
    pub now: Timestamp,
    /// How long producers and tombstones live there.
    pub lifetimes: Lifetimes,
    /// Where it leads.
    pub cursor: Cursor,
    /// Whether it begins anew: then whoever follows it drops what he holds.
    pub anew: bool,
    /// The encoded parts of a snapshot; only where it begins anew, and possibly none.
    pub snapshot: Vec<Vec<u8>>,
    /// The encoded batches that follow, oldest first.
    pub batches: Vec<Vec<u8>>,
}

impl CatchUp {
    /// The body.
    pub fn encode(&self) -> Vec<u8> {
        let Self { now, lifetimes, cursor, anew, snapshot, batches } = self;
        encode(&(FORMAT, now, lifetimes, cursor, anew, snapshot, batches))
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`DecodeError`], also for bytes after its end.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (now, lifetimes, cursor, anew, snapshot, batches) = decode(bytes)?;
        Ok(Self { now, lifetimes, cursor, anew, snapshot, batches })
    }
}

pub(crate) fn encode(value: &impl Serialize) -> Vec<u8> {
    // postcard fails only where its output is bounded or a length is unknown; neither is so here.
    #[expect(clippy::expect_used, reason = "a Vec takes every byte, and every length is known")]
    postcard::to_extend(value, vec![]).expect("postcard into a Vec")
}

pub(crate) fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    let (format, rest) = postcard::take_from_bytes::<u16>(bytes).map_err(|_| DecodeError::Damaged)?;
    if format != FORMAT {
        return Err(DecodeError::UnknownFormat(format));
    }
    match postcard::take_from_bytes(rest) {
        Ok((value, [])) => Ok(value),
        _ => Err(DecodeError::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU16;
    use std::string::{String, ToString};

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
            Change::TombstoneForgotten { topic, node },
        ]
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| std::format!("{byte:02x}")).collect()
    }

    /// Stored bytes outlive releases: whoever changes these must read the old ones too, under a new number.
    #[test]
    fn format_is_unchanged() {
        let batch =
            Batch { revision: 300, at: Timestamp::from_millis(1_700_000_000_000), changes: one_of_each_change() };
        let claim = "0a5b3a3a315d3a343135310468747470";
        let info = "0a31302e302e302e313a350168033a3a31b620b72005312e332e30017a00";
        let channel = "0b6323657068656d6572616c";
        let expected = [
            "01",
            "ac02",
            "80d095ffbc31",
            "0d",
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
        assert_eq!(hex(&batch.encode()), expected);
        assert_eq!(Batch::decode(&batch.encode()), Ok(batch));
    }

    #[test]
    fn snapshot_format_is_unchanged() {
        let cursor = Cursor { revision: 2, check: Check(0x0102) };
        let topic = TopicName::parse("t").unwrap();
        let changes = vec![Change::TopicCreated { topic }];
        let part = SnapshotPart { cursor, at: Timestamp::from_millis(5), part: 0, parts: 1, changes };
        assert_eq!(hex(&part.encode()), "01028202050001010001741013a58dfa025006");
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
        let cursor = Cursor { revision: 42, check: Check(0xabc) };
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
        assert_eq!(Batch::decode(&[2, 1, 1, 0]), Err(DecodeError::UnknownFormat(2)));

        let cursor = Cursor { revision: 1, check: Check(1) };
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
