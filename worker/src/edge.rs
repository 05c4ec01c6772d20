//! Every request's way in: what can be answered without the leader is answered here, by the isolate's replica or with a
//! refusal, and the rest goes to the leader.

use std::{rc::Rc, time::Duration};

use js_sys::Promise;
use lookupd_core::{
    Registry, Revision, Timestamp,
    http::{
        self, CURSOR, DEFAULT_CLUSTER, Error, Headers, RIGHT, Read, Request, Response, Right, STREAM_PROTOCOL, Target,
        Wait, Write, accepts_html, admit, answer, authorization_in,
    },
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use worker::{Delay, Env};

use crate::{
    config::{Config, Misconfigured},
    dashboard,
    exchange::{Answered, RequestHead, discard_body, header, read_body, to_runtime, with_cors},
    replica::{self, Step},
    stub::{ANSWERED_WITHIN, LOADED_WITHIN, LeaderStub, MIN_REVISION, REMOTE_ADDRESS, SINCE, Unreachable},
};

/// What the runtime calls for each request. Gives the response itself where that can be told at once, and a promise of
/// it elsewhere.
///
/// Takes the runtime's own types: the crate's conversions parse and normalise what is needed as it came.
///
/// # Errors
/// Only where the runtime refuses to build a response.
#[expect(unreachable_pub, reason = "the runtime reaches it")]
#[wasm_bindgen]
pub fn fetch(request: web_sys::Request, env: Env, context: Context) -> Result<JsValue, JsValue> {
    let config = match Config::of(&env) {
        Ok(config) => config,
        Err(Misconfigured(detail)) => return Ok(to_runtime(&Error::Misconfigured { detail }.into())?.into()),
    };
    let head = RequestHead::of(&request);
    let call = Call { request, env, context, config, head };
    let task = call.admit();
    // A body that nobody reads has to be given up first, which takes a while.
    if call.request.body().is_none()
        && let Some(mut response) = call.answer_at_once(&task)
    {
        call.config.origins.decorate(&mut response, &call.head.method, call.head.origin.as_deref());
        return Ok(to_runtime(&response)?.into());
    }
    let promise = future_to_promise(async move {
        let answered = match task {
            Ok(task) => call.carry_out(task).await,
            Err(response) => Err(response),
        };
        discard_body(&call.request).await;
        call.finish(answered).map(JsValue::from)
    });
    Ok(promise.into())
}

#[wasm_bindgen]
extern "C" {
    /// A request's context.
    pub type Context;
    #[wasm_bindgen(method, catch, js_name = waitUntil)]
    fn wait_until(this: &Context, promise: &Promise) -> Result<(), JsValue>;
}

/// A request with all that came with it.
struct Call {
    request: web_sys::Request,
    env: Env,
    context: Context,
    config: Rc<Config>,
    head: RequestHead,
}

/// A request that was admitted.
enum Task {
    /// A file of the dashboard; its page where a browser goes to a deep link into it.
    File {
        path: String,
        is_page: bool,
    },
    Read {
        read: Read,
        min_revision: Revision,
        /// Where its answer is waited for.
        wait: Option<Wait>,
    },
    Write(Write),
    /// What the leader alone answers; to a replica, with what whoever asks may do.
    PassOn {
        told: Option<Right>,
    },
    /// Whether the subprotocol was offered, which then has to be chosen.
    Stream {
        has_protocol: bool,
    },
}

impl Call {
    /// # Errors
    /// The finished answer, but for what is said to a page of another origin.
    fn admit(&self) -> Result<Task, Response> {
        let Self { request, config, head: RequestHead { method, authorization, origin, .. }, .. } = self;
        let target = self.target()?;
        let own_origin = target.origin.and_then(|origin| str::from_utf8(origin).ok());
        config.hosts.check(own_origin)?;
        if !config.has_cluster(cluster(&target)) {
            return Err(Error::NotFound.into());
        }
        let accept = || header(request, "Accept");
        if matches!(&**method, "GET" | "HEAD")
            && let Some(path) = dashboard::file_of(&target)
        {
            return match path {
                "/ui" => Err(dashboard::led_to_the_page(&target)),
                _ => Ok(Task::File { path: path.into(), is_page: accepts_html(accept().as_deref()) }),
            };
        }
        // To browsers alone, `/` is something else.
        let accept = if matches!(target.path, b"/" | b"") { accept() } else { None };
        let protocols = if is_stream(&target) { header(request, "Sec-WebSocket-Protocol") } else { None };
        let offered = protocols.as_deref().and_then(authorization_in);
        let headers = Headers {
            accept: accept.as_deref(),
            authorization: authorization.as_deref().or(offered.as_deref()),
            origin: origin.as_deref(),
            own_origin,
        };
        Ok(match admit(method, &target, &headers, &config.access, &config.origins)? {
            Request::Read(read) => Task::Read { read, min_revision: self.min_revision()?, wait: None },
            Request::Wait(wait) => {
                Task::Read { read: wait.read(), min_revision: self.min_revision()?, wait: Some(wait) }
            }
            Request::Write(write) => Task::Write(write),
            Request::CatchUp(_) => Task::PassOn { told: Some(config.access.granted(headers.authorization)) },
            Request::Past(_) | Request::Log { .. } | Request::Metrics => Task::PassOn { told: None },
            Request::Stream(_) => {
                if !header(request, "Upgrade").is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket")) {
                    return Err(Error::UpgradeRequired.into());
                }
                let offered = protocols.unwrap_or_default();
                Task::Stream { has_protocol: offered.split(',').any(|offer| offer.trim() == STREAM_PROTOCOL) }
            }
        })
    }

    /// The answer, where nobody has to be asked for it.
    fn answer_at_once(&self, task: &Result<Task, Response>) -> Option<Response> {
        match task {
            Err(response) => Some(response.clone()),
            Ok(Task::Read { read: read @ (Read::Ping | Read::Info), .. }) => Some(self.answer_by_itself(read)),
            Ok(Task::Read { read, min_revision, wait: None }) => {
                match replica::consult(self.leader().ok()?.cluster, read, *min_revision, replica::now()) {
                    Step::Answer(response) => Some(response),
                    Step::AnswerAndRefresh(response) => {
                        self.refresh_meanwhile();
                        Some(response)
                    }
                    Step::RefreshFirst | Step::ForwardAndLoad | Step::Forward => None,
                }
            }
            Ok(_) => None,
        }
    }

    /// # Errors
    /// The finished answer, as of [`admit`](Self::admit).
    async fn carry_out(&self, task: Task) -> Result<Answered, Response> {
        match task {
            Task::File { path, is_page } => {
                dashboard::fetch_file(&path, is_page, &self.head.method, &self.env).await.map(Answered::Response)
            }
            Task::Read { read: read @ (Read::Ping | Read::Info), .. } => Err(self.answer_by_itself(&read)),
            Task::Read { read, min_revision, wait } => self.answer_in_time(&read, min_revision, wait).await,
            Task::Write(write) => self.change(write).await,
            Task::PassOn { told } => {
                // What the leader answers can't be added to without a copy of it: it repeats this.
                let told = told.map(|right| (RIGHT, right.name()));
                let answered = self.leader()?.pass_on(&self.head.method, &self.target()?, told.as_slice(), &[]).await;
                Ok(Answered::Response(answered.map_err(|_| Error::StorageFailed)?))
            }
            Task::Stream { has_protocol } => {
                let mut headers = vec![("Upgrade", "websocket")];
                if has_protocol {
                    headers.push(("Sec-WebSocket-Protocol", STREAM_PROTOCOL));
                }
                let answered = self.leader()?.pass_on(&self.head.method, &self.target()?, &headers, &[]).await;
                Ok(Answered::Stream(answered.map_err(|_| Error::StorageFailed)?))
            }
        }
    }

    async fn answer(&self, read: &Read, min_revision: Revision) -> Result<Answered, Response> {
        let leader = self.leader()?;
        let is_fallback = match replica::consult(leader.cluster, read, min_revision, replica::now()) {
            Step::Answer(response) => return Err(response),
            Step::AnswerAndRefresh(response) => {
                self.refresh_meanwhile();
                return Err(response);
            }
            Step::RefreshFirst => {
                let refreshed = replica::refresh(leader).await;
                if let Some(response) = replica::answer_refreshed(leader.cluster, read, min_revision, refreshed) {
                    return Err(response);
                }
                false
            }
            Step::ForwardAndLoad => {
                self.refresh_meanwhile();
                false
            }
            Step::Forward => true,
        };
        let min = min_revision.to_string();
        let within = if is_fallback { ANSWERED_WITHIN } else { LOADED_WITHIN };
        let answered = leader.ask(&self.target()?, &[(MIN_REVISION, &min)], within).await;
        match answered {
            Ok(response) if response.status() < 500 || !is_fallback => Ok(Answered::Response(response)),
            failed => {
                let refreshed = Err(Unreachable);
                if let Some(response) = replica::answer_refreshed(leader.cluster, read, min_revision, refreshed) {
                    return Err(response);
                }
                failed.map(Answered::Response).map_err(|_| Error::NotReady.into())
            }
        }
    }

    /// The answer; where it is waited for, once it is another than was seen: it is looked at from time to time.
    async fn answer_in_time(
        &self,
        read: &Read,
        min_revision: Revision,
        mut wait: Option<Wait>,
    ) -> Result<Answered, Response> {
        let began = replica::now();
        loop {
            let mut answered = self.answer(read, min_revision).await;
            let Some(wait) = &mut wait else { return answered };
            let is_news = match &mut answered {
                Ok(Answered::Response(response) | Answered::Stream(response)) => {
                    wait.is_news_at(&response.headers().get(CURSOR).ok().flatten().unwrap_or_default())
                }
                // An error has no revision, and isn't waited for to change.
                Err(response) => match response.header("X-Lookupd-Revision").and_then(|text| text.parse().ok()) {
                    Some(revision) => wait.is_news(response, revision),
                    None => true,
                },
            };
            let left = began.plus(wait.within).since(replica::now());
            if is_news || left.is_zero() {
                return answered;
            }
            Delay::from(left.min(BETWEEN_LOOKS)).await;
        }
    }

    async fn change(&self, write: Write) -> Result<Answered, Response> {
        let body = read_body(&self.request, &write).await?;
        // What is wrong with it is found here, at the edge.
        write.order(&body, "")?;
        let leader = self.leader()?;
        let asked_at = replica::now();
        let address = header(&self.request, "CF-Connecting-IP").unwrap_or_default();
        let since = replica::cursor(leader.cluster).map(|cursor| cursor.to_string());
        let mut headers = vec![(REMOTE_ADDRESS, &*address)];
        headers.extend(since.as_deref().map(|since| (SINCE, since)));
        let response = leader.pass_on(&self.head.method, &self.target()?, &headers, &body).await;
        let changed = Answered::change(response.map_err(|_| Error::StorageFailed)?).await;
        let changed = changed.map_err(|_| Error::StorageFailed)?;
        if let Some(revision) = changed.revision {
            replica::follow(leader, &changed.changes, revision, asked_at);
        }
        if !changed.hold.is_zero() {
            Delay::from(changed.hold).await;
        }
        Ok(changed.answered)
    }

    fn refresh_meanwhile(&self) {
        let (env, config, url) = (self.env.clone(), self.config.clone(), self.head.url.clone());
        let refreshed = future_to_promise(async move {
            if let Ok(target) = Target::parse(url.as_bytes()) {
                let leader = LeaderStub { cluster: cluster(&target), env: &env, config: &config };
                // What went wrong is in the log; the next question meets it too.
                let _ = replica::refresh(leader).await;
            }
            Ok(JsValue::UNDEFINED)
        });
        // Where it can't be waited for it may be cancelled, and another question asks.
        let _ = self.context.wait_until(&refreshed);
    }

    fn min_revision(&self) -> Result<Revision, Error> {
        self.head.min_revision.as_deref().map_or(Ok(0), http::min_revision)
    }

    fn answer_by_itself(&self, read: &Read) -> Response {
        answer(read, &Registry::default(), &self.config.leader.lifetimes, Timestamp::default(), |_| None)
    }

    fn finish(&self, answered: Result<Answered, Response>) -> Result<web_sys::Response, JsValue> {
        let origin = self.head.origin.as_deref();
        match answered {
            Ok(Answered::Response(response)) => with_cors(response, &self.config, &self.head.method, origin),
            // A copy would be no stream.
            Ok(Answered::Stream(response)) => Ok(response),
            Err(mut response) => {
                self.config.origins.decorate(&mut response, &self.head.method, origin);
                to_runtime(&response)
            }
        }
    }

    fn target(&self) -> Result<Target<'_>, Error> {
        Target::parse(self.head.url.as_bytes())
    }

    fn leader(&self) -> Result<LeaderStub<'_>, Error> {
        Ok(LeaderStub { cluster: cluster(&self.target()?), env: &self.env, config: &self.config })
    }
}

/// How often an answer is looked at that is waited for. The longest wait takes 40 looks, and each may ask the leader: of the
/// requests that one request may make, the platform's free plan has 50.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1_500);

fn cluster<'a>(target: &Target<'a>) -> &'a str {
    target.cluster.unwrap_or(DEFAULT_CLUSTER)
}

/// Whether it may mean one: to look at a header costs time.
fn is_stream(target: &Target<'_>) -> bool {
    target.path.starts_with(b"/v1/")
}
