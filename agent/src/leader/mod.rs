//! The leader of this process: one thread writes, everyone reads.
//!
//! What changes something is queued for the [owner](owner::Owner)'s thread, which carries out all that waits and stores it
//! with one commit before it answers: many commands share one fsync. Questions are answered beside it from the same state,
//! without waiting for a disk, so one may be answered from what is about to be committed; nothing is acknowledged, nor
//! given to a replica, before it is.

mod completions;
mod followers;
mod holders;
mod owner;

use std::{
    io,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use lookupd_core::{
    Command, Leader, LeaderSettings, Lifetimes, LoadError, Node, ProducerInfo, Timestamp, TopicName,
    http::{self, PastRead, Response, StreamOpening},
    protocol::{Failure, Request},
};
use tokio::sync::{mpsc, oneshot};

use self::{completions::Completions, followers::Outbox, owner::Owner};
pub(crate) use self::{
    followers::{FollowerId, Inbox, Place},
    holders::SessionId,
};
use crate::{
    completing::Completing,
    store::{Disk, StorageError},
    waiters::Waiters,
};

/// The way to the leader. Clones lead to the same one.
#[derive(Clone)]
pub(crate) struct Leadership {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
}

struct Shared {
    settings: LeaderSettings,
    /// Nothing after the disk failed, until the leader could be loaded again.
    leader: RwLock<Option<Leader<Disk>>>,
    /// When it was last looked for what fell silent, in milliseconds.
    swept_at: AtomicU64,
    waiters: Waiters,
}

/// What the owner is to do.
enum Job {
    /// What a session's client asks for. Answered in the order of asking.
    Session { session: SessionId, ask: Ask, answers: mpsc::UnboundedSender<Verdict> },
    /// A session is over.
    End { session: SessionId, node: Node },
    /// A change that was admitted, or what a replica needs.
    Http { request: http::Request, body: Vec<u8>, remote_address: String, answer: oneshot::Sender<Response> },
    /// A stream is opened.
    Follow { follower: FollowerId, opening: StreamOpening, outbox: Outbox, done: oneshot::Sender<()> },
    /// An agent said something on its stream.
    Said { follower: FollowerId, said: Said, place: Place },
    /// A stream is over.
    Unfollow { follower: FollowerId },
    /// An nsqd that is connected here was asked to delete a topic.
    Completed { node: Node, topic: TopicName, problem: Option<String> },
    /// To look for what fell silent.
    Sweep { done: oneshot::Sender<()> },
    /// To come to an end.
    Stop,
}

/// A request with whose it is.
#[derive(Debug)]
pub(crate) enum Ask {
    /// The node is there.
    Identify(ProducerInfo),
    /// It wants something else.
    Other(Node, Request),
}

/// What came on a stream.
#[derive(Debug)]
pub(crate) enum Said {
    /// That whoever follows is there.
    Ping,
    /// A message.
    Message(Bytes),
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was carried out, or wasn't.
    Done(Result<(), Failure>),
    /// Nobody speaks for the node any more: another session of it took over, and ended. Whoever is really there connects
    /// again, and says everything anew.
    Over,
}

impl Leadership {
    /// Loads the leader and starts its thread. Every producer that was known before counts as last heard now: consumers go
    /// on finding it while it comes back, and no longer if it doesn't. To be called within a runtime, which asks nsqds.
    ///
    /// # Errors
    /// Where the disk gives no leader, in a sentence. Then nothing was written to it.
    pub(crate) fn start(
        disk: Disk,
        settings: LeaderSettings,
        completing: Completing,
    ) -> Result<(Self, JoinHandle<()>), StorageError> {
        let mut leader = load(&disk, settings)?;
        let now = clock();
        silence(&mut leader, now).map_err(|fault| StorageError(fault.to_string()))?;
        disk.commit()?;
        let shared = Arc::new(Shared {
            settings,
            leader: RwLock::new(Some(leader)),
            swept_at: AtomicU64::new(now.as_millis()),
            waiters: Waiters::default(),
        });
        let (jobs, queue) = mpsc::channel(QUEUE_LENGTH);
        let completions = Completions::new(completing, jobs.downgrade());
        let owner = Owner::new(Arc::clone(&shared), disk, queue, completions);
        let thread = std::thread::Builder::new().name("leader".into()).spawn(move || owner.run());
        let thread = thread.map_err(|error: io::Error| StorageError(format!("no thread can be started: {error}")))?;
        Ok((Self { shared, jobs }, thread))
    }

    /// Carries a session's request out, and says so to `answers`. Waits while the queue is full.
    pub(crate) async fn ask(&self, session: SessionId, ask: Ask, answers: &mpsc::UnboundedSender<Verdict>) {
        // Where the owner is gone the process ends, and the session with it.
        let _ = self.jobs.send(Job::Session { session, ask, answers: answers.clone() }).await;
    }

    /// The session's connection has ended.
    pub(crate) async fn end(&self, session: SessionId, node: Node) {
        let _ = self.jobs.send(Job::End { session, node }).await;
    }

    /// Answers a request that only the leader can, once that is durable.
    pub(crate) async fn serve(&self, request: http::Request, body: Vec<u8>, remote_address: String) -> Response {
        let (answer, answered) = oneshot::channel();
        let _ = self.jobs.send(Job::Http { request, body, remote_address, answer }).await;
        answered.await.unwrap_or_else(|_| http::Error::StorageFailed.into())
    }

    /// Opens a stream: what changes from now on is told to it, once that is durable.
    pub(crate) async fn follow(&self, opening: StreamOpening) -> (FollowerId, Inbox) {
        let (follower, outbox, inbox) = followers::connect();
        let (done, opened) = oneshot::channel();
        let _ = self.jobs.send(Job::Follow { follower, opening, outbox, done }).await;
        // Before that, nothing that is said on it counts.
        let _ = opened.await;
        (follower, inbox)
    }

    /// Carries out what was said on a stream. The answer is sent on it.
    pub(crate) async fn said(&self, follower: FollowerId, said: Said, place: Place) {
        let _ = self.jobs.send(Job::Said { follower, said, place }).await;
    }

    /// The stream is over.
    pub(crate) async fn unfollow(&self, follower: FollowerId) {
        let _ = self.jobs.send(Job::Unfollow { follower }).await;
    }

    /// Answers a question from the state.
    ///
    /// # Errors
    /// [`http::Error::StorageFailed`] where there is no state because the disk failed.
    pub(crate) async fn read<T>(&self, answer: impl FnOnce(&Leader<Disk>, Timestamp) -> T) -> Result<T, http::Error> {
        let now = clock();
        if self.is_overdue(now) {
            // The timer stood still with the machine: what is read must be right all the same.
            self.sweep().await;
        }
        let held = self.shared.leader.read().unwrap_or_else(PoisonError::into_inner);
        let leader = held.as_ref().ok_or(http::Error::StorageFailed)?;
        Ok(answer(leader, leader.now(now)))
    }

    /// Answers a question about the state as it was.
    pub(crate) async fn answer_past(&self, asked: PastRead) -> Response {
        let time = asked.clone();
        self.answer_beside(
            move |leader, now| leader.past(time.time(now)),
            move |past, lifetimes, _| asked.answer(&past, lifetimes),
        )
        .await
    }

    /// Answers with all that is held of what was, as a file.
    pub(crate) async fn answer_log(&self, cluster: Box<str>) -> Response {
        self.answer_beside(
            |leader, _| leader.history(),
            move |history, lifetimes, now| http::log(&history, &cluster, lifetimes, now),
        )
        .await
    }

    /// Answers from something that the leader holds, beside whoever asks it meanwhile: that takes its time.
    async fn answer_beside<T: Send + 'static>(
        &self,
        find: impl FnOnce(&Leader<Disk>, Timestamp) -> Result<T, StorageError>,
        answer: impl FnOnce(T, &Lifetimes, Timestamp) -> Response + Send + 'static,
    ) -> Response {
        let found = self.read(|leader, now| find(leader, now).map(|found| (found, leader.settings().lifetimes, now)));
        match found.await {
            Ok(Ok((found, lifetimes, now))) => {
                let answered = tokio::task::spawn_blocking(move || answer(found, &lifetimes, now)).await;
                answered.unwrap_or_else(|_| http::Error::StorageFailed.into())
            }
            Ok(Err(error)) => {
                tracing::error!("what was can't be read - {error}");
                http::Error::StorageFailed.into()
            }
            Err(error) => error.into(),
        }
    }

    /// Who is to be woken by what changes.
    pub(crate) fn waiters(&self) -> &Waiters {
        &self.shared.waiters
    }

    /// Looks for what fell silent.
    pub(crate) async fn sweep(&self) {
        let (done, swept) = oneshot::channel();
        let _ = self.jobs.send(Job::Sweep { done }).await;
        let _ = swept.await;
    }

    /// Ends the leader's thread once it has done what was asked before.
    pub(crate) async fn stop(&self) {
        let _ = self.jobs.send(Job::Stop).await;
    }

    /// How often to [`sweep`](Self::sweep).
    pub(crate) fn sweep_interval(&self) -> Duration {
        self.shared.settings.lifetimes.sweep_interval().max(SHORTEST_SWEEP_INTERVAL)
    }

    fn is_overdue(&self, now: Timestamp) -> bool {
        let swept_at = Timestamp::from_millis(self.shared.swept_at.load(Ordering::Relaxed));
        let interval = self.sweep_interval();
        now.since(swept_at) > interval + interval / 4
    }
}

