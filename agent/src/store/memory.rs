//! A disk that lasts as long as the process, as nsqlookupd's state does.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use lookupd_core::{LogEntry, Revision, Stored, StoredSnapshot, Timestamp};

use super::{Medium, StorageError};

/// The snapshot and the log, which replicas ask for also where nothing is kept.
#[derive(Default)]
pub(crate) struct Memory(Mutex<State>);

#[derive(Default)]
struct State {
    snapshot: StoredSnapshot,
    earlier: StoredSnapshot,
    log: BTreeMap<Revision, LogEntry>,
    heard: Option<Vec<u8>>,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of it is one assignment, so it is whole wherever a thread ended.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Medium for Memory {
    fn load(&self) -> Result<Stored, StorageError> {
        let state = self.state();
        let log = state.log.range(state.snapshot.revision + 1..).map(|(_, entry)| entry.clone()).collect();
        Ok(Stored { snapshot: state.snapshot.clone(), log, heard: state.heard.clone() })
    }

    fn append(&self, entry: &LogEntry) -> Result<(), StorageError> {
        self.state().log.insert(entry.revision, entry.clone());
        Ok(())
    }

    fn save_heard(&self, heard: &[u8]) -> Result<(), StorageError> {
        self.state().heard = Some(heard.to_vec());
        Ok(())
    }

    fn compact(&self, snapshot: &StoredSnapshot, heard: &[u8], drop_through: Revision) -> Result<(), StorageError> {
        let mut state = self.state();
        let replaced = mem::replace(&mut state.snapshot, snapshot.clone());
        if state.earlier.revision != drop_through {
            state.earlier = if replaced.revision == drop_through { replaced } else { StoredSnapshot::default() };
        }
        state.heard = Some(heard.to_vec());
        state.log = state.log.split_off(&(drop_through + 1));
        Ok(())
    }

    fn snapshot(&self) -> Result<StoredSnapshot, StorageError> {
        Ok(self.state().snapshot.clone())
    }

    fn earlier(&self) -> Result<StoredSnapshot, StorageError> {
        Ok(self.state().earlier.clone())
    }

    fn log_from(&self, revision: Revision) -> Result<Vec<LogEntry>, StorageError> {
        Ok(self.state().log.range(revision..).map(|(_, entry)| entry.clone()).collect())
    }

    fn last_before(&self, time: Timestamp) -> Result<Option<Revision>, StorageError> {
        Ok(self.state().log.values().rev().find(|entry| entry.at < time).map(|entry| entry.revision))
    }

    fn commit(&self) -> Result<(), StorageError> {
        Ok(())
    }

    fn abandon(&self) -> Result<(), StorageError> {
        Ok(())
    }
}
