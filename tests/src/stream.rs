//! A stream of the leader's, as its followers and agents open it.

use std::io;
use std::net::{SocketAddr, TcpStream};

use lookupd_core::link::{AgentEnd, PING, ToFollower};
use lookupd_core::{Cursor, Timestamp};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::{Error, Message, WebSocket};

use crate::wait::PATIENCE;

/// An open WebSocket.
#[derive(Debug)]
pub struct Stream {
    socket: WebSocket<TcpStream>,
    /// The subprotocol that was chosen.
    pub protocol: Option<String>,
}

/// What came next on a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message.
    Said(ToFollower),
    /// The answer to a heartbeat, or any other text.
    Text(String),
    /// It was closed, with this code.
    Closed(u16),
    /// It broke.
    Broken,
}

impl Stream {
    /// Opens one at this target, with these headers more.
    ///
    /// # Errors
    ///
    /// The status, where that is refused.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn open(address: SocketAddr, target: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{address}{target}").into_client_request().expect("a URL");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header's value"));
        }
        let stream = TcpStream::connect(address).expect("the worker listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        match tungstenite::client(request, stream) {
            Ok((socket, answer)) => {
                let protocol = answer.headers().get("Sec-WebSocket-Protocol");
                let protocol = protocol.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
                Ok(Self { socket, protocol })
            }
            Err(tungstenite::HandshakeError::Failure(Error::Http(answer))) => Err(answer.status().as_u16()),
            Err(error) => panic!("no answer to a handshake: {error}"),
        }
    }

    /// What comes next; waits for it.
    ///
    /// # Panics
    ///
    /// When nothing comes, or what can't be decoded.
    pub fn event(&mut self) -> Event {
        loop {
            match self.socket.read() {
                Ok(Message::Binary(bytes)) => return Event::Said(ToFollower::decode(&bytes).expect("a message")),
                Ok(Message::Text(text)) => return Event::Text(text.as_str().to_owned()),
                Ok(Message::Close(frame)) => return Event::Closed(frame.map_or(1005, |frame| frame.code.into())),
                Ok(_) => {}
                Err(Error::Io(error)) if is_timeout(&error) => panic!("nothing comes"),
                Err(_) => return Event::Broken,
            }
        }
    }

    /// The next message.
    ///
    /// # Panics
    ///
    /// When something else comes.
    pub fn message(&mut self) -> ToFollower {
        match self.event() {
            Event::Said(message) => message,
            other => panic!("{other:?} and no message"),
        }
    }

    /// What is still said before it is closed, and how.
    pub fn rest(&mut self) -> (Vec<ToFollower>, Event) {
        let mut said = Vec::new();
        loop {
            match self.event() {
                Event::Said(message) => said.push(message),
                Event::Text(_) => {}
                end => return (said, end),
            }
        }
    }

    /// The cursor of the beacon that is the next message.
    ///
    /// # Panics
    ///
    /// When something else comes.
    pub fn beacon(&mut self) -> Cursor {
        match self.message() {
            ToFollower::Beacon { cursor, .. } => cursor,
            other => panic!("{other:?} and no beacon"),
        }
    }

    /// Sends a heartbeat and waits for its answer.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn ping(&mut self) {
        self.text(PING);
        while !matches!(self.event(), Event::Text(_)) {}
    }

    /// Sends a text.
    ///
    /// # Panics
    ///
    /// When that can't be sent.
    pub fn text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).expect("sent");
    }

    /// Sends bytes.
    ///
    /// # Panics
    ///
    /// When they can't be sent.
    pub fn bytes(&mut self, bytes: impl Into<Vec<u8>>) {
        self.socket.send(Message::binary(bytes.into())).expect("sent");
    }

    /// Says everything that the agent has to say, until it is answered. Gives what the leader said meanwhile.
    ///
    /// # Panics
    ///
    /// When the stream is closed.
    pub fn settle(&mut self, agent: &mut AgentEnd, now: Timestamp) -> Vec<ToFollower> {
        let mut said = Vec::new();
        loop {
            while let Some(bytes) = agent.poll(now) {
                self.bytes(bytes);
            }
            if agent.is_settled() {
                return said;
            }
            let message = self.message();
            agent.heard(&message);
            said.push(message);
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
