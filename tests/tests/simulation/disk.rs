//! The leader's disk: it can fail before and after it stores, and be put back to an earlier backup.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use lookupd_core::{LogEntry, Revision, Store, Stored, StoredSnapshot, Timestamp};

/// Clones share what is stored.
#[derive(Clone, Default)]
pub(crate) struct Disk(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    content: Content,
    backup: Content,
    /// Entries that the checks haven't seen yet.
    news: Vec<LogEntry>,
    writes: usize,
    failure: Option<Failure>,
}

#[derive(Clone, Default)]
struct Content {
    snapshot: StoredSnapshot,
    earlier: StoredSnapshot,
    log: BTreeMap<Revision, LogEntry>,
    heard: Option<Vec<u8>>,
}

/// What the next write does instead of succeeding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    BeforeItStores,
    AfterItStored,
}

impl Disk {
    pub(crate) fn fail_next_write(&self, failure: Option<Failure>) {
        self.0.borrow_mut().failure = failure;
    }

    /// How many writes were stored.
    pub(crate) fn writes(&self) -> usize {
        self.0.borrow().writes
    }

    pub(crate) fn take_news(&self) -> Vec<LogEntry> {
        std::mem::take(&mut self.0.borrow_mut().news)
    }

    pub(crate) fn back_up(&self) {
        let mut state = self.0.borrow_mut();
        state.backup = state.content.clone();
    }

    pub(crate) fn put_back(&self) {
        let mut state = self.0.borrow_mut();
        state.content = state.backup.clone();
    }

    fn write(&self, store: impl FnOnce(&mut State)) -> Result<(), &'static str> {
        let mut state = self.0.borrow_mut();
        let failure = state.failure.take();
        if failure == Some(Failure::BeforeItStores) {
            return Err("failed before it stored");
        }
        store(&mut state);
        state.writes += 1;
        if failure.is_some() { Err("failed after it stored") } else { Ok(()) }
    }
}

impl Store for Disk {
    type Error = &'static str;

    fn load(&self) -> Result<Stored, Self::Error> {
        let Content { snapshot, log, heard, .. } = &self.0.borrow().content;
        let log = log.range(snapshot.revision + 1..).map(|(_, entry)| entry.clone()).collect();
        Ok(Stored { snapshot: snapshot.clone(), log, heard: heard.clone() })
    }

    fn append(&mut self, entry: &LogEntry) -> Result<(), Self::Error> {
        self.write(|state| {
            state.content.log.insert(entry.revision, entry.clone());
            state.news.push(entry.clone());
        })
    }

    fn save_heard(&mut self, heard: &[u8]) -> Result<(), Self::Error> {
        self.write(|state| state.content.heard = Some(heard.to_vec()))
    }

    fn compact(&mut self, snapshot: &StoredSnapshot, heard: &[u8], drop_through: Revision) -> Result<(), Self::Error> {
        self.write(|state| {
            let Content { snapshot: replaced, earlier, mut log, .. } = std::mem::take(&mut state.content);
            let earlier = [earlier, replaced].into_iter().find(|kept| kept.revision == drop_through);
            state.content = Content {
                snapshot: snapshot.clone(),
                earlier: earlier.unwrap_or_default(),
                log: log.split_off(&(drop_through + 1)),
                heard: Some(heard.to_vec()),
            };
        })
    }

    fn snapshot(&self) -> Result<StoredSnapshot, Self::Error> {
        Ok(self.0.borrow().content.snapshot.clone())
    }

    fn earlier(&self) -> Result<StoredSnapshot, Self::Error> {
        Ok(self.0.borrow().content.earlier.clone())
    }

    fn log_from(&self, revision: Revision) -> Result<Vec<LogEntry>, Self::Error> {
        Ok(self.0.borrow().content.log.range(revision..).map(|(_, entry)| entry.clone()).collect())
    }

    fn last_before(&self, time: Timestamp) -> Result<Option<Revision>, Self::Error> {
        Ok(self.0.borrow().content.log.values().rev().find(|entry| entry.at < time).map(|entry| entry.revision))
    }
}
