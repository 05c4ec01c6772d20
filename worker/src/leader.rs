//! The Durable Object: one a cluster, its leader.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use lookupd_core::{
    Cursor, Fault, Lifetimes, Timestamp,
    http::{self, Route, StreamOpening, StreamingAgent, Target},
    link::{Closing, LeaderEnd, PING, PONG},
};
use wasm_bindgen::{JsCast, JsValue};
use worker::{
    Date, DurableObject, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage, console_error,
    durable_object,
};

use crate::{
    config::{Config, Misconfigured},
    exchange::{header, to_runtime},
    followers::{Followers, Socket, Stream},
    store::{SqliteStore, StorageError},
    stub::{CHANGES_LENGTH, HOLD, MIN_REVISION, REMOTE_ADDRESS, SINCE},
};

/// Holds the cluster's registry in memory, and its history in SQLite.
///
/// Asked by [`edge`](crate::edge) alone, which has checked who asks and how much. A command is decided, stored, applied,
/// answered and pushed with no await in between; the runtime holds back what is sent until what was stored is durable.
#[durable_object]
pub struct Leader {
    state: State,
    env: Env,
    /// Nothing before the first request, and after a fault: the next request loads it from the disk.
    leader: RefCell<Option<lookupd_core::Leader<SqliteStore>>>,
    followers: Followers,
    is_alarm_set: Cell<bool>,
}

impl DurableObject for Leader {
    fn new(state: State, env: Env) -> Self {
        let handle: JsValue = state._inner().into();
        let state = State::from(handle.clone().unchecked_into::<worker::worker_sys::DurableObjectState>());
        let followers = Followers::of(handle);
        Self { state, env, leader: RefCell::new(None), followers, is_alarm_set: Cell::new(false) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let body = request.bytes().await?;
        let request = request.inner();
        let response = match parse(&request.method(), &request.url()) {
            Err(response) => to_runtime(&response)?,
            Ok(http::Request::Stream(opening)) => {
                let opened = self.open_stream(opening, header(request, "Sec-WebSocket-Protocol").as_deref());
                opened.or_else(|response| to_runtime(&response))?
            }
            Ok(asked) => to_runtime(&self.answer(asked, &body, request))?,
        };
        self.keep_the_alarm_set().await;
        Ok(response.into())
    }

    async fn alarm(&self) -> Result<Response> {
        // Armed again before anything can go wrong.
        let storage = self.state.storage();
        storage.set_alarm(self.lifetimes().sweep_interval()).await?;
        self.is_alarm_set.set(true);
        let beacon = self.with_leader(|leader, now| {
            for (end, heard_at) in self.followers.agents() {
                leader.hear_agent(end.agent(), heard_at, now);
            }
            match leader.sweep_now(now) {
                Err(Fault::NotStored(error)) => Err(error),
                Err(Fault::Refused(_)) | Ok(()) => Ok((leader.beacon(now), now)),
            }
        });
        let (beacon, now) = beacon.map_err(worker::Error::RustError)?;
        self.followers.beacon(&beacon, self.lifetimes().inactive_producer_timeout, now);
        if !self.has_to_look() {
            storage.delete_alarm().await?;
            self.is_alarm_set.set(false);
        }
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        let socket = near_end(&socket);
        match message {
            WebSocketIncomingMessage::Binary(bytes) => self.hear(&socket, &bytes),
            // The runtime answers these, unless it has just lost what it was told to.
            WebSocketIncomingMessage::String(text) if text == PING => socket.say_text(PONG),
            WebSocketIncomingMessage::String(_) => self.close_stream(&socket, Closing::Malformed),
        }
        self.keep_the_alarm_set().await;
        Ok(())
    }

    /// A stream that ends doesn't tell that its agent is gone: that is seen when it isn't heard for too long.
    async fn websocket_close(&self, socket: WebSocket, _: usize, _: String, _: bool) -> Result<()> {
        self.end_stream(&near_end(&socket), NORMAL_CLOSURE, "");
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _: worker::Error) -> Result<()> {
        self.end_stream(&near_end(&socket), NORMAL_CLOSURE, "");
        Ok(())
    }
}

/// The close codes that are everyone's (RFC 6455, 7.4.1).
const NORMAL_CLOSURE: u16 = 1000;
const INTERNAL_ERROR: u16 = 1011;

/// What is sent along with an answer to a change is much shorter than what a cold replica asks for.
const MAX_CHANGES_LENGTH: usize = 64 << 10;

impl Leader {
    fn answer(&self, asked: http::Request, body: &[u8], request: &web_sys::Request) -> http::Response {
        let text = |name| header(request, name);
        let remote_address = text(REMOTE_ADDRESS).unwrap_or_default();
        let min_revision = text(MIN_REVISION).and_then(|text| text.parse().ok()).unwrap_or(0);
        let since = text(SINCE).and_then(|since| Cursor::parse(&since).ok());
        let is_read = matches!(asked, http::Request::Read(_) | http::Request::Wait(_));
        let is_of_the_past = matches!(asked, http::Request::Past(_));
        let right = if matches!(asked, http::Request::CatchUp(_)) { text(http::RIGHT) } else { None };
        let answered = self.with_leader(|leader, now| {
            let mut response = match asked {
                http::Request::Metrics => self.metrics(leader, now),
                asked => http::serve(asked, body, &remote_address, leader, now)?,
            };
            let revision = leader.registry().revision();
            if is_read {
                response.describe(Some(revision), Some(Duration::ZERO), revision < min_revision);
            } else if !is_of_the_past {
                response.push("X-Lookupd-Revision", revision.to_string());
            }
            if let Some(right) = right.as_deref().and_then(http::Right::parse) {
                response.tell_right(right);
            }
            if !response.hold.is_zero() {
                response.push(HOLD, response.hold.as_millis().to_string());
            }
            if let Some(since) = since {
                let changes = leader.catch_up(Some(since), now)?;
                let changes = if changes.anew { Vec::new() } else { changes.encode() };
                if changes.len() <= MAX_CHANGES_LENGTH {
                    response.push(CHANGES_LENGTH, changes.len().to_string());
                    response.body.splice(..0, changes);
                }
            }
            Ok(response)
        });
        answered.unwrap_or_else(|_| http::Error::StorageFailed.into())
    }

