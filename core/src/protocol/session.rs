//! One connection of one client.

use alloc::{boxed::Box, collections::VecDeque};

use super::{
    buffer::{Buffer, LineTooLong},
    error::{Error, Failure},
    frame::Frame,
    greeting::Greeting,
    identify,
    line::{self, MAX_LINE_LENGTH, Verb},
    request::Request,
};
use crate::producer::{IDENTIFY_LIMIT, ProducerInfo};

/// How many requests a session hands out before the first of them has to be answered. Clients that send many commands at
/// once have them stored together; what that keeps in memory is a few names each.
pub const MAX_OUTSTANDING: usize = 64;

const MAGIC: &[u8] = b"  V1";

/// What a client sends, and what it is to be answered, from its connection's first byte to its last.
///
/// ```
/// use lookupd_core::{Via, protocol::{Daemon, Greeting, Output, Session}};
///
/// let daemon = Daemon { broadcast_address: "lookup.local", hostname: "lookup", http_port: 4161, tcp_port: 4160 };
/// let mut session = Session::new(Greeting::new(&daemon), "10.0.0.7:51234");
/// let mut sent = Vec::new();
/// session.input(b"  V1PING\nREGISTER orders\n");
/// while let Some(output) = session.poll() {
///     match output {
///         Output::Send(frame) => sent.extend_from_slice(&frame),
///         Output::Request(request) => {
///             // There is a producer as soon as there is a request.
///             let command = session.producer().map(|producer| request.into_command(producer, &Via::Tcp));
///             // … which a leader executes; or a follower remembers and announces.
///             # drop(command);
///             session.carried_out(Ok(()));
///         }
///         Output::Close => break,
///     }
/// }
/// assert_eq!(sent, b"\0\0\0\x02OK\0\0\0\x1eE_INVALID client must IDENTIFY");
/// ```
///
/// Its home calls, in this order and over again:
///
/// 1. [`poll`](Self::poll) until that gives nothing more, and does what each [`Output`] says.
/// 2. Then whichever comes first:
///    - [`input`](Self::input) with what was read from the connection, as long as [`wants_input`](Self::wants_input), or
///      [`end_of_input`](Self::end_of_input) where there is no more. Whoever reads only when input is wanted, and writes all
///      of a frame before he asks for the next, has the session hold no more than one unfinished command and the piece
///      that was read last.
///    - [`carried_out`](Self::carried_out) for the oldest request that wasn't answered yet.
///    - [`time_out`](Self::time_out) when a deadline of the home has passed: [`progress`](Self::progress) and
///      [`is_within_command`](Self::is_within_command) tell what it could be about.
///
/// However the connection ends, by [`Output::Close`] or by a socket that fails, a session with a
/// [`producer`](Self::producer) then ends with [`Command::Leave`](crate::Command::Leave) for that node; but not if a later
/// IDENTIFY of another session speaks for the node now. Requests that were handed out before are carried out all the same.
#[derive(Debug)]
pub struct Session {
    greeting: Greeting,
    remote_address: Box<str>,
    buffer: Buffer,
    input_ended: bool,
    stage: Stage,
    producer: Option<ProducerInfo>,
    /// What the home was asked for and hasn't answered, the oldest first.
    outstanding: VecDeque<Verb>,
    /// What is to be sent now.
    frames: VecDeque<Frame>,
    /// Why it ends, where not because the client is done.
    error: Option<Error>,
}

/// What is due of the client.
#[derive(Debug)]
enum Stage {
    Magic,
    Line,
    /// IDENTIFY's length and body.
    Body,
    /// Nothing any more. Once all requests are answered it is told why not, where there is an error to tell.
    Ending,
    Closing,
    Closed,
}

/// What a session tells its home to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Write this to the connection.
    Send(Frame),
    /// Carry this out, and say so with [`Session::carried_out`]. Requests are carried out in their order; several may be
    /// under way at once.
    Request(Request),
    /// Close the connection. The last output.
    Close,
}

