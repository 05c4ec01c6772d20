//! Every JSON body, said once: the worker and the agent write them, the dashboard reads them.
//!
//! The first half is nsqlookupd's own, key for key and in its order (nsqio/nsq, `nsqlookupd/http.go`); the second half is
//! ours. In ours a moment is milliseconds since the Unix epoch in a field that ends in `_at`, a length of time is
//! milliseconds in one that ends in `_ms`, and an absent moment is `null`.
//!
//! nsqlookupd's bodies take their texts as a type, so that an answer is written from borrowed names (`Lookup<&str>`) and
//! read into owned ones (`Lookup`). This is the public form; what is stored and sent to replicas is [`crate::Batch`]'s.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};
use core::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::{
    change::Revision,
    name::{ChannelName, TopicName},
    producer::{ClaimKey, Node, ProducerInfo, Via},
    time::Timestamp,
};

/// Every error: a code, and on our own endpoints what was expected and what came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error<S = String> {
    /// The code, such as `TOPIC_NOT_FOUND`.
    pub message: S,
    /// For a person to read.
    #[serde(skip_serializing_if = "Option::is_none", default = "Option::default")]
    pub detail: Option<S>,
}

/// `GET /info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info<S = String> {
    /// The nsqlookupd version whose behaviour this is. Our own is in the header `Server`.
    pub version: S,
}

/// `GET /topics`: by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topics<S = String> {
    /// All of them.
    pub topics: Vec<S>,
}

/// `GET /channels?topic=`: by name; none where the topic is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels<S = String> {
    /// The topic's.
    pub channels: Vec<S>,
}

/// `GET /lookup?topic=`: whom a consumer of the topic connects to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup<S = String> {
    /// The topic's channels by name.
    pub channels: Vec<S>,
    /// Active, not hidden, by node and each node once.
    pub producers: Vec<Producer<S>>,
}

/// A producer, as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Producer<S = String> {
    /// The peer that announced it.
    pub remote_address: S,
    /// The machine's own name; may be empty.
    pub hostname: S,
    /// The address that consumers connect to.
    pub broadcast_address: S,
    /// The port that consumers connect to.
    pub tcp_port: NonZeroU16,
    /// The port of its HTTP interface.
    pub http_port: NonZeroU16,
    /// Its version.
    pub version: S,
    /// Empty where unset.
    pub topology_zone: S,
    /// Empty where unset.
    pub topology_region: S,
}

impl<'a> From<&'a ProducerInfo> for Producer<&'a str> {
    fn from(info: &'a ProducerInfo) -> Self {
        Self {
            remote_address: &info.remote_address,
            hostname: &info.hostname,
            broadcast_address: &info.broadcast_address,
            tcp_port: info.tcp_port,
            http_port: info.http_port,
            version: &info.version,
            topology_zone: &info.topology_zone,
            topology_region: &info.topology_region,
        }
    }
}

impl From<&ProducerInfo> for Producer {
    fn from(info: &ProducerInfo) -> Self {
        Self {
            remote_address: info.remote_address.as_ref().into(),
            hostname: info.hostname.as_ref().into(),
            broadcast_address: info.broadcast_address.as_ref().into(),
            tcp_port: info.tcp_port,
            http_port: info.http_port,
            version: info.version.as_ref().into(),
            topology_zone: info.topology_zone.as_ref().into(),
            topology_region: info.topology_region.as_ref().into(),
        }
    }
}

impl<S: AsRef<str>> Producer<S> {
    /// Who this is.
    pub fn node(&self) -> Node {
        Node::new(self.broadcast_address.as_ref(), self.http_port)
    }
}

/// `GET /nodes`: the producers that are alive, by node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nodes<S = String> {
    /// Each node once, tombstoned or not.
    pub producers: Vec<NodeProducer<S>>,
}

