//! A copy of the registry that follows a leader.

mod freshness;

use alloc::vec::Vec;
use core::{fmt, time::Duration};

use self::freshness::Refreshing;
pub use self::freshness::{Confirmation, Plan};
use crate::{
    change::{Batch, CatchUp, Check, Cursor, DecodeError, Revision},
    link::ToFollower,
    producer::Lifetimes,
    registry::{Gap, Registry},
    time::Timestamp,
};

/// A registry fed by a leader's answers; always a state that the leader made durable, never a part of a batch.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    registry: Registry,
    check: Check,
    lifetimes: Lifetimes,
    proof: Option<Proof>,
    /// The highest revision that the leader was seen to be at.
    known: Revision,
    /// The latest that it said unasked, and when.
    told: (Revision, Timestamp),
    /// When the state was last taken over, by whatever way.
    changed_at: Timestamp,
    refreshing: Refreshing,
}

/// The newest request that showed the state to be the leader's own.
#[derive(Clone, Copy, Debug)]
struct Proof {
    asked_at: Timestamp,
    answered_at: Timestamp,
    leader_now: Timestamp,
    /// Until when it may be answered from, by the leader's grant.
    fresh_until: Timestamp,
}

/// Why an answer can't be followed. The state is as it was: ask for a whole snapshot, or keep what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotFollow {
    /// What came can't be decoded, or is of a format that this release doesn't know.
    Undecodable(DecodeError),
    /// Something between here and there is missing.
    Gap(Gap),
    /// It leads elsewhere than the leader said.
    Diverged,
}

impl fmt::Display for CannotFollow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecodable(error) => error.fmt(f),
            Self::Gap(gap) => gap.fmt(f),
            Self::Diverged => f.write_str("the changes lead elsewhere than the leader said"),
        }
    }
}

impl core::error::Error for CannotFollow {}

impl From<DecodeError> for CannotFollow {
    fn from(error: DecodeError) -> Self {
        Self::Undecodable(error)
    }
}

impl Replica {
    /// The state, which is empty before the first answer: see [`is_loaded`](Self::is_loaded).
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// How long producers and tombstones live, as the leader says.
    pub fn lifetimes(&self) -> &Lifetimes {
        &self.lifetimes
    }

    /// Whether an answer was followed yet.
    pub fn is_loaded(&self) -> bool {
        self.proof.is_some()
    }

    /// What to ask the leader for changes since; `None` before the first answer.
    pub fn cursor(&self) -> Option<Cursor> {
        self.proof.map(|_| Cursor { revision: self.registry.revision(), check: self.check })
    }

