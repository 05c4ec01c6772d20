//! A disk in memory that outlives its leader, and that can fail before or after it stores.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use lookupd_core::{LogEntry, Revision, Store, Stored, StoredSnapshot, Timestamp};

/// Clones share what is stored, as a process does with the one that ran before it.
#[derive(Clone, Default)]
pub(crate) struct Disk(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    snapshot: StoredSnapshot,
    earlier: StoredSnapshot,
    log: BTreeMap<Revision, LogEntry>,
    heard: Option<Vec<u8>>,
    writes: usize,
    failure: Option<Failure>,
}

/// What the next write does instead of succeeding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    BeforeItStores,
    AfterItStored,
}

impl Disk {
    pub(crate) fn fail_next_write(&self, failure: Failure) {
        self.0.borrow_mut().failure = Some(failure);
    }

    /// How many writes succeeded.
    pub(crate) fn writes(&self) -> usize {
        self.0.borrow().writes
    }

    pub(crate) fn damage_log(&self, revision: Revision) {
        if let Some(entry) = self.0.borrow_mut().log.get_mut(&revision) {
            let last = entry.bytes.len() - 1;
            entry.bytes[last] ^= 1;
        }
    }

    pub(crate) fn lose_log_entry(&self, revision: Revision) {
        self.0.borrow_mut().log.remove(&revision);
    }

    pub(crate) fn log_length(&self) -> usize {
        self.0.borrow().log.len()
    }

    pub(crate) fn snapshot_revision(&self) -> Revision {
        self.0.borrow().snapshot.revision
    }

    fn write(&self, store: impl FnOnce(&mut State)) -> Result<(), &'static str> {
        let mut state = self.0.borrow_mut();
        match state.failure.take() {
            Some(Failure::BeforeItStores) => return Err("failed before it stored"),
            Some(Failure::AfterItStored) => {
                store(&mut state);
                return Err("failed after it stored");
            }
            None => store(&mut state),
        }
        state.writes += 1;
        Ok(())
    }
}

impl Store for Disk {
    type Error = &'static str;

    fn load(&self) -> Result<Stored, Self::Error> {
        let state = self.0.borrow();
        let log = state.log.range(state.snapshot.revision + 1..).map(|(_, entry)| entry.clone()).collect();
        Ok(Stored { snapshot: state.snapshot.clone(), log, heard: state.heard.clone() })
    }

    fn append(&mut self, entry: &LogEntry) -> Result<(), Self::Error> {
        if self.0.borrow().log.contains_key(&entry.revision) {
            return Err("an entry of that revision is there");
        }
        self.write(|state| {
            state.log.insert(entry.revision, entry.clone());
        })
    }

    fn save_heard(&mut self, heard: &[u8]) -> Result<(), Self::Error> {
        self.write(|state| state.heard = Some(heard.to_vec()))
    }

    fn compact(&mut self, snapshot: &StoredSnapshot, heard: &[u8], drop_through: Revision) -> Result<(), Self::Error> {
        self.write(|state| {
            let replaced = std::mem::replace(&mut state.snapshot, snapshot.clone());
            if state.earlier.revision != drop_through {
                state.earlier = if replaced.revision == drop_through { replaced } else { StoredSnapshot::default() };
            }
            state.heard = Some(heard.to_vec());
            state.log = state.log.split_off(&(drop_through + 1));
        })
    }

    fn snapshot(&self) -> Result<StoredSnapshot, Self::Error> {
        Ok(self.0.borrow().snapshot.clone())
    }

    fn earlier(&self) -> Result<StoredSnapshot, Self::Error> {
        Ok(self.0.borrow().earlier.clone())
    }

    fn log_from(&self, revision: Revision) -> Result<Vec<LogEntry>, Self::Error> {
        Ok(self.0.borrow().log.range(revision..).map(|(_, entry)| entry.clone()).collect())
    }

    fn last_before(&self, time: Timestamp) -> Result<Option<Revision>, Self::Error> {
        let state = self.0.borrow();
        Ok(state.log.values().rev().find(|entry| entry.at < time).map(|entry| entry.revision))
    }
}
