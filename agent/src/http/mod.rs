//! HTTP/1.1: requests as they came become core's, core's answers are sent as they are.

mod body;
mod dashboard;
mod following;
mod relay;
mod stream;
mod waiting;

use std::{
    convert::Infallible,
    fmt::Display,
    future::poll_fn,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Version,
    body::Incoming,
    header::{self, HeaderMap, HeaderName, HeaderValue},
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use lookupd_core::{
    Registry, Revision, Timestamp,
    http::{
        Access, DEFAULT_CLUSTER, Error, Headers, Hosts, Origins, Read, Request, Response, StreamOpening, Target, admit,
        answer, authorization_in, min_revision,
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite, join},
    net::TcpStream,
    time::Instant,
};

pub(crate) use self::following::config as stream_config;
use self::stream::{RequestStream, RequestTarget};
use crate::{
    follower::{Connection, handshake_of},
    leader::Leadership,
    role::{Asked, Role},
    serving::{Stopping, close, stopped},
};

/// What all connections share.
pub(crate) struct Http {
    role: Role,
    access: Access,
    /// Whether a caller's token is judged here, and not by a leader elsewhere alone.
    judges_tokens: bool,
    origins: Origins,
    hosts: Hosts,
    stopping: Stopping,
}

impl Http {
    pub(crate) fn new(
        role: Role,
        access: Access,
        judges_tokens: bool,
        origins: Origins,
        hosts: Hosts,
        stopping: Stopping,
    ) -> Arc<Self> {
        Arc::new(Self { role, access, judges_tokens, origins, hosts, stopping })
    }

    /// Serves one connection to its end. Errors of the protocol are told to the client, and are nobody else's concern.
    pub(crate) async fn serve(self: Arc<Self>, mut stream: TcpStream, peer: SocketAddr) {
        let target = RequestTarget::default();
        let mut stopping = self.stopping.clone();
        let (reader, writer) = stream.split();
        let requests = RequestStream::new(join(reader, writer), target.clone());
        match self.serve_requests(requests, &target, peer, &mut stopping).await {
            Ok(None) => {}
            // Few become one, and all others needn't have room for it.
            Ok(Some(Upgraded { connection, read, opened })) => match opened {
                Opened::Stream(opening, leadership) => {
                    Box::pin(following::serve(connection, read, opening, &leadership, &mut stopping)).await;
                }
                Opened::Relay(leader) => Box::pin(relay::serve(connection, read, leader, &mut stopping)).await,
            },
            Err(error) => tracing::debug!("HTTP: client({peer}) - {error}"),
        }
        if target.is_late() {
            // Whoever doesn't read it needn't be waited for.
            let _ = stream.try_write(REQUEST_TIMEOUT);
        }
        close(stream, &mut stopping).await;
    }

    async fn serve_requests<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        requests: RequestStream<S>,
        target: &RequestTarget,
        peer: SocketAddr,
        stopping: &mut Stopping,
    ) -> hyper::Result<Option<Upgraded<RequestStream<S>>>> {
        let opened = Mutex::new(None);
        let service = service_fn(|request| {
            let (target, opened) = (target.take(), &opened);
            Box::pin(async move { Ok::<_, Infallible>(self.respond(request, target, peer, opened).await) })
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE_BETWEEN_REQUESTS)
            .half_close(true)
            .title_case_headers(true)
            .max_buf_size(LONGEST_HEAD)
            .serve_connection(TokioIo::new(requests), service);
        tokio::select! {
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => ended?,
            () = stopped(stopping) => {
                std::pin::Pin::new(&mut connection).graceful_shutdown();
                poll_fn(|context| connection.poll_without_shutdown(context)).await?;
            }
        }
        let parts = connection.into_parts();
        let opened = opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(opened.map(|opened| Upgraded { connection: parts.io.into_inner(), read: parts.read_buf.to_vec(), opened }))
    }

    async fn respond(
        &self,
        request: hyper::Request<Incoming>,
        target: Option<Vec<u8>>,
        peer: SocketAddr,
        opened: &Mutex<Option<Opened>>,
    ) -> hyper::Response<Full<Bytes>> {
        let began = Instant::now();
        let (head, mut body) = request.into_parts();
        let method = &head.method;
        let origin = head.headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
        // A request of which nobody noted the target is none that this stream was to let through.
        let target = target.ok_or(Error::BadRequest);
        let answered = match &target {
            Ok(target) => self.answer(&head, &mut body, target, origin, peer, opened).await,
            Err(error) => Err(error.clone().into()),
        };
        let mut response = answered.unwrap_or_else(|response| response);
        self.origins.decorate(&mut response, method.as_str(), origin);
        tracing::info!(
            "{} {method} {} ({peer}) {:?}",
            response.status,
            String::from_utf8_lossy(target.as_deref().unwrap_or_default()).escape_debug(),
            began.elapsed(),
        );
        // Of a request that was refused early, the body is still to come.
        let closes = must_close(&head) || target.is_err() || !body::skip(&mut body).await;
        to_hyper(response, closes)
    }

    /// # Errors
    /// The finished answer, too, where it is found before the end.
    async fn answer(
        &self,
        head: &Parts,
        body: &mut Incoming,
        target: &[u8],
        origin: Option<&str>,
        peer: SocketAddr,
        opened: &Mutex<Option<Opened>>,
    ) -> Result<Response, Response> {
        let target = Target::parse(target)?;
        let own_origin = own_origin(head, &target)?;
        self.hosts.check(own_origin.as_deref())?;
        // There is no other here.
        if target.cluster.unwrap_or(DEFAULT_CLUSTER) != DEFAULT_CLUSTER {
            return Err(Error::NotFound.into());
        }
        let method = head.method.as_str();
        let text = |name| all_of(&head.headers, name);
        let (accept, authorization) = (text(header::ACCEPT), text(header::AUTHORIZATION));
        let authorization = authorization.or_else(|| following::protocols(head).as_deref().and_then(authorization_in));
        if matches!(method, "GET" | "HEAD")
            && let Some(file) = dashboard::find(&target, accept.as_deref())
        {
            return Ok(file);
        }
        let headers = Headers {
            accept: accept.as_deref(),
            authorization: authorization.as_deref().filter(|_| self.judges_tokens),
            origin,
            own_origin: own_origin.as_deref(),
        };
        let admitted = admit(method, &target, &headers, &self.access, &self.origins)?;
        let body = body::read(head, body, &admitted).await?;
        let asked = Asked { method, target: &target, authorization: authorization.as_deref() };
        match admitted {
            Request::Read(read @ (Read::Ping | Read::Info)) => Ok(answer(
                &read,
                &Registry::default(),
                &lookupd_core::Lifetimes::default(),
                Timestamp::default(),
                |_| None,
            )),
            Request::Read(read) => Ok(self.role.read(&read, seen(head)?, asked).await?),
            Request::Wait(wait) => {
                Ok(waiting::serve(wait, seen(head)?, &self.role, asked, &mut self.stopping.clone()).await?)
            }
            Request::Stream(opening) => {
                let accepted = following::accept(head)?;
                let (response, stream) = match &self.role {
                    Role::Leader(leadership) => (accepted, Opened::Stream(opening, leadership.clone())),
                    Role::Follower(following) => {
                        let (response, leader) = following.relay(asked, handshake_of(&head.headers)).await?;
                        (response, Opened::Relay(leader))
                    }
                };
                *opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
                Ok(response)
            }
            request @ Request::CatchUp(_) => {
                let granted = self.access.granted(headers.authorization);
                let mut response = self.role.serve(request, asked, body, peer.to_string()).await;
                if response.status == 200 {
                    response.tell_right(granted);
                }
                Ok(response)
            }
            request => Ok(self.role.serve(request, asked, body, peer.to_string()).await),
        }
    }
}

/// A connection that is HTTP no longer.
struct Upgraded<S> {
    connection: S,
    /// What was read behind the request.
    read: Vec<u8>,
    opened: Opened,
}

/// What a connection became.
enum Opened {
    /// A stream of this leader.
    Stream(StreamOpening, Leadership),
    /// A stream of the leader that is followed, and the connection to that.
    Relay(Connection),
}

/// The revision that whoever asks has seen.
fn seen(head: &Parts) -> Result<Revision, Error> {
    let header = head.headers.get("X-Lookupd-Min-Revision");
    header.map_or(Ok(0), |text| min_revision(text.to_str().unwrap_or_default()))
}

/// Said to whoever began a request and didn't end it in time, in the form of Go's server.
const REQUEST_TIMEOUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 19\r\nConnection: close\r\n\r\n408 Request Timeout";

/// Consumers that ask once a minute keep their connection.
const PATIENCE_BETWEEN_REQUESTS: Duration = Duration::from_secs(150);

/// The longest head of a request but for its target, which core bounds. Go's bound is 1 MiB; nobody sends that.
const LONGEST_HEAD: usize = 64 << 10;

/// `scheme://host` that the request was sent to.
///
/// # Errors
/// Where an HTTP/1.1 request doesn't say, or says it twice, as in Go's server.
fn own_origin(head: &Parts, target: &Target<'_>) -> Result<Option<String>, Error> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().map_err(|_| Error::BadRequest)?,
        (None, _) if head.version == Version::HTTP_10 => return Ok(None),
        _ => return Err(Error::BadRequest),
    };
    let origin = target.origin.and_then(|origin| str::from_utf8(origin).ok()).map(String::from);
    Ok(Some(origin.unwrap_or_else(|| format!("http://{host}"))))
}

