//! Following leaders elsewhere: what nsqds say here is announced to them, and what they say is answered here.
//!
//! Core's [`Agent`](lookupd_core::link::Agent) decides all of it and lies in memory; whoever needs it locks it for a moment, and nobody while it waits for
//! something. So an nsqd is answered at once, whatever becomes of the leader. Three tasks serve it:
//!
//! - `stream`: the stream to the leader, which says what nsqds said and hears what changes.
//! - `pulls`: asking for changes, where the stream isn't enough.
//! - a timer, which looks for nsqds that fell silent and saves the replica.
//!
//! `reading` is how a question is answered, `upstream` HTTP to the leader, `saved` what is in `--data-path`.

mod clock;
mod forwarding;
mod metrics;
mod pulls;
mod reading;
mod saved;
mod state;
mod stream;
mod upstream;

use std::{path::Path, sync::Arc, time::Duration};

use futures_util::future::join_all;
use hyper::HeaderMap;
use lookupd_core::{
    Cursor, Node, Revision,
    http::{Error, Metrics, Read, Response},
    protocol::Failure,
};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use self::{
    clock::Clock,
    saved::{Saved, random_id},
    state::{Follower, source_of},
    upstream::Upstream,
};
pub(crate) use self::{
    forwarding::handshake_of,
    upstream::{Connection, cause_of},
};
use crate::{
    completing::Completing,
    leader::{Ask, SessionId, Verdict},
    role::Asked,
    serving::Stopping,
    waiters::Waiters,
};

/// The way to what follows. Clones lead to the same.
#[derive(Clone)]
pub(crate) struct Following {
    /// One or more, each of another leader.
    followers: Arc<[Arc<Follower>]>,
    waiters: Waiters,
}

impl Following {
    /// Begins to follow the leaders at these URLs, of which there is at least one. Before one has said how long a producer
    /// lives that isn't heard, it is taken to be the default.
    ///
    /// # Errors
    /// Why it can't, in a sentence.
    pub(crate) fn start(
        urls: &[String],
        token: Option<&str>,
        data_path: Option<&Path>,
        default_timeout: Duration,
        completing: Completing,
        stopping: &Stopping,
    ) -> Result<(Self, JoinSet<()>), String> {
        let upstreams = urls.iter().map(|url| Upstream::new(url, token)).collect::<Result<Vec<_>, _>>()?;
        if let Some(twice) =
            (1..upstreams.len()).find(|&at| upstreams[..at].iter().any(|other| other.url() == upstreams[at].url()))
        {
            return Err(format!("--upstream {}: it is there twice", upstreams[twice].url()));
        }
        let clock = Clock::start();
        let saved = data_path.map(Saved::open).transpose()?.map(Arc::new);
        let identity = match &saved {
            Some(saved) => saved.identity(clock.now())?,
            None => (random_id(), clock.now().as_millis()),
        };
        let (waiters, completing) = (Waiters::default(), Arc::new(completing));
        let followers = upstreams.into_iter().map(|upstream| {
            let (identity, saved, waiters) = (identity.clone(), saved.clone(), waiters.clone());
            let completing = completing.clone();
            Arc::new(Follower::new(upstream, identity, saved, clock, waiters, default_timeout, completing))
        });
        let followers: Arc<[_]> = followers.collect();
        let tasks = followers.iter().map(|follower| Arc::clone(follower).run(stopping.clone())).collect();
        Ok((Self { followers, waiters }, tasks))
    }

    /// Carries a session's request out, and says so to `answers`, at once.
    pub(crate) fn ask(&self, session: SessionId, ask: &Ask, answers: &mpsc::UnboundedSender<Verdict>) {
        let verdict = match self.followers.iter().try_for_each(|follower| follower.admit(ask)) {
            Err(refusal) => Verdict::Done(Err(Failure::Refused(refusal))),
            Ok(()) => {
                // All of them know the same sessions, so they say the same.
                let done = self.followers.iter().map(|follower| follower.carry_out(session, ask));
                if done.fold(false, |any, done| any | done) { Verdict::Done(Ok(())) } else { Verdict::Over }
            }
        };
        // Whoever doesn't wait any more needn't be told.
        let _ = answers.send(verdict);
    }

