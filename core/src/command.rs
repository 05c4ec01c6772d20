//! What someone asks of the leader, and why it may refuse.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};
use core::fmt;

use crate::{
    name::{ChannelName, TopicName},
    producer::{AgentId, ClaimKey, Incarnation, Node, ProducerInfo, Via},
    time::Timestamp,
};

/// What someone asks of the leader. Everything in it is already valid by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `POST /topic/create`.
    CreateTopic {
        /// Its name.
        topic: TopicName,
    },
    /// `POST /topic/delete`: with its channels, registrations and tombstones. Holds until a producer registers it again.
    DeleteTopic {
        /// Its name.
        topic: TopicName,
    },
    /// `POST /channel/create`: and its topic.
    CreateChannel {
        /// The topic it is in.
        topic: TopicName,
        /// Its name.
        channel: ChannelName,
    },
    /// `POST /channel/delete`.
    DeleteChannel {
        /// The topic it is in.
        topic: TopicName,
        /// Its name.
        channel: ChannelName,
    },
    /// `POST /topic/tombstone`: hides the node under the topic from now on, where it is registered there.
    Tombstone {
        /// The topic.
        topic: TopicName,
        /// Whom to hide.
        node: Node,
    },
    /// The same with `complete`, where somebody who announces the node speaks with its nsqd: that is to delete the topic too, as
    /// NSQ means a tombstone to end.
    CompleteTombstone {
        /// The topic.
        topic: TopicName,
        /// Whose nsqd.
        node: Node,
    },
    /// What came of that.
    EndCompletion {
        /// Who announces the node.
        claim: ClaimKey,
        /// The topic.
        topic: TopicName,
        /// Why it isn't deleted; nothing where it is.
        problem: Option<String>,
    },
    /// IDENTIFY: the producer exists and says this of itself; what it serves stays.
    Identify {
        /// How it is announced.
        via: Via,
        /// What it says of itself.
        info: ProducerInfo,
    },
    /// IDENTIFY and REGISTER in one, which is how `POST /register?topic=` announces: also serve this.
    Register {
        /// How it is announced.
        via: Via,
        /// What it says of itself.
        info: ProducerInfo,
        /// The topic it serves.
        topic: TopicName,
        /// And this channel of it.
        channel: Option<ChannelName>,
    },
    /// All that a producer serves, at once: what it served and doesn't name is over.
    Announce {
        /// How it is announced.
        via: Via,
        /// What it says of itself.
        info: ProducerInfo,
        /// Everything.
        topics: BTreeMap<TopicName, BTreeSet<ChannelName>>,
    },
    /// UNREGISTER: serve the topic, or this channel of it, no longer. Ends the topic's tombstone with its last claim, and
    /// removes an ephemeral name without producers, whoever asks.
    Unregister {
        /// Whose.
        claim: ClaimKey,
        /// The topic.
        topic: TopicName,
        /// The one channel; without it the topic and all of the claim's channels in it.
        channel: Option<ChannelName>,
    },
    /// The producer is gone, as when its connection ends. Tombstones stay.
    Leave {
        /// Whose.
        claim: ClaimKey,
    },
    /// What a producer that an agent announces serves no longer, and then what it serves too. It asked for each by name, so the
    /// former counts as UNREGISTER does.
    Update {
        /// Whose.
        claim: ClaimKey,
        /// Each topic, or the one channel of it.
        unregister: Vec<(TopicName, Option<ChannelName>)>,
        /// Topics with their channels.
        register: BTreeMap<TopicName, BTreeSet<ChannelName>>,
    },
    /// An agent is there, in this life of it. What it announced in an earlier one is silent until it says so again.
    StartAgent {
        /// Which one.
        agent: AgentId,
        /// Its life.
        incarnation: Incarnation,
    },
    /// An agent has said all: what it announced in this life and doesn't name is over.
    Settle {
        /// Which one.
        agent: AgentId,
        /// The nodes that it speaks for.
        nodes: BTreeSet<Node>,
    },
    /// What the leader itself noticed, or an agent of its claims.
    Sweep {
        /// Claims no longer heard, each with the time it was last heard.
        silent: Vec<(ClaimKey, Timestamp)>,
        /// Agents no longer heard, each with the time it was last heard.
        silent_agents: Vec<(AgentId, Timestamp)>,
        /// Claims that were silent for so long that they are dropped.
        gone: Vec<ClaimKey>,
        /// Agents that were, and announce nothing.
        gone_agents: Vec<AgentId>,
        /// Tombstones that have ended and whose node serves the topic no longer.
        ended: Vec<(TopicName, Node)>,
    },
}