/// As many commands wait at most; who asks for more waits before it.
const QUEUE_LENGTH: usize = 4_096;

/// Whatever the timeout: looking costs a little for each producer.
const SHORTEST_SWEEP_INTERVAL: Duration = Duration::from_millis(100);

fn clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(lookupd_core::millis(since_epoch))
}

fn load(disk: &Disk, settings: LeaderSettings) -> Result<Leader<Disk>, StorageError> {
    let loaded = Leader::load(disk.clone(), settings, clock()).map_err(|error| match error {
        LoadError::Unreadable(error) => error,
        damage => StorageError(format!(
            "{damage}: it was left as it is; put a copy back in its place, or move it away and start empty"
        )),
    });
    loaded.map(|mut leader| {
        // From here on they are noted.
        leader.take_completions();
        leader
    })
}

/// Takes down that nothing was heard of anyone since now.
fn silence(leader: &mut Leader<Disk>, now: Timestamp) -> Result<(), lookupd_core::Fault<StorageError>> {
    let now = leader.now(now);
    let heard: Vec<_> = leader
        .registry()
        .claims()
        .filter(|claim| claim.silent_since.is_none())
        .map(|claim| (claim.key.clone(), now))
        .collect();
    for some in heard.chunks(SILENCED_AT_ONCE) {
        leader.execute(&Command::silence(some.to_vec()), now)?;
    }
    Ok(())
}

/// Some 400 bytes each at most, so a batch of them stays far below what is stored at once.
const SILENCED_AT_ONCE: usize = 1_000;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]
mod tests;
