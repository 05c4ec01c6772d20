//! `/v1/stream`: a connection that became a WebSocket, between its socket and the leader.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::{header, http::request::Parts};
use lookupd_core::{
    http::{Error, Response, SERVER, STREAM_PROTOCOL, StreamOpening},
    link::{Closing, MAX_MESSAGE_LENGTH, PING, PONG},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message, Utf8Bytes,
        handshake::server::create_response,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use crate::{
    leader::{FollowerId, Inbox, Leadership, Said},
    serving::{Stopping, stopped},
};

/// The answer that turns a request's connection into a WebSocket.
///
/// # Errors
/// [`Error::UpgradeRequired`] for a request that doesn't ask for one.
pub(super) fn accept(head: &Parts) -> Result<Response, Error> {
    let request = hyper::Request::from_parts(head.clone(), ());
    let accepted = create_response(&request).map_err(|_| Error::UpgradeRequired)?;
    let key = accepted.headers().get(header::SEC_WEBSOCKET_ACCEPT).and_then(|key| key.to_str().ok());
    let mut headers =
        vec![("Server", SERVER.into()), ("Connection", "Upgrade".into()), ("Upgrade", "websocket".into())];
    headers.extend(key.map(|key| ("Sec-WebSocket-Accept", String::from(key).into())));
    if protocols(head).is_some_and(|protocols| protocols.split(',').any(|name| name.trim() == STREAM_PROTOCOL)) {
        headers.push(("Sec-WebSocket-Protocol", STREAM_PROTOCOL.into()));
    }
    Ok(Response { status: 101, headers, body: Vec::new(), hold: Duration::ZERO })
}

/// The subprotocols that the request offers, one of which may carry a browser's token.
pub(super) fn protocols(head: &Parts) -> Option<String> {
    super::all_of(&head.headers, header::SEC_WEBSOCKET_PROTOCOL)
}

/// Serves one to its end. `read` is what was read of the connection behind the request.
pub(super) async fn serve(
    connection: impl AsyncRead + AsyncWrite + Unpin,
    read: Vec<u8>,
    opening: StreamOpening,
    leadership: &Leadership,
    stopping: &mut Stopping,
) {
    let speaks = opening.agent.is_some();
    let (follower, mut inbox) = leadership.follow(opening).await;
    let socket = WebSocketStream::from_partially_read(connection, read, Role::Server, Some(config())).await;
    let mut stream = Stream { socket, leadership, follower, speaks };
    let ending = tokio::select! {
        ending = stream.converse(&mut inbox) => ending,
        () = stopped(stopping) => Ending::Stopped,
    };
    leadership.unfollow(follower).await;
    let frame = match ending {
        Ending::Gone => return,
        Ending::Closed(closing) => frame(closing.code().into(), closing.reason()),
        Ending::NotStored => frame(CloseCode::Error, "what was said may not be stored: say it again"),
        Ending::Stopped => frame(CloseCode::Away, "the leader stops"),
    };
    // Whoever doesn't read it needn't be waited for.
    let _ = timeout(TIME_TO_CLOSE, stream.socket.close(Some(frame))).await;
}

/// What both ends of a stream are told of its messages.
pub(crate) fn config() -> WebSocketConfig {
    // There may be a thousand of them, and most are idle.
    WebSocketConfig::default()
        .read_buffer_size(BUFFERED)
        .write_buffer_size(BUFFERED)
        .max_message_size(Some(MAX_MESSAGE_LENGTH))
        .max_frame_size(Some(MAX_MESSAGE_LENGTH))
}

const BUFFERED: usize = 4 << 10;

const TIME_TO_CLOSE: Duration = Duration::from_secs(1);

fn frame(code: CloseCode, reason: &'static str) -> CloseFrame {
    CloseFrame { code, reason: reason.into() }
}

/// Why a stream is over.
enum Ending {
    /// Its connection is, or the other end closed it.
    Gone,
    /// It is to be closed for this.
    Closed(Closing),
    /// The disk failed.
    NotStored,
    /// The daemon stops.
    Stopped,
}

impl From<tungstenite::Error> for Ending {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Capacity(_) | tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_) => {
                Self::Closed(Closing::Malformed)
            }
            _ => Self::Gone,
        }
    }
}

struct Stream<'a, S> {
    socket: WebSocketStream<S>,
    leadership: &'a Leadership,
    follower: FollowerId,
    /// Whether an agent is at its other end; all others only listen.
    speaks: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<'_, S> {
    async fn converse(&mut self, inbox: &mut Inbox) -> Ending {
        let Inbox { messages, closing, places } = inbox;
        let talk = async {
            loop {
                let done = tokio::select! {
                    biased;
                    Some(message) = messages.recv() => self.send(Message::Binary(message)).await,
                    message = self.socket.next() => match message {
                        None | Some(Ok(Message::Close(_))) => Err(Ending::Gone),
                        Some(Err(error)) => Err(error.into()),
                        Some(Ok(Message::Text(text))) => self.hear_text(&text, places).await,
                        Some(Ok(Message::Binary(bytes))) => self.hear(bytes, places).await,
                        Some(Ok(_)) => Ok(()),
                    },
                };
                if let Err(ending) = done {
                    return ending;
                }
            }
        };
        tokio::select! {
            biased;
            closed = closing => closed.map_or(Ending::NotStored, Ending::Closed),
            ending = talk => ending,
        }
    }

    async fn hear_text(&mut self, text: &Utf8Bytes, places: &Arc<Semaphore>) -> Result<(), Ending> {
        if text.as_str() != PING {
            return Err(Ending::Closed(Closing::Malformed));
        }
        if self.speaks {
            self.tell(Said::Ping, places).await?;
        }
        self.send(Message::text(PONG)).await
    }

    async fn hear(&mut self, bytes: Bytes, places: &Arc<Semaphore>) -> Result<(), Ending> {
        if !self.speaks {
            return Err(Ending::Closed(Closing::Forbidden));
        }
        self.tell(Said::Message(bytes), places).await
    }

    async fn tell(&self, said: Said, places: &Arc<Semaphore>) -> Result<(), Ending> {
        let place = Arc::clone(places).acquire_owned().await.map_err(|_| Ending::Gone)?;
        self.leadership.said(self.follower, said, place).await;
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), Ending> {
        Ok(self.socket.send(message).await?)
    }
}
