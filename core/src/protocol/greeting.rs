//! What the daemon says of itself when a client has said who it is.

use serde::Serialize;

use super::frame::Frame;
use crate::http::{NSQLOOKUPD_VERSION, json};

/// A daemon, as its clients are to reach it.
///
/// nsqd asks `http://broadcast_address:http_port/channels` before it lets messages into a new topic, so these must be where
/// the HTTP surface answers, and without TLS (nsqio/nsq, `nsqd/lookup_peer.go`, `nsqd/nsqd.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Daemon<'a> {
    /// The address that it is found at.
    pub broadcast_address: &'a str,
    /// The machine's own name.
    pub hostname: &'a str,
    /// The port that it really listens on for HTTP.
    pub http_port: u16,
    /// The port that it really listens on for this protocol.
    pub tcp_port: u16,
}

/// The answer to every accepted IDENTIFY: made once, shared by all sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting(alloc::sync::Arc<Frame>);

impl Greeting {
    /// The answer of this daemon: JSON with its keys sorted, as Go writes a map.
    pub fn new(daemon: &Daemon<'_>) -> Self {
        let &Daemon { broadcast_address, hostname, http_port, tcp_port } = daemon;
        let body = Body { broadcast_address, hostname, http_port, tcp_port, version: NSQLOOKUPD_VERSION };
        Self(Frame::new(&json(&body)).into())
    }

    pub(super) fn frame(&self) -> Frame {
        (*self.0).clone()
    }
}

#[derive(Serialize)]
struct Body<'a> {
    broadcast_address: &'a str,
    hostname: &'a str,
    http_port: u16,
    tcp_port: u16,
    version: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_is_what_nsqlookupd_says() {
        let daemon = Daemon { broadcast_address: "b", hostname: "<h>", http_port: 4161, tcp_port: 4160 };
        let body = r#"{"broadcast_address":"b","hostname":"\u003ch\u003e","http_port":4161,"tcp_port":4160,"version":"1.3.0"}"#;
        assert_eq!(Greeting::new(&daemon).frame(), Frame::new(body.as_bytes()));
    }
}
