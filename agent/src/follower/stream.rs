//! The stream to the leader: what nsqds said goes up, what changes comes down; and coming back after it broke.

use std::{fmt, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::{
    HeaderMap,
    header::{self, HeaderValue},
};
use lookupd_core::link::{Closing, PING, PONG, ToFollower};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{CloseFrame, Role},
    },
};

use super::{
    state::Follower,
    upstream::{Authorization, Connection},
};
use crate::{
    http::stream_config,
    serving::{Stopping, stopped},
};

/// Keeps a stream open until the daemon stops.
pub(super) async fn keep_open(follower: &Follower, mut stopping: Stopping) {
    let url = follower.upstream.url();
    for connection in 1.. {
        let ended = tokio::select! {
            ended = live(follower, connection) => ended,
            () = stopped(&mut stopping) => return,
        };
        follower.disconnected();
        match &ended {
            Ended::Closed(Some(Closing::Superseded), _) => {
                follower.supersede();
                tracing::error!(
                    "UPSTREAM({url}): another process announces as this agent, in a later life: WHAT IS CONNECTED HERE IS \
                     ANNOUNCED NO LONGER. Stop one of the two, or give each a --data-path of its own"
                );
            }
            ended => tracing::warn!("UPSTREAM({url}): not connected: {ended}"),
        }
        tokio::select! {
            () = sleep(pause(follower, &ended)) => {}
            () = stopped(&mut stopping) => return,
        }
    }
}

/// Why there is no stream.
enum Ended {
    /// The leader closed it, for one of our reasons or for another.
    Closed(Option<Closing>, String),
    /// It opens none for this agent.
    Refused(String),
    /// It can't be reached, or isn't heard any more.
    Lost(String),
    /// It says what isn't understood here.
    Unreadable(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(Some(closing), _) => write!(f, "closed: {} ({})", closing.reason(), closing.code()),
            Self::Closed(None, reason) => write!(f, "closed: {reason}"),
            Self::Refused(reason) | Self::Lost(reason) | Self::Unreadable(reason) => f.write_str(reason),
        }
    }
}

/// How long to wait before the next attempt. At random over a twentieth of the timeout (15 s of 300 s), also the first time:
/// when a leader is deployed anew it loses all its agents in one instant, and isn't to meet them all in another. Nobody who
/// comes back by then was missed. Where coming back changes nothing before a person does something, it is longer.
fn pause(follower: &Follower, ended: &Ended) -> Duration {
    let timeout = follower.timeout();
    let spread = (timeout / 20).max(SHORTEST_SPREAD);
    let pause = Duration::from_secs_f64(spread.as_secs_f64() * fastrand::f64());
    match ended {
        Ended::Refused(_)
        | Ended::Unreadable(_)
        | Ended::Closed(Some(Closing::UnknownFormat | Closing::Forbidden | Closing::Full), _) => timeout / 5 + pause,
        _ => pause,
    }
}

/// One stream, from its opening to its end.
async fn live(follower: &Follower, connection: u64) -> Ended {
    if follower.agent().replica().is_loaded() {
        // What was deleted while there was no stream isn't announced again.
        follower.caught_up(TIME_TO_CATCH_UP).await;
    }
    match open(follower, connection).await {
        Ok(socket) => {
            tracing::info!("UPSTREAM({}): connected", follower.upstream.url());
            follower.connected();
            let ended = Stream::new(follower, socket).converse().await;
            ended.err().unwrap_or_else(|| Ended::Lost("the connection ended".into()))
        }
        Err(ended) => ended,
    }
}

type Socket = WebSocketStream<Connection>;

async fn open(follower: &Follower, connection: u64) -> Result<Socket, Ended> {
    let lost = |reason: &dyn fmt::Display| Ended::Lost(reason.to_string());
    let target = {
        let agent = follower.agent();
        let (id, incarnation) = agent.identity();
        let mut query: Vec<String> =
            agent.replica().cursor().map(|cursor| format!("since={cursor}")).into_iter().collect();
        if !follower.is_superseded() {
            query.push(format!("agent={id}&incarnation={incarnation}&connection={connection}"));
        }
        format!("/v1/stream?{}", query.join("&"))
    };
    let key = generate_key();
    let mut handshake = HeaderMap::new();
    handshake.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    handshake.insert(header::SEC_WEBSOCKET_KEY, HeaderValue::try_from(&*key).map_err(|error| lost(&error))?);
    let opened = follower.upstream.upgrade(target.as_bytes(), Authorization::Own, handshake).await;
    let (headers, connection) = match opened.map_err(|unreachable| lost(&unreachable))? {
        Ok(opened) => opened,
        Err(answer) if (400..500).contains(&answer.status) || answer.status == 501 => {
            return Err(Ended::Refused(answer.to_string()));
        }
        Err(answer) => return Err(lost(&answer)),
    };
    let accepted = headers.get(header::SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
    if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        return Err(Ended::Unreadable("it answers as no WebSocket does".into()));
    }
    Ok(WebSocketStream::from_raw_socket(connection, Role::Client, Some(stream_config())).await)
}

