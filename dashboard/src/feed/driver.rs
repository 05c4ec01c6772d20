//! The feed itself: carries out its plan, with the browser's clock, timer, requests and WebSocket.

use std::{cell::RefCell, rc::Rc, time::Duration};

use gloo_timers::callback::Timeout;
use lookupd_core::{
    Timestamp,
    link::{Closing, ToFollower},
    millis,
};
use wasm_bindgen_futures::spawn_local;

use super::{
    News, Port,
    plan::{Plan, Step},
    socket::{Incident, Socket},
    stream::Link,
};
use crate::{
    client::{Client, Told},
    dom,
    problem::Problem,
};

/// Keeps a store current: follows `GET /v1/stream`, and asks `GET /v1/changes?since=CURSOR` for what isn't pushed, and
/// `GET /v1/snapshot` to begin anew. It runs as long as the page.
#[derive(Clone)]
pub struct Feed(Rc<Inner>);

struct Inner {
    client: Client,
    port: Port,
    plan: RefCell<Plan>,
    timer: RefCell<Option<Timeout>>,
    socket: RefCell<Option<Socket>>,
    told: RefCell<Link>,
}

impl Feed {
    /// Begins to ask, at once; or once it is no longer paused.
    pub fn start(client: Client, port: Port, is_paused: bool) -> Self {
        let feed = Self(Rc::new(Inner {
            client,
            port,
            plan: RefCell::default(),
            timer: RefCell::default(),
            socket: RefCell::default(),
            told: RefCell::default(),
        }));
        feed.set_paused(is_paused);
        feed
    }

    /// Asks at once: something was changed from here, or a person wants to know.
    pub fn refresh(&self) {
        self.0.plan.borrow_mut().refresh();
        self.proceed();
    }

    /// Stops asking and following, or goes on and asks at once.
    pub fn set_paused(&self, is_paused: bool) {
        self.0.plan.borrow_mut().set_paused(is_paused);
        if is_paused {
            self.0.socket.replace(None);
        }
        self.proceed();
    }

    fn proceed(&self) {
        // Dropping a timer cancels it: there is never more than one.
        self.0.timer.replace(None);
        loop {
            let now = dom::now();
            let step = self.0.plan.borrow_mut().step(&(self.0.port.standing)(), now);
            match step {
                Step::Ask => spawn_local(self.clone().ask()),
                Step::Open => self.open(now),
                Step::Ping => {
                    if let Some(socket) = &*self.0.socket.borrow() {
                        socket.ping();
                    }
                }
                Step::Drop => self.lose(now),
                Step::Wait(wait) => {
                    let feed = self.clone();
                    let wait = u32::try_from(millis(wait)).unwrap_or(u32::MAX);
                    self.0.timer.replace(Some(Timeout::new(wait, move || feed.proceed())));
                    break;
                }
                Step::Rest => break,
            }
        }
        let link = self.0.plan.borrow().link();
        if self.0.told.replace(link) != link {
            self.tell(News::Link(link));
        }
    }

    async fn ask(self) {
        let asked_at = dom::now();
        let path = match (self.0.port.standing)().cursor {
            Some(cursor) => format!("/v1/changes?since={cursor}"),
            None => "/v1/snapshot".into(),
        };
        let answer = self.0.client.catch_up(&path).await;
        let now = dom::now();
        match answer {
            Ok(Told { answer, stale: Some(age), right }) => {
                self.tell(News::Answer { answer, right, asked_at: asked_at.minus(age), now });
                let retry_at = self.0.plan.borrow_mut().failed(Duration::ZERO, now);
                self.tell(News::Failed { problem: Problem::LeaderAway, retry_at });
            }
            Ok(Told { answer, stale: None, right }) => {
                self.tell(News::Answer { answer, right, asked_at, now });
                let mut plan = self.0.plan.borrow_mut();
                if (self.0.port.standing)().cursor.is_some() {
                    plan.answered(now);
                } else {
                    plan.failed(Duration::ZERO, now);
                }
            }
            Err(problem) => {
                // Who may not ask may not follow either, by whatever token the stream was opened with.
                if problem.wants_token() {
                    self.lose(now);
                }
                let retry_at = self.0.plan.borrow_mut().failed(problem.retry_after(), now);
                self.tell(News::Failed { problem, retry_at });
            }
        }
        self.proceed();
    }

    fn open(&self, now: Timestamp) {
        let socket = (self.0.port.standing)().cursor.and_then(|cursor| {
            let feed = self.clone();
            Socket::open(self.0.client.prefix(), cursor, move |incident| feed.happened(incident))
        });
        let is_refused = socket.is_none();
        self.0.socket.replace(socket);
        if is_refused {
            self.lose(now);
        }
    }

    fn happened(&self, incident: Incident) {
        let now = dom::now();
        match incident {
            Incident::Opened => self.0.plan.borrow_mut().opened(now),
            Incident::Pong => self.heard(false, now),
            Incident::Message(bytes) => match ToFollower::decode(&bytes) {
                Ok(message) => {
                    let is_beacon = matches!(message, ToFollower::Beacon { .. });
                    self.tell(News::Pushed { message, now });
                    self.heard(is_beacon, now);
                }
                Err(error) => self.give_up(Problem::undecodable(&error), now),
            },
            Incident::Closed(code) if code == Closing::UnknownFormat.code() => {
                self.give_up(Problem::UnknownFormat, now);
            }
            Incident::Closed(_) => self.lose(now),
        }
        self.proceed();
    }

    fn heard(&self, is_beacon: bool, now: Timestamp) {
        let as_of = self.0.plan.borrow_mut().heard(is_beacon, now);
        self.tell(News::Heard { as_of });
    }

    fn give_up(&self, problem: Problem, now: Timestamp) {
        self.lose(now);
        self.tell(News::Failed { problem, retry_at: now });
    }

    fn lose(&self, now: Timestamp) {
        self.0.socket.replace(None);
        self.0.plan.borrow_mut().lost(js_sys::Math::random(), now);
    }

    fn tell(&self, news: News) {
        (self.0.port.emit)(news);
    }
}