/// A header's values, joined as core expects them; nothing where one isn't text.
fn all_of(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let values: Result<Vec<_>, _> = headers.get_all(name).iter().map(HeaderValue::to_str).collect();
    values.ok().filter(|values| !values.is_empty()).map(|values| values.join(", "))
}

/// Whether the connection can't be used for another request: where this one ends isn't followed in the stream.
fn must_close(head: &Parts) -> bool {
    let is_plain = |value: &HeaderValue| value.as_bytes().iter().all(u8::is_ascii_digit);
    head.method == hyper::Method::CONNECT
        || head.headers.contains_key(header::TRANSFER_ENCODING)
        || head.headers.contains_key(header::UPGRADE)
        || !head.headers.get_all(header::CONTENT_LENGTH).iter().all(is_plain)
}

fn to_hyper(response: Response, closes: bool) -> hyper::Response<Full<Bytes>> {
    let Response { status, headers, body, .. } = response;
    let closes = (closes || status == 414) && status != 101;
    let mut answer = hyper::Response::new(Full::from(body));
    *answer.status_mut() = status.try_into().unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes())) {
            (Ok(name), Ok(value)) => drop(answer.headers_mut().append(name, value)),
            _ => skipped(&name),
        }
    }
    if closes {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

fn skipped(name: &dyn Display) {
    tracing::error!("the header {name} can't be sent");
}
