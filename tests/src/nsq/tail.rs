//! A consumer.

use std::net::SocketAddr;
use std::process::Command;

use super::flags;
use crate::process::Process;

/// A running `nsq_tail`, NSQ's own consumer, on the client library that it is developed with. It asks the lookupds
/// several times a second, each time the next of them.
#[derive(Debug)]
pub struct Tail {
    process: Process,
}

impl Tail {
    pub(super) fn start(command: &mut Command, lookupds: &[SocketAddr], topic: &str, channel: &str) -> Self {
        command
            .args([format!("-topic={topic}"), format!("-channel={channel}")])
            .args(flags("lookupd-http-address", lookupds))
            // A minute is what it takes unless told otherwise.
            .arg("-consumer-opt=lookupd_poll_interval,200ms");
        Self { process: Process::start(command, "", None) }
    }

    /// The next `count` messages that it prints, sorted: they come in no order from several nsqd.
    ///
    /// # Panics
    ///
    /// When there are fewer.
    pub fn messages(&self, count: usize) -> Vec<String> {
        let mut messages: Vec<_> = (0..count).map(|_| self.process.printed()).collect();
        messages.sort();
        messages
    }

    /// Waits until it has asked its lookupds `count` times more than it has up to now.
    ///
    /// # Panics
    ///
    /// When it doesn't.
    pub fn asks_again(&self, count: usize) {
        self.process.log();
        for _ in 0..count {
            self.process.logged("querying nsqlookupd");
        }
    }

    /// Ends it as its users do: it says good-bye to each nsqd.
    pub fn stop(mut self) {
        self.process.signal("TERM");
        self.process.wait();
    }
}
