//! Everything that the dashboard knows, and how it comes to know it.
//!
//! [`Store::update`] is the one place where state changes: events in, state out; it reads no clock and asks nobody. It
//! works in place, since a copy of a large registry with every change would cost more than the change.

use std::time::Duration;

use lookupd_core::{CatchUp, Cursor, Lifetimes, Registry, Replica, Timestamp};

use crate::{feed::News, problem::Problem};

/// What happens to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The feed learnt something.
    News(News),
    /// Nobody looks at the page, or somebody does again.
    Hidden(bool),
    /// A person stopped the feed, or let it go on.
    Held(bool),
    /// Time goes by, by the local clock.
    Tick(Timestamp),
}

/// How the feed is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Nothing came yet.
    Connecting,
    /// Asking every few seconds, and answered.
    Polling,
    /// Not asking: nobody looks, or somebody stopped it.
    Paused,
    /// The last question failed; asking again.
    Reconnecting,
    /// The server wants a token before it says anything.
    Locked,
}

/// Everything that the dashboard knows.
#[derive(Debug, Default)]
pub struct Store {
    replica: Replica,
    problem: Option<Problem>,
    retry_at: Option<Timestamp>,
    anew: bool,
    hidden: bool,
    held: bool,
    now: Timestamp,
    epoch: u64,
    next_boundary: Option<Timestamp>,
}

impl Store {
    /// Takes an event over. Says whether anything but the time changed.
    pub fn update(&mut self, event: Event) -> bool {
        match event {
            Event::News(News::Answer { answer, asked_at, now }) => {
                self.now = self.now.max(now);
                self.follow(&answer, asked_at, now);
                true
            }
            Event::News(News::Failed { problem, retry_at }) => {
                self.problem = Some(problem);
                self.retry_at = Some(retry_at);
                true
            }
            Event::Hidden(hidden) => std::mem::replace(&mut self.hidden, hidden) != hidden,
            Event::Held(held) => std::mem::replace(&mut self.held, held) != held,
            Event::Tick(now) => {
                self.now = now;
                self.pass_boundary()
            }
        }
    }

    /// The registry as last heard.
    pub fn registry(&self) -> &Registry {
        self.replica.registry()
    }

    /// How long producers and tombstones live.
    pub fn lifetimes(&self) -> &Lifetimes {
        self.replica.lifetimes()
    }

    /// Whether there is anything to show.
    pub fn is_loaded(&self) -> bool {
        self.replica.is_loaded()
    }

    /// What to ask for changes since: nothing where all is to be asked for anew.
    pub fn cursor(&self) -> Option<Cursor> {
        self.replica.cursor().filter(|_| !self.anew)
    }

    /// The leader's clock.
    pub fn now(&self) -> Timestamp {
        self.replica.leader_now(self.now)
    }

    /// The leader's clock at a moment of the local one.
    pub fn leader_now(&self, local: Timestamp) -> Timestamp {
        self.replica.leader_now(local)
    }

    /// How old what is shown is, at a moment of the local clock.
    pub fn age(&self, local: Timestamp) -> Option<Duration> {
        self.replica.age(local)
    }

