//! The thread that writes.

use std::{
    sync::{Arc, PoisonError, RwLockWriteGuard, atomic::Ordering},
    time::{Duration, Instant},
};

use lookupd_core::{
    ClaimKey, Command, Fault, Leader, Node, Timestamp, Via,
    http::{self, Metrics, Response, StreamOpening},
    link::{Closing, LeaderEnd, ToFollower},
    protocol::{Failure, Request},
};
use tokio::sync::mpsc;

use super::{
    Ask, Job, Said, Shared, Verdict, clock, completions::Completions, followers::Followers, holders::Holders, load,
};
use crate::store::{Disk, StorageError};

/// Carries commands out in rounds: all that wait, one commit, all answers.
pub(super) struct Owner {
    shared: Arc<Shared>,
    disk: Disk,
    jobs: mpsc::Receiver<Job>,
    holders: Holders,
    followers: Followers,
    completions: Completions,
    /// Where the leader stands since the last commit.
    beacon: ToFollower,
    /// Nodes whose end could not be stored yet.
    leaving: Vec<Node>,
    /// When loading failed last.
    load_failed_at: Option<Instant>,
}

/// What one job came to, to be told once it is durable.
enum Outcome {
    Session(Verdict),
    Http(Response),
    /// A stream may begin, with the leader's end of it where an agent opened it.
    Opened(Result<Option<LeaderEnd>, Closing>),
    /// What a stream's agent is told.
    Told(ToFollower),
    /// A stream is closed.
    Closed(Closing),
    Swept,
    Nothing,
}

impl Owner {
    pub(super) fn new(shared: Arc<Shared>, disk: Disk, jobs: mpsc::Receiver<Job>, completions: Completions) -> Self {
        let (holders, followers) = (Holders::default(), Followers::default());
        let (beacon, leaving) = (ToFollower::Resync, Vec::new());
        Self { shared, disk, jobs, holders, followers, completions, beacon, leaving, load_failed_at: None }
    }

    /// Until it is told to stop. What was asked before that is done before that.
    pub(super) fn run(mut self) {
        while let Some(first) = self.jobs.blocking_recv() {
            let mut round = vec![first];
            while round.len() < LONGEST_ROUND
                && let Ok(job) = self.jobs.try_recv()
            {
                round.push(job);
            }
            let stops = round.iter().any(|job| matches!(job, Job::Stop));
            self.hold(round);
            if stops {
                return;
            }
        }
    }

    /// One round.
    fn hold(&mut self, round: Vec<Job>) {
        let now = clock();
        let carried_out = self.with_leader(|owner, leader| {
            owner.settle_what_is_due(leader, now)?;
            round.iter().map(|job| owner.carry_out(job, leader, now)).collect::<Result<Vec<_>, _>>()
        });
        match carried_out {
            Some(outcomes) => {
                self.publish(now);
                round.into_iter().zip(outcomes).for_each(|(job, outcome)| self.answer(job, outcome, now));
            }
            None => round.into_iter().for_each(|job| self.fail(job)),
        }
        // Every answer is out: nobody waits for this but who asks next.
        let _ = self.with_leader(|_, leader| leader.compact(now));
    }

    /// Tells followers what was committed.
    fn publish(&mut self, now: Timestamp) {
        let mut held = self.shared.leader.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = held.as_mut() {
            self.beacon = leader.beacon(now);
            let (pushes, touched) = (leader.take_pushes(), leader.take_touched());
            let completions = leader.take_completions();
            drop(held);
            self.followers.publish(&pushes);
            self.shared.waiters.wake(&touched);
            for (topic, node) in completions {
                if let Some(nsqd) = self.holders.info(&node) {
                    self.completions.begin(nsqd.clone(), topic);
                }
            }
        }
    }

    /// Lets the leader do something and commits that. Readers wait for the former alone. Nothing where any of it failed:
    /// then the leader may be ahead of its disk, and is loaded anew.
    fn with_leader<T>(
        &mut self,
        act: impl FnOnce(&mut Self, &mut Leader<Disk>) -> Result<T, StorageError>,
    ) -> Option<T> {
        let shared = Arc::clone(&self.shared);
        let lock = || shared.leader.write().unwrap_or_else(PoisonError::into_inner);
        let mut held = lock();
        if held.is_none() {
            self.reload(&mut held);
        }
        let done = act(self, held.as_mut()?);
        drop(held);
        let done = done.and_then(|done| self.disk.commit().map(|()| done));
        match done {
            Ok(done) => Some(done),
            Err(error) => {
                tracing::error!("the registry can't be stored - {error}");
                let mut held = lock();
                *held = None;
                self.reload(&mut held);
                None
            }
        }
    }