    fn metrics(&self, leader: &lookupd_core::Leader<SqliteStore>, now: Timestamp) -> http::Response {
        let mut metrics = http::Metrics::of(leader, leader.now(now));
        metrics.streams(self.followers.count(), self.followers.agents().count() as u64);
        metrics.into()
    }

    /// # Errors
    /// The finished answer where there is no stream.
    fn open_stream(
        &self,
        StreamOpening { agent, .. }: StreamOpening,
        protocol: Option<&str>,
    ) -> std::result::Result<web_sys::Response, http::Response> {
        let failed = || http::Response::from(http::Error::StorageFailed);
        let opened = self.with_leader(|leader, now| {
            let end = match agent {
                None => Ok(None),
                Some(StreamingAgent { id, incarnation, connection }) => {
                    LeaderEnd::open(leader, id, incarnation, connection, now)?.map(Some)
                }
            };
            Ok((end, leader.beacon(now), now))
        });
        let (end, beacon, now) = opened.map_err(|_| failed())?;
        let (end, closing) = match end {
            Ok(end) => (end, None),
            Err(closing) => (None, Some(closing)),
        };
        let stream = Stream { heard_at: now, end };
        let (socket, response) = self.followers.open(&stream, protocol).map_err(|error| {
            console_error!("a stream can't be opened: {error:?}");
            failed()
        })?;
        match (closing, &stream.end) {
            (Some(closing), _) => self.followers.close(&socket, closing),
            (None, end) => {
                // Whoever isn't there asks for what is missing.
                socket.say(&beacon);
                if let Some(end) = end {
                    self.followers.replace(&socket, end);
                }
            }
        }
        Ok(response)
    }

    /// Carries out what an agent says.
    fn hear(&self, socket: &Socket, bytes: &[u8]) {
        let Some(Stream { end: Some(mut end), .. }) = socket.stream() else {
            return self.close_stream(socket, Closing::Forbidden);
        };
        let received = self.with_leader(|leader, now| Ok((end.receive(leader, bytes, now)?, now)));
        match received {
            Ok((Ok(answer), now)) => {
                if let Err(error) = socket.keep(&Stream { heard_at: now, end: Some(end) }) {
                    console_error!("a stream can't be kept: {error:?}");
                    return self.end_stream(socket, INTERNAL_ERROR, "");
                }
                socket.say(&answer);
            }
            Ok((Err(closing), _)) => self.close_stream(socket, closing),
            // It is told in the log. What was said is said again on the next stream.
            Err(_) => self.end_stream(socket, INTERNAL_ERROR, "the registry can't be written"),
        }
    }

