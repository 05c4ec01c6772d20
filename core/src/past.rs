//! The registry as it was.

use alloc::vec::Vec;

use crate::{
    change::{Batch, Revision},
    registry::Registry,
    store::{LogEntry, StoredSnapshot},
    time::Timestamp,
};

/// What leads to the state at a moment. Whoever holds it needs no leader for the rest, which takes as long as loading one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    pub(crate) time: Timestamp,
    pub(crate) snapshot: StoredSnapshot,
    /// What was decided after the snapshot and up to then.
    pub(crate) log: Vec<LogEntry>,
}

/// Why a moment can't be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSuchPast {
    /// What is kept begins later, then.
    Forgotten(Timestamp),
    /// What is kept isn't whole, at this revision.
    Broken(Revision),
}

impl Past {
    /// The moment.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The state at it.
    ///
    /// # Errors
    /// [`NoSuchPast`].
    pub fn replay(&self) -> Result<Registry, NoSuchPast> {
        let broken = NoSuchPast::Broken;
        let mut registry = Registry::default();
        if !self.snapshot.parts.is_empty() {
            registry = Registry::from_snapshot(&self.snapshot.parts).map_err(|_| broken(self.snapshot.revision))?.0;
        }
        if registry.at() > self.time {
            return Err(NoSuchPast::Forgotten(registry.at()));
        }
        for entry in &self.log {
            let batch = Batch::decode(&entry.bytes).map_err(|_| broken(entry.revision))?;
            registry.apply(&batch).map_err(|_| broken(entry.revision))?;
        }
        Ok(registry)
    }
}
