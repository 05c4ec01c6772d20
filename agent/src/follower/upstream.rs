//! The leader that an agent follows, over HTTP.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Request, StatusCode, Uri,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
    http::uri::Scheme,
    upgrade::Upgraded,
};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::time::timeout;

/// Where it is, and what permits this agent to follow it.
pub(super) struct Upstream {
    /// `scheme://host[:port]`, and what stands before every path there: `/clusters/NAME`, or nothing.
    base: String,
    token: Option<HeaderValue>,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// What it answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A connection that is HTTP no longer.
pub(crate) type Connection = TokioIo<Upgraded>;

/// By whose right it is asked.
#[derive(Clone, Copy)]
pub(super) enum Authorization<'a> {
    /// This agent's.
    Own,
    /// Whoever asked this agent; nothing where he showed none.
    Caller(Option<&'a str>),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreachable {
    pub(super) reason: String,
    /// Whether it may have been asked all the same.
    pub(super) may_have_arrived: bool,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Unreachable {
    fn before(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), may_have_arrived: false }
    }

    fn after(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), may_have_arrived: true }
    }
}

impl Upstream {
    /// # Errors
    /// Why that is no leader's address, in a sentence.
    pub(super) fn new(url: &str, token: Option<&str>) -> Result<Self, String> {
        let expected =
            |problem: &str| format!("--upstream {url}: {problem}; expected a URL as in https://lookup.example");
        let uri: Uri = url.parse().map_err(|_| expected("it is no URL"))?;
        let is_secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(expected("it begins with neither https:// nor http://")),
        };
        let authority = uri.authority().ok_or_else(|| expected("it names no host"))?;
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(expected("it says more than where that is (a token goes to --upstream-token)"));
        }
        let scheme = if is_secure { "https" } else { "http" };
        let base = format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/'));
        let token = token.map(|token| HeaderValue::try_from(format!("Bearer {token}"))).transpose();
        let mut token = token.map_err(|_| "--upstream-token: it can't be sent in a header".to_owned())?;
        token.iter_mut().for_each(|token| token.set_sensitive(true));
        let client = client(is_secure).map_err(|error| format!("--upstream {url}: {error}"))?;
        Ok(Self { base, token, client })
    }

    /// Its URL.
    pub(super) fn url(&self) -> &str {
        &self.base
    }

    /// Asks it. `target` is a path with a query, as a caller may have sent it.
    pub(super) async fn ask(
        &self,
        method: &str,
        target: &[u8],
        authorization: Authorization<'_>,
        body: Vec<u8>,
    ) -> Result<Answer, Unreachable> {
        let request = self.request(method, target, authorization, body)?;
        timeout(LONGEST_EXCHANGE, async {
            let (head, body) = self.send(request).await?.into_parts();
            Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: read(body).await? })
        })
        .await
        .unwrap_or_else(|_| Err(Unreachable::after("its answer takes too long")))
    }

    /// Asks it to turn the connection into a WebSocket's, and gives that with the headers of its answer; or the answer, where
    /// it is another one.
    pub(super) async fn upgrade(
        &self,
        target: &[u8],
        authorization: Authorization<'_>,
        handshake: HeaderMap,
    ) -> Result<Result<(HeaderMap, Connection), Answer>, Unreachable> {
        let mut request = self.request("GET", target, authorization, Vec::new())?;
        request.headers_mut().extend(handshake);
        for (name, value) in [(header::CONNECTION, "Upgrade"), (header::UPGRADE, "websocket")] {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        let answer = self.send(request).await?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let (head, body) = answer.into_parts();
            return Ok(Err(Answer { status: head.status.as_u16(), headers: head.headers, body: read(body).await? }));
        }
        let headers = answer.headers().clone();
        let upgraded = within_time(hyper::upgrade::on(answer)).await?.map_err(Unreachable::after)?;
        Ok(Ok((headers, TokioIo::new(upgraded))))
    }

    fn request(
        &self,
        method: &str,
        target: &[u8],
        authorization: Authorization<'_>,
        body: Vec<u8>,
    ) -> Result<Request<Full<Bytes>>, Unreachable> {
        let request = Request::builder().method(method).uri(format!("{}{}", self.base, escaped(target)));
        let mut request = request.body(Full::from(body)).map_err(Unreachable::before)?;
        let authorization = match authorization {
            Authorization::Own => self.token.clone(),
            Authorization::Caller(text) => text.map(HeaderValue::from_str).transpose().map_err(Unreachable::before)?,
        };
        if let Some(authorization) = authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization);
        }
        Ok(request)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<hyper::Response<Incoming>, Unreachable> {
        within_time(self.client.request(request)).await?.map_err(|error| {
            let may_have_arrived = !error.is_connect();
            Unreachable { reason: cause_of(&error), may_have_arrived }
        })
    }
}

