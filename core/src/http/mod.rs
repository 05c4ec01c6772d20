//! The HTTP surface without sockets: a request becomes a question to answer or a command to carry out.
//!
//! A home (worker, Durable Object, agent) goes through it in this order:
//!
//! 1. [`Target::parse`]: the cluster it is for, the path, the query.
//! 2. [`Route::find`]: the endpoint, or the finished answer.
//! 3. [`Access::check`] with [`Route::right`], and [`Origins::check`] where it changes something.
//! 4. [`Request::parse`]: the parameters.
//! 5. [`answer`] for a [`Read`]; for a [`Write`], at most [`Write::body_limit`] bytes of its body and [`Write::order`].
//!    [`serve`] does this step for whoever holds the leader.
//! 6. [`Origins::decorate`] on whatever is sent back, errors too.
//!
//! [`admit`] is 1 to 4 at once. nsqlookupd's own surface is answered to the byte; what differs on purpose is numbered in
//! the project's list of differences.

mod access;
mod answer;
mod body;
mod error;
mod query;
mod request;
mod response;
mod route;
mod serve;
mod target;

pub use self::{
    access::{Access, Anonymous, Origins, Right},
    answer::answer,
    error::{Error, Parameter},
    request::{Read, Request, Write},
    response::{Response, SERVER},
    route::Route,
    serve::{Order, serve},
    target::{MAX_TARGET_LENGTH, Target},
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
    if route.method() != "GET" {
        origins.check(headers.origin, headers.own_origin)?;
    }
    access.check(route.right(), headers.authorization)?;
    Ok(Request::parse(route, target.query)?)
}

#[cfg(test)]
mod tests {
    use alloc::{string::String, vec::Vec};

    use proptest::prelude::*;

    use super::*;
    use crate::{producer::Lifetimes, registry::Registry, time::Timestamp};

    fn admitted(method: &str, target: &str, headers: Headers<'_>, access: &Access) -> Result<Request, (u16, String)> {
        let target = Target::parse(target.as_bytes()).unwrap();
        admit(method, &target, &headers, access, &Origins::default())
            .map_err(|response| (response.status, String::from_utf8(response.body).unwrap()))
    }

    #[test]
    fn a_request_is_refused_for_the_first_thing_that_is_wrong() {
        let closed = Access::default();
        let open = Access::new(Anonymous::Write, None, None, None);
        let foreign = Headers { origin: Some("http://evil"), own_origin: Some("http://h"), ..Headers::default() };
        let none = Headers::default();
        for (method, target, headers, access, status, code) in [
            ("GET", "/nothing", none, &closed, 404, "NOT_FOUND"),
            ("PUT", "/lookup", none, &closed, 405, "METHOD_NOT_ALLOWED"),
            ("GET", "/lookup", none, &closed, 401, "UNAUTHORIZED"),
            ("GET", "/lookup", none, &open, 400, "MISSING_ARG_TOPIC"),
            ("POST", "/topic/create", foreign, &closed, 403, "FOREIGN_ORIGIN"),
            ("POST", "/topic/create", none, &closed, 401, "UNAUTHORIZED"),
            ("POST", "/register?;", none, &closed, 401, "UNAUTHORIZED"),
            ("POST", "/register?;", none, &open, 400, "INVALID_REQUEST"),
            ("POST", "/topic/create?topic=t", foreign, &open, 403, "FOREIGN_ORIGIN"),
        ] {
            let (found, body) = admitted(method, target, headers, access).expect_err(target);
            assert!(found == status && body.contains(code), "{method} {target}: {found} {body}");
        }
        assert!(
            admitted("GET", "/lookup?topic=t", foreign, &open).is_ok(),
            "a page may ask; whether it may read is CORS"
        );
        assert!(admitted("GET", "/ping", none, &closed).is_ok());
    }