    fn reload(&mut self, held: &mut RwLockWriteGuard<'_, Option<Leader<Disk>>>) {
        if self.load_failed_at.is_some_and(|at| at.elapsed() < PAUSE_BEFORE_LOADING) {
            return;
        }
        let loaded = self.disk.abandon().and_then(|()| load(&self.disk, self.shared.settings));
        self.load_failed_at = loaded.as_ref().err().map(|_| Instant::now());
        match loaded {
            Ok(leader) => **held = Some(leader),
            Err(error) => tracing::error!("the registry can't be loaded - {error}"),
        }
    }

    fn settle_what_is_due(&mut self, leader: &mut Leader<Disk>, now: Timestamp) -> Result<(), StorageError> {
        if self.leaving.is_empty() {
            return Ok(());
        }
        // Kept until all of it is done; leaving twice is no harm.
        for node in self.leaving.clone() {
            if self.holders.info(&node).is_none() {
                leave(leader, node, now)?;
            }
        }
        self.leaving.clear();
        Ok(())
    }

    fn carry_out(&mut self, job: &Job, leader: &mut Leader<Disk>, now: Timestamp) -> Result<Outcome, StorageError> {
        Ok(match job {
            Job::Session { session, ask: Ask::Identify(info), .. } => {
                let claim = ClaimKey { node: info.node(), via: Via::Tcp };
                let returns = leader.registry().producer(&claim).is_some();
                let command = Command::Identify { via: Via::Tcp, info: info.clone() };
                let done = execute(leader, &command, now)?;
                if done.is_ok() {
                    self.holders.take_over(*session, info, returns);
                }
                Outcome::Session(Verdict::Done(done))
            }
            Job::Session { session, ask: Ask::Other(node, request), .. } => {
                let held = self.holders.is_held_by(node, *session);
                Outcome::Session(self.carry_out_request(node, request, held, leader, now)?)
            }
            Job::End { session, node } => {
                if self.holders.release(node, *session) {
                    leave(leader, node.clone(), now)?;
                }
                Outcome::Nothing
            }
            Job::Http { request: http::Request::Metrics, .. } => Outcome::Http(self.metrics(leader, now)),
            Job::Http { request, body, remote_address, .. } => {
                Outcome::Http(http::serve(request.clone(), body, remote_address, leader, now)?)
            }
            Job::Follow { opening: StreamOpening { agent: None, .. }, .. } => Outcome::Opened(Ok(None)),
            Job::Follow { opening: StreamOpening { agent: Some(agent), .. }, .. } => {
                let opened = LeaderEnd::open(leader, agent.id.clone(), agent.incarnation, agent.connection, now)?;
                Outcome::Opened(opened.map(Some))
            }
            Job::Said { follower, said, .. } => {
                let Some(end) = self.followers.hear(*follower, now) else { return Ok(Outcome::Nothing) };
                match said {
                    // At once, not at the next sweep: by then the stream may be gone, and with it when it was heard.
                    Said::Ping => {
                        leader.hear_agent(end.agent(), now, now);
                        Outcome::Nothing
                    }
                    Said::Message(bytes) => {
                        end.receive(leader, bytes, now)?.map_or_else(Outcome::Closed, Outcome::Told)
                    }
                }
            }
            Job::Unfollow { .. } => Outcome::Nothing,
            Job::Completed { node, topic, problem } => {
                let claim = ClaimKey { node: node.clone(), via: Via::Tcp };
                let (topic, problem) = (topic.clone(), problem.clone());
                // It can't be refused: it takes nothing.
                execute(leader, &Command::EndCompletion { claim, topic, problem }, now)?.ok();
                Outcome::Nothing
            }
            Job::Sweep { .. } => {
                for (agent, heard_at) in self.followers.agents() {
                    leader.hear_agent(agent, heard_at, now);
                }
                match leader.sweep_now(now) {
                    Err(Fault::NotStored(error)) => return Err(error),
                    // What is taken down only makes room.
                    Err(Fault::Refused(_)) | Ok(()) => {}
                }
                self.shared.swept_at.store(now.as_millis(), Ordering::Relaxed);
                Outcome::Swept
            }
            Job::Stop => Outcome::Nothing,
        })
    }

    fn metrics(&self, leader: &Leader<Disk>, now: Timestamp) -> Response {
        let mut metrics = Metrics::of(leader, leader.now(now));
        let (nsqds, streams) = (self.holders.count() as u64, self.followers.count() as u64);
        let agents = self.followers.agents().count() as u64;
        metrics.gauge("lookupd_sessions", "nsqds that are connected.", nsqds);
        metrics.streams(streams, agents);
        metrics.gauge(
            "lookupd_waited_topics",
            "Topics that a /lookup waits for.",
            self.shared.waiters.topic_count() as u64,
        );
        metrics.into()
    }