    /// How long ago the newest request that proved the state current began. `None` before the first answer.
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        self.proof.map(|proof| now.since(proof.asked_at))
    }

    /// Whether the leader's grant lasts: then every command that was acknowledged before it shows.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.proof.is_some_and(|proof| now < proof.fresh_until)
    }

    /// Whether the leader is known to be further: then it is to be asked.
    pub fn is_behind(&self) -> bool {
        self.registry.revision() < self.known
    }

    /// The leader's clock at this moment of the local one: behind it by at most the answer's travel time, never ahead,
    /// so what is hidden here never shows too early.
    pub fn leader_now(&self, now: Timestamp) -> Timestamp {
        self.proof.map_or(now, |proof| proof.leader_now.plus(now.since(proof.answered_at)))
    }

    /// Follows an answer whose request began at `asked_at` and which arrived `now`, both by a local
    /// clock that never falls. Says whether the state changed.
    ///
    /// An answer to an older request than the newest may extend the state, never replace it; and one to a request that
    /// began before the present state was there never takes it back.
    ///
    /// # Errors
    /// [`CannotFollow`]; the state is as it was.
    pub fn catch_up(&mut self, answer: &CatchUp, asked_at: Timestamp, now: Timestamp) -> Result<bool, CannotFollow> {
        // What was proved later than now was so by a clock that stepped back since.
        let outdated = self.proof.is_some_and(|proof| asked_at < proof.asked_at && proof.asked_at <= now);
        if outdated && (answer.anew || answer.cursor.revision <= self.registry.revision()) {
            return Ok(false);
        }
        let is_late = asked_at <= self.changed_at && answer.cursor.revision < self.registry.revision();
        let changed = match (is_late && self.is_loaded(), answer.anew) {
            (false, false) => self.extend(answer)?,
            (false, true) => self.begin_anew(answer)?,
            // Where changes never rest, each answer is overtaken by a push. The state is what it leads to and more, so it proves
            // that current.
            (true, false) => false,
            // This one may be of a history that is over.
            (true, true) => return Ok(false),
        };
        self.lifetimes = answer.lifetimes;
        if changed {
            self.changed_at = now;
        }
        if !outdated {
            let fresh_until = asked_at.plus(answer.fresh_for);
            self.proof = Some(Proof { asked_at, answered_at: now, leader_now: answer.now, fresh_until });
            // Lower than before where the leader was put back; but what it said meanwhile may be newer than the answer.
            let (told, told_at) = self.told;
            self.known = if told_at >= asked_at { told.max(answer.cursor.revision) } else { answer.cursor.revision };
        }
        Ok(changed)
    }

    /// Takes what the leader pushed, which arrived `now`. Says whether the state changed; afterwards
    /// [`is_behind`](Self::is_behind) tells whether it has to be asked for something.
    ///
    /// # Errors
    /// [`CannotFollow`]; the state is as it was: ask.
    pub fn push(&mut self, message: &ToFollower, now: Timestamp) -> Result<bool, CannotFollow> {
        match message {
            ToFollower::Batch { bytes, check } => {
                let batch = Batch::decode(bytes)?;
                self.learn(batch.revision, now);
                if batch.revision <= self.registry.revision() {
                    return Ok(false);
                }
                if batch.revision == self.registry.revision() + 1 && self.check.next(bytes) != *check {
                    return Err(CannotFollow::Diverged);
                }
                self.registry.apply(&batch).map_err(CannotFollow::Gap)?;
                (self.check, self.changed_at) = (*check, now);
                Ok(true)
            }
            ToFollower::Doorbell { revision } => {
                self.learn(*revision, now);
                Ok(false)
            }
            ToFollower::Beacon { cursor, now: leader_now, lifetimes } => {
                self.lifetimes = *lifetimes;
                if self.cursor() == Some(*cursor) {
                    // It grants nothing: a push may be on its way for as long as it likes.
                    let fresh_until = self.proof.map_or(now, |proof| proof.fresh_until);
                    let leader_now = self.leader_now(now).max(*leader_now);
                    self.proof = Some(Proof { asked_at: now, answered_at: now, leader_now, fresh_until });
                    return Ok(false);
                }
                self.learn(cursor.revision, now);
                if self.registry.revision() < cursor.revision { Ok(false) } else { Err(CannotFollow::Diverged) }
            }
            ToFollower::Resync => {
                self.learn(self.registry.revision() + 1, now);
                Ok(false)
            }
            ToFollower::Acknowledged { .. } | ToFollower::Refused(_) => Ok(false),
        }
    }

    /// The state as it is saved beside an agent, to begin with when it starts again: the parts of a snapshot.
    pub fn save(&self) -> Option<Vec<Vec<u8>>> {
        self.cursor().map(|cursor| self.registry.snapshot(cursor))
    }

    /// What brings another replica from there to here, at this moment of the local clock; nothing before the first answer. It
    /// grants nothing: this one only follows, too.
    pub fn hand_on(&self, since: Option<Cursor>, now: Timestamp) -> Option<CatchUp> {
        let cursor = self.cursor()?;
        let anew = since != Some(cursor);
        let snapshot = if anew { self.save()? } else { Vec::new() };
        let (now, lifetimes) = (self.leader_now(now), self.lifetimes);
        Some(CatchUp { now, lifetimes, cursor, anew, snapshot, batches: Vec::new(), fresh_for: Duration::ZERO })
    }

    /// What was [saved](Self::save), as a replica that was proved current when it was, by whatever clock. Nothing counts as fresh.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn restore(parts: &[Vec<u8>], lifetimes: Lifetimes, now: Timestamp) -> Result<Self, DecodeError> {
        let (registry, cursor) = Registry::from_snapshot(parts)?;
        let at = registry.at();
        // Never later than a request that begins now, whatever clock the leader goes by.
        let asked_at = at.min(now.minus(Duration::from_millis(1)));
        let proof = Proof { asked_at, answered_at: now, leader_now: now.max(at), fresh_until: Timestamp::default() };
        let (check, known) = (cursor.check, cursor.revision);
        Ok(Self { registry, check, lifetimes, proof: Some(proof), known, ..Self::default() })
    }

    fn learn(&mut self, revision: Revision, now: Timestamp) {
        self.known = self.known.max(revision);
        self.told = (revision, now);
    }

    fn begin_anew(&mut self, answer: &CatchUp) -> Result<bool, CannotFollow> {
        let (mut registry, Cursor { mut check, .. }) =
            if answer.snapshot.is_empty() { Default::default() } else { Registry::from_snapshot(&answer.snapshot)? };
        for bytes in &answer.batches {
            registry.apply(&Batch::decode(bytes)?).map_err(CannotFollow::Gap)?;
            check = check.next(bytes);
        }
        if (Cursor { revision: registry.revision(), check }) != answer.cursor {
            return Err(CannotFollow::Diverged);
        }
        if self.cursor() == Some(answer.cursor) {
            return Ok(false);
        }
        (self.registry, self.check) = (registry, check);
        Ok(true)
    }

    fn extend(&mut self, answer: &CatchUp) -> Result<bool, CannotFollow> {
        let mut batches = Vec::with_capacity(answer.batches.len());
        let Cursor { mut revision, mut check } = self.cursor().unwrap_or_default();
        for bytes in &answer.batches {
            let batch = Batch::decode(bytes)?;
            if batch.revision <= revision {
                continue;
            }
            if batch.revision != revision + 1 {
                return Err(CannotFollow::Gap(Gap { at: revision, batch: batch.revision }));
            }
            (revision, check) = (batch.revision, check.next(bytes));
            batches.push(batch);
        }
        if (Cursor { revision, check }) != answer.cursor {
            return Err(CannotFollow::Diverged);
        }
        for batch in &batches {
            self.registry.apply(batch).map_err(CannotFollow::Gap)?;
        }
        self.check = check;
        Ok(!batches.is_empty())
    }
}