    /// What went wrong last, if nothing went well since.
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// When the feed asks again, by the local clock, after something went wrong.
    pub fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at.filter(|_| self.problem.is_some())
    }

    /// Whether the feed is to rest.
    pub fn is_paused(&self) -> bool {
        self.hidden || self.held
    }

    /// Whether a person stopped the feed.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Changes whenever what is computed from registry and clock may come out otherwise: with a new revision, and when
    /// some silence or tombstone ends. What is computed can be kept as long as this stays.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How the feed is doing.
    pub fn connection(&self) -> Connection {
        match &self.problem {
            _ if self.is_paused() => Connection::Paused,
            Some(problem) if problem.wants_token() => Connection::Locked,
            Some(_) if self.is_loaded() => Connection::Reconnecting,
            Some(_) | None if !self.is_loaded() => Connection::Connecting,
            _ => Connection::Polling,
        }
    }

    fn follow(&mut self, answer: &CatchUp, asked_at: Timestamp, now: Timestamp) {
        let lifetimes = *self.lifetimes();
        let loaded = self.is_loaded();
        match self.replica.catch_up(answer, asked_at, now) {
            Ok(changed) => {
                self.problem = None;
                self.retry_at = None;
                self.anew = false;
                if changed || !loaded || lifetimes != *self.lifetimes() {
                    self.epoch += 1;
                    self.next_boundary = self.boundary();
                }
            }
            // What is here stays, and the next question asks for all of it.
            Err(reason) => {
                self.problem = Some(Problem::Garbled { detail: reason.to_string() });
                self.anew = true;
            }
        }
    }

    fn pass_boundary(&mut self) -> bool {
        if self.next_boundary.is_none_or(|boundary| self.now() < boundary) {
            return false;
        }
        self.epoch += 1;
        self.next_boundary = self.boundary();
        true
    }

    /// When, by the leader's clock, the next silence becomes inactivity or the next tombstone ends.
    fn boundary(&self) -> Option<Timestamp> {
        let (now, Lifetimes { inactive_producer_timeout, tombstone_lifetime }) = (self.now(), *self.lifetimes());
        // Active to the very millisecond: inactive from the next.
        let silence = inactive_producer_timeout.saturating_add(Duration::from_millis(1));
        let silences = self.registry().claims().filter_map(|claim| claim.silent_since);
        let tombstones = self.registry().tombstones().map(|(_, _, at)| at.plus(tombstone_lifetime));
        silences.map(|since| since.plus(silence)).chain(tombstones).filter(|moment| *moment > now).min()
    }
}

#[cfg(test)]
mod tests {
    use lookupd_core::{Batch, Change, Check, ClaimKey, DecodeError, Node, ProducerInfo, TopicName, Via};

    use super::*;

    /// A leader's side of the conversation: encoded batches and the cursor they lead to.
    #[derive(Default)]
    struct History {
        batches: Vec<Vec<u8>>,
        cursor: Cursor,
    }

    impl History {
        fn push(&mut self, at: Timestamp, changes: Vec<Change>) {
            let bytes = Batch { revision: self.cursor.revision + 1, at, changes }.encode();
            self.cursor = Cursor { revision: self.cursor.revision + 1, check: self.cursor.check.next(&bytes) };
            self.batches.push(bytes);
        }

