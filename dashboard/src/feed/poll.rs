//! The feed that asks every two seconds.

use std::{cell::RefCell, rc::Rc};

use gloo_timers::callback::Timeout;
use lookupd_core::{CatchUp, millis};
use wasm_bindgen_futures::spawn_local;

use super::{
    Feed, News, Port,
    schedule::{Schedule, Step},
};
use crate::{client::Client, dom, problem::Problem};

/// Asks `GET /v1/changes?since=CURSOR` again and again, and `GET /v1/snapshot` to begin anew.
#[derive(Clone)]
pub struct Polling(Rc<Inner>);

struct Inner {
    client: Client,
    port: Port,
    schedule: RefCell<Schedule>,
    timer: RefCell<Option<Timeout>>,
}

impl Polling {
    /// Begins to ask, at once.
    pub fn start(client: Client, port: Port) -> Self {
        let polling = Self(Rc::new(Inner {
            client,
            port,
            schedule: RefCell::new(Schedule::default()),
            timer: RefCell::new(None),
        }));
        polling.proceed();
        polling
    }

    fn proceed(&self) {
        // Dropping a timer cancels it: there is never more than one.
        self.0.timer.replace(None);
        let step = self.0.schedule.borrow_mut().step(dom::now());
        match step {
            Step::Ask => spawn_local(self.clone().ask()),
            Step::Wait(wait) => {
                // A weak hand, so that a dropped feed ends instead of keeping itself alive by its timer.
                let inner = Rc::downgrade(&self.0);
                let wait = u32::try_from(millis(wait)).unwrap_or(u32::MAX);
                let timer = Timeout::new(wait, move || {
                    if let Some(inner) = inner.upgrade() {
                        Self(inner).proceed();
                    }
                });
                self.0.timer.replace(Some(timer));
            }
            Step::Rest => {}
        }
    }

    async fn ask(self) {
        let asked_at = dom::now();
        let path = match (self.0.port.cursor)() {
            Some(cursor) => format!("/v1/changes?since={cursor}"),
            None => "/v1/snapshot".into(),
        };
        let answer = self.0.client.get_bytes(&path).await.and_then(|bytes| {
            CatchUp::decode(&bytes).map_err(|error| Problem::Garbled { detail: format!("changes: {error}") })
        });
        let now = dom::now();
        let news = match answer {
            Ok(answer) => {
                self.0.schedule.borrow_mut().answered(now);
                News::Answer { answer, asked_at, now }
            }
            Err(problem) => {
                let retry_at = self.0.schedule.borrow_mut().failed(now);
                News::Failed { problem, retry_at }
            }
        };
        (self.0.port.emit)(news);
        self.proceed();
    }
}

impl Feed for Polling {
    fn refresh(&self) {
        self.0.schedule.borrow_mut().refresh();
        self.proceed();
    }

    fn set_paused(&self, paused: bool) {
        self.0.schedule.borrow_mut().set_paused(paused);
        self.proceed();
    }
}
