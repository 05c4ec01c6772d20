//! What is known of the registry from what was acknowledged: a plain list.

use std::collections::{BTreeMap, BTreeSet};

/// Something that is there or isn't: a topic, one of its channels, a host that serves either, or is hidden.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact {
    pub(crate) topic: String,
    pub(crate) channel: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) is_hidden: bool,
}

impl Fact {
    pub(crate) fn topic(topic: &str) -> Self {
        Self { topic: topic.into(), channel: None, host: None, is_hidden: false }
    }

    pub(crate) fn channel(topic: &str, channel: &str) -> Self {
        Self { channel: Some(channel.into()), ..Self::topic(topic) }
    }

    pub(crate) fn served(topic: &str, host: &str) -> Self {
        Self { host: Some(host.into()), ..Self::topic(topic) }
    }

    pub(crate) fn channel_served(topic: &str, channel: &str, host: &str) -> Self {
        Self { host: Some(host.into()), ..Self::channel(topic, channel) }
    }

    pub(crate) fn hidden(topic: &str, host: &str) -> Self {
        Self { is_hidden: true, ..Self::served(topic, host) }
    }
}

/// What a command does once it is carried out.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    pub(crate) makes: Vec<Fact>,
    pub(crate) ends: Vec<Fact>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    There,
    Gone,
    /// A command that wasn't answered may have changed it.
    Either,
}

/// What one writer knows.
#[derive(Debug, Default)]
pub(crate) struct Facts(BTreeMap<Fact, Known>);

impl Facts {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_there(&self, fact: &Fact) -> bool {
        self.0.get(fact) == Some(&Known::There)
    }

    /// All that is there or may be, and is as asked.
    pub(crate) fn possible(&self, is_asked: impl Fn(&Fact) -> bool) -> Vec<Fact> {
        let possible = self.0.iter().filter(|(fact, known)| **known != Known::Gone && is_asked(fact));
        possible.map(|(fact, _)| fact.clone()).collect()
    }

    /// Takes down that a command was acknowledged.
    pub(crate) fn acknowledge(&mut self, effect: Effect) {
        self.0.extend(effect.ends.into_iter().map(|fact| (fact, Known::Gone)));
        self.0.extend(effect.makes.into_iter().map(|fact| (fact, Known::There)));
    }

    /// Takes down that a command was sent, and nobody knows what became of it.
    pub(crate) fn doubt(&mut self, effect: Effect) {
        for (facts, unless) in [(effect.makes, Known::There), (effect.ends, Known::Gone)] {
            for fact in facts {
                let known = self.0.entry(fact).or_insert(Known::Gone);
                if *known != unless {
                    *known = Known::Either;
                }
            }
        }
    }

    /// Compares what is known with what is there, takes what it knows out of that, and knows it all from then on.
    ///
    /// # Panics
    ///
    /// Where something acknowledged is missing, or what was to be gone is back.
    pub(crate) fn check(&mut self, there: &mut BTreeSet<Fact>) {
        for (fact, known) in &mut self.0 {
            let is_there = there.remove(fact);
            match known {
                Known::There => assert!(is_there, "acknowledged, and missing: {fact:?}"),
                Known::Gone => assert!(!is_there, "acknowledged to be gone, and back: {fact:?}"),
                Known::Either => *known = if is_there { Known::There } else { Known::Gone },
            }
        }
    }
}