    /// A request of a session that identified itself. One that was superseded is answered as the node's other session would
    /// be, but its being heard counts for nothing.
    fn carry_out_request(
        &mut self,
        node: &Node,
        request: &Request,
        held: bool,
        leader: &mut Leader<Disk>,
        now: Timestamp,
    ) -> Result<Verdict, StorageError> {
        let Some(info) = self.holders.info(node) else { return Ok(Verdict::Over) };
        let done = match request {
            Request::Register { topic, channel } => {
                let command = request.clone().into_command(info, &Via::Tcp);
                let done = execute(leader, &command, now)?;
                if done.is_ok() {
                    self.holders.registered(node, topic, channel.as_ref());
                }
                done
            }
            Request::Unregister { topic, channel } => {
                let command = request.clone().into_command(info, &Via::Tcp);
                self.holders.unregistered(node, topic, channel.as_ref());
                execute(leader, &command, now)?
            }
            Request::Ping | Request::Identify if !held => Ok(()),
            Request::Ping | Request::Identify => {
                let alive = Command::Identify { via: Via::Tcp, info: info.clone() };
                let command = self.holders.pinged(node, leader.registry());
                match execute(leader, command.as_ref().unwrap_or(&alive), now)? {
                    // So much at once that it can't be stored: what it serves no longer stays, rather than that it goes.
                    Err(Failure::Refused(_)) => execute(leader, &alive, now)?,
                    done => done,
                }
            }
        };
        Ok(Verdict::Done(done))
    }

    /// Answers a job whose round wasn't stored.
    fn fail(&mut self, job: Job) {
        match &job {
            Job::End { session, node } => {
                self.holders.release(node, *session);
                self.leaving.push(node.clone());
            }
            // What it said may be lost: it says everything anew on the next stream.
            Job::Said { follower, .. } => self.followers.remove(*follower),
            Job::Session { .. }
            | Job::Http { .. }
            | Job::Follow { .. }
            | Job::Unfollow { .. }
            | Job::Completed { .. }
            | Job::Sweep { .. }
            | Job::Stop => {}
        }
        self.answer(job, Outcome::Nothing, clock());
    }

    /// Tells whoever asked; without an outcome, that there is none.
    fn answer(&mut self, job: Job, outcome: Outcome, now: Timestamp) {
        // Whoever doesn't wait any more needn't be told.
        match (job, outcome) {
            (Job::Session { answers, .. }, Outcome::Session(verdict)) => drop(answers.send(verdict)),
            (Job::Session { answers, .. }, _) => drop(answers.send(Verdict::Done(Err(Failure::NotStored)))),
            (Job::Http { answer, .. }, Outcome::Http(response)) => drop(answer.send(response)),
            (Job::Http { answer, .. }, _) => drop(answer.send(http::Error::StorageFailed.into())),
            (Job::Follow { follower, outbox, done, .. }, Outcome::Opened(Ok(end))) => {
                self.followers.add(follower, outbox, end, &self.beacon, now);
                let _ = done.send(());
            }
            (Job::Follow { outbox, .. }, Outcome::Opened(Err(closing))) => outbox.close(closing),
            (Job::Said { follower, place, .. }, Outcome::Told(message)) => {
                self.followers.send(follower, &message);
                drop(place);
            }
            (Job::Said { follower, .. }, Outcome::Closed(closing)) => self.followers.close(follower, closing),
            (Job::Unfollow { follower }, _) => self.followers.remove(follower),
            (Job::Sweep { done }, outcome) => {
                if matches!(outcome, Outcome::Swept) {
                    self.followers.publish(std::slice::from_ref(&self.beacon));
                }
                let _ = done.send(());
            }
            (Job::End { .. } | Job::Follow { .. } | Job::Said { .. } | Job::Completed { .. } | Job::Stop, _) => {}
        }
    }
}

/// So many commands share a commit at most: readers wait while they are carried out, and the first of them for the last.
const LONGEST_ROUND: usize = 512;

/// A disk that fails is asked again after this.
const PAUSE_BEFORE_LOADING: Duration = Duration::from_secs(1);

fn leave(leader: &mut Leader<Disk>, node: Node, now: Timestamp) -> Result<(), StorageError> {
    let claim = ClaimKey { node, via: Via::Tcp };
    // It can't be refused: it takes nothing.
    execute(leader, &Command::Leave { claim }, now).map(drop)
}

/// # Errors
/// Where it isn't stored. A refusal is an answer.
fn execute(leader: &mut Leader<Disk>, command: &Command, now: Timestamp) -> Result<Result<(), Failure>, StorageError> {
    match leader.execute(command, now) {
        Ok(_) => Ok(Ok(())),
        Err(Fault::Refused(refusal)) => Ok(Err(Failure::Refused(refusal))),
        Err(Fault::NotStored(error)) => Err(error),
    }
}
