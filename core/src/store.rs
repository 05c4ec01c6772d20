//! What a leader needs of a disk.

use alloc::vec::Vec;

use crate::{
    change::{Check, Revision},
    time::Timestamp,
};

/// One batch as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The revision that the batch leads to; entries are found by it.
    pub revision: Revision,
    /// When it was decided.
    pub at: Timestamp,
    /// The check after it.
    pub check: Check,
    /// The encoded batch, at most [`MAX_STORED_LENGTH`](crate::MAX_STORED_LENGTH).
    pub bytes: Vec<u8>,
}

/// A snapshot as it is stored; before the first one revision 0 in no parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// The revision of its state.
    pub revision: Revision,
    /// Its encoded parts, each at most [`MAX_STORED_LENGTH`](crate::MAX_STORED_LENGTH).
    pub parts: Vec<Vec<u8>>,
}

/// Everything that a leader starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The latest snapshot.
    pub snapshot: StoredSnapshot,
    /// The log entries after it, oldest first.
    pub log: Vec<LogEntry>,
    /// What was last saved of when claims were heard.
    pub heard: Option<Vec<u8>>,
}

/// The disk of one leader. Nobody else writes to it.
///
/// Each write is durable before anything that follows from it leaves the process, and happens whole or not at all.
/// After a write that failed it is unknown which of the two: whoever holds a [`Leader`](crate::Leader) over it drops it
/// and loads anew.
pub trait Store {
    /// What can go wrong on this disk.
    type Error: core::fmt::Display;

    /// Everything, or nothing for a disk that was never written to. Doesn't write.
    ///
    /// # Errors
    /// Where it can't be read. Never an empty answer in its place.
    fn load(&self) -> Result<Stored, Self::Error>;

    /// Adds one entry, which is the next after the last.
    ///
    /// # Errors
    /// Where it can't be stored.
    fn append(&mut self, entry: &LogEntry) -> Result<(), Self::Error>;

    /// Replaces what was saved of when claims were heard.
    ///
    /// # Errors
    /// Where it can't be stored.
    fn save_heard(&mut self, heard: &[u8]) -> Result<(), Self::Error>;

    /// Replaces the snapshot and what was heard, and drops the log entries up to `drop_through`, all at once. Of the snapshots
    /// that are replaced, that of `drop_through` stays as the [earlier](Self::earlier) one, from which the log leads on.
    ///
    /// # Errors
    /// Where it can't be stored.
    fn compact(&mut self, snapshot: &StoredSnapshot, heard: &[u8], drop_through: Revision) -> Result<(), Self::Error>;

    /// The latest snapshot.
    ///
    /// # Errors
    /// Where it can't be read.
    fn snapshot(&self) -> Result<StoredSnapshot, Self::Error>;

    /// The snapshot that the log begins after: revision 0 in no parts where nothing was dropped yet.
    ///
    /// # Errors
    /// Where it can't be read.
    fn earlier(&self) -> Result<StoredSnapshot, Self::Error>;

    /// The entries from this revision on, itself included where it is kept, oldest first.
    ///
    /// # Errors
    /// Where they can't be read.
    fn log_from(&self, revision: Revision) -> Result<Vec<LogEntry>, Self::Error>;

    /// The newest entry decided before this time.
    ///
    /// # Errors
    /// Where it can't be read.
    fn last_before(&self, time: Timestamp) -> Result<Option<Revision>, Self::Error>;
}
