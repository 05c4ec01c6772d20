//! The two daemons that are measured, in one state.

use std::path::PathBuf;

use lookupd_tests::Lookupd;

use crate::{nsqd::Nsqd, process::ProcessStats};

/// The real nsqlookupd.
pub(crate) const THEIRS: &str = "nsqlookupd";
/// Our agent.
pub(crate) const OURS: &str = "lookupd-agent";

/// Something that was measured of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Both<T> {
    pub(crate) theirs: T,
    pub(crate) ours: T,
}

impl<T> Both<T> {
    /// The same of each, theirs first.
    pub(crate) fn each<U>(&mut self, mut measure: impl FnMut(&mut T) -> U) -> Both<U> {
        Both { theirs: measure(&mut self.theirs), ours: measure(&mut self.ours) }
    }

    pub(crate) fn map<U>(self, convert: impl Fn(T) -> U) -> Both<U> {
        Both { theirs: convert(self.theirs), ours: convert(self.ours) }
    }
}

/// A daemon with the nsqds that are connected to it, which stay for as long as this does.
pub(crate) struct Daemon {
    pub(crate) lookupd: Lookupd,
    pub(crate) nsqds: Vec<Nsqd>,
}

impl Daemon {
    /// The real nsqlookupd, empty.
    pub(crate) fn nsqlookupd(arguments: &[&str]) -> Self {
        let lookupd = Lookupd::nsqlookupd(arguments).expect("the real nsqlookupd (`make bench-nsq` builds it)");
        Self { lookupd: lookupd.logging_to(scratch(THEIRS)), nsqds: Vec::new() }
    }

    /// Our agent, empty.
    pub(crate) fn agent(arguments: &[&str]) -> Self {
        let lookupd = Lookupd::agent(arguments).expect("our agent (`make bench-nsq` builds it)");
        Self { lookupd: lookupd.logging_to(scratch(OURS)), nsqds: Vec::new() }
    }

    /// Both, with the same arguments.
    pub(crate) fn both(arguments: &[&str]) -> Both<Self> {
        Both { theirs: Self::nsqlookupd(arguments), ours: Self::agent(arguments) }
    }

    /// Connects as many nsqds, which register all topics in turn (`topic-0` by the first), each with a channel.
    pub(crate) fn fill(&mut self, nsqds: usize, topics: usize) {
        for number in 0..nsqds {
            let mut nsqd = Nsqd::connect(self.lookupd.tcp(), number);
            nsqd.register((number..topics).step_by(nsqds));
            self.nsqds.push(nsqd);
        }
    }

    /// What its process has used until now.
    pub(crate) fn stats(&self) -> ProcessStats {
        ProcessStats::of(self.lookupd.pid())
    }
}

/// A place for what a measurement leaves behind, below cargo's target folder.
pub(crate) fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{name}"))
}
