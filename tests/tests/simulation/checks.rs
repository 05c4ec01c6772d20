//! The invariants, each by its number.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write,
    rc::Rc,
};

use lookupd_core::{
    Batch, Category, ClaimKey, Cursor, Leader, LogEntry, MAX_STORED_LENGTH, Registry, Replica, Revision, Timestamp,
};

use crate::{
    disk::Disk,
    world::{BASE, GRANT_MS, SETTINGS, T_MS},
};

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) invariant: u8,
    pub(crate) what: String,
}

/// Who holds a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    Isolate(usize, u64),
    Agent(usize, u64),
    Follower(usize),
}

type Key = (Revision, [u8; 8]);

/// A state to the byte, and as its queries tell it: what a snapshot leaves out, two snapshots leave out alike.
#[derive(PartialEq, Eq)]
struct Portrait(Vec<Vec<u8>>, String);

impl Portrait {
    fn of(registry: &Registry, cursor: Cursor) -> Self {
        let mut told = String::new();
        for claim in registry.claims() {
            let (key, announced, silent) = (claim.key, claim.announced, claim.silent_since);
            let served = registry.lookup_registrations(key);
            write!(told, "{key:?} {announced} {silent:?} {served:?} ").unwrap();
        }
        for topic in registry.topics() {
            write!(told, "{} {:?} ", topic.name(), topic.channels().collect::<Vec<_>>()).unwrap();
        }
        registry.agents().for_each(|agent| write!(told, "{agent:?} ").unwrap());
        registry.tombstones().for_each(|tombstone| write!(told, "{tombstone:?} ").unwrap());
        Self(registry.snapshot(cursor), told)
    }
}

/// What one run showed so far.
#[derive(Default)]
pub(crate) struct Checks {
    /// Where set, no other invariant counts: to see that this check finds a fault by itself.
    only: Option<u8>,
    pub(crate) violation: Option<Violation>,
    /// All stored batches replayed: the state, and the places on the way to it.
    replayed: Registry,
    path: Vec<Cursor>,
    backup: (Registry, Vec<Cursor>),
    /// Every state that was ever durable, to the byte, with the number of restores before it.
    durable: HashMap<Key, (Rc<Portrait>, u64)>,
    pub(crate) restores: u64,
    restored_at: Option<u64>,
    clock_stepped_at: Option<u64>,
    latest_at: Timestamp,
    /// What was stored since this was asked last.
    pub(crate) lately: Vec<Batch>,
    held: HashMap<Holder, Cursor>,
    leader_seen: Option<Cursor>,
    /// When somebody was told that his command is done, and at which revision.
    acknowledged: Vec<(u64, Revision)>,
    hidden: Vec<(u64, Revision)>,
    /// When producers over HTTP were last heard, and when they may have been.
    heard: BTreeMap<ClaimKey, u64>,
    possibly_heard: BTreeMap<ClaimKey, u64>,
    /// When an agent last knew that its leader knows of a live nsqd, and in which life of the agent.
    settled: BTreeMap<ClaimKey, (u64, u64)>,
}

impl Checks {
    pub(crate) fn new(only: Option<u8>) -> Self {
        let mut checks = Self { only, path: vec![Cursor::default()], ..Self::default() };
        checks.remember(Cursor::default());
        checks.back_up();
        checks
    }

    pub(crate) fn expect(&mut self, invariant: u8, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.violation.is_none() && self.only.is_none_or(|only| only == invariant) {
            self.violation = Some(Violation { invariant, what: what() });
        }
    }

    fn remember(&mut self, cursor: Cursor) {
        let portrait = Rc::new(Portrait::of(&self.replayed, cursor));
        self.durable.insert(key(cursor), (portrait, self.restores));
    }

    /// What the disk stored. Replayed here, apart from the leader.
    pub(crate) fn stored(&mut self, entries: &[LogEntry]) {
        for entry in entries {
            let at = entry.at;
            let latest = self.latest_at;
            self.expect(19, at >= latest, || format!("a batch of {at:?} after one of {latest:?}"));
            self.latest_at = at.max(latest);
            let length = entry.bytes.len();
            self.expect(18, length <= MAX_STORED_LENGTH, || format!("a row of {length} bytes"));
            let batch = Batch::decode(&entry.bytes);
            let applied = batch.is_ok_and(|batch| {
                self.lately.push(batch.clone());
                batch.revision == self.replayed.revision() + 1 && self.replayed.apply(&batch).is_ok()
            });
            self.expect(2, applied, || format!("the stored batch {} can't be replayed", entry.revision));
            let cursor = Cursor { revision: entry.revision, check: entry.check };
            self.path.push(cursor);
            self.remember(cursor);
        }
    }

