//! Who announces: nodes, the ways they are announced, and what they say of themselves.

use alloc::{borrow::Cow, boxed::Box, format, string::ToString, sync::Arc};
use core::{fmt, num::NonZeroU16, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::time::Timestamp;

/// The identity of a producer for everyone who consumes: `broadcast_address:http_port`.
///
/// Written as Go's `net.JoinHostPort` does, with brackets around an address that contains a colon, since nsqadmin names
/// nodes so. Ordered by address, then port.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    broadcast_address: Arc<str>,
    http_port: NonZeroU16,
}

/// A text that names no node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidNode;

impl fmt::Display for InvalidNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broadcast_address:http_port, the port from 1 to 65535")
    }
}

impl core::error::Error for InvalidNode {}

impl Node {
    /// The node that broadcasts this address and port. Brackets around the address are no part of it.
    pub fn new(broadcast_address: &str, http_port: NonZeroU16) -> Self {
        Self { broadcast_address: without_brackets(broadcast_address).into(), http_port }
    }

    /// Reads `host:port`, `[v6]:port` and also `v6:port`, which is how nsqlookupd itself joins them.
    ///
    /// # Errors
    /// [`InvalidNode`] without an address, or where the port is no decimal from 1 to 65535 written in the ordinary way.
    pub fn parse(text: &str) -> Result<Self, InvalidNode> {
        let (address, port) = text.rsplit_once(':').ok_or(InvalidNode)?;
        if address.is_empty() || !port.starts_with(|first: char| matches!(first, '1'..='9')) {
            return Err(InvalidNode);
        }
        Ok(Self::new(address, port.parse().map_err(|_| InvalidNode)?))
    }

    /// The address that consumers connect to.
    pub fn broadcast_address(&self) -> &str {
        &self.broadcast_address
    }

    /// The port of the node's HTTP interface.
    pub fn http_port(&self) -> NonZeroU16 {
        self.http_port
    }
}

fn without_brackets(mut address: &str) -> &str {
    while address.len() > 2
        && let Some(inside) = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
    {
        address = inside;
    }
    address
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { broadcast_address, http_port } = self;
        if broadcast_address.contains(':') {
            write!(f, "[{broadcast_address}]:{http_port}")
        } else {
            write!(f, "{broadcast_address}:{http_port}")
        }
    }
}

/// The name that an agent gives itself, kept with its data: 1 to 64 of `.a-zA-Z0-9_-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(Arc<str>);

/// A text that names no agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAgentId;

impl fmt::Display for InvalidAgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("1 to 64 characters of .a-zA-Z0-9_-")
    }
}

impl core::error::Error for InvalidAgentId {}

impl AgentId {
    /// The one way to own such an id.
    ///
    /// # Errors
    /// [`InvalidAgentId`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidAgentId> {
        let valid = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if valid { Ok(Self(text.into())) } else { Err(InvalidAgentId) }
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One life of an agent, named by when it started, in milliseconds since the Unix epoch: a later one is higher.
pub type Incarnation = u64;

/// The way a node is announced. One node announced in two ways has two claims, which live and end apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// `POST /register`.
    Http,
    /// An nsqd connected to this very process.
    Tcp,
    /// An nsqd connected to this agent.
    Agent(AgentId),
}

/// A text that names no way of announcing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidVia;

impl fmt::Display for InvalidVia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("http, tcp or agent:ID")
    }
}

impl core::error::Error for InvalidVia {}

impl Via {
    /// Reads what [`Display`](fmt::Display) writes: `http`, `tcp` or `agent:ID`.
    ///
    /// # Errors
    /// [`InvalidVia`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidVia> {
        match text {
            "http" => Ok(Self::Http),
            "tcp" => Ok(Self::Tcp),
            _ => {
                let id = text.strip_prefix("agent:").ok_or(InvalidVia)?;
                AgentId::parse(id).map(Self::Agent).map_err(|_| InvalidVia)
            }
        }
    }
}

impl Via {
    /// The agent that announces, where one does.
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Agent(id) => Some(id),
            Self::Http | Self::Tcp => None,
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http => f.write_str("http"),
            Self::Tcp => f.write_str("tcp"),
            Self::Agent(id) => write!(f, "agent:{id}"),
        }
    }
}

macro_rules! as_text {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.to_string())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(|reason| D::Error::custom(format!("expected {reason}")))
            }
        }
    };
}

as_text!(Node);
as_text!(Via);
as_text!(AgentId);

/// One way in which one node is announced: what a claim is found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClaimKey {
    /// Who is announced.
    pub node: Node,
    /// How.
    pub via: Via,
}

/// What a producer says of itself with IDENTIFY, and where it said so from.
///
/// Text from outside: valid UTF-8 within bounds, and nothing more is promised about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProducerInfo {
    /// The peer that announced it, `ip:port`. Data, no identity.
    pub remote_address: Box<str>,
    /// The machine's own name; may be empty.
    pub hostname: Box<str>,
    /// The address that consumers connect to.
    pub broadcast_address: Box<str>,
    /// The port that consumers connect to.
    pub tcp_port: NonZeroU16,
    /// The port of the producer's HTTP interface.
    pub http_port: NonZeroU16,
    /// The producer's version.
    pub version: Box<str>,
    /// The zone it is in; empty where unset.
    pub topology_zone: Box<str>,
    /// The region it is in; empty where unset.
    pub topology_region: Box<str>,
}

