//! What is said on a stream.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    change::{Check, Cursor, DecodeError, Revision, decode, encode, encode_with_completions},
    command::Refusal,
    name::{ChannelName, TopicName},
    producer::{Lifetimes, Node, ProducerInfo},
    store::LogEntry,
    time::Timestamp,
};

/// The longest message that either end takes: one that is longer closes the stream.
pub const MAX_MESSAGE_LENGTH: usize = 1 << 20;

/// The longest batch that is pushed: of a longer one, followers are only told that it is there. What waits for one that
/// reads slowly is bounded by its home, in messages.
pub const MAX_PUSH_LENGTH: usize = 64 << 10;

/// The most bytes of why something couldn't be done: it is stored, and shown to a person.
pub const MAX_PROBLEM_LENGTH: usize = 1_000;

/// What a leader says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToFollower {
    /// A batch.
    Batch {
        /// As it is stored.
        bytes: Vec<u8>,
        /// The check after it, so that it follows on its own history alone.
        check: Check,
    },
    /// The leader is there now: ask for what leads there.
    Doorbell {
        /// Where.
        revision: Revision,
    },
    /// Where the leader stands, said from time to time.
    Beacon {
        /// Where.
        cursor: Cursor,
        /// Its clock.
        now: Timestamp,
        /// How long producers and tombstones live there.
        lifetimes: Lifetimes,
    },
    /// Too much happened to be pushed: ask.
    Resync,
    /// Everything that the agent said up to this number is stored.
    Acknowledged {
        /// The number.
        through: u64,
    },
    /// What the agent said under this number is not done, and won't be.
    Refused(Refused),
}

/// What wasn't done, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The number that it was said under.
    pub sequence: u64,
    /// Whom it was about, where about one.
    pub node: Option<Node>,
    /// Whether the leader doesn't know the node, and would if it were announced.
    pub is_unknown: bool,
    /// Why, in a sentence.
    pub reason: String,
}

impl Refused {
    pub(super) fn new(sequence: u64, node: Option<Node>, refusal: Refusal) -> Self {
        Self { sequence, node, is_unknown: refusal == Refusal::UnknownClaim, reason: refusal.to_string() }
    }
}

impl ToFollower {
    /// The push of a stored batch.
    pub(crate) fn of_batch(entry: LogEntry) -> Self {
        let LogEntry { revision, check, bytes, .. } = entry;
        if bytes.len() > MAX_PUSH_LENGTH { Self::Doorbell { revision } } else { Self::Batch { bytes, check } }
    }

    /// The message as it is sent.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_bounded(bytes)
    }
}

/// What an agent says. Times are ages: the two clocks needn't agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToLeader {
    /// The node is there and serves this.
    Announce {
        /// What it says of itself.
        info: ProducerInfo,
        /// What it serves.
        topics: BTreeMap<TopicName, BTreeSet<ChannelName>>,
        /// Whether that is all: then what it served and doesn't name is over. An nsqd that has just come back hasn't said
        /// all yet.
        complete: bool,
        /// For how long nothing was heard of it, where that is long: saying it again is no heartbeat.
        silent: Option<Duration>,
    },
    /// The node serves this no longer, and then serves that too. Says nothing where it was only heard again.
    Update {
        /// Which one.
        node: Node,
        /// What it asked to be taken off, topics or a channel of one.
        unregister: Vec<(TopicName, Option<ChannelName>)>,
        /// What it serves beside what it served.
        register: BTreeMap<TopicName, BTreeSet<ChannelName>>,
    },
    /// The node is gone.
    Leave {
        /// Which one.
        node: Node,
    },
    /// The node's connection is there, and nothing was heard on it.
    Silent {
        /// Which one.
        node: Node,
        /// For how long.
        age: Duration,
    },
    /// All that there is was announced on this stream.
    Settled {
        /// Whom the agent speaks for: what it announced in this life of any other is over.
        nodes: BTreeSet<Node>,
    },
    /// A tombstone was to be completed, and the node's nsqd asked to delete the topic.
    Completed {
        /// Whose nsqd.
        node: Node,
        /// The topic.
        topic: TopicName,
        /// Why it isn't deleted, in a sentence; nothing where it is.
        problem: Option<String>,
    },
}

impl ToLeader {
    /// The message as it is sent under this number, which is one more than the last on the stream, from 1.
    pub fn encode(&self, sequence: u64) -> Vec<u8> {
        encode_with_completions(matches!(self, Self::Completed { .. }), &(sequence, self))
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`DecodeError`], also for what no producer can have said of itself: it would be stored, and not be read again.
    pub fn decode(bytes: &[u8]) -> Result<(u64, Self), DecodeError> {
        match decode_bounded(bytes)? {
            (_, Self::Announce { info, .. }) if !info.is_sound() => Err(DecodeError::Damaged),
            (_, Self::Completed { problem: Some(problem), .. }) if problem.len() > MAX_PROBLEM_LENGTH => {
                Err(DecodeError::Damaged)
            }
            numbered => Ok(numbered),
        }
    }

    /// Whom it is about, where about one.
    pub(super) fn node(&self) -> Option<Node> {
        match self {
            Self::Announce { info, .. } => Some(info.node()),
            Self::Update { node, .. }
            | Self::Leave { node }
            | Self::Silent { node, .. }
            | Self::Completed { node, .. } => Some(node.clone()),
            Self::Settled { .. } => None,
        }
    }
}

fn decode_bounded<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    if bytes.len() > MAX_MESSAGE_LENGTH { Err(DecodeError::Damaged) } else { decode(bytes) }
}
