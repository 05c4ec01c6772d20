//! Following leaders elsewhere: what nsqds say here is announced to them, and what they say is answered here.
//!
//! Core's [`Agent`] decides all of it and lies in memory; whoever needs it locks it for a moment, and nobody while it waits for
//! something. So an nsqd is answered at once, whatever becomes of the leader. Three tasks serve it:
//!
//! - `stream`: the stream to the leader, which says what nsqds said and hears what changes.
//! - `pulls`: asking for changes, where the stream isn't enough.
//! - a timer, which looks for nsqds that fell silent and saves the replica.
//!
//! `reading` is how a question is answered, `upstream` HTTP to the leader, `saved` what is in `--data-path`.

mod clock;
mod metrics;
mod pulls;
mod reading;
mod saved;
mod stream;
mod upstream;

use std::{
    path::Path,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use hyper::{HeaderMap, header};
use lookupd_core::{
    Command, DecodeError, Limits, Node, Refusal, Revision, Timestamp, Via,
    http::{Error, Metrics, Read, Response, SERVER, Target},
    link::{Agent, Refused},
    protocol::{Failure, Request},
};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::{sleep, timeout},
};

pub(crate) use self::upstream::Connection;
use self::{
    clock::Clock,
    pulls::Pulls,
    saved::{Saved, random_id, sealed},
    upstream::{Answer, Authorization, Unreachable, Upstream},
};
use crate::{
    leader::{Ask, SessionId, Verdict},
    role::Asked,
    serving::{Stopping, stopped},
    waiters::Waiters,
};

/// The way to what follows. Clones lead to the same.
#[derive(Clone)]
pub(crate) struct Following(Arc<Follower>);

/// One leader, with all that is known of it and all that it is to be told.
struct Follower {
    upstream: Upstream,
    clock: Clock,
    agent: RwLock<Agent>,
    /// Something may be there to be sent.
    said: Notify,
    pulls: Pulls,
    is_connected: AtomicBool,
    /// How often a stream was opened.
    connections: AtomicU64,
    /// Whether a later life of this agent announces.
    is_superseded: AtomicBool,
    saved: Option<Saved>,
    waiters: Waiters,
}

impl Following {
    /// Begins to follow the leader at this URL.
    ///
    /// # Errors
    /// Why it can't, in a sentence.
    pub(crate) fn start(
        url: &str,
        token: Option<&str>,
        data_path: Option<&Path>,
        stopping: &Stopping,
    ) -> Result<(Self, JoinHandle<()>), String> {
        let upstream = Upstream::new(url, token)?;
        let clock = Clock::start();
        let now = clock.now();
        let saved = data_path.map(Saved::open).transpose()?;
        let (id, incarnation) = match &saved {
            Some(saved) => saved.identity(now)?,
            None => (random_id(), now.as_millis()),
        };
        let replica = saved.as_ref().and_then(|saved| saved.replica(upstream.url(), now));
        match &replica {
            Some(replica) => {
                let revision = replica.registry().revision();
                tracing::info!("UPSTREAM({}): following as agent {id}, from revision {revision}", upstream.url());
            }
            None => tracing::info!("UPSTREAM({}): following as agent {id}", upstream.url()),
        }
        let agent = RwLock::new(Agent::new(id, incarnation, replica.unwrap_or_default(), now));
        let follower = Arc::new(Follower {
            upstream,
            clock,
            agent,
            said: Notify::new(),
            pulls: Pulls::default(),
            is_connected: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            is_superseded: AtomicBool::new(false),
            saved,
            waiters: Waiters::default(),
        });
        follower.pulls.want();
        let tasks = tokio::spawn(run(Arc::clone(&follower), stopping.clone()));
        Ok((Self(follower), tasks))
    }

    /// Carries a session's request out, and says so to `answers`, at once.
    pub(crate) fn ask(&self, session: SessionId, ask: &Ask, answers: &mpsc::UnboundedSender<Verdict>) {
        // Whoever doesn't wait any more needn't be told.
        let _ = answers.send(self.0.carry_out(session, ask));
        self.0.said.notify_one();
    }

    /// The session's connection has ended.
    pub(crate) fn end(&self, session: SessionId, node: &Node) {
        self.0.change(|agent| agent.end_session(session, node));
        self.0.said.notify_one();
    }

    /// Answers a question. What only the leader knows, it is asked for.
    pub(crate) async fn read(&self, read: &Read, min_revision: Revision, asked: Asked<'_>) -> Response {
        if !read.tells_what_was_heard() {
            return reading::answer_promptly(&self.0, read, min_revision).await;
        }
        match timeout(PATIENCE_WITH_QUESTIONS, self.0.forward(asked, Vec::new())).await {
            Ok(Ok(answer)) if answer.status < 500 => passed_back(answer),
            _ => reading::answer_stale(&self.0, read),
        }
    }

