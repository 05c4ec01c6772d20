//! NSQ itself, for which a lookupd is there: its own programs, unmodified, as `tests/nsq` builds them.

mod nsqadmin;
mod nsqd;
mod tail;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

pub use nsqadmin::Nsqadmin;
pub use nsqd::Nsqd;
pub use tail::Tail;

use crate::process::Process;
use crate::tools;

/// Where the programs of NSQ are.
#[derive(Debug, Clone)]
pub struct Nsq {
    nsqd: PathBuf,
    nsqadmin: PathBuf,
    nsq_tail: PathBuf,
    to_nsq: PathBuf,
}

impl Nsq {
    /// Finds them. `None` where they aren't built and that may be; the reason has been printed.
    ///
    /// # Panics
    ///
    /// With `CI=true` when they aren't built.
    pub fn find() -> Option<Self> {
        let [nsqd, nsqadmin, nsq_tail, to_nsq] =
            tools::find([tools::NSQD, tools::NSQADMIN, tools::NSQ_TAIL, tools::TO_NSQ])?;
        Some(Self { nsqd, nsqadmin, nsq_tail, to_nsq })
    }

    /// Starts an nsqd without messages, which announces itself to these lookupds' TCP addresses.
    ///
    /// # Panics
    ///
    /// When it doesn't start.
    pub fn nsqd(&self, lookupds: &[SocketAddr]) -> Nsqd {
        Nsqd::start(self.nsqd.clone(), lookupds)
    }

    /// Starts nsqadmin, which asks these lookupds by their HTTP addresses.
    ///
    /// # Panics
    ///
    /// When it doesn't start.
    pub fn nsqadmin(&self, lookupds: &[SocketAddr]) -> Nsqadmin {
        Nsqadmin::start(&mut Command::new(&self.nsqadmin), lookupds)
    }

    /// Starts `nsq_tail`, a consumer that looks for producers of the topic at these lookupds' HTTP addresses.
    ///
    /// # Panics
    ///
    /// When it doesn't start.
    pub fn tail(&self, lookupds: &[SocketAddr], topic: &str, channel: &str) -> Tail {
        Tail::start(&mut Command::new(&self.nsq_tail), lookupds, topic, channel)
    }

    /// Publishes each of `messages` to one nsqd by `to_nsq`, and waits until that is done.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub fn publish(&self, nsqd: &Nsqd, topic: &str, messages: &[&str]) {
        let mut command = Command::new(&self.to_nsq);
        command.arg(format!("-nsqd-tcp-address={}", nsqd.tcp())).arg(format!("-topic={topic}"));
        let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
        let status = Process::start(&mut command, &lines, None).wait();
        assert!(status.success(), "to_nsq {topic}: {status}");
    }
}

/// A flag for each of the addresses.
fn flags(name: &str, addresses: &[SocketAddr]) -> Vec<String> {
    addresses.iter().map(|address| format!("-{name}={address}")).collect()
}