/// A producer with what it serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeProducer<S = String> {
    /// As it describes itself.
    #[serde(flatten)]
    pub producer: Producer<S>,
    /// For each of `topics`, in the same order, whether it is hidden there. nsqadmin crashes on a shorter list.
    pub tombstones: Vec<bool>,
    /// By name.
    pub topics: Vec<S>,
}

/// `GET /debug`: `category:key:subkey` → its producers, active or not. Names without producers are left out.
pub type Debug<S = String> = BTreeMap<String, Vec<DebugProducer<S>>>;

/// A producer under one registration of `/debug`; keys ordered by name, as Go writes a map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebugProducer<S = String> {
    /// The address that consumers connect to.
    pub broadcast_address: S,
    /// The machine's own name; may be empty.
    pub hostname: S,
    /// The port of its HTTP interface.
    pub http_port: NonZeroU16,
    /// The peer that announced it.
    pub id: S,
    /// When it was heard, in nanoseconds since the epoch: the answer's own time unless it is silent.
    pub last_update: i64,
    /// The port that consumers connect to.
    pub tcp_port: NonZeroU16,
    /// Whether it was ever hidden under this topic, also where that has ended.
    pub tombstoned: bool,
    /// Since when, in nanoseconds since the epoch; [`NEVER_TOMBSTONED_AT`] if never.
    pub tombstoned_at: i64,
    /// Empty where unset.
    pub topology_region: S,
    /// Empty where unset.
    pub topology_zone: S,
    /// Its version.
    pub version: S,
}

/// `UnixNano` of Go's zero time, which wraps: what nsqlookupd's `/debug` says where there is no tombstone.
pub const NEVER_TOMBSTONED_AT: i64 = -6_795_364_578_871_345_152;

/// The body of `POST /register`: what nsqd sends with IDENTIFY, and everything that the node serves where the query
/// names no topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identify<S = String> {
    /// The address that consumers connect to; 1 to 255 bytes.
    pub broadcast_address: S,
    /// The machine's own name; may be empty.
    pub hostname: S,
    /// The port that consumers connect to.
    pub tcp_port: NonZeroU16,
    /// The port of its HTTP interface, which with the address names the node.
    pub http_port: NonZeroU16,
    /// Its version; not empty.
    pub version: S,
    /// Empty where unset.
    pub topology_zone: S,
    /// Empty where unset.
    pub topology_region: S,
    /// All topics, each with its channels: what was served and isn't named is over. Left out where the query names one
    /// topic to serve beside the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topics: Option<BTreeMap<TopicName, BTreeSet<ChannelName>>>,
}

/// The answer to `POST /register`. The same call again, before the lease ends, is the heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Who was registered.
    pub node: Node,
    /// Whether the node wasn't announced over HTTP before.
    pub new: bool,
    /// Whether anything changed; a heartbeat changes nothing.
    pub changed: bool,
    /// How long consumers find the node after this call.
    pub lease_ms: u64,
    /// How often to call, to never be near the lease's end.
    pub interval_ms: u64,
    /// The registry's revision that this call is part of.
    pub revision: Revision,
}

/// The answer to `POST /unregister`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unregistered {
    /// Who was unregistered.
    pub node: Node,
    /// Whether anything changed.
    pub changed: bool,
    /// The registry's revision that this call is part of.
    pub revision: Revision,
}

/// `GET /registrations?category=&key=&subkey=`: nsqlookupd's `FindRegistrations` and `FindProducers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registrations<S = String> {
    /// The names that match, with or without producers, in order.
    pub registrations: Vec<Registration<S>>,
    /// Every claim behind them, once, by node.
    pub producers: Vec<FoundProducer>,
}

/// A name that is registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration<S = String> {
    /// `client`, `topic` or `channel`.
    pub category: S,
    /// The topic; empty for `client`.
    pub key: S,
    /// The channel; empty for the others.
    pub subkey: S,
}

/// A claim that serves what was searched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundProducer {
    /// Who.
    pub node: Node,
    /// How it is announced.
    pub via: Via,
    /// Whether it counts as alive.
    pub active: bool,
}

