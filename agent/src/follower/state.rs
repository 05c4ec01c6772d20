//! One leader, with all that is known of it.

use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use lookupd_core::{
    AgentId, Command, DecodeError, Incarnation, Limits, Node, Refusal, Via,
    http::Source,
    link::{Agent, Completion, Refused},
    protocol::Request,
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{
    clock::Clock,
    pulls::{self, Pulled, Pulls},
    saved::{Saved, sealed},
    stream,
    upstream::Upstream,
};
use crate::{
    completing::Completing,
    leader::{Ask, SessionId},
    serving::{Stopping, stopped},
    waiters::Waiters,
};

/// What is known of it, and what it is to be told.
pub(super) struct Follower {
    pub(super) upstream: Upstream,
    pub(super) clock: Clock,
    agent: RwLock<Agent>,
    /// Something may be there to be sent.
    pub(super) said: Notify,
    pub(super) pulls: Pulls,
    is_connected: AtomicBool,
    /// How often a stream was opened.
    pub(super) connections: AtomicU64,
    /// Answers that were marked stale for want of this leader.
    pub(super) stale_answers: AtomicU64,
    /// Whether a later life of this agent announces.
    is_superseded: AtomicBool,
    saved: Option<Arc<Saved>>,
    waiters: Waiters,
    default_timeout: Duration,
    completing: Arc<Completing>,
    /// The tombstones to complete, and that there are some.
    completions: Mutex<Vec<Completion>>,
    asked: Notify,
}

impl Follower {
    /// One that begins with the replica that was saved, where one was.
    pub(super) fn new(
        upstream: Upstream,
        (id, incarnation): (AgentId, Incarnation),
        saved: Option<Arc<Saved>>,
        clock: Clock,
        waiters: Waiters,
        default_timeout: Duration,
        completing: Arc<Completing>,
    ) -> Self {
        let now = clock.now();
        let replica = saved.as_ref().and_then(|saved| saved.replica(upstream.url(), now));
        match &replica {
            Some(replica) => {
                let revision = replica.registry().revision();
                tracing::info!("UPSTREAM({}): following as agent {id}, from revision {revision}", upstream.url());
            }
            None => tracing::info!("UPSTREAM({}): following as agent {id}", upstream.url()),
        }
        Self {
            upstream,
            clock,
            agent: RwLock::new(Agent::new(id, incarnation, replica.unwrap_or_default(), now)),
            said: Notify::new(),
            pulls: Pulls::default(),
            is_connected: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            stale_answers: AtomicU64::new(0),
            is_superseded: AtomicBool::new(false),
            saved,
            waiters,
            default_timeout,
            completing,
            completions: Mutex::default(),
            asked: Notify::new(),
        }
    }

    /// Follows until the daemon stops. The leader isn't told of that: nsqds come back.
    pub(super) async fn run(self: Arc<Self>, stopping: Stopping) {
        self.pulls.want();
        tokio::join!(
            stream::keep_open(&self, stopping.clone()),
            pulls::run(&self, stopping.clone()),
            self.complete_tombstones(stopping.clone()),
            self.keep_time(stopping),
        );
    }

    pub(super) fn agent(&self) -> RwLockReadGuard<'_, Agent> {
        self.agent.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something happen to it, and wakes whoever waits for that.
    pub(super) fn change<T>(&self, act: impl FnOnce(&mut Agent) -> T) -> T {
        let mut agent = self.agent.write().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut agent);
        let (touched, completions) = (agent.take_touched(), agent.take_completions());
        drop(agent);
        self.waiters.wake(&touched);
        if !completions.is_empty() {
            self.completions.lock().unwrap_or_else(PoisonError::into_inner).extend(completions);
            self.asked.notify_one();
        }
        done
    }

    /// Whether the state has room for what an nsqd asks: here, too, a registry that is full refuses, and keeps what it has.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) fn admit(&self, ask: &Ask) -> Result<(), Refusal> {
        let agent = self.agent();
        let via = Via::Agent(agent.identity().0.clone());
        let command = match ask {
            Ask::Identify(info) => Command::Identify { via, info: info.clone() },
            Ask::Other(node, request @ Request::Register { .. }) => match agent.end().announcement(node) {
                Some(said) => request.clone().into_command(&said.info, &via),
                None => return Ok(()),
            },
            Ask::Other(..) => return Ok(()),
        };
        agent.registry().decide(&command, &Limits::NATIVE, self.clock.now()).map(drop)
    }

    /// Does what an nsqd asks. `false` where nobody speaks for its node any more.
    pub(super) fn carry_out(&self, session: SessionId, ask: &Ask) -> bool {
        let now = self.clock.now();
        let done = self.change(|agent| match ask {
            Ask::Identify(info) => {
                agent.identify(session, info, now);
                true
            }
            Ask::Other(node, request) => agent.request(session, node, request, now),
        });
        self.said.notify_one();
        done
    }

    /// The session's connection has ended.
    pub(super) fn end(&self, session: SessionId, node: &Node) {
        self.change(|agent| agent.end_session(session, node));
        self.said.notify_one();
    }

    /// Waits until the leader has answered what happened before this, but no longer than that.
    pub(super) async fn caught_up(&self, within: Duration) {
        let (mut pulls, now) = (self.pulls.subscribe(), self.clock.now());
        let failed_before = pulls.borrow().failed;
        self.pulls.want();
        let is_over =
            |pulled: &Pulled| pulled.failed > failed_before || pulled.followed.is_some_and(|asked_at| asked_at >= now);
        let _ = timeout(within, pulls.wait_for(is_over)).await;
    }

    /// How long a producer lives that isn't heard: as the leader says, once it said something.
    pub(super) fn timeout(&self) -> Duration {
        let agent = self.agent();
        if agent.replica().is_loaded() { agent.lifetimes().inactive_producer_timeout } else { self.default_timeout }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.is_connected.load(Ordering::Relaxed)
    }

    pub(super) fn is_superseded(&self) -> bool {
        self.is_superseded.load(Ordering::Relaxed)
    }

    pub(super) fn supersede(&self) {
        self.is_superseded.store(true, Ordering::Relaxed);
    }

    pub(super) fn connected(&self) {
        // One that was superseded only follows.
        if !self.is_superseded() {
            self.change(|agent| agent.opened(self.clock.now()));
        }
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.is_connected.store(true, Ordering::Relaxed);
        self.pulls.want();
    }

    pub(super) fn disconnected(&self) {
        if self.is_connected.swap(false, Ordering::Relaxed) {
            // Nobody waits for a leader that has just been lost, before it answers again.
            self.pulls.give_up();
        }
        self.change(Agent::closed);
    }

    /// The next message to the leader.
    pub(super) fn poll(&self) -> Option<Vec<u8>> {
        self.change(|agent| agent.poll(self.clock.now()))
    }

    /// Takes a message of the leader. Gives what it won't do.
    ///
    /// # Errors
    /// Where it isn't understood; the state is as it was.
    pub(super) fn hear(&self, bytes: &[u8]) -> Result<Option<Refused>, DecodeError> {
        let heard = self.change(|agent| agent.heard(bytes, self.clock.now()));
        if self.agent().must_pull() {
            self.pulls.refresh();
        }
        heard
    }

    /// How many nodes the leader was told of, where it knows everything.
    pub(super) fn announced(&self) -> Option<usize> {
        let agent = self.agent();
        agent.end().is_settled().then(|| agent.end().announcements().count())
    }

    /// Has nsqds that are connected here do what was asked of them, and tells the leader what came of it.
    async fn complete_tombstones(&self, mut stopping: Stopping) {
        loop {
            let asked = async {
                self.asked.notified().await;
                let completions = mem::take(&mut *self.completions.lock().unwrap_or_else(PoisonError::into_inner));
                join_all(completions.into_iter().map(|completion| self.complete(completion))).await;
            };
            tokio::select! {
                () = asked => {}
                () = stopped(&mut stopping) => return,
            }
        }
    }

    async fn complete(&self, Completion { info, topic }: Completion) {
        // Then the nsqds are the other's to ask, wherever they are connected.
        if self.is_superseded() {
            return;
        }
        let problem = self.completing.complete(&info, &topic).await;
        self.change(|agent| agent.completed(info.node(), topic, problem));
        self.said.notify_one();
    }

    fn save(&self) {
        let Some(saved) = &self.saved else { return };
        // Written without a lock: nsqds are answered meanwhile.
        let sealed = sealed(self.agent().replica(), self.clock.now());
        if let Some(bytes) = sealed {
            tokio::task::block_in_place(|| saved.save(self.upstream.url(), &bytes));
        }
    }

    /// Looks for nsqds that fell silent, and saves the replica from time to time and at the end.
    async fn keep_time(&self, mut stopping: Stopping) {
        let mut saved = self.agent().replica().cursor();
        let mut since_saved = Duration::ZERO;
        loop {
            let interval = (self.timeout() / 20).clamp(SHORTEST_TICK, LONGEST_TICK);
            let stops = tokio::select! {
                () = sleep(interval) => false,
                () = stopped(&mut stopping) => true,
            };
            let now = self.clock.now();
            self.change(|agent| agent.tick(now));
            self.said.notify_one();
            if self.is_connected() && self.agent().must_pull() {
                self.pulls.refresh();
            }
            since_saved += interval;
            let cursor = self.agent().replica().cursor();
            if cursor != saved && (stops || since_saved >= self.timeout() / 5) {
                self.save();
                (saved, since_saved) = (cursor, Duration::ZERO);
            }
            if stops {
                return;
            }
        }
    }
}

/// What an answer is made from.
pub(super) fn source_of<'a>(agent: &'a Agent, clock: &Clock) -> Source<'a> {
    Source { registry: agent.registry(), lifetimes: agent.lifetimes(), now: agent.replica().leader_now(clock.now()) }
}

/// Whatever the timeout.
const SHORTEST_TICK: Duration = Duration::from_millis(50);

/// A leader may tell any time that the timeout is a shorter one.
const LONGEST_TICK: Duration = Duration::from_secs(1);
