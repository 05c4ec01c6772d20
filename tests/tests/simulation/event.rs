//! What happens in a run. Drawn before it begins, so that a run can be repeated with some of it left out.

use lookupd_core::{ChannelName, ClaimKey, Command, Node, ProducerInfo, TopicName, Via};
use std::num::NonZeroU16;

use crate::{disk::Failure, random::Random};

pub(crate) const AGENTS: usize = 3;
pub(crate) const ISOLATES: usize = 2;
pub(crate) const FOLLOWERS: usize = 1;
/// Each is connected to the agent of its number, modulo their count. The last ones announce the same node.
pub(crate) const NSQDS: usize = 5;
pub(crate) const TOPICS: [&str; 4] = ["a", "b", "c", "e#ephemeral"];
/// A producer that says this so often of itself makes batches that are not pushed, and the log grow until it is compacted.
pub(crate) const LONG_TEXT: &str = "host";
pub(crate) const LONG_TEXT_TIMES: usize = 17_000;
const CHANNELS: [&str; 2] = ["x", "y#ephemeral"];

/// One thing that happens, so long after the one before.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) after_ms: u64,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Somebody asks an isolate to change something; its connection may break before it is answered.
    Write {
        isolate: usize,
        command: Command,
        answer_lost: bool,
        twice: bool,
    },
    /// Somebody asks an isolate for anything; a cancelled request never resumes.
    Read {
        isolate: usize,
        needs_confirmation: bool,
        cancelled: bool,
    },
    Register {
        nsqd: usize,
        topic: TopicName,
        channel: Option<ChannelName>,
    },
    Unregister {
        nsqd: usize,
        topic: TopicName,
        channel: Option<ChannelName>,
    },
    /// The connection of an nsqd breaks, and its agent learns of it only after the next one began, or at once.
    NsqdReconnects {
        nsqd: usize,
        overlapping: bool,
    },
    NsqdStops {
        nsqd: usize,
    },
    NsqdStarts {
        nsqd: usize,
    },
    NsqdHangs {
        nsqd: usize,
        hangs: bool,
    },
    AgentCrashes {
        agent: usize,
        keeps_replica: bool,
    },
    AgentStarts {
        agent: usize,
    },
    /// Another one with the same id starts elsewhere, beside the first.
    TwinStarts {
        agent: usize,
    },
    AgentSaves {
        agent: usize,
    },
    StreamBreaks {
        agent: usize,
    },
    IsolateStartsAnew {
        isolate: usize,
    },
    LeaderEvicted,
    LeaderRedeployed,
    LeaderAway {
        ms: u64,
    },
    DiskFails(Failure),
    BackUp,
    PutBack,
    ClockStepsBack {
        ms: u64,
    },
    /// From now on, or no longer, what the leader sends is of a format that nobody knows.
    FormatUnknown(bool),
    NetworkSlow(bool),
    Nothing,
}

pub(crate) fn draw(random: &mut Random, count: usize, has_long_texts: bool) -> Vec<Event> {
    (0..count).map(|_| Event { after_ms: draw_time(random), what: draw_what(random, has_long_texts) }).collect()
}

fn draw_time(random: &mut Random) -> u64 {
    match random.below(20) {
        0..8 => random.below(20),
        8..15 => random.below(1_000),
        15..19 => random.below(10_000),
        _ => random.below(200_000),
    }
}

fn draw_what(random: &mut Random, has_long_texts: bool) -> What {
    let agent = random.index(AGENTS);
    let nsqd = random.index(NSQDS);
    let isolate = random.index(ISOLATES);
    match random.below(100) {
        0..22 => What::Write {
            isolate,
            command: draw_command(random, has_long_texts),
            answer_lost: random.once_in(8),
            twice: random.once_in(8),
        },
        22..50 => What::Read { isolate, needs_confirmation: random.once_in(4), cancelled: random.once_in(6) },
        50..62 => What::Register { nsqd, topic: draw_topic(random), channel: draw_channel(random) },
        62..66 => What::Unregister { nsqd, topic: draw_topic(random), channel: draw_channel(random) },
        66..69 => What::NsqdReconnects { nsqd, overlapping: random.once_in(2) },
        69 => What::NsqdStops { nsqd },
        70..72 => What::NsqdStarts { nsqd },
        72..74 => What::NsqdHangs { nsqd, hangs: random.once_in(2) },
        74 => What::AgentCrashes { agent, keeps_replica: random.once_in(2) },
        75..78 => What::AgentStarts { agent },
        78 if random.once_in(4) => What::TwinStarts { agent },
        79 => What::AgentSaves { agent },
        80..84 => What::StreamBreaks { agent },
        84 => What::IsolateStartsAnew { isolate },
        85 => What::LeaderEvicted,
        86 if random.once_in(2) => What::LeaderRedeployed,
        87 if random.once_in(2) => What::LeaderAway { ms: random.below(30_000) },
        88..90 => What::DiskFails(if random.once_in(2) { Failure::BeforeItStores } else { Failure::AfterItStored }),
        90 => What::BackUp,
        91 if random.once_in(3) => What::PutBack,
        92 if random.once_in(3) => What::ClockStepsBack { ms: random.below(100_000) },
        93 => What::FormatUnknown(random.once_in(4)),
        94 => What::NetworkSlow(random.once_in(2)),
        _ => What::Nothing,
    }
}

fn draw_command(random: &mut Random, has_long_texts: bool) -> Command {
    let (topic, via) = (draw_topic(random), Via::Http);
    let channel = draw_channel(random);
    let address = ["h", "i", "n0"][random.index(3)];
    match random.below(12) {
        0 => Command::CreateTopic { topic },
        1 => Command::DeleteTopic { topic },
        2 => Command::CreateChannel { topic, channel: ChannelName::parse("x").unwrap() },
        3 => Command::DeleteChannel { topic, channel: ChannelName::parse("x").unwrap() },
        4 | 5 => {
            let nsqd = random.index(NSQDS);
            let node = if random.once_in(2) { nsqd_info(nsqd, false).node() } else { info(address, false).node() };
            Command::Tombstone { topic, node }
        }
        6 => Command::Unregister { claim: ClaimKey { node: node(address), via }, topic, channel },
        7 => Command::Leave { claim: ClaimKey { node: node(address), via } },
        _ => Command::Register { via, info: info(address, has_long_texts && random.once_in(2)), topic, channel },
    }
}

fn draw_topic(random: &mut Random) -> TopicName {
    TopicName::parse(TOPICS[random.index(TOPICS.len())]).unwrap()
}

fn draw_channel(random: &mut Random) -> Option<ChannelName> {
    random.once_in(2).then(|| ChannelName::parse(CHANNELS[random.index(CHANNELS.len())]).unwrap())
}

fn node(address: &str) -> Node {
    info(address, false).node()
}

/// What an nsqd says of itself; a long text makes the log grow until it is compacted.
pub(crate) fn nsqd_info(nsqd: usize, long: bool) -> ProducerInfo {
    info(["n0", "n1", "n2", "shared", "shared"][nsqd], long)
}

fn info(address: &str, long: bool) -> ProducerInfo {
    ProducerInfo {
        remote_address: "10.0.0.9:5".into(),
        hostname: if long { LONG_TEXT.repeat(LONG_TEXT_TIMES).into() } else { "host".into() },
        broadcast_address: address.into(),
        tcp_port: NonZeroU16::new(4150).unwrap(),
        http_port: NonZeroU16::new(4151).unwrap(),
        version: "1.3.0".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    }
}