    /// How long time alone makes the answer to `/lookup` no other, where it ever does.
    pub(crate) fn changes_within(&self, topic: &str) -> Option<Duration> {
        let agent = self.0.agent();
        let now = agent.replica().leader_now(self.0.clock.now());
        let changes_at = agent.registry().topic(topic)?.changes_at(agent.lifetimes(), now)?;
        Some(changes_at.since(now))
    }

    /// Who is to be woken by what changes.
    pub(crate) fn waiters(&self) -> &Waiters {
        &self.0.waiters
    }

    /// How it fares.
    pub(crate) fn metrics(&self) -> Metrics {
        metrics::of(&self.0)
    }

    /// Has the leader answer. Whoever changes something sees it here when he is answered.
    pub(crate) async fn forward(&self, asked: Asked<'_>, body: Vec<u8>) -> Response {
        let changes = asked.method == "POST";
        let mut pulls = self.0.pulls.subscribe();
        match self.0.forward(asked, body).await {
            Ok(answer) => {
                if changes {
                    let now = self.0.clock.now();
                    self.0.pulls.want();
                    let is_seen = pulls.wait_for(|pulled| pulled.followed.is_some_and(|asked_at| asked_at >= now));
                    let _ = timeout(PATIENCE_WITH_PULLS, is_seen).await;
                }
                passed_back(answer)
            }
            Err(Unreachable { reason, may_have_arrived }) => {
                let doubt = if changes && may_have_arrived { "; whether it was carried out is unknown" } else { "" };
                Error::UpstreamUnreachable { detail: format!("{}: {reason}{doubt}", self.0.upstream.url()) }.into()
            }
        }
    }

    /// Has the leader open a stream for the caller, by the caller's handshake: the answer to that, and the connection.
    ///
    /// # Errors
    /// The finished answer, where there is none.
    pub(crate) async fn relay(
        &self,
        asked: Asked<'_>,
        handshake: HeaderMap,
    ) -> Result<(Response, Connection), Response> {
        let Asked { target, authorization, .. } = asked;
        let authorization = Authorization::Caller(authorization);
        match self.0.upstream.upgrade(&path_and_query(target), authorization, handshake).await {
            Ok(Ok((headers, connection))) => {
                let mut response = passed_back(Answer { status: 101, headers, body: Default::default() });
                response.push("Connection", "Upgrade");
                response.push("Upgrade", "websocket");
                Ok((response, connection))
            }
            Ok(Err(answer)) => Err(passed_back(answer)),
            Err(Unreachable { reason, .. }) => {
                Err(Error::UpstreamUnreachable { detail: format!("{}: {reason}", self.0.upstream.url()) }.into())
            }
        }
    }
}

/// Follows until the daemon stops. The leader isn't told of that: nsqds come back.
async fn run(follower: Arc<Follower>, stopping: Stopping) {
    tokio::join!(
        stream::keep_open(&follower, stopping.clone()),
        pulls::run(&follower, stopping.clone()),
        keep_time(&follower, stopping),
    );
}

async fn keep_time(follower: &Follower, mut stopping: Stopping) {
    let mut saved = follower.agent().replica().cursor();
    let mut since_saved = Duration::ZERO;
    loop {
        let interval = (follower.timeout() / 20).max(SHORTEST_TICK);
        let stops = tokio::select! {
            () = sleep(interval) => false,
            () = stopped(&mut stopping) => true,
        };
        let now = follower.clock.now();
        follower.change(|agent| agent.tick(now));
        follower.said.notify_one();
        if follower.is_connected() && follower.agent().must_pull() {
            follower.pulls.refresh();
        }
        since_saved += interval;
        let cursor = follower.agent().replica().cursor();
        if cursor != saved && (stops || since_saved >= follower.timeout() / 5) {
            follower.save();
            (saved, since_saved) = (cursor, Duration::ZERO);
        }
        if stops {
            return;
        }
    }
}