/// `GET /v1/explain?topic=`: what a consumer of the topic sees now, and why each producer left out is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explain {
    /// The topic asked for, known or not.
    pub topic: String,
    /// Whether there is such a topic. `/lookup` answers 404 where there isn't.
    pub exists: bool,
    /// Its channels by name.
    pub channels: Vec<String>,
    /// The time that the verdicts hold for.
    pub now_at: Timestamp,
    /// The registry's revision that they were read from.
    pub revision: Revision,
    /// Every claim that serves the topic, by node.
    pub producers: Vec<Explained>,
}

/// One claim, and whether consumers find it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// Who.
    pub node: Node,
    /// How it is announced; one node announced in two ways has two claims.
    pub via: Via,
    /// Whether `/lookup` lists it, or the first reason why it doesn't.
    pub verdict: Verdict,
    /// When it was last heard, where whoever answers knows: the leader does, and of silent ones everyone.
    pub heard_at: Option<Timestamp>,
    /// When it was last heard, where it has fallen silent.
    pub silent_since_at: Option<Timestamp>,
    /// After when it counts as inactive if it stays silent; past where it already does. Only where it is silent.
    pub inactive_at: Option<Timestamp>,
    /// When it was hidden under this topic, also where that has ended.
    pub tombstoned_at: Option<Timestamp>,
    /// When that ends, or ended: then it is listed again if it still serves the topic.
    pub tombstoned_until_at: Option<Timestamp>,
    /// The claim of the same node that `/lookup` lists in this one's place.
    pub superseded_by: Option<Via>,
    /// Those of the topic's channels that it serves, by name.
    pub channels: Vec<String>,
    /// The revision at which it last announced itself.
    pub announced_revision: Revision,
    /// What it says of itself.
    pub producer: Producer,
}

/// Why a claim is listed or left out. The first that holds, in this order, of `inactive`, `tombstoned`, `superseded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Consumers find it.
    Visible,
    /// Not heard for longer than `inactive_producer_timeout`.
    Inactive,
    /// Hidden by a tombstone until that ends.
    Tombstoned,
    /// Another claim of the same node was announced later, and is listed.
    Superseded,
}

/// The answer to any command with `dry_run`: what it would change. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRun {
    /// Always true.
    pub dry_run: bool,
    /// The registry's revision that this was worked out from.
    pub revision: Revision,
    /// What would come and go. Nothing, where only what a producer says of itself would change.
    pub changes: Changes,
}

/// What comes and goes with a command, and all that follows from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Topics.
    pub topics: Difference<TopicName>,
    /// Channels.
    pub channels: Difference<ChannelPath>,
    /// Claims of producers.
    pub producers: Difference<ClaimKey>,
    /// What producers serve.
    pub registrations: Difference<RegistrationPath>,
    /// Tombstones; one that would be set anew is there already.
    pub tombstones: Difference<TombstonePath>,
}

/// What comes and what goes, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference<T> {
    /// What would be there and isn't.
    pub added: Vec<T>,
    /// What is there and wouldn't be.
    pub removed: Vec<T>,
}

impl<T> Difference<T> {
    /// Whether it names nothing.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl<T> Default for Difference<T> {
    fn default() -> Self {
        Self { added: Vec::new(), removed: Vec::new() }
    }
}

/// A channel by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChannelPath {
    /// The topic it is in.
    pub topic: TopicName,
    /// Its own name.
    pub channel: ChannelName,
}

/// A registration by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RegistrationPath {
    /// Who serves it.
    pub node: Node,
    /// How that one is announced.
    pub via: Via,
    /// The topic.
    pub topic: TopicName,
    /// The channel; `null` where it is the topic itself.
    pub channel: Option<ChannelName>,
}

/// A tombstone by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TombstonePath {
    /// The topic.
    pub topic: TopicName,
    /// Who is hidden under it.
    pub node: Node,
}
