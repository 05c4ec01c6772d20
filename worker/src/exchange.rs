//! Between the runtime's requests and responses and core's.

use std::{borrow::Cow, cell::RefCell, time::Duration};

use js_sys::Uint8Array;
use lookupd_core::{
    Revision,
    http::{AGE, Error, Response, Write},
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, ReadableStreamDefaultReader, ResponseInit};

use crate::{
    config::Config,
    stub::{CHANGES_LENGTH, HOLD, MIN_REVISION, Unreachable, read},
};

/// An answer in the runtime's form.
pub(crate) enum Answered {
    Response(web_sys::Response),
    /// An open WebSocket.
    Stream(web_sys::Response),
}

/// What every request is looked at for, as it came.
pub(crate) struct RequestHead {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) authorization: Option<String>,
    pub(crate) origin: Option<String>,
    pub(crate) min_revision: Option<String>,
}

/// The leader's answer to a change, taken apart.
pub(crate) struct Changed {
    /// For whoever asked.
    pub(crate) answered: Answered,
    /// Where the leader stands; nothing where it failed.
    pub(crate) revision: Option<Revision>,
    /// What leads there from where the replica stood. Empty where that is much.
    pub(crate) changes: Vec<u8>,
    /// How long to wait before the answer.
    pub(crate) hold: Duration,
}

impl RequestHead {
    pub(crate) fn of(request: &web_sys::Request) -> Self {
        let head = head(request);
        let mut lines = head.split('\n');
        let (method, url) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or_default();
        let mut read =
            Self { method: method.into(), url: url.into(), authorization: None, origin: None, min_revision: None };
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            match name {
                "Authorization" => read.authorization = Some(value.into()),
                "Origin" => read.origin = Some(value.into()),
                MIN_REVISION => read.min_revision = Some(value.into()),
                _ => {}
            }
        }
        read
    }
}

impl Answered {
    /// # Errors
    /// Where the answer breaks off.
    pub(crate) async fn change(response: web_sys::Response) -> Result<Changed, Unreachable> {
        let number = |name| response.headers().get(name).ok().flatten().and_then(|text| text.parse::<u64>().ok());
        let hold = Duration::from_millis(number(HOLD).unwrap_or(0));
        let length = number(CHANGES_LENGTH).and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let revision = number("X-Lookupd-Revision");
        let mut changes = read(&response).await?;
        let body = changes.split_off(length.min(changes.len()));
        let copy = copy_with_body(&response, &body).map_err(|_| Unreachable)?;
        Ok(Changed { answered: Self::Response(copy), revision, changes, hold })
    }
}

/// The answer with another body, without what is said between a worker and its leader.
fn copy_with_body(response: &web_sys::Response, body: &[u8]) -> Result<web_sys::Response, JsValue> {
    let init = ResponseInit::new();
    init.set_status(response.status());
    init.set_headers(response.headers().unchecked_ref());
    let copy = respond(body, &init)?;
    for name in [HOLD, CHANGES_LENGTH, "Content-Length"] {
        copy.headers().delete(name)?;
    }
    Ok(copy)
}

/// The answer as the runtime sends it.
pub(crate) fn to_runtime(response: &Response) -> Result<web_sys::Response, JsValue> {
    thread_local! {
        static BEFORE: RefCell<Option<ResponseHead>> = const { RefCell::new(None) };
    }
    BEFORE.with_borrow_mut(|before| {
        let head = match before {
            Some(head) if head.is_of(response) => head,
            _ => before.insert(ResponseHead::of(response)?),
        };
        head.set_age(response)?;
        respond(&response.body, &head.init)
    })
}

/// An answer's status and headers in the runtime's form, kept for the next answer: most differ in their age alone, and to tell
/// the runtime a header takes longer than to find a topic.
struct ResponseHead {
    status: u16,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    runtime_headers: Headers,
    init: ResponseInit,
}

