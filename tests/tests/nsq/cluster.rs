//! The stage of most stories: one lookupd, and NSQ around it.

use lookupd_tests::{Lookupd, Nsq, Nsqadmin, Nsqd, Tail, assert_becomes};

/// Which lookupd it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Agent,
    Nsqlookupd,
}

impl Kind {
    /// Starts one; nothing where it isn't built and that may be.
    pub(crate) fn start(self) -> Option<Lookupd> {
        match self {
            Self::Agent => Lookupd::agent(ARGUMENTS),
            Self::Nsqlookupd => Lookupd::nsqlookupd(ARGUMENTS),
        }
    }
}

/// nsqd asks a lookupd by the address that it broadcasts, whose default is the machine's name.
pub(crate) const ARGUMENTS: &[&str] = &["-broadcast-address=127.0.0.1"];

pub(crate) struct Cluster {
    pub(crate) nsq: Nsq,
    pub(crate) lookupd: Lookupd,
    kind: Kind,
}

impl Cluster {
    pub(crate) fn start(kind: Kind) -> Option<Self> {
        Some(Self { nsq: Nsq::find()?, lookupd: kind.start()?, kind })
    }

    pub(crate) fn nsqd(&self) -> Nsqd {
        self.nsq.nsqd(&[self.lookupd.tcp()])
    }

    /// An nsqd of which the lookupd knows that it serves the topic.
    pub(crate) fn nsqd_with(&self, topic: &str) -> Nsqd {
        let nsqd = self.nsqd();
        self.serve(&nsqd, topic);
        nsqd
    }

    /// Publishes the message `first` to a new topic, and waits until the lookupd knows who serves it.
    pub(crate) fn serve(&self, nsqd: &Nsqd, topic: &str) {
        self.publish(nsqd, topic, &["first"]);
        assert_becomes(|| self.lookupd.producers(topic).contains(&nsqd.node()), true);
    }

    pub(crate) fn nsqadmin(&self) -> Nsqadmin {
        self.nsq.nsqadmin(&[self.lookupd.http()])
    }

    pub(crate) fn tail(&self, topic: &str, channel: &str) -> Tail {
        self.nsq.tail(&[self.lookupd.http()], topic, channel)
    }

    pub(crate) fn publish(&self, nsqd: &Nsqd, topic: &str, messages: &[&str]) {
        self.nsq.publish(nsqd, topic, messages);
    }

    /// What to expect where the two differ by this number of `COMPATIBILITY.md`.
    pub(crate) fn by_difference<T>(&self, _number: u8, theirs: T, ours: T) -> T {
        match self.kind {
            Kind::Agent => ours,
            Kind::Nsqlookupd => theirs,
        }
    }
}

/// Tells a story with each kind of lookupd: a test for either, named after the story.
macro_rules! with_each_lookupd {
    ($($story:ident)*) => {
        $(mod $story {
            use crate::cluster::{Cluster, Kind};

            #[test]
            fn agent() {
                if let Some(mut cluster) = Cluster::start(Kind::Agent) {
                    super::$story(&mut cluster);
                }
            }

            #[test]
            fn nsqlookupd() {
                if let Some(mut cluster) = Cluster::start(Kind::Nsqlookupd) {
                    super::$story(&mut cluster);
                }
            }
        })*
    };
}
pub(crate) use with_each_lookupd;

pub(crate) fn sorted<const N: usize>(mut texts: [String; N]) -> [String; N] {
    texts.sort();
    texts
}

/// An empty list of names, to compare with.
pub(crate) const NONE: [&str; 0] = [];
