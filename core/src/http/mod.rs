//! The HTTP surface without sockets: a request becomes a question to answer or a command to carry out.
//!
//! A home (worker, Durable Object, agent) goes through it in this order:
//!
//! 1. [`Target::parse`]: the cluster it is for, the path, the query.
//! 2. [`Route::find`]: the endpoint, or the finished answer.
//! 3. [`Origins::check`] where it changes something or is a stream, and [`Access::check`] with [`Route::right`].
//! 4. [`Request::parse`]: the parameters. [`Access::check`] with [`StreamOpening::right`].
//! 5. [`answer()`] for a [`Read`]; for a [`Write`], at most [`Write::body_limit`] bytes of its body and [`Write::order`].
//!    [`serve()`] does this step for whoever holds the leader.
//! 6. [`Origins::decorate`] on whatever is sent back, errors too.
//!
//! [`admit`] is 2 to 4 at once. nsqlookupd's own surface is answered to the byte; what differs on purpose is numbered in
//! the project's list of differences.

mod access;
mod answer;
mod body;
mod confirmation;
mod error;
mod log;
mod metrics;
mod past;
mod query;
mod request;
mod response;
mod route;
mod serve;
mod stream;
mod target;
mod union;
mod wait;

pub(crate) use self::response::json;
pub use self::{
    access::{Access, Anonymous, Hosts, Origins, Right},
    answer::{NSQLOOKUPD_VERSION, answer},
    error::{Error, Parameter},
    log::log,
    metrics::{Metrics, label, seconds},
    past::PastRead,
    request::{DEFAULT_CLUSTER, Read, Request, Write, min_revision},
    response::{AGE, RIGHT, Response, SERVER},
    route::{Route, accepts_html},
    serve::{Order, serve},
    stream::{STREAM_PROTOCOL, StreamOpening, StreamingAgent, authorization_in},
    target::{MAX_TARGET_LENGTH, Target},
    union::{Source, answer_from_all},
    wait::{CURSOR, MAX_WAIT, Wait},
};

/// Those of a request's headers that mean something here, as they came; several of one name joined by `, `.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    /// `Accept`: tells a browser from the rest.
    pub accept: Option<&'a str>,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `Origin`: the web page that asks.
    pub origin: Option<&'a str>,
    /// `scheme://host` that the request itself was sent to.
    pub own_origin: Option<&'a str>,
}

/// Everything that can be said without the registry and the body, cheapest first.
///
/// # Errors
/// The finished answer, but for [`Origins::decorate`].
pub fn admit(
    method: &str,
    target: &Target<'_>,
    headers: &Headers<'_>,
    access: &Access,
    origins: &Origins,
) -> Result<Request, Response> {
    let route = Route::find(method, target, headers.accept)?;
    // A browser lets every page open a stream and read it.
    if route.method() != "GET" || route == Route::Stream {
        origins.check(headers.origin, headers.own_origin)?;
    }
    access.check(route.right(), headers.authorization)?;
    let request = Request::parse(route, target)?;
    if let Request::Stream(opening) = &request {
        access.check(opening.right(), headers.authorization)?;
    }
    Ok(request)
}

#[cfg(test)]
mod tests;