impl ResponseHead {
    fn of(response: &Response) -> Result<Self, JsValue> {
        let runtime_headers = Headers::new()?;
        for (name, value) in &response.headers {
            runtime_headers.append(name, value)?;
        }
        let init = ResponseInit::new();
        init.set_status(response.status);
        init.set_headers(&runtime_headers);
        Ok(Self { status: response.status, headers: response.headers.clone(), runtime_headers, init })
    }

    /// Whether it is the answer's but for the age.
    fn is_of(&self, response: &Response) -> bool {
        self.status == response.status
            && self.headers.len() == response.headers.len()
            && self
                .headers
                .iter()
                .zip(&response.headers)
                .all(|(kept, now)| kept == now || (kept.0, now.0) == (AGE, AGE))
    }

    fn set_age(&mut self, response: &Response) -> Result<(), JsValue> {
        for (kept, now) in self.headers.iter_mut().zip(&response.headers).filter(|(kept, now)| kept != now) {
            self.runtime_headers.set(now.0, &now.1)?;
            kept.1.clone_from(&now.1);
        }
        Ok(())
    }
}

#[wasm_bindgen(module = "/src/exchange.js")]
extern "C" {
    fn head(request: &web_sys::Request) -> String;
    #[wasm_bindgen(catch)]
    fn respond(body: &[u8], init: &ResponseInit) -> Result<web_sys::Response, JsValue>;
}

/// The value of a request's header.
pub(crate) fn header(request: &web_sys::Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}

/// The body that a change needs, refused by its declared length before it is read, and by its real one while it is.
///
/// # Errors
/// [`Error::BodyTooLarge`], and [`Error::InvalidRequest`] where it ends before its end.
pub(crate) async fn read_body(request: &web_sys::Request, write: &Write) -> Result<Vec<u8>, Error> {
    let declared = header(request, "Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let Some(body) = request.body() else { return Ok(Vec::new()) };
    if write.body_limit() == 0 {
        return Ok(Vec::new());
    }
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let read = match write.check_length(declared) {
        Ok(()) => read_all(&reader, write).await,
        Err(error) => Err(error),
    };
    reader.release_lock();
    read
}

/// Says that nobody waits for what is left of the request's body: before that, `wrangler dev` doesn't answer.
pub(crate) async fn discard_body(request: &web_sys::Request) {
    if let Some(body) = request.body().filter(|body| !body.locked()) {
        // One that broke off can't be cancelled, and needn't be.
        let _ = JsFuture::from(body.cancel()).await;
    }
}

async fn read_all(reader: &ReadableStreamDefaultReader, write: &Write) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(|_| Error::InvalidRequest)?;
        let value = js_sys::Reflect::get(&chunk, &"value".into()).map_err(|_| Error::InvalidRequest)?;
        let Ok(chunk) = value.dyn_into::<Uint8Array>() else { return Ok(bytes) };
        write.check_length(bytes.len() as u64 + u64::from(chunk.length()))?;
        bytes.extend(chunk.to_vec());
    }
}

/// What came from elsewhere has headers that can't be changed: a copy of it, where a page of another origin asks.
pub(crate) fn with_cors(
    answer: web_sys::Response,
    config: &Config,
    method: &str,
    origin: Option<&str>,
) -> Result<web_sys::Response, JsValue> {
    let mut cors = Response { status: answer.status(), headers: Vec::new(), body: Vec::new(), hold: Duration::ZERO };
    config.origins.decorate(&mut cors, method, origin);
    if cors.headers.is_empty() {
        return Ok(answer);
    }
    let init = ResponseInit::new();
    init.set_status(answer.status());
    init.set_headers(answer.headers().unchecked_ref());
    let copy = web_sys::Response::new_with_opt_readable_stream_and_init(answer.body().as_ref(), &init)?;
    for (name, value) in &cors.headers {
        copy.headers().append(name, value)?;
    }
    Ok(copy)
}
