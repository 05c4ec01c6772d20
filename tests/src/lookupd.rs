//! The real nsqlookupd and our agent, which are started and asked in one way.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;

use serde_json::Value;

use crate::daemon::Daemon;
use crate::http::encoded;
use crate::session::Session;
use crate::tools;

/// A running nsqlookupd of either kind; what else it can be asked is a [`Daemon`]'s.
#[derive(Debug)]
pub struct Lookupd {
    daemon: Daemon,
}

impl Deref for Lookupd {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}

impl DerefMut for Lookupd {
    fn deref_mut(&mut self) -> &mut Daemon {
        &mut self.daemon
    }
}

impl Lookupd {
    /// Starts the real nsqlookupd. `None` where it isn't built and that may be; the reason has been printed.
    ///
    /// # Panics
    ///
    /// When it doesn't start, or with `CI=true` when it isn't built.
    pub fn nsqlookupd(arguments: &[&str]) -> Option<Self> {
        let [binary] = tools::find([tools::NSQLOOKUPD])?;
        Some(Self::start(binary, arguments))
    }

    /// Starts our agent. `None` where it isn't built and that may be; the reason has been printed.
    ///
    /// # Panics
    ///
    /// When it doesn't start, or with `CI=true` when it isn't built.
    pub fn agent(arguments: &[&str]) -> Option<Self> {
        let [binary] = tools::find([tools::AGENT])?;
        Some(Self::start(binary, arguments))
    }

    fn start(binary: PathBuf, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { daemon: Daemon::start(binary, arguments) }
    }

    /// Starts it anew with its log in a file, to be measured: who reads its log takes time that it could have.
    ///
    /// # Panics
    ///
    /// When it doesn't start, or the file can't be written.
    #[must_use]
    pub fn logging_to(mut self, file: PathBuf) -> Self {
        self.daemon.log_to(file);
        self
    }

    /// Announces a producer as nsqd would. It stays registered for as long as the session is open.
    ///
    /// # Panics
    ///
    /// When anything of it is refused.
    pub fn announce(&self, producer: &str) -> Session {
        announce(self.tcp(), producer)
    }

    /// The topics that it knows, sorted.
    pub fn topics(&self) -> Vec<String> {
        texts(&self.client().get("/topics").json()["topics"])
    }

    /// The channels of a topic, sorted; none where the topic is unknown.
    pub fn channels(&self, topic: &str) -> Vec<String> {
        texts(&self.client().get(format!("/channels?topic={}", encoded(topic))).json()["channels"])
    }

    /// Whom consumers of a topic are sent to, as `broadcast_address:http_port`, sorted; none where the topic is
    /// unknown.
    pub fn producers(&self, topic: &str) -> Vec<String> {
        nodes(&self.client().get(format!("/lookup?topic={}", encoded(topic))).json()["producers"])
    }

    /// Who announces anything, as `broadcast_address:http_port`, as often as it is listed, sorted.
    pub fn nodes(&self) -> Vec<String> {
        nodes(&self.client().get("/nodes").json()["producers"])
    }
}

/// Announces a producer over the TCP protocol: IDENTIFY with `producer`, which is its JSON, and REGISTER for each
/// of its `topics` and their channels.
///
/// # Panics
///
/// When the other end refuses anything of it.
pub fn announce(address: SocketAddr, producer: &str) -> Session {
    let mut session = Session::identified(address, producer);
    let info: Value = serde_json::from_str(producer).expect("a producer's JSON");
    let no_topics = serde_json::Map::new();
    for (topic, channels) in info["topics"].as_object().unwrap_or(&no_topics) {
        let channels = channels.as_array().expect("a list of channels").iter();
        let channels = channels.map(|channel| channel.as_str().expect("a channel's name"));
        for channel in std::iter::once("").chain(channels) {
            session.say(format!("REGISTER {topic} {channel}").trim_end());
        }
    }
    session
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let mut texts: Vec<_> = list.map(|text| text.as_str().expect("a text").to_owned()).collect();
    texts.sort();
    texts
}

fn nodes(producers: &Value) -> Vec<String> {
    let producers = producers.as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let address = |producer: &Value| producer["broadcast_address"].as_str().expect("an address").to_owned();
    let mut nodes: Vec<_> =
        producers.map(|producer| format!("{}:{}", address(producer), producer["http_port"])).collect();
    nodes.sort();
    nodes
}