impl Follower {
    fn agent(&self) -> RwLockReadGuard<'_, Agent> {
        self.agent.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something happen to it, and wakes whoever waits for that.
    fn change<T>(&self, act: impl FnOnce(&mut Agent) -> T) -> T {
        let mut agent = self.agent.write().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut agent);
        let touched = agent.take_touched();
        drop(agent);
        self.waiters.wake(&touched);
        done
    }

    fn carry_out(&self, session: SessionId, ask: &Ask) -> Verdict {
        let now = self.clock.now();
        self.change(|agent| {
            if let Err(refusal) = admit(agent, ask, now) {
                return Verdict::Done(Err(Failure::Refused(refusal)));
            }
            let is_over = match ask {
                Ask::Identify(info) => {
                    agent.identify(session, info, now);
                    false
                }
                Ask::Other(node, request) => !agent.request(session, node, request, now),
            };
            if is_over { Verdict::Over } else { Verdict::Done(Ok(())) }
        })
    }

    async fn forward(&self, asked: Asked<'_>, body: Vec<u8>) -> Result<Answer, Unreachable> {
        let Asked { method, target, authorization } = asked;
        self.upstream.ask(method, &path_and_query(target), Authorization::Caller(authorization), body).await
    }

    /// How long a producer lives that isn't heard: as the leader says, once it did.
    fn timeout(&self) -> Duration {
        self.agent().lifetimes().inactive_producer_timeout
    }

    fn is_connected(&self) -> bool {
        self.is_connected.load(Ordering::Relaxed)
    }

    fn is_superseded(&self) -> bool {
        self.is_superseded.load(Ordering::Relaxed)
    }

    fn supersede(&self) {
        self.is_superseded.store(true, Ordering::Relaxed);
    }

    fn connected(&self) {
        // One that was superseded only follows.
        if !self.is_superseded() {
            self.change(|agent| agent.opened(self.clock.now()));
        }
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.is_connected.store(true, Ordering::Relaxed);
        self.pulls.want();
    }

    fn disconnected(&self) {
        self.is_connected.store(false, Ordering::Relaxed);
        self.change(Agent::closed);
    }

    /// The next message to the leader.
    fn poll(&self) -> Option<Vec<u8>> {
        self.change(|agent| agent.poll(self.clock.now()))
    }

    /// Takes a message of the leader. Gives what it won't do.
    ///
    /// # Errors
    /// Where it isn't understood; the state is as it was.
    fn hear(&self, bytes: &[u8]) -> Result<Option<Refused>, DecodeError> {
        let heard = self.change(|agent| agent.heard(bytes, self.clock.now()));
        if self.agent().must_pull() {
            self.pulls.refresh();
        }
        heard
    }

    /// How many nodes the leader was told of, where it knows everything.
    fn announced(&self) -> Option<usize> {
        let agent = self.agent();
        agent.end().is_settled().then(|| agent.end().announcements().count())
    }

    fn save(&self) {
        let Some(saved) = &self.saved else { return };
        // Written without a lock: nsqds are answered meanwhile.
        let sealed = sealed(self.agent().replica(), self.clock.now());
        if let Some(bytes) = sealed {
            tokio::task::block_in_place(|| saved.save(self.upstream.url(), &bytes));
        }
    }
}

/// Here, too, a registry that is full refuses, and keeps what it has.
fn admit(agent: &Agent, ask: &Ask, now: Timestamp) -> Result<(), Refusal> {
    let via = Via::Agent(agent.identity().0.clone());
    let command = match ask {
        Ask::Identify(info) => Command::Identify { via, info: info.clone() },
        Ask::Other(node, request @ Request::Register { .. }) => match agent.end().announcement(node) {
            Some(said) => request.clone().into_command(&said.info, &via),
            None => return Ok(()),
        },
        Ask::Other(..) => return Ok(()),
    };
    agent.registry().decide(&command, &Limits::NATIVE, now).map(drop)
}

/// The leader's answer as whoever asked here gets it.
fn passed_back(answer: Answer) -> Response {
    let mut response = Response {
        status: answer.status,
        headers: vec![("Server", SERVER.into())],
        body: Vec::new(),
        hold: Duration::ZERO,
    };
    for name in PASSED_BACK {
        if let Some(value) = answer.header(name) {
            response.push(name, value.to_owned());
        }
    }
    response.body = answer.body.into();
    response
}

/// Those of an answer's headers that mean something.
const PASSED_BACK: [&str; 9] = [
    "Content-Type",
    "X-Nsq-Content-Type",
    "WWW-Authenticate",
    "Retry-After",
    "X-Lookupd-Revision",
    "X-Lookupd-Age",
    "X-Lookupd-Stale",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Protocol",
];

fn path_and_query(target: &Target<'_>) -> Vec<u8> {
    let query = target.query.map(|query| [b"?", query].concat()).unwrap_or_default();
    [target.path, &query].concat()
}

/// What a caller's handshake says of the WebSocket itself.
pub(crate) fn handshake_of(headers: &HeaderMap) -> HeaderMap {
    let names = [
        header::SEC_WEBSOCKET_KEY,
        header::SEC_WEBSOCKET_VERSION,
        header::SEC_WEBSOCKET_PROTOCOL,
        header::SEC_WEBSOCKET_EXTENSIONS,
    ];
    names.into_iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect()
}

/// How long the leader may take for a question that is answered in its place then.
const PATIENCE_WITH_QUESTIONS: Duration = Duration::from_secs(2);

/// How long whoever changed something waits for it to be seen here.
const PATIENCE_WITH_PULLS: Duration = Duration::from_secs(2);

/// Whatever the timeout.
const SHORTEST_TICK: Duration = Duration::from_millis(50);
