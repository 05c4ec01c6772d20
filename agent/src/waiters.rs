//! Those who wait until a topic's answer changes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lookupd_core::Touched;
use tokio::sync::{Notify, futures::Notified};

/// All of them. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Waiters(Arc<Mutex<Topics>>);

type Topics = BTreeMap<Box<str>, Arc<Notify>>;

/// One that waits for something about a topic.
pub(crate) struct Waiter {
    waiters: Waiters,
    topic: Box<str>,
    changed: Arc<Notify>,
}

impl Waiters {
    /// Begins to wait.
    pub(crate) fn join(&self, topic: &str) -> Waiter {
        let changed = Arc::clone(self.topics().entry(topic.into()).or_default());
        Waiter { waiters: self.clone(), topic: topic.into(), changed }
    }

    /// Wakes those whose answers may have become others.
    pub(crate) fn wake(&self, touched: &Touched) {
        let topics = self.topics();
        if topics.is_empty() {
            return;
        }
        match touched {
            Touched::All => topics.values().for_each(|changed| changed.notify_waiters()),
            Touched::Topics(touched) => {
                let found = touched.iter().filter_map(|topic| topics.get(&**topic));
                found.for_each(|changed| changed.notify_waiters());
            }
        }
    }

    /// How many topics are waited for.
    pub(crate) fn topic_count(&self) -> usize {
        self.topics().len()
    }

    fn topics(&self) -> MutexGuard<'_, Topics> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Comes to an end with the next change after this was called, whether or not it is awaited by then.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut topics = self.waiters.topics();
        // This one's and the table's.
        if Arc::strong_count(&self.changed) <= 2 {
            topics.remove(&self.topic);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt as _;
    use lookupd_core::TopicName;

    use super::*;

    #[test]
    fn only_those_are_woken_whose_topic_was_touched() {
        let waiters = Waiters::default();
        let (one, other) = (waiters.join("one"), waiters.join("other"));
        let touched = Touched::Topics([TopicName::parse("one").unwrap(), TopicName::parse("unknown").unwrap()].into());
        let is_woken = |waiter: &Waiter, touched| {
            let changed = pin!(waiter.changed());
            waiters.wake(touched);
            changed.now_or_never().is_some()
        };
        assert!(is_woken(&one, &touched));
        assert!(!is_woken(&other, &touched));
        assert!(is_woken(&other, &Touched::All));
    }

    #[test]
    fn a_topic_is_forgotten_with_its_last_waiter() {
        let waiters = Waiters::default();
        let (first, second) = (waiters.join("t"), waiters.join("t"));
        drop(first);
        assert_eq!(waiters.topic_count(), 1);
        drop(second);
        assert_eq!(waiters.topic_count(), 0);
    }
}
