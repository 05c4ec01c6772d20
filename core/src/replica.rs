//! A copy of the registry that follows a leader.

use core::{fmt, time::Duration};

use crate::{
    change::{Batch, CatchUp, Check, Cursor, DecodeError},
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
}

/// The newest request that showed the state to be the leader's own.
#[derive(Clone, Copy, Debug)]
struct Proof {
    asked_at: Timestamp,
    answered_at: Timestamp,
    leader_now: Timestamp,
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

    /// The leader's clock at this moment of the local one: behind it by at most the answer's travel time, never ahead,
    /// so what is hidden here never shows too early.
    pub fn leader_now(&self, now: Timestamp) -> Timestamp {
        self.proof.map_or(now, |proof| proof.leader_now.plus(now.since(proof.answered_at)))
    }

    /// Follows an answer whose request began at `asked_at` and which arrived `now`, both by a local
    /// clock that never falls. Says whether the state changed.
    ///
    /// An answer to an older request than the newest may extend the state, never replace it.
    ///
    /// # Errors
    /// [`CannotFollow`]; the state is as it was.
    pub fn catch_up(&mut self, answer: &CatchUp, asked_at: Timestamp, now: Timestamp) -> Result<bool, CannotFollow> {
        let outdated = self.proof.is_some_and(|proof| asked_at < proof.asked_at);
        if outdated && (answer.anew || answer.cursor.revision <= self.registry.revision()) {
            return Ok(false);
        }
        let changed = if answer.anew { self.begin_anew(answer)? } else { self.extend(answer)? };
        self.lifetimes = answer.lifetimes;
        if !outdated {
            self.proof = Some(Proof { asked_at, answered_at: now, leader_now: answer.now });
        }
        Ok(changed)
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
        let changed = self.cursor() != Some(answer.cursor);
        (self.registry, self.check) = (registry, check);
        Ok(changed)
    }

    fn extend(&mut self, answer: &CatchUp) -> Result<bool, CannotFollow> {
        let mut batches = alloc::vec::Vec::with_capacity(answer.batches.len());
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