        fn since(&self, revision: u64, now: Timestamp) -> CatchUp {
            CatchUp {
                now,
                lifetimes: Lifetimes::default(),
                cursor: self.cursor,
                anew: revision == 0,
                snapshot: vec![],
                batches: self.batches[revision as usize..].to_vec(),
                fresh_for: Duration::ZERO,
            }
        }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).plus(Duration::from_secs(seconds))
    }

    fn topic(name: &str) -> Change {
        Change::TopicCreated { topic: TopicName::parse(name).unwrap() }
    }

    fn answered(store: &mut Store, answer: CatchUp, now: Timestamp) {
        store.update(Event::News(News::Answer { answer, asked_at: now, now }));
    }

    fn failed(store: &mut Store, problem: Problem, retry_at: Timestamp) {
        store.update(Event::News(News::Failed { problem, retry_at }));
    }

    #[test]
    fn it_follows_the_leader_and_keeps_its_place() {
        let (mut store, mut history) = (Store::default(), History::default());
        assert_eq!((store.connection(), store.cursor()), (Connection::Connecting, None));
        history.push(at(0), vec![topic("a")]);
        answered(&mut store, history.since(0, at(0)), at(0));
        assert_eq!((store.connection(), store.cursor()), (Connection::Polling, Some(history.cursor)));
        let epoch = store.epoch();
        answered(&mut store, history.since(1, at(2)), at(2));
        assert_eq!(store.epoch(), epoch, "nothing new");
        history.push(at(3), vec![topic("b")]);
        answered(&mut store, history.since(1, at(4)), at(4));
        assert_ne!(store.epoch(), epoch);
        assert_eq!(store.registry().topic_count(), 2);
    }

    #[test]
    fn a_failure_keeps_what_is_there_and_says_so() {
        let (mut store, mut history) = (Store::default(), History::default());
        failed(&mut store, Problem::Unreachable, at(2));
        assert_eq!(store.connection(), Connection::Connecting, "nothing to show yet");
        history.push(at(0), vec![topic("a")]);
        answered(&mut store, history.since(0, at(0)), at(0));
        assert_eq!(store.problem(), None);
        failed(&mut store, Problem::Unreachable, at(4));
        assert_eq!(store.connection(), Connection::Reconnecting);
        assert_eq!((store.problem(), store.retry_at()), (Some(&Problem::Unreachable), Some(at(4))));
        assert_eq!(store.registry().topic_count(), 1);
        assert_eq!(store.age(at(10)), Some(Duration::from_secs(10)));
        failed(&mut store, Problem::Unauthorized { detail: None }, at(4));
        assert_eq!(store.connection(), Connection::Locked);
        answered(&mut store, history.since(1, at(11)), at(11));
        assert_eq!((store.connection(), store.retry_at()), (Connection::Polling, None));
    }

    #[test]
    fn what_cannot_be_followed_is_asked_for_anew() {
        let (mut store, mut history) = (Store::default(), History::default());
        history.push(at(0), vec![topic("a")]);
        answered(&mut store, history.since(0, at(0)), at(0));
        history.push(at(1), vec![topic("b")]);
        history.push(at(1), vec![topic("c")]);
        let mut gap = history.since(1, at(2));
        gap.batches.remove(0);
        answered(&mut store, gap, at(2));
        assert_eq!((store.cursor(), store.registry().topic_count()), (None, 1));
        assert!(matches!(store.problem(), Some(Problem::Garbled { .. })));
        answered(&mut store, history.since(0, at(3)), at(3));
        assert_eq!((store.cursor(), store.registry().topic_count()), (Some(history.cursor), 3));
        assert_eq!(store.problem(), None);
        assert_eq!(CatchUp::decode(&[9, 9]), Err(DecodeError::UnknownFormat(9)));
    }

    #[test]
    fn hidden_or_held_it_pauses() {
        let mut store = Store::default();
        assert!(store.update(Event::Hidden(true)));
        assert!(!store.update(Event::Hidden(true)), "no news");
        assert_eq!(store.connection(), Connection::Paused);
        store.update(Event::Held(true));
        store.update(Event::Hidden(false));
        assert!(store.is_paused() && store.is_held());
        store.update(Event::Held(false));
        assert!(!store.is_paused());
    }

    #[test]
    fn the_clock_alone_changes_what_is_shown_where_something_ends() {
        let (mut store, mut history) = (Store::default(), History::default());
        let node = Node::parse("a:1").unwrap();
        let claim = ClaimKey { node: node.clone(), via: Via::Http };
        let info = ProducerInfo {
            remote_address: "".into(),
            hostname: "".into(),
            broadcast_address: "a".into(),
            tcp_port: 4150.try_into().unwrap(),
            http_port: 1.try_into().unwrap(),
            version: "1".into(),
            topology_zone: "".into(),
            topology_region: "".into(),
        };
        let name = TopicName::parse("t").unwrap();
        let topics = vec![(name.clone(), vec![])];
        history.push(at(0), vec![Change::Announced { claim: claim.clone(), info, announced: 1, topics }]);
        history.push(at(10), vec![Change::Tombstoned { topic: name, node, at: at(10) }]);
        history.push(at(20), vec![Change::Silent { claim, since: at(20) }]);
        // The leader's clock is 100 s behind ours.
        answered(&mut store, history.since(0, at(20)), at(120));
        assert_eq!(store.now(), at(20));
        let epoch = store.epoch();
        assert!(!store.update(Event::Tick(at(154))));
        assert!(store.update(Event::Tick(at(155))), "the tombstone ends 45 s after it was set");
        assert!(!store.update(Event::Tick(at(420))), "silent for 300 s is active still");
        assert!(store.update(Event::Tick(at(421))));
        assert!(!store.update(Event::Tick(at(9_999))), "nothing else ends");
        assert_eq!(store.epoch(), epoch + 2);
        assert_eq!(Check::default(), Cursor::default().check);
    }
}
