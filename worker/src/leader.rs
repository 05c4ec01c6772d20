//! The Durable Object: one a cluster, its leader.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use lookupd_core::{
    Fault, Lifetimes, Timestamp,
    http::{self, Route, Target},
};
use worker::{Date, DurableObject, Env, Request, Response, Result, State, console_error, durable_object};

use crate::{
    config::{Config, Misconfigured},
    exchange::to_runtime,
    store::{SqliteStore, StorageError},
};

/// Holds the cluster's registry in memory, and its history in SQLite.
///
/// Asked by [`edge`](crate::edge) alone, which has checked who asks and how much. A command is decided, stored, applied
/// and answered with no await in between; the runtime holds the answer back until what was stored is durable.
#[durable_object]
pub struct Leader {
    state: State,
    env: Env,
    /// Nothing before the first request, and after a fault: the next request loads it from the disk.
    leader: RefCell<Option<lookupd_core::Leader<SqliteStore>>>,
    is_alarm_set: Cell<bool>,
}

impl DurableObject for Leader {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, leader: RefCell::new(None), is_alarm_set: Cell::new(false) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let body = request.bytes().await?;
        let remote_address = request.headers().get(REMOTE_ADDRESS)?.unwrap_or_default();
        let (method, url) = (request.inner().method(), request.inner().url());
        let response = self.answer(&method, &url, &body, &remote_address);
        self.keep_the_alarm_set().await;
        Ok(to_runtime(&response)?.into())
    }

    async fn alarm(&self) -> Result<Response> {
        // Armed again before anything can go wrong.
        let storage = self.state.storage();
        storage.set_alarm(self.sweep_interval()).await?;
        self.is_alarm_set.set(true);
        let claims = self.with_leader(|leader, now| match leader.sweep_now(now) {
            Err(Fault::NotStored(error)) => Err(error),
            Err(Fault::Refused(_)) | Ok(()) => Ok(leader.registry().claim_count()),
        });
        if claims.map_err(worker::Error::RustError)? == 0 {
            // Nothing is left that could fall silent.
            storage.delete_alarm().await?;
            self.is_alarm_set.set(false);
        }
        Response::empty()
    }
}

/// Carries what is known of who sent a request from the worker to its leader.
pub(crate) const REMOTE_ADDRESS: &str = "X-Lookupd-Remote-Address";

impl Leader {
    fn answer(&self, method: &str, url: &str, body: &[u8], remote_address: &str) -> http::Response {
        let request = match parse(method, url) {
            Ok(request) => request,
            Err(response) => return response,
        };
        self.with_leader(|leader, now| http::serve(request, body, remote_address, leader, now))
            .unwrap_or_else(|_| http::Error::StorageFailed.into())
    }

    /// Lets the leader do something, and drops it where its disk failed: it may be behind what is stored.
    fn with_leader<T>(
        &self,
        act: impl FnOnce(&mut lookupd_core::Leader<SqliteStore>, Timestamp) -> Result<T, StorageError>,
    ) -> std::result::Result<T, String> {
        let mut held = self.leader.borrow_mut();
        let now = Timestamp::from_millis(Date::now().as_millis());
        let mut leader = match held.take() {
            Some(leader) => leader,
            None => self.load(now).inspect_err(|problem| console_error!("{problem}"))?,
        };
        match act(&mut leader, now) {
            Ok(done) => {
                // Nobody follows by a stream yet.
                drop(leader.take_pushes());
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

    /// While there are claims, something may fall silent. A failure only delays what the next request does as well.
    async fn keep_the_alarm_set(&self) {
        let claims = self.leader.borrow().as_ref().map_or(0, |leader| leader.registry().claim_count());
        if claims == 0 || self.is_alarm_set.get() {
            return;
        }
        let storage = self.state.storage();
        let armed = match storage.get_alarm().await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => storage.set_alarm(self.sweep_interval()).await,
            Err(error) => Err(error),
        };
        match armed {
            Ok(()) => self.is_alarm_set.set(true),
            Err(error) => console_error!("the alarm can't be set: {error}"),
        }
    }

    fn sweep_interval(&self) -> Duration {
        Config::of(&self.env).map_or(Lifetimes::default(), |config| config.leader.lifetimes).sweep_interval()
    }
}

fn parse(method: &str, url: &str) -> std::result::Result<http::Request, http::Response> {
    let target = Target::parse(url.as_bytes())?;
    let route = Route::find(method, &target, None)?;
    Ok(http::Request::parse(route, target.query)?)
}