    fn close_stream(&self, socket: &Socket, closing: Closing) {
        self.end_stream(socket, closing.code(), closing.reason());
    }

    /// Ends a stream, and takes down when its agent was heard last: the runtime, which answers heartbeats, can't be asked
    /// afterwards. A leader that isn't loaded takes an agent that it doesn't know for heard until it looks.
    fn end_stream(&self, socket: &Socket, code: u16, reason: &str) {
        if let Some((end, heard_at)) = self.followers.agent(socket)
            && let Some(leader) = &mut *self.leader.borrow_mut()
        {
            leader.hear_agent(end.agent(), heard_at, wall());
        }
        self.followers.end(socket, code, reason);
    }

    /// Lets the leader do something, and pushes what came of it. Drops the leader where its disk failed: it may be behind what
    /// is stored.
    fn with_leader<T>(
        &self,
        act: impl FnOnce(&mut lookupd_core::Leader<SqliteStore>, Timestamp) -> std::result::Result<T, StorageError>,
    ) -> std::result::Result<T, String> {
        let mut held = self.leader.borrow_mut();
        let now = wall();
        let mut leader = match held.take() {
            Some(leader) => leader,
            None => self.load(now).inspect_err(|problem| console_error!("{problem}"))?,
        };
        match act(&mut leader, now) {
            Ok(done) => {
                self.followers.push(&leader.take_pushes());
                // What was done is stored, whatever becomes of this.
                match leader.compact(now) {
                    Ok(()) => *held = Some(leader),
                    Err(error) => console_error!("the log can't be compacted: {error}"),
                }
                Ok(done)
            }
            Err(error) => {
                let problem = format!("the disk failed: {error}");
                console_error!("{problem}");
                Err(problem)
            }
        }
    }

    fn load(&self, now: Timestamp) -> std::result::Result<lookupd_core::Leader<SqliteStore>, String> {
        let config = Config::of(&self.env).map_err(|Misconfigured(problem)| problem)?;
        let store = SqliteStore::open(self.state.storage().as_raw()).map_err(|error| error.to_string())?;
        lookupd_core::Leader::load(store, config.leader, now).map_err(|error| error.to_string())
    }

    /// A failure only delays what the next request does as well.
    async fn keep_the_alarm_set(&self) {
        if self.is_alarm_set.get() || !self.has_to_look() {
            return;
        }
        let storage = self.state.storage();
        let armed = match storage.get_alarm().await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => storage.set_alarm(self.lifetimes().sweep_interval()).await,
            Err(error) => Err(error),
        };
        match armed {
            Ok(()) => self.is_alarm_set.set(true),
            Err(error) => console_error!("the alarm can't be set: {error}"),
        }
    }

    /// Whether something may fall silent, or somebody waits for a beacon.
    fn has_to_look(&self) -> bool {
        let holds = |leader: &lookupd_core::Leader<SqliteStore>| {
            leader.registry().claim_count() > 0 || leader.registry().agents().len() > 0
        };
        self.leader.borrow().as_ref().is_some_and(holds) || !self.followers.is_empty()
    }

    fn lifetimes(&self) -> Lifetimes {
        Config::of(&self.env).map_or(Lifetimes::default(), |config| config.leader.lifetimes)
    }
}

fn wall() -> Timestamp {
    Timestamp::from_millis(Date::now().as_millis())
}

fn near_end(socket: &WebSocket) -> Socket {
    let socket: &JsValue = AsRef::<web_sys::WebSocket>::as_ref(socket).as_ref();
    socket.clone().unchecked_into()
}

fn parse(method: &str, url: &str) -> std::result::Result<http::Request, http::Response> {
    let target = Target::parse(url.as_bytes())?;
    let route = Route::find(method, &target, None)?;
    Ok(http::Request::parse(route, &target)?)
}
