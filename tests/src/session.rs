//! The TCP protocol, spoken frame by frame.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::wait::PATIENCE;

/// One connection to a daemon's TCP port.
#[derive(Debug)]
pub struct Session(TcpStream);

impl Session {
    /// Connects, and says nothing yet.
    ///
    /// # Panics
    ///
    /// When nobody listens.
    pub fn open(address: SocketAddr) -> Self {
        Self::try_open(address).expect("the daemon listens")
    }

    /// As [`open`](Self::open), to a daemon that may be gone.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub fn try_open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    /// Connects and identifies itself by this JSON.
    ///
    /// # Panics
    ///
    /// When that is refused.
    pub fn identified(address: SocketAddr, producer: &str) -> Self {
        let mut session = Self::open(address);
        let answer = session.identify(producer);
        assert!(answer.starts_with('{'), "{producer}: {answer}");
        session
    }

    /// Begins, and says who it is. Returns what that is answered.
    ///
    /// # Panics
    ///
    /// When the connection fails.
    pub fn identify(&mut self, producer: &str) -> String {
        self.send_identify(producer).expect("IDENTIFY is sent");
        self.hear().expect("an answer to IDENTIFY")
    }

    /// Begins, and says who it is.
    ///
    /// # Errors
    ///
    /// When the connection is over.
    pub fn send_identify(&mut self, producer: &str) -> io::Result<()> {
        let length = u32::try_from(producer.len()).map_err(io::Error::other)?.to_be_bytes();
        self.send(&[b"  V1IDENTIFY\n", &length[..], producer.as_bytes()].concat())
    }

    /// Sends a line and returns what it is answered.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\n").as_bytes()).expect("the line is sent");
        self.hear().expect("an answer")
    }

    /// Sends a line that is to be answered by OK.
    ///
    /// # Panics
    ///
    /// When it isn't.
    pub fn say(&mut self, line: &str) {
        assert_eq!(self.ask(line), "OK", "{line}");
    }

    /// Sends these bytes.
    ///
    /// # Errors
    ///
    /// When the connection is over.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// The next frame's text.
    ///
    /// # Errors
    ///
    /// When the connection is over, or nothing comes within its patience.
    pub fn hear(&mut self) -> io::Result<String> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        let mut frame = Vec::new();
        // Not set aside before it has come: what is no frame may say anything.
        (&mut self.0).take(length.into()).read_to_end(&mut frame)?;
        if frame.len() < usize::try_from(length).unwrap_or(usize::MAX) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&frame).into_owned())
    }

    /// The connection, for who moves its bytes in another way.
    pub fn into_stream(self) -> TcpStream {
        self.0
    }

    /// Whether the daemon has closed it, with nothing left to hear.
    pub fn is_over(&mut self) -> bool {
        matches!(self.hear(), Err(error) if error.kind() != io::ErrorKind::WouldBlock)
    }
}
