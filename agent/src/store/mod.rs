//! What the leader writes to: memory, or a file.

mod memory;
mod sqlite;

use std::{fmt, sync::Arc};

use lookupd_core::{LogEntry, Revision, Store, Stored, StoredSnapshot, Timestamp};

pub(crate) use self::{memory::Memory, sqlite::Sqlite};

/// What went wrong with it, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StorageError(pub(crate) String);

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StorageError {}

/// A disk whose writes become durable together: those since the last [`commit`](Self::commit), by the next one.
///
/// What was written is read back at once, committed or not. After an error it is unknown what was stored; then
/// [`abandon`](Self::abandon) forgets what is not, and a leader is loaded anew.
pub(crate) trait Medium: Send + Sync {
    /// As [`Store::load`], of what is committed.
    fn load(&self) -> Result<Stored, StorageError>;
    /// As [`Store::append`].
    fn append(&self, entry: &LogEntry) -> Result<(), StorageError>;
    /// As [`Store::save_heard`].
    fn save_heard(&self, heard: &[u8]) -> Result<(), StorageError>;
    /// As [`Store::compact`].
    fn compact(&self, snapshot: &StoredSnapshot, heard: &[u8], drop_through: Revision) -> Result<(), StorageError>;
    /// As [`Store::snapshot`].
    fn snapshot(&self) -> Result<StoredSnapshot, StorageError>;
    /// As [`Store::earlier`].
    fn earlier(&self) -> Result<StoredSnapshot, StorageError>;
    /// As [`Store::log_from`].
    fn log_from(&self, revision: Revision) -> Result<Vec<LogEntry>, StorageError>;
    /// As [`Store::last_before`].
    fn last_before(&self, time: Timestamp) -> Result<Option<Revision>, StorageError>;
    /// Makes what was written durable. Where this succeeds, it survives whatever happens to the process or the machine,
    /// as far as the medium survives it.
    fn commit(&self) -> Result<(), StorageError>;
    /// Undoes what was written and not committed.
    fn abandon(&self) -> Result<(), StorageError>;
}

/// A medium, shared between the leader that writes to it and the thread that commits what was written.
#[derive(Clone)]
pub(crate) struct Disk(Arc<dyn Medium>);

impl Disk {
    pub(crate) fn new(medium: impl Medium + 'static) -> Self {
        Self(Arc::new(medium))
    }

    /// [`Medium::commit`].
    pub(crate) fn commit(&self) -> Result<(), StorageError> {
        self.0.commit()
    }

    /// [`Medium::abandon`].
    pub(crate) fn abandon(&self) -> Result<(), StorageError> {
        self.0.abandon()
    }
}

impl Store for Disk {
    type Error = StorageError;

    fn load(&self) -> Result<Stored, StorageError> {
        self.0.load()
    }

    fn append(&mut self, entry: &LogEntry) -> Result<(), StorageError> {
        self.0.append(entry)
    }

    fn save_heard(&mut self, heard: &[u8]) -> Result<(), StorageError> {
        self.0.save_heard(heard)
    }

    fn compact(&mut self, snapshot: &StoredSnapshot, heard: &[u8], drop_through: Revision) -> Result<(), StorageError> {
        self.0.compact(snapshot, heard, drop_through)
    }

    fn snapshot(&self) -> Result<StoredSnapshot, StorageError> {
        self.0.snapshot()
    }

    fn earlier(&self) -> Result<StoredSnapshot, StorageError> {
        self.0.earlier()
    }

    fn log_from(&self, revision: Revision) -> Result<Vec<LogEntry>, StorageError> {
        self.0.log_from(revision)
    }

    fn last_before(&self, time: Timestamp) -> Result<Option<Revision>, StorageError> {
        self.0.last_before(time)
    }
}