/// How far a client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It hasn't said which protocol it speaks.
    Silent,
    /// It speaks this one, and hasn't said who it is.
    Anonymous,
    /// It has said who it is.
    Identified,
    /// It is told no more but why it ends.
    Ended,
}

impl Session {
    /// The session of a new connection from this address, as `ip:port`.
    pub fn new(greeting: Greeting, remote_address: &str) -> Self {
        Self {
            greeting,
            remote_address: remote_address.into(),
            buffer: Buffer::default(),
            input_ended: false,
            stage: Stage::Magic,
            producer: None,
            outstanding: VecDeque::new(),
            frames: VecDeque::new(),
            error: None,
        }
    }

    /// Takes what was read from the connection. In how many pieces it came makes no difference.
    pub fn input(&mut self, bytes: &[u8]) {
        if self.is_reading() && !self.input_ended {
            self.buffer.push(bytes);
        }
    }

    /// Takes note that nothing more will come: the client has closed its side. What it sent before is answered.
    pub fn end_of_input(&mut self) {
        self.input_ended = true;
    }

    /// Whether to read from the connection now. Not while so many requests are under way that nothing more would be
    /// understood.
    pub fn wants_input(&self) -> bool {
        self.is_reading() && !self.input_ended && !self.is_waiting()
    }

    /// What became of the oldest request that this wasn't said of.
    pub fn carried_out(&mut self, outcome: Result<(), Failure>) {
        // None where an earlier one ended the session: there is nobody to be told.
        let Some(verb) = self.outstanding.pop_front() else { return };
        match outcome {
            Ok(()) if verb == Verb::Identify => self.frames.push_back(self.greeting.frame()),
            Ok(()) => self.frames.push_back(Frame::OK),
            Err(failure) => {
                let error = Error::Failed { verb, failure };
                if error.is_fatal() {
                    self.outstanding.clear();
                    self.end(Some(error));
                } else {
                    self.frames.push_back(error.frame());
                }
            }
        }
    }

    /// Ends the session because the client took too long for something. What is under way is still answered.
    pub fn time_out(&mut self) {
        if self.is_reading() {
            self.end(Some(Error::TimedOut));
        }
    }

