//! The way from a worker's isolate to a cluster's leader.

use std::{fmt::Display, time::Duration};

use js_sys::Uint8Array;
use lookupd_core::http::Target;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestInit};
use worker::{Env, Stub, console_error};

use crate::config::Config;

/// What is known of who sent a request.
pub(crate) const REMOTE_ADDRESS: &str = "X-Lookupd-Remote-Address";

/// Where the isolate's replica stands, sent with a change: the answer then begins with what leads from there.
pub(crate) const SINCE: &str = "X-Lookupd-Since";

/// How many bytes of an answer are what leads from [`SINCE`]; the rest is for whoever asked. Absent from a release that
/// doesn't know of it.
pub(crate) const CHANGES_LENGTH: &str = "X-Lookupd-Changes-Length";

/// The revision that whoever asks has seen.
pub(crate) const MIN_REVISION: &str = "X-Lookupd-Min-Revision";

/// For how many milliseconds the worker waits before it answers.
pub(crate) const HOLD: &str = "X-Lookupd-Hold";

/// The leader of one cluster.
#[derive(Clone, Copy)]
pub(crate) struct LeaderStub<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) env: &'a Env,
    pub(crate) config: &'a Config,
}

/// A leader that throws, is overloaded, takes too long or can't be reached. The reason is in the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unreachable;

impl LeaderStub<'_> {
    /// Passes on a request that was admitted.
    pub(crate) async fn pass_on(
        &self,
        method: &str,
        target: &Target<'_>,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<web_sys::Response, Unreachable> {
        let init = RequestInit::new();
        init.set_method(method);
        if !body.is_empty() {
            init.set_body(&Uint8Array::from(body));
        }
        self.fetch(&path_of(target), &init, headers).await
    }

    /// Passes on a question, which is answered in time or counts as unanswered.
    pub(crate) async fn ask(
        &self,
        target: &Target<'_>,
        headers: &[(&str, &str)],
        within: Duration,
    ) -> Result<web_sys::Response, Unreachable> {
        self.fetch(&path_of(target), &ending(within), headers).await
    }

    /// The body of what a replica asks for, if it comes in time.
    pub(crate) async fn catch_up(&self, path: &str) -> Result<Vec<u8>, Unreachable> {
        let response = self.fetch(path, &ending(ANSWERED_WITHIN), &[]).await?;
        if response.status() != 200 {
            return Err(unreachable(format!("{path} is answered with {}", response.status())));
        }
        read(&response).await
    }

    async fn fetch(
        &self,
        path: &str,
        init: &RequestInit,
        headers: &[(&str, &str)],
    ) -> Result<web_sys::Response, Unreachable> {
        let request = web_sys::Request::new_with_str_and_init(&format!("http://leader{path}"), init);
        let request = request.map_err(|error| unreachable(thrown(&error)))?;
        for (name, value) in headers {
            request.headers().set(name, value).map_err(|error| unreachable(thrown(&error)))?;
        }
        let stub = self.stub().map_err(unreachable)?;
        let response = stub.fetch_with_request(request.into()).await.map_err(unreachable)?;
        Ok(response.into())
    }

    fn stub(&self) -> worker::Result<Stub> {
        let leaders = self.env.durable_object("LEADER")?;
        match &self.config.location_hint {
            Some(hint) => leaders.get_by_name_with_location_hint(self.cluster, hint),
            None => leaders.get_by_name(self.cluster),
        }
    }
}

/// All of an answer's body.
pub(crate) async fn read(response: &web_sys::Response) -> Result<Vec<u8>, Unreachable> {
    let buffer = response.array_buffer().map_err(|error| unreachable(thrown(&error)))?;
    let buffer = JsFuture::from(buffer).await.map_err(|error| unreachable(thrown(&error)))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// How long the leader may take where a replica can answer in its place. Another request asks for itself by then.
pub(crate) const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// And where nobody can: it may be loading a large state.
pub(crate) const LOADED_WITHIN: Duration = Duration::from_secs(15);

fn path_of(target: &Target<'_>) -> String {
    let query = target.query.map(|query| [b"?", query].concat()).unwrap_or_default();
    // Both came in a text.
    String::from_utf8_lossy(&[target.base, target.path, &query].concat()).into_owned()
}

fn ending(within: Duration) -> RequestInit {
    let init = RequestInit::new();
    let timeout = u32::try_from(within.as_millis()).unwrap_or(u32::MAX);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(timeout)));
    init
}

fn unreachable(error: impl Display) -> Unreachable {
    console_error!("the leader doesn't answer: {error}");
    Unreachable
}

fn thrown(error: &JsValue) -> String {
    let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    message.unwrap_or_else(|| format!("{error:?}"))
}