    #[test]
    fn each_endpoint_needs_its_right() {
        use Right::{Admin, Open, Read, Register};
        for (method, path, right) in [
            ("GET", "/ping", Open),
            ("GET", "/info", Read),
            ("GET", "/topics", Read),
            ("GET", "/channels", Read),
            ("GET", "/lookup", Read),
            ("GET", "/nodes", Read),
            ("GET", "/debug", Read),
            ("GET", "/registrations", Read),
            ("GET", "/v1/explain", Read),
            ("GET", "/v1/snapshot", Read),
            ("GET", "/v1/changes", Read),
            ("POST", "/register", Register),
            ("POST", "/unregister", Register),
            ("POST", "/topic/create", Admin),
            ("POST", "/topic/delete", Admin),
            ("POST", "/topic/tombstone", Admin),
            ("POST", "/channel/create", Admin),
            ("POST", "/channel/delete", Admin),
        ] {
            let target = Target::parse(path.as_bytes()).unwrap();
            assert_eq!(Route::find(method, &target, None).unwrap().right(), right, "{path}");
        }
    }

    fn target() -> impl Strategy<Value = Vec<u8>> {
        let path = prop::sample::select(
            &[
                "/lookup",
                "/register",
                "/unregister",
                "/topic/create",
                "/v1/explain",
                "/registrations",
                "/clusters/a/ping",
            ][..],
        );
        let part = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..12),
            prop::sample::select(
                &["topic=", "&", "?", "%", "/", "..", "channel=c", "node=a:1", "since=", "dry_run", "é"][..]
            )
            .prop_map(|text| text.as_bytes().to_vec()),
        ];
        (prop::option::of(path), prop::collection::vec(part, 0..8)).prop_map(|(path, parts)| {
            let mut target = path.unwrap_or_default().as_bytes().to_vec();
            target.extend(parts.concat());
            target
        })
    }

    fn body() -> impl Strategy<Value = Vec<u8>> {
        let text = r#"{"broadcast_address":"b","tcp_port":1,"http_port":2,"version":"v","topics":{"t":["c"]}}"#;
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..64),
            (0..text.len(), any::<u8>()).prop_map(move |(place, byte)| {
                let mut bytes = text.as_bytes().to_vec();
                bytes[place] = byte;
                bytes
            }),
        ]
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(
            method in prop_oneof![Just(String::from("GET")), Just(String::from("POST")), ".*"],
            target in target(),
            accept in prop::option::of(".*"),
            authorization in prop::option::of(".*"),
            origin in prop::option::of(".*"),
            body in body(),
        ) {
            let Ok(target) = Target::parse(&target) else { return Ok(()) };
            let headers = Headers {
                accept: accept.as_deref(),
                authorization: authorization.as_deref(),
                origin: origin.as_deref(),
                own_origin: target.origin.and_then(|origin| str::from_utf8(origin).ok()),
            };
            let origins = Origins::parse("https://a.example");
            let open = Access::new(Anonymous::Write, Some("a"), None, None);
            let now = Timestamp::from_millis(1);
            let mut response = match admit(&method, &target, &headers, &open, &origins) {
                Err(response) => response,
                Ok(Request::Read(read)) => answer(&read, &Registry::default(), &Lifetimes::default(), now, |_| None),
                Ok(Request::CatchUp(_)) => return Ok(()),
                Ok(Request::Write(write)) => match write.order(&body, "r") {
                    Err(error) => error.into(),
                    Ok(_) => return Ok(()),
                },
            };
            origins.decorate(&mut response, &method, headers.origin);
            prop_assert!((200..600).contains(&response.status));
            for (_, value) in &response.headers {
                prop_assert!(value.bytes().all(|byte| (b' '..0x7f).contains(&byte)), "no header is split: {:?}", value);
            }
            if response.header("Content-Type") == Some("application/json; charset=utf-8") {
                prop_assert!(serde_json::from_slice::<serde_json::Value>(&response.body).is_ok());
            }
        }
    }
}