struct Stream<'a> {
    follower: &'a Follower,
    socket: Socket,
    ponged_at: Instant,
    beacon_at: Instant,
    /// When it was last said that this agent is there: by a ping, or by opening the stream. A ping at the very beginning may meet the
    /// leader's first message, and workerd then says nothing more on the stream.
    pinged_at: Instant,
    /// How many nodes the leader knew of, where it knew everything, as it was logged last.
    announced: Option<usize>,
}

impl<'a> Stream<'a> {
    fn new(follower: &'a Follower, socket: Socket) -> Self {
        let now = Instant::now();
        Self { follower, socket, ponged_at: now, beacon_at: now, pinged_at: now, announced: None }
    }

    /// # Errors
    /// How it ended, always.
    async fn converse(&mut self) -> Result<(), Ended> {
        loop {
            while let Some(message) = self.follower.poll() {
                self.send(Message::binary(message)).await?;
            }
            self.tell_announced();
            // Anew each time: the leader may have said another timeout.
            let ping_at = self.pinged_at + (self.follower.timeout() / 20).max(SHORTEST_PING_INTERVAL);
            tokio::select! {
                message = self.socket.next() => match message {
                    Some(Ok(Message::Binary(bytes))) => self.hear(&bytes)?,
                    Some(Ok(Message::Text(text))) if text.as_str() == PONG => self.ponged_at = Instant::now(),
                    Some(Ok(Message::Text(_))) => return Err(Ended::Unreadable("it says what no leader does".into())),
                    Some(Ok(Message::Close(frame))) => return Err(closed(frame)),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(Ended::Lost(error.to_string())),
                    None => return Err(Ended::Lost("the connection ended".into())),
                },
                () = self.follower.said.notified() => {}
                () = sleep_until(ping_at) => self.ping().await?,
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        if matches!(ToFollower::decode(bytes), Ok(ToFollower::Beacon { .. })) {
            self.beacon_at = Instant::now();
        }
        let refused =
            self.follower.hear(bytes).map_err(|error| Ended::Unreadable(format!("what it says is {error}")))?;
        if let Some(refused) = refused {
            let node = refused.node.map(|node| format!(" of {node}")).unwrap_or_default();
            tracing::warn!(
                "UPSTREAM({}): refuses what was said{node}: {}",
                self.follower.upstream.url(),
                refused.reason
            );
        }
        Ok(())
    }

    /// Says that this agent is there, or notices that nobody is at the other end.
    async fn ping(&mut self) -> Result<(), Ended> {
        let timeout = self.follower.timeout();
        let silence = (timeout / 10).max(SHORTEST_SILENCE);
        if self.ponged_at.elapsed() > silence {
            return Err(Ended::Lost(format!("nothing was heard for {silence:?}")));
        }
        // Each sweep ends with one, and there are three in a timeout.
        if self.beacon_at.elapsed() > timeout.max(SHORTEST_SILENCE) {
            return Err(Ended::Lost("a leader answers, but doesn't say where it stands: it may be superseded".into()));
        }
        self.pinged_at = Instant::now();
        self.send(Message::text(PING)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Ended> {
        let silence = (self.follower.timeout() / 10).max(SHORTEST_SILENCE);
        match timeout(silence, self.socket.send(message)).await {
            Ok(sent) => sent.map_err(|error| Ended::Lost(error.to_string())),
            Err(_) => Err(Ended::Lost(format!("it reads nothing for {silence:?}"))),
        }
    }

    fn tell_announced(&mut self) {
        if let Some(nodes) = self.follower.announced()
            && self.announced != Some(nodes)
        {
            self.announced = Some(nodes);
            tracing::info!("UPSTREAM({}): announced {nodes} nodes", self.follower.upstream.url());
        }
    }
}

fn closed(frame: Option<CloseFrame>) -> Ended {
    match frame {
        Some(CloseFrame { code, reason }) => Ended::Closed(
            Closing::of_code(code.into()),
            format!("{} ({})", reason.as_str().escape_debug(), u16::from(code)),
        ),
        None => Ended::Closed(None, "without a reason".into()),
    }
}

/// How long an announcement waits for what happened before it.
const TIME_TO_CATCH_UP: Duration = Duration::from_secs(2);

/// Whatever the timeout: a leader that can't be reached isn't asked more often.
const SHORTEST_SPREAD: Duration = Duration::from_millis(200);

/// And one that is busy isn't given up.
const SHORTEST_SILENCE: Duration = Duration::from_secs(1);

const SHORTEST_PING_INTERVAL: Duration = Duration::from_millis(50);