impl Command {
    /// A sweep that found all as it was.
    pub(crate) const NOTHING_TO_SWEEP: Self = Self::Sweep {
        silent: Vec::new(),
        silent_agents: Vec::new(),
        gone: Vec::new(),
        gone_agents: Vec::new(),
        ended: Vec::new(),
    };

    /// The agent falls silent about these claims of its own, or the leader about any.
    pub fn silence(silent: Vec<(ClaimKey, Timestamp)>) -> Self {
        Self::Sweep { silent, silent_agents: Vec::new(), gone: Vec::new(), gone_agents: Vec::new(), ended: Vec::new() }
    }

    /// Whether it hides something from consumers that they were to find before: whoever asked is told only when nobody
    /// who answers from a copy shows it any more.
    pub(crate) fn hides(&self) -> bool {
        matches!(
            self,
            Self::Tombstone { .. }
                | Self::CompleteTombstone { .. }
                | Self::DeleteTopic { .. }
                | Self::DeleteChannel { .. }
        )
    }
}

/// How much a registry holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Topics.
    pub topics: usize,
    /// Channels in one topic.
    pub channels_per_topic: usize,
    /// Claims: producers, counted once for each way in which they are announced.
    pub claims: usize,
    /// Agents.
    pub agents: usize,
    /// A claim's topics and channels, summed over all claims.
    pub registrations: usize,
}

impl Limits {
    /// For an isolate of 128 MB.
    pub const EDGE: Self =
        Self { topics: 20_000, channels_per_topic: 1_000, claims: 10_000, agents: 10_000, registrations: 250_000 };

    /// For a process on a machine of its own.
    pub const NATIVE: Self = Self {
        topics: 1_000_000,
        channels_per_topic: 10_000,
        claims: 100_000,
        agents: 100_000,
        registrations: 50_000_000,
    };
}

/// Which of the [`Limits`] a command would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// [`Limits::topics`].
    Topics,
    /// [`Limits::channels_per_topic`].
    ChannelsPerTopic,
    /// [`Limits::claims`].
    Claims,
    /// [`Limits::agents`].
    Agents,
    /// [`Limits::registrations`].
    Registrations,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Topics => "topics",
            Self::ChannelsPerTopic => "channels in a topic",
            Self::Claims => "producers",
            Self::Agents => "agents",
            Self::Registrations => "registrations",
        })
    }
}

/// Why a command changes nothing although it asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such channel to delete.
    ChannelNotFound,
    /// Nothing is announced under that claim: announce it first.
    UnknownClaim,
    /// Nobody who announces the node speaks with its nsqd.
    NoAgent,
    /// A later life of the agent was seen.
    Superseded {
        /// Which one.
        incarnation: Incarnation,
    },
    /// The registry would hold more than it may.
    Full {
        /// Of what.
        bound: Bound,
        /// How many there may be.
        limit: usize,
    },
    /// The batch would be larger than what is stored at once.
    TooLarge {
        /// The most, in bytes.
        limit: usize,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChannelNotFound => f.write_str("no such channel"),
            Self::UnknownClaim => f.write_str("no such producer"),
            Self::NoAgent => f.write_str("the node is connected to no agent, which alone could ask its nsqd"),
            Self::Superseded { incarnation } => write!(f, "the agent was started again, at {incarnation}"),
            Self::Full { bound, limit } => write!(f, "the registry holds at most {limit} {bound}"),
            Self::TooLarge { limit } => write!(f, "one command changes at most {limit} bytes"),
        }
    }
}

impl core::error::Error for Refusal {}