impl ProducerInfo {
    /// Whether a producer can have said this of itself: what IDENTIFY and `/register` take. A text of another source, such as
    /// an agent's stream, can be anything.
    pub(crate) fn is_sound(&self) -> bool {
        let Self { remote_address, hostname, broadcast_address, version, topology_zone, topology_region, .. } = self;
        let texts = [remote_address, hostname, version, topology_zone, topology_region];
        (1..=ADDRESS_LIMIT).contains(&broadcast_address.len())
            && !version.is_empty()
            && texts.iter().all(|text| text.len() <= TEXT_LIMIT)
    }

    /// Who this is.
    pub fn node(&self) -> Node {
        Node::new(&self.broadcast_address, self.http_port)
    }
}

/// The longest body of one IDENTIFY, in bytes, on any way in: far more than the few texts in it need.
pub const IDENTIFY_LIMIT: usize = 64 << 10;

/// The longest text of a producer about itself, in bytes: far more than any, and little enough to be kept 10,000 times.
pub(crate) const TEXT_LIMIT: usize = 1_024;

/// The longest address, in bytes: DNS ends a name at 253, and brackets may stand around it.
pub(crate) const ADDRESS_LIMIT: usize = 255;

/// As much of a remote address as is kept. It is a home that tells it, so it is cut and not refused.
pub(crate) fn kept_of_remote_address(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_LIMIT)]
}

/// How long a producer counts as alive after it was last heard, and how long a tombstone hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetimes {
    /// nsqlookupd's `--inactive-producer-timeout`.
    pub inactive_producer_timeout: Duration,
    /// nsqlookupd's `--tombstone-lifetime`.
    pub tombstone_lifetime: Duration,
}

impl Default for Lifetimes {
    /// nsqlookupd's own: 300 s and 45 s.
    fn default() -> Self {
        Self { inactive_producer_timeout: Duration::from_secs(300), tombstone_lifetime: Duration::from_secs(45) }
    }
}

impl Lifetimes {
    /// Whether a producer that fell silent then still counts as alive.
    pub fn is_active(&self, silent_since: Option<Timestamp>, now: Timestamp) -> bool {
        silent_since.is_none_or(|since| now.since(since) <= self.inactive_producer_timeout)
    }

    /// Whether a tombstone set then still hides.
    pub fn is_tombstoned(&self, tombstoned_at: Option<Timestamp>, now: Timestamp) -> bool {
        tombstoned_at.is_some_and(|at| now.since(at) < self.tombstone_lifetime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_read_in_every_form_in_which_it_is_written() {
        for (text, address, canonical) in [
            ("a:4151", "a", "a:4151"),
            ("[::1]:4151", "::1", "[::1]:4151"),
            ("::1:4151", "::1", "[::1]:4151"),
            ("[[::1]]:4151", "::1", "[::1]:4151"),
            ("[]:4151", "[]", "[]:4151"),
            ("host:4150:4151", "host:4150", "[host:4150]:4151"),
        ] {
            let node = Node::parse(text).unwrap();
            assert_eq!(node.broadcast_address(), address, "{text}");
            assert_eq!(node.to_string(), canonical, "{text}");
            assert_eq!(Node::parse(canonical), Ok(node), "{text}");
        }
        for bad in ["", "a", "a:", ":4151", "a:0", "a:04151", "a:+4151", "a:65536", "a:41 51", "a:-1"] {
            assert_eq!(Node::parse(bad), Err(InvalidNode), "{bad}");
        }
    }

    #[test]
    fn a_way_of_announcing_is_read_as_it_is_written() {
        for text in ["http", "tcp", "agent:dc1.rack-7_b"] {
            assert_eq!(Via::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "udp", "agent", "agent:", "agent:a b", "HTTP"] {
            assert_eq!(Via::parse(bad), Err(InvalidVia), "{bad}");
        }
    }

    #[test]
    fn lifetimes_end_by_comparison() {
        let lifetimes = Lifetimes::default();
        let then = Timestamp::from_millis(1_000_000);
        let after = |seconds| then.plus(Duration::from_secs(seconds));
        assert!(lifetimes.is_active(None, after(9_999)));
        assert!(lifetimes.is_active(Some(then), after(300)));
        assert!(!lifetimes.is_active(Some(then), after(301)));
        assert!(!lifetimes.is_tombstoned(None, then));
        assert!(lifetimes.is_tombstoned(Some(then), after(44)));
        assert!(!lifetimes.is_tombstoned(Some(then), after(45)));
        assert!(lifetimes.is_tombstoned(Some(then), then.minus(Duration::from_secs(60))), "a clock that stepped back");
    }
}
