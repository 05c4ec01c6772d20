//! The daemon that keeps the messages, and announces which topics and channels it serves.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::flags;
use crate::daemon::Daemon;
use crate::directory::Directory;
use crate::http::Request;

/// A running nsqd; what else it can be asked is a [`Daemon`]'s. A restart keeps its messages.
#[derive(Debug)]
pub struct Nsqd {
    daemon: Daemon,
    _data: Directory,
}

impl Deref for Nsqd {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}

impl DerefMut for Nsqd {
    fn deref_mut(&mut self) -> &mut Daemon {
        &mut self.daemon
    }
}

impl Nsqd {
    pub(super) fn start(binary: PathBuf, lookupds: &[SocketAddr]) -> Self {
        let data = Directory::new();
        let mut arguments = flags("lookupd-tcp-address", lookupds);
        arguments.push(format!("-data-path={}", data.path().display()));
        // Its default is the machine's name, which need not lead back to it.
        arguments.push("-broadcast-address=127.0.0.1".to_owned());
        Self { daemon: Daemon::start(binary, arguments), _data: data }
    }

    /// What a lookupd calls it: `broadcast_address:http_port`.
    pub fn node(&self) -> String {
        self.http().to_string()
    }

    /// Gives it other lookupds, as its users do without a restart: it leaves those that aren't among them, and
    /// announces itself to the new ones at once.
    ///
    /// # Panics
    ///
    /// When it refuses.
    pub fn set_lookupds(&self, lookupds: &[SocketAddr]) {
        let answer = self
            .client()
            .send(&Request::new("PUT", "/config/nsqlookupd_tcp_addresses").body(json!(lookupds).to_string()));
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// What it says of a topic in `/stats`; nothing where it doesn't have it.
    pub fn topic(&self, name: &str) -> Option<Value> {
        let stats = self.client().get("/stats?format=json").json();
        let topics = stats["topics"].as_array().expect("a list of topics");
        topics.iter().find(|topic| topic["topic_name"] == name).cloned()
    }

    /// What it says of a channel; nothing where it doesn't have it.
    pub fn channel(&self, topic: &str, name: &str) -> Option<Value> {
        let topic = self.topic(topic)?;
        let channels = topic["channels"].as_array().expect("a list of channels");
        channels.iter().find(|channel| channel["channel_name"] == name).cloned()
    }

    /// How many consumers a channel has. Whatever is published from the first one on gets into the channel.
    pub fn consumers(&self, topic: &str, channel: &str) -> usize {
        self.channel(topic, channel).map_or(0, |channel| channel["clients"].as_array().map_or(0, Vec::len))
    }
}