    /// The session's connection has ended.
    pub(crate) fn end(&self, session: SessionId, node: &Node) {
        self.followers.iter().for_each(|follower| follower.end(session, node));
    }

    /// Answers a question: from what all leaders said. What only a leader knows, the first is asked for.
    pub(crate) async fn read(&self, read: &Read, min_revision: Revision, asked: Asked<'_>) -> Response {
        if !read.tells_what_was_heard() {
            return reading::answer_promptly(&self.followers, read, min_revision).await;
        }
        match timeout(PATIENCE_WITH_QUESTIONS, self.first().forward(asked, Vec::new())).await {
            Ok(Ok(response)) if response.status < 500 => response,
            _ => reading::answer_stale(&self.followers, read),
        }
    }

    /// How long time alone makes the answer to `/lookup` no other, where it ever does.
    pub(crate) fn changes_within(&self, topic: &str) -> Option<Duration> {
        let changes = self.followers.iter().filter_map(|follower| {
            let agent = follower.agent();
            let source = source_of(&agent, &follower.clock);
            let changes_at = source.registry.topic(topic)?.changes_at(source.lifetimes, source.now)?;
            Some(changes_at.since(source.now))
        });
        changes.min()
    }

    /// Who is to be woken by what changes.
    pub(crate) fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// How it fares.
    pub(crate) fn metrics(&self) -> Metrics {
        metrics::of(&self.followers, &self.waiters)
    }

    /// Has the leader answer, the first of several.
    pub(crate) async fn forward(&self, asked: Asked<'_>) -> Response {
        self.first().forward(asked, Vec::new()).await.unwrap_or_else(Response::from)
    }

    /// Has the leader, the first of several, tell what brings a replica from there to here. Where it can't be asked, what is known
    /// here does, marked stale: a page that is opened meanwhile shows that.
    pub(crate) async fn catch_up(&self, since: Option<Cursor>, asked: Asked<'_>) -> Response {
        match timeout(PATIENCE_WITH_QUESTIONS, self.first().forward(asked, Vec::new())).await {
            Ok(Ok(response)) if response.status < 500 => response,
            Ok(Ok(response)) => reading::catch_up(self.first(), since).unwrap_or(response),
            Ok(Err(error)) => reading::catch_up(self.first(), since).unwrap_or_else(|| error.into()),
            Err(_) => reading::catch_up(self.first(), since).unwrap_or_else(|| Error::NotReady.into()),
        }
    }

    /// Has all leaders carry out a change: where one doesn't, its answer, and that of the first elsewhere. Whoever asked for
    /// it sees it here when he is answered.
    pub(crate) async fn forward_change(&self, asked: Asked<'_>, body: &[u8]) -> Response {
        let answers = self.followers.iter().map(|follower| follower.forward_change(asked, body.to_vec()));
        let mut responses = Vec::new();
        for answer in join_all(answers).await {
            responses.push(answer.unwrap_or_else(Response::from));
        }
        let failed = responses.iter().position(|response| response.status >= 400);
        responses.swap_remove(failed.unwrap_or(0))
    }

    /// Has the leader open a stream for the caller, by the caller's handshake, the first of several: the answer to that, and
    /// the connection.
    ///
    /// # Errors
    /// The finished answer, where there is none.
    pub(crate) async fn relay(
        &self,
        asked: Asked<'_>,
        handshake: HeaderMap,
    ) -> Result<(Response, Connection), Response> {
        self.first().relay(asked, handshake).await
    }

    fn first(&self) -> &Follower {
        &self.followers[0]
    }
}

/// How long the leader may take for a question that is answered in its place then.
const PATIENCE_WITH_QUESTIONS: Duration = Duration::from_secs(2);
