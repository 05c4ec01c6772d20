//! Every request's way in: what can be refused without the registry is refused here, the rest goes to the leader.

use std::fmt::Display;

use js_sys::Uint8Array;
use lookupd_core::{
    Registry, Timestamp,
    http::{Error, Headers, Read, Request, Response, Target, accepts_html, admit, answer},
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::{RequestInit, ResponseInit};
use worker::{Env, Fetcher, Stub, console_error};

use crate::{
    config::{Config, DEFAULT_CLUSTER, Misconfigured},
    exchange::{discard_body, header, read_body, to_runtime},
    leader::REMOTE_ADDRESS,
};

/// What the runtime calls for each request.
///
/// Takes the runtime's own types: the crate's conversions parse and normalise what is needed as it came.
///
/// # Errors
/// Only where the runtime refuses to build a response.
#[expect(unreachable_pub, reason = "the runtime reaches it")]
#[wasm_bindgen]
pub async fn fetch(request: web_sys::Request, env: Env, _context: JsValue) -> Result<web_sys::Response, JsValue> {
    let config = match Config::of(&env) {
        Ok(config) => config,
        Err(Misconfigured(detail)) => return to_runtime(&Error::Misconfigured { detail }.into()),
    };
    let (method, origin) = (request.method(), header(&request, "Origin"));
    let answer = handle(&request, &method, origin.as_deref(), &env, &config).await;
    discard_body(&request).await;
    match answer {
        Ok(answer) => with_cors(answer, &config, &method, origin.as_deref()),
        Err(mut response) => {
            config.origins.decorate(&mut response, &method, origin.as_deref());
            to_runtime(&response)
        }
    }
}

/// What the leader answers, or the store of the dashboard's files.
///
/// # Errors
/// The finished answer where neither is asked.
async fn handle(
    request: &web_sys::Request,
    method: &str,
    origin: Option<&str>,
    env: &Env,
    config: &Config,
) -> Result<web_sys::Response, Response> {
    let url = request.url();
    let target = Target::parse(url.as_bytes())?;
    let own_origin = target.origin.and_then(|origin| str::from_utf8(origin).ok());
    config.hosts.check(own_origin)?;
    let cluster = target.cluster.unwrap_or(DEFAULT_CLUSTER);
    if !config.has_cluster(cluster) {
        return Err(Error::NotFound.into());
    }
    let accept = header(request, "Accept");
    if matches!(method, "GET" | "HEAD")
        && let Some(file) = dashboard_file(&target)
    {
        return if file == "/ui" {
            Err(led_to_the_dashboard(&target))
        } else {
            fetch_file(file, accepts_html(accept.as_deref()), method, env).await
        };
    }
    let authorization = header(request, "Authorization");
    let headers = Headers { accept: accept.as_deref(), authorization: authorization.as_deref(), origin, own_origin };
    let body = match admit(method, &target, &headers, &config.access, &config.origins)? {
        Request::Read(read @ (Read::Ping | Read::Info)) => {
            return Err(answer(&read, &Registry::default(), &config.leader.lifetimes, Timestamp::default(), |_| None));
        }
        Request::Read(_) | Request::CatchUp(_) => Vec::new(),
        Request::Write(write) => {
            let body = read_body(request, &write).await?;
            // What is wrong with it is found here, at the edge.
            write.order(&body, "")?;
            body
        }
    };
    let remote_address = header(request, "CF-Connecting-IP").unwrap_or_default();
    ask_leader(cluster, method, &target, &body, &remote_address, env, config).await
}

async fn ask_leader(
    cluster: &str,
    method: &str,
    target: &Target<'_>,
    body: &[u8],
    remote_address: &str,
    env: &Env,
    config: &Config,
) -> Result<web_sys::Response, Response> {
    let leader = leader(cluster, env, config).map_err(unreachable_leader)?;
    let init = RequestInit::new();
    init.set_method(method);
    if !body.is_empty() {
        init.set_body(&Uint8Array::from(body));
    }
    let query = target.query.map(|query| [b"?", query].concat()).unwrap_or_default();
    let url = [b"http://leader", target.path, &query].concat();
    // Both came in a text.
    let url = String::from_utf8_lossy(&url);
    let request =
        web_sys::Request::new_with_str_and_init(&url, &init).map_err(|error| unreachable_leader(thrown(&error)))?;
    request.headers().set(REMOTE_ADDRESS, remote_address).map_err(|error| unreachable_leader(thrown(&error)))?;
    let response = leader.fetch_with_request(request.into()).await.map_err(unreachable_leader)?;
    Ok(response.into())
}

fn leader(cluster: &str, env: &Env, config: &Config) -> worker::Result<Stub> {
    let leaders = env.durable_object("LEADER")?;
    match &config.location_hint {
        Some(hint) => leaders.get_by_name_with_location_hint(cluster, hint),
        None => leaders.get_by_name(cluster),
    }
}

/// An object that throws, is overloaded, or can't be reached: the reason goes to the log.
fn unreachable_leader(error: impl Display) -> Response {
    console_error!("the leader doesn't answer: {error}");
    Error::StorageFailed.into()
}

fn thrown(error: &JsValue) -> String {
    format!("{error:?}")
}

/// The path of what the dashboard's files are asked for, if they are.
fn dashboard_file<'a>(target: &Target<'a>) -> Option<&'a str> {
    let below = target.path.strip_prefix(b"/ui")?;
    if below.is_empty() || below.starts_with(b"/") { str::from_utf8(target.path).ok() } else { None }
}

/// From `/ui`, of whichever cluster, to the page's own folder. The store of files knows of no cluster.
fn led_to_the_dashboard(target: &Target<'_>) -> Response {
    let mut response = Response { status: 307, headers: Vec::new(), body: Vec::new() };
    response.push("Location", format!("{}/ui/", String::from_utf8_lossy(target.base)));
    response
}

/// A file of the dashboard; its page where a browser goes to a deep link into it.
async fn fetch_file(path: &str, is_page: bool, method: &str, env: &Env) -> Result<web_sys::Response, Response> {
    let missing = |error: worker::Error| {
        console_error!("the dashboard's files can't be reached: {error}");
        Response::from(Error::NotFound)
    };
    let files: Fetcher = env.get_binding("ASSETS").map_err(missing)?;
    let fetch = async |path: &str| {
        let init = RequestInit::new();
        init.set_method(method);
        let request = web_sys::Request::new_with_str_and_init(&format!("http://files{path}"), &init)?;
        let response = files.fetch_request(worker::Request::from(request)).await?;
        Ok::<web_sys::Response, worker::Error>(response.into())
    };
    let found = fetch(path).await.map_err(missing)?;
    match found.status() {
        404 if is_page => fetch("/ui/").await.map_err(missing),
        404 => Err(Error::NotFound.into()),
        _ => Ok(found),
    }
}

/// What came from elsewhere has headers that can't be changed: a copy of it, where a page of another origin asks.
fn with_cors(
    answer: web_sys::Response,
    config: &Config,
    method: &str,
    origin: Option<&str>,
) -> Result<web_sys::Response, JsValue> {
    let mut cors = Response { status: answer.status(), headers: Vec::new(), body: Vec::new() };
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
