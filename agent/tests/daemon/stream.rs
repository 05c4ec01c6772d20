//! The other end of a `/v1/stream`.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::ErrorKind,
    net::{SocketAddr, TcpStream},
};

use lookupd_core::{
    Node, ProducerInfo, TopicName,
    link::{ToFollower, ToLeader},
};
use tungstenite::{Message, WebSocket, client::IntoClientRequest, error::ProtocolError, handshake::HandshakeError};

use crate::agent::open;

pub(crate) struct Stream {
    socket: WebSocket<TcpStream>,
    said: u64,
}

impl Stream {
    /// Opens one with this query.
    pub(crate) fn open(leader: SocketAddr, query: &str) -> Self {
        Self::try_open(leader, query, None).unwrap()
    }

    pub(crate) fn of_agent(leader: SocketAddr, id: &str, incarnation: u64, connection: u64) -> Self {
        Self::open(leader, &format!("agent={id}&incarnation={incarnation}&connection={connection}"))
    }

    /// # Errors
    /// The status of an answer that is none.
    pub(crate) fn try_open(leader: SocketAddr, query: &str, token: Option<&str>) -> Result<Self, u16> {
        let mut request = format!("ws://{leader}/v1/stream?{query}").into_client_request().unwrap();
        if let Some(token) = token {
            request.headers_mut().insert("Authorization", format!("Bearer {token}").parse().unwrap());
        }
        match tungstenite::client(request, open(leader)) {
            Ok((socket, _)) => Ok(Self { socket, said: 0 }),
            Err(HandshakeError::Failure(tungstenite::Error::Http(answer))) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// The next thing that it says; the close code where it closes.
    pub(crate) fn hear(&mut self) -> Result<ToFollower, u16> {
        loop {
            match self.socket.read().unwrap() {
                Message::Binary(bytes) => return Ok(ToFollower::decode(&bytes).unwrap()),
                Message::Close(frame) => return Err(frame.expect("a reason").code.into()),
                Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// The next thing of a kind, whatever comes before.
    pub(crate) fn hear_until<T>(&mut self, kind: impl Fn(&ToFollower) -> Option<T>) -> T {
        loop {
            let message = self.hear().expect("it goes on");
            if let Some(found) = kind(&message) {
                return found;
            }
        }
    }

    /// The code that it is closed with, whatever comes before.
    pub(crate) fn hear_close(&mut self) -> u16 {
        loop {
            if let Err(code) = self.hear() {
                return code;
            }
        }
    }

    /// Whether its connection ends without a word.
    pub(crate) fn is_cut(&mut self) -> bool {
        match self.socket.read() {
            Err(tungstenite::Error::Io(error)) => error.kind() == ErrorKind::ConnectionReset,
            Err(tungstenite::Error::Protocol(error)) => error == ProtocolError::ResetWithoutClosingHandshake,
            _ => false,
        }
    }

    /// The next text.
    pub(crate) fn hear_text(&mut self) -> String {
        loop {
            if let Message::Text(text) = self.socket.read().unwrap() {
                return text.to_string();
            }
        }
    }

    pub(crate) fn send(&mut self, message: Message) {
        self.socket.send(message).unwrap();
    }

    /// Sends bytes that need be no frame at all.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        std::io::Write::write_all(self.socket.get_mut(), bytes).unwrap();
    }

    /// Says the next thing, and waits until it is stored.
    pub(crate) fn say(&mut self, message: &ToLeader) {
        self.said += 1;
        self.send(Message::binary(message.encode(self.said)));
        let said = self.said;
        let done = |message: &ToFollower| match message {
            ToFollower::Acknowledged { through } => (*through >= said).then_some(()),
            ToFollower::Refused(refused) => panic!("{refused:?}"),
            _ => None,
        };
        self.hear_until(done);
    }
}

/// A node that serves a topic, by the address that it broadcasts.
pub(crate) fn announce(broadcast_address: &str, topic: &str) -> ToLeader {
    let port = std::num::NonZeroU16::new(4151).unwrap();
    let info = ProducerInfo {
        remote_address: "127.0.0.1:5".into(),
        hostname: "h".into(),
        broadcast_address: broadcast_address.into(),
        tcp_port: port,
        http_port: port,
        version: "1".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    };
    let topics = BTreeMap::from([(TopicName::parse(topic).unwrap(), BTreeSet::new())]);
    ToLeader::Announce { info, topics, complete: true, silent: None }
}

pub(crate) fn settled(nodes: &[&str]) -> ToLeader {
    ToLeader::Settled { nodes: nodes.iter().map(|node| Node::parse(node).unwrap()).collect() }
}