    pub(crate) fn back_up(&mut self) {
        self.backup = (self.replayed.clone(), self.path.clone());
    }

    pub(crate) fn put_back(&mut self, now: u64) {
        (self.replayed, self.path) = self.backup.clone();
        self.latest_at = self.replayed.at();
        self.restores += 1;
        self.restored_at = Some(now);
        self.acknowledged.clear();
        self.hidden.clear();
        self.heard.clear();
        self.possibly_heard.clear();
        self.settled.clear();
        self.leader_seen = None;
    }

    pub(crate) fn clock_stepped(&mut self, now: u64) {
        self.clock_stepped_at = Some(now);
    }

    /// The leader after it did something, or was loaded.
    pub(crate) fn leader(&mut self, leader: &Leader<Disk>, wall: Timestamp, now: u64) {
        let cursor = leader.cursor();
        if self.leader_seen != Some(cursor) {
            self.leader_seen = Some(cursor);
            let replayed = self.durable.get(&key(cursor)).map(|(portrait, _)| Rc::clone(portrait));
            let is_equal = replayed.is_some_and(|portrait| *portrait == Portrait::of(leader.registry(), cursor))
                && self.path.last() == Some(&cursor);
            self.expect(2, is_equal, || format!("the leader at {cursor} isn't what was stored"));
            let (acknowledged, stored) = (self.last_acknowledged(u64::MAX), self.path.len() as u64 - 1);
            self.expect(4, acknowledged.max(cursor.revision) <= stored, || {
                format!("acknowledged up to {}, stored up to {stored}", acknowledged.max(cursor.revision))
            });
            self.structure(leader.registry(), leader.now(wall));
            let limits = leader.settings().limits;
            let registry = leader.registry();
            let fits = registry.claim_count() <= limits.claims
                && registry.topic_count() <= limits.topics
                && registry.registration_count() <= limits.registrations;
            self.expect(18, fits, || "the registry holds more than it may".into());
        }
        self.liveness(leader.registry(), leader.now(wall), now, 0);
    }

    fn structure(&mut self, registry: &Registry, now: Timestamp) {
        let mut by_claim = BTreeSet::new();
        for claim in registry.claims() {
            for registration in registry.lookup_registrations(claim.key) {
                if registration.category != Category::Client {
                    by_claim.insert((claim.key.clone(), registration.key.to_string(), registration.subkey.to_string()));
                }
            }
        }
        let mut by_topic = BTreeSet::new();
        for topic in registry.topics() {
            let name = topic.name().to_string();
            by_topic.extend(topic.producers().map(|found| (found.key.clone(), name.clone(), String::new())));
            for channel in topic.channels() {
                let found = topic.channel_producers(channel).into_iter().flatten();
                by_topic.extend(found.map(|found| (found.key.clone(), name.clone(), channel.to_string())));
            }
            let listed: Vec<_> = topic.visible(&SETTINGS.lifetimes, now).map(|found| found.node().clone()).collect();
            let once: BTreeSet<_> = listed.iter().collect();
            self.expect(13, once.len() == listed.len(), || format!("{name} lists {listed:?}"));
        }
        self.expect(13, by_claim == by_topic, || "claims and topics tell different registrations".into());
        let count = registry.registration_count();
        self.expect(13, count == by_claim.len(), || format!("{count} registrations counted, {} there", by_claim.len()));
    }

    /// Who was heard is there; who wasn't for long is not.
    fn liveness(&mut self, registry: &Registry, leader_now: Timestamp, now: u64, travelled: u64) {
        let active =
            |key: &ClaimKey| registry.producer(key).is_some_and(|it| it.is_active(&SETTINGS.lifetimes, leader_now));
        let heard: Vec<_> = self.heard.iter().map(|(key, at)| (active(key), key.clone(), now - at)).collect();
        let stepped = self.clock_stepped_at.is_some_and(|at| now - at < 4 * T_MS);
        for (is_active, key, age) in heard {
            if travelled == 0 && age <= T_MS - T_MS / 4 {
                self.expect(8, is_active, || format!("{key:?} was heard {age} ms ago"));
            }
        }
        let heard: Vec<_> = self.possibly_heard.iter().map(|(key, at)| (active(key), key.clone(), now - at)).collect();
        for (is_active, key, age) in heard {
            if age > T_MS + T_MS / 3 + travelled && !stepped {
                self.expect(9, !is_active, || format!("{key:?} was last heard {age} ms ago"));
            }
        }
        let settled: Vec<_> = self.settled.iter().map(|(key, at)| (active(key), key.clone(), *at)).collect();
        for (is_active, key, (at, life)) in settled {
            let age = now - at;
            if travelled == 0 && age <= T_MS - 30_000 {
                let number = if life == u64::MAX { 16 } else { 8 };
                self.expect(number, is_active, || format!("{key:?} was there {age} ms ago, and didn't leave"));
            }
        }
    }