    /// What to do next; `None` until something happens.
    pub fn poll(&mut self) -> Option<Output> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(Output::Send(frame));
            }
            match self.stage {
                Stage::Magic | Stage::Line | Stage::Body if self.is_waiting() => return None,
                Stage::Magic | Stage::Line | Stage::Body => match self.understand() {
                    Ok(Some(Understood::Request(request))) => return Some(Output::Request(request)),
                    Ok(Some(Understood::Progress)) => {}
                    Ok(None) if self.input_ended => self.end(self.cut_short()),
                    Ok(None) => {
                        self.buffer.release();
                        return None;
                    }
                    Err(error) => self.end(Some(error)),
                },
                Stage::Ending if !self.outstanding.is_empty() => return None,
                Stage::Ending => {
                    self.frames.extend(self.error.as_ref().map(Error::frame));
                    self.stage = Stage::Closing;
                }
                Stage::Closing => {
                    self.stage = Stage::Closed;
                    return Some(Output::Close);
                }
                Stage::Closed => return None,
            }
        }
    }

    /// Who the client says it is. Known from the moment [`Request::Identify`] is handed out, and to the end.
    pub fn producer(&self) -> Option<&ProducerInfo> {
        self.producer.as_ref()
    }

    /// How far the client has come. A home that waits only so long for [`Progress::Identified`] can't be filled up with
    /// connections that never come to anything.
    pub fn progress(&self) -> Progress {
        match self.stage {
            Stage::Ending | Stage::Closing | Stage::Closed => Progress::Ended,
            Stage::Magic => Progress::Silent,
            Stage::Line | Stage::Body if self.producer.is_some() => Progress::Identified,
            Stage::Line | Stage::Body => Progress::Anonymous,
        }
    }

    /// Whether part of a command has come, and the rest is awaited.
    pub fn is_within_command(&self) -> bool {
        self.wants_input() && (matches!(self.stage, Stage::Body) || !self.buffer.is_empty())
    }

    /// Why the session ends, for the log; none while it doesn't, and where the client is just done.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    fn is_reading(&self) -> bool {
        matches!(self.stage, Stage::Magic | Stage::Line | Stage::Body)
    }

    /// Whether the home has to answer before the session may go on. An IDENTIFY's outcome decides on all that follows.
    fn is_waiting(&self) -> bool {
        self.outstanding.len() >= MAX_OUTSTANDING || self.outstanding.back() == Some(&Verb::Identify)
    }

    fn end(&mut self, error: Option<Error>) {
        self.buffer = Buffer::default();
        self.stage = Stage::Ending;
        self.error = error;
    }

    /// What to say where the input ended before its time. nsqlookupd says something within IDENTIFY alone.
    fn cut_short(&self) -> Option<Error> {
        match self.stage {
            Stage::Body if self.buffer.peek(BODY_SIZE).is_none() => Some(Error::BadBodySize),
            Stage::Body => Some(Error::BodyCutShort),
            _ => None,
        }
    }

    fn understand(&mut self) -> Result<Option<Understood>, Error> {
        match self.stage {
            Stage::Magic => {
                let Some(magic) = self.buffer.take(MAGIC.len()) else { return Ok(None) };
                if magic != MAGIC {
                    return Err(Error::BadProtocol);
                }
                self.stage = Stage::Line;
                Ok(Some(Understood::Progress))
            }
            Stage::Line => {
                let line = self.buffer.take_line(MAX_LINE_LENGTH).map_err(|LineTooLong| Error::LineTooLong)?;
                let Some(line) = line else { return Ok(None) };
                let request = line::read(line, self.producer.is_some())?;
                Ok(Some(self.take(request)))
            }
            Stage::Body => {
                let Some(body) = take_body(&mut self.buffer)? else { return Ok(None) };
                self.producer = Some(identify::read(body, &self.remote_address)?);
                self.stage = Stage::Line;
                Ok(Some(self.ask(Request::Identify, Verb::Identify)))
            }
            Stage::Ending | Stage::Closing | Stage::Closed => Ok(None),
        }
    }

    fn take(&mut self, request: Request) -> Understood {
        let verb = match request {
            Request::Identify => {
                self.stage = Stage::Body;
                return Understood::Progress;
            }
            // Nobody knows yet who that is, so there is nothing to be done about it.
            Request::Ping if self.producer.is_none() => {
                self.frames.push_back(Frame::OK);
                return Understood::Progress;
            }
            Request::Ping => Verb::Ping,
            Request::Register { .. } => Verb::Register,
            Request::Unregister { .. } => Verb::Unregister,
        };
        self.ask(request, verb)
    }

    fn ask(&mut self, request: Request, verb: Verb) -> Understood {
        self.outstanding.push_back(verb);
        Understood::Request(request)
    }
}

enum Understood {
    Request(Request),
    /// Nothing to be done, but more may be understood now.
    Progress,
}

/// How many bytes tell the length of IDENTIFY's body.
const BODY_SIZE: usize = size_of::<i32>();

/// Takes IDENTIFY's length and body, once both are there. Nothing is set aside for a body before it has come.
fn take_body(buffer: &mut Buffer) -> Result<Option<&[u8]>, Error> {
    let Some(&[a, b, c, d]) = buffer.peek(BODY_SIZE) else { return Ok(None) };
    let length = i32::from_be_bytes([a, b, c, d]);
    match usize::try_from(length) {
        Err(_) => Err(Error::BadBodySize),
        Ok(size) if size > IDENTIFY_LIMIT => Err(Error::BodyTooLong { length }),
        Ok(size) => Ok(buffer.take(BODY_SIZE + size).and_then(|taken| taken.get(BODY_SIZE..))),
    }
}

#[cfg(test)]
mod tests;
