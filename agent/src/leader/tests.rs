//! A disk that fails, before or after it stored; and a follower that doesn't read.

use std::sync::{Arc, Mutex, atomic::AtomicBool};

use lookupd_core::{
    LeaderSettings, Lifetimes, Limits, LogEntry, Revision, Stored, StoredSnapshot, TopicName,
    link::{Closing, ToFollower},
};

use super::*;
use crate::store::{Medium, Memory, Sqlite};

#[derive(Clone, Copy)]
enum Failure {
    Before,
    After,
}

/// A real disk whose next commit of a batch fails when it is told so.
struct Failing(Sqlite, Arc<Mutex<Option<Failure>>>, AtomicBool);

impl Medium for Failing {
    fn load(&self) -> Result<Stored, StorageError> {
        self.0.load()
    }

    fn append(&self, entry: &LogEntry) -> Result<(), StorageError> {
        self.2.store(true, Ordering::Relaxed);
        self.0.append(entry)
    }

    fn save_heard(&self, heard: &[u8]) -> Result<(), StorageError> {
        self.0.save_heard(heard)
    }

    fn compact(&self, snapshot: &StoredSnapshot, heard: &[u8], drop_through: Revision) -> Result<(), StorageError> {
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

    fn commit(&self) -> Result<(), StorageError> {
        if !self.2.swap(false, Ordering::Relaxed) {
            return self.0.commit();
        }
        match self.1.lock().unwrap().take() {
            None => self.0.commit(),
            Some(Failure::Before) => Err(StorageError("failed before it stored".into())),
            Some(Failure::After) => self.0.commit().and(Err(StorageError("failed after it stored".into()))),
        }
    }

    fn abandon(&self) -> Result<(), StorageError> {
        self.0.abandon()
    }
}

async fn create(leadership: &Leadership, topic: &str) -> u16 {
    let target = format!("/topic/create?topic={topic}");
    let target = http::Target::parse(target.as_bytes()).unwrap();
    let access = http::Access::new(http::Anonymous::Write, None, None, None);
    let admitted = http::admit("POST", &target, &http::Headers::default(), &access, &http::Origins::default());
    leadership.serve(admitted.unwrap(), Vec::new(), "r".into()).await.status
}

async fn topics(leadership: &Leadership) -> Vec<TopicName> {
    let names = |leader: &Leader<Disk>, _| leader.registry().topics().map(|topic| topic.name().clone()).collect();
    leadership.read(names).await.unwrap()
}

#[tokio::test]
async fn what_was_not_committed_is_not_acknowledged_and_the_state_is_the_disks() {
    let folder = std::env::temp_dir().join(format!("lookupd-agent-failing-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let failure = Arc::new(Mutex::new(None));
    let disk = Disk::new(Failing(Sqlite::open(&folder).unwrap(), Arc::clone(&failure), AtomicBool::new(false)));
    let settings = LeaderSettings { lifetimes: Lifetimes::default(), limits: Limits::NATIVE, grant: Duration::ZERO };
    let (leadership, thread) = Leadership::start(disk, settings, Completing::new(false)).unwrap();
    let named = |names: &[&str]| names.iter().map(|name| TopicName::parse(name).unwrap()).collect::<Vec<_>>();

    assert_eq!(create(&leadership, "a").await, 200);
    *failure.lock().unwrap() = Some(Failure::Before);
    assert_eq!(create(&leadership, "b").await, 503);
    leadership.sweep().await;
    assert_eq!(topics(&leadership).await, named(&["a"]));
    // It may have been stored, and here it was.
    *failure.lock().unwrap() = Some(Failure::After);
    assert_eq!(create(&leadership, "c").await, 503);
    leadership.sweep().await;
    assert_eq!(topics(&leadership).await, named(&["a", "c"]));
    assert_eq!(create(&leadership, "d").await, 200);
    leadership.stop().await;
    thread.join().unwrap();
    let _ = std::fs::remove_dir_all(&folder);
}

#[tokio::test]
async fn whoever_does_not_read_is_told_to_ask_and_then_closed_and_nobody_waits_for_it() {
    let settings = LeaderSettings { lifetimes: Lifetimes::default(), limits: Limits::NATIVE, grant: Duration::ZERO };
    let (leadership, _) = Leadership::start(Disk::new(Memory::default()), settings, Completing::new(false)).unwrap();
    let opening = http::StreamOpening { since: None, agent: None };
    let (_, mut deaf) = leadership.follow(opening.clone()).await;
    let (_, mut other) = leadership.follow(opening).await;
    let hear = |bytes: Option<Bytes>| ToFollower::decode(&bytes.unwrap()).unwrap();
    assert!(matches!(hear(other.messages.recv().await), ToFollower::Beacon { .. }));
    for number in 0..300 {
        assert_eq!(create(&leadership, &format!("t{number}")).await, 200);
        assert!(matches!(hear(other.messages.recv().await), ToFollower::Batch { .. }));
    }
    assert_eq!(deaf.closing.try_recv(), Ok(Closing::TooSlow));
    let mut waiting = Vec::new();
    while let Some(message) = deaf.messages.recv().await {
        waiting.push(hear(Some(message)));
    }
    assert_eq!((waiting.len(), waiting.last()), (256, Some(&ToFollower::Resync)));
    assert!(other.closing.try_recv().is_err());
}