impl Answer {
    /// A header's value, where it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(HeaderName::from_bytes(name.as_bytes()).ok()?)?.to_str().ok()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        let body: String = body.chars().filter(|character| !character.is_control()).take(LONGEST_TOLD).collect();
        write!(f, "it answers {}: {}", self.status, body.trim())
    }
}

/// What hyper's client says of itself tells nobody anything; its cause does.
pub(crate) fn cause_of(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn client(is_secure: bool) -> Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, String> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(TIME_TO_CONNECT));
    let tls =
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let tls = tls.map_err(|error| error.to_string())?;
    let tls = if is_secure {
        tls.with_native_roots().map_err(|error| format!("this machine's certificates can't be used: {error}"))?
    } else {
        tls.with_root_certificates(RootCertStore::empty())
    };
    let tls = tls.with_no_client_auth();
    let mut client = Client::builder(TokioExecutor::new());
    // A connection that was cut off unnoticed costs the next request its whole time.
    client.pool_timer(TokioTimer::new()).pool_idle_timeout(TIME_IDLE).pool_max_idle_per_host(CONNECTIONS_IDLE);
    Ok(client.build((http, tls).into()))
}

async fn read(mut body: Incoming) -> Result<Bytes, Unreachable> {
    let mut read = Vec::new();
    while let Some(frame) = within_time(body.frame()).await? {
        let Ok(data) = frame.map_err(Unreachable::after)?.into_data() else { continue };
        if read.len() + data.len() > LONGEST_ANSWER {
            return Err(Unreachable::after("its answer is too long"));
        }
        read.extend_from_slice(&data);
    }
    Ok(read.into())
}

async fn within_time<T>(step: impl Future<Output = T>) -> Result<T, Unreachable> {
    timeout(PATIENCE, step).await.map_err(|_| Unreachable::after(format!("it says nothing for {PATIENCE:?}")))
}

/// A target as a URI takes it: what Go takes beyond that is escaped, and means the same.
fn escaped(target: &[u8]) -> String {
    let mut text = String::with_capacity(target.len());
    for &byte in target {
        if byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

const TIME_TO_CONNECT: Duration = Duration::from_secs(5);

/// How long the beginning of an answer may take, and each piece of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// And all of it: megabytes over a slow line.
const LONGEST_EXCHANGE: Duration = Duration::from_secs(120);

/// A snapshot of all that a native leader holds is shorter.
const LONGEST_ANSWER: usize = 256 << 20;

/// As many characters of an answer that isn't one are logged.
const LONGEST_TOLD: usize = 300;

const TIME_IDLE: Duration = Duration::from_secs(30);

const CONNECTIONS_IDLE: usize = 4;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_leaders_address_is_a_url_and_nothing_else() {
        let base = |url: &str| Upstream::new(url, None).map(|upstream| upstream.base);
        assert_eq!(base("http://h:1"), Ok("http://h:1".into()));
        assert_eq!(base("http://h/clusters/west/"), Ok("http://h/clusters/west".into()));
        for bad in ["", "h:1", "ftp://h", "http://", "http://token@h", "http://h/?a=b"] {
            assert!(base(bad).is_err(), "{bad}");
        }
        assert!(Upstream::new("http://h", Some("a\nb")).is_err());
    }

    #[test]
    fn what_no_uri_takes_is_escaped() {
        assert_eq!(escaped(b"/lookup?topic=t#ephemeral&a=%20+<\xff"), "/lookup?topic=t%23ephemeral&a=%20+%3C%FF");
    }
}
