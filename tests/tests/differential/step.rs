//! What happens in a scenario.

use std::fmt;

use lookupd_tests::{Request, escape};

/// How many clients of the TCP protocol there are at most.
pub(crate) const CLIENTS: usize = 5;

/// How many HTTP connections are kept for further requests.
pub(crate) const KEPT_CONNECTIONS: usize = 2;

/// One step, done to both daemons. A step that can't be done, such as sending without a connection, is passed over: so
/// any part of a scenario is one too.
#[derive(Clone)]
pub(crate) enum Step {
    /// A client connects and says nothing yet.
    Connect(usize),
    /// It sends these bytes, a piece a time.
    Send(usize, Vec<Vec<u8>>),
    /// It says that it will send no more.
    HalfClose(usize),
    /// It closes.
    Close(usize),
    /// It resets the connection.
    Reset(usize),
    /// Somebody asks over HTTP.
    Ask(Ask),
    /// A client announces an IDENTIFY of this negative length. The last step of its scenario, for the real daemon ends.
    NegativeLength(i32),
    /// Both daemons are killed and started again. The last step of its scenario, for the real one forgets everything.
    Restart,
}

/// One HTTP request.
#[derive(Clone)]
pub(crate) struct Ask {
    /// What is asked.
    pub(crate) request: Request,
    /// Where its bytes are parted.
    pub(crate) cuts: Vec<usize>,
    /// On what.
    pub(crate) connection: On,
}

/// The connection of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// A new one. Afterwards it is tried whether it takes another request.
    New,
    /// A new one, of which the client's side is closed right behind the request.
    Ended,
    /// One that was kept since an earlier request, where there is one.
    Kept(usize),
}

impl Step {
    /// The client of the TCP protocol that does it, by its name in states.
    pub(crate) fn client(&self) -> Option<String> {
        match self {
            Self::Connect(client)
            | Self::Send(client, _)
            | Self::HalfClose(client)
            | Self::Close(client)
            | Self::Reset(client) => Some(format!("client {client}")),
            Self::Ask(_) | Self::NegativeLength(_) | Self::Restart => None,
        }
    }
}

impl Ask {
    /// The request's bytes, as they are parted.
    pub(crate) fn pieces(&self) -> Vec<&[u8]> {
        parted(self.request.bytes(), &self.cuts)
    }

    /// The request's head in small letters.
    pub(crate) fn head(&self) -> String {
        let text = String::from_utf8_lossy(self.request.bytes()).to_ascii_lowercase();
        text.split("\r\n\r\n").next().unwrap_or_default().to_owned()
    }

    /// The target in the request's line.
    pub(crate) fn target(&self) -> &[u8] {
        let line = self.request.bytes().split(|byte| *byte == b'\r').next().unwrap_or_default();
        let first = line.iter().position(|byte| *byte == b' ').map_or(line.len(), |at| at + 1);
        let last = line.iter().rposition(|byte| *byte == b' ').unwrap_or(0);
        line.get(first..last).unwrap_or_default()
    }
}

/// Bytes in pieces, parted at each of `cuts`.
pub(crate) fn parted<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % bytes.len().max(1)).collect();
    cuts.sort_unstable();
    let mut pieces = Vec::new();
    let mut start = 0;
    for cut in cuts.into_iter().chain([bytes.len()]).filter(|cut| *cut > 0) {
        if cut > start {
            pieces.push(&bytes[start..cut]);
            start = cut;
        }
    }
    pieces
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pieces = |pieces: &[&[u8]]| {
            let shown = |piece: &&[u8]| match piece {
                long if long.len() > 600 => {
                    format!("{}…{} bytes in all", escape(&long[..300]), long.len())
                }
                short => escape(short),
            };
            pieces.iter().map(shown).collect::<Vec<_>>().join(" | ")
        };
        match self {
            Self::Connect(client) => write!(formatter, "client {client} connects"),
            Self::Send(client, sent) => {
                write!(
                    formatter,
                    "client {client} sends {}",
                    pieces(&sent.iter().map(Vec::as_slice).collect::<Vec<_>>())
                )
            }
            Self::HalfClose(client) => write!(formatter, "client {client} half-closes"),
            Self::Close(client) => write!(formatter, "client {client} closes"),
            Self::Reset(client) => write!(formatter, "client {client} resets"),
            Self::Ask(ask) => {
                let connection = match ask.connection {
                    On::New => "asks".to_owned(),
                    On::Ended => "asks and half-closes".to_owned(),
                    On::Kept(number) => format!("asks on connection {number}"),
                };
                write!(formatter, "someone {connection}: {}", pieces(&ask.pieces()))
            }
            Self::NegativeLength(length) => write!(formatter, "a client announces {length} bytes"),
            Self::Restart => write!(formatter, "both daemons are killed and started again"),
        }
    }
}