    pub(crate) fn heard_over_http(&mut self, claim: ClaimKey, now: u64) {
        self.heard.insert(claim, now);
    }

    pub(crate) fn may_be_heard(&mut self, claim: ClaimKey, now: u64) {
        self.possibly_heard.insert(claim, now);
    }

    pub(crate) fn left(&mut self, claim: &ClaimKey) {
        self.heard.remove(claim);
        self.settled.remove(claim);
    }

    /// The leader has all that the nsqd said, as its agent knows.
    pub(crate) fn settled(&mut self, claim: ClaimKey, now: u64, life: u64) {
        self.settled.insert(claim, (now, life));
    }

    /// Until its nsqds are back, what it announced is kept by invariant 16.
    pub(crate) fn agent_ended(&mut self, claims: impl Iterator<Item = ClaimKey>) {
        for claim in claims {
            if let Some((_, life)) = self.settled.get_mut(&claim) {
                *life = u64::MAX;
            }
        }
    }

    pub(crate) fn acknowledged(&mut self, revision: Revision, hides: bool, now: u64) {
        self.acknowledged.push((now, revision));
        if hides {
            self.hidden.push((now, revision));
        }
    }

    fn last_acknowledged(&self, before: u64) -> Revision {
        latest(&self.acknowledged, before)
    }

    /// A copy, whenever it may have changed.
    pub(crate) fn replica(&mut self, holder: Holder, replica: &Replica) {
        let Some(cursor) = replica.cursor() else { return };
        let before = self.held.insert(holder, cursor);
        if before == Some(cursor) {
            return;
        }
        let known = self.durable.get(&key(cursor)).cloned();
        self.expect(3, known.is_some(), || format!("{holder:?} is at {cursor}, which was never stored"));
        let Some((portrait, _)) = known else { return };
        let is_equal = *portrait == Portrait::of(replica.registry(), cursor);
        self.expect(1, is_equal, || format!("{holder:?} at {cursor} differs from what was stored"));
        if let Some(before) = before.filter(|before| before.revision > cursor.revision) {
            let of_now = self.durable.get(&key(before)).is_some_and(|(_, restores)| *restores == self.restores);
            self.expect(5, !of_now, || format!("{holder:?} fell from {before} to {cursor}"));
        }
    }

    /// A read that began then was answered from a copy, as one that is current.
    pub(crate) fn answered(&mut self, replica: &Replica, local: Timestamp, began: u64, now: u64) {
        self.expect(11, replica.is_loaded(), || "answered from nothing".into());
        let Some(cursor) = replica.cursor() else { return };
        let leader_now = replica.leader_now(local);
        let true_now = Timestamp::from_millis(BASE + now);
        self.expect(19, leader_now <= true_now, || format!("a copy's clock shows {leader_now:?} at {true_now:?}"));
        if self.restored_at.is_some_and(|at| began <= at + GRANT_MS) {
            return;
        }
        let needed = self.last_acknowledged(began.saturating_sub(GRANT_MS));
        let of_now = self.path.get(cursor.revision as usize) == Some(&cursor);
        self.expect(6, of_now && cursor.revision >= needed, || {
            format!("a read that began at {began} was answered at {cursor}; {needed} was acknowledged long before")
        });
        let hidden = latest(&self.hidden, began);
        self.expect(7, cursor.revision >= hidden, || {
            format!("a read that began at {began} was answered at {cursor}; {hidden} had hidden something")
        });
        self.liveness(replica.registry(), leader_now, now, now - began + 10_000);
    }
}

fn latest(acknowledged: &[(u64, Revision)], before: u64) -> Revision {
    acknowledged.iter().filter(|(at, _)| *at < before).map(|(_, revision)| *revision).max().unwrap_or(0)
}

fn key(cursor: Cursor) -> Key {
    (cursor.revision, cursor.check.to_bytes())
}
