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
}

/// What is due of the client.
#[derive(Debug)]
enum Stage {
    Magic,
    Line,
    /// IDENTIFY's length and body.
    Body,
    /// Nothing any more. Once all requests are answered it is told why not, where there is something to tell.
    Ending(Option<Error>),
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
            let is_waiting = self.is_waiting();
            match &mut self.stage {
                Stage::Magic | Stage::Line | Stage::Body if is_waiting => return None,
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
                Stage::Ending(_) if !self.outstanding.is_empty() => return None,
                Stage::Ending(error) => {
                    self.frames.extend(error.take().map(|error| error.frame()));
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
            Stage::Ending(_) | Stage::Closing | Stage::Closed => Progress::Ended,
            Stage::Magic => Progress::Silent,
            Stage::Line | Stage::Body if self.producer.is_some() => Progress::Identified,
            Stage::Line | Stage::Body => Progress::Anonymous,
        }
    }

    /// Whether part of a command has come, and the rest is awaited.
    pub fn is_within_command(&self) -> bool {
        self.wants_input() && (matches!(self.stage, Stage::Body) || !self.buffer.is_empty())
    }

    /// Why the session ends, for the log, from the moment that this is known until it is sent.
    pub fn error(&self) -> Option<&Error> {
        match &self.stage {
            Stage::Ending(error) => error.as_ref(),
            _ => None,
        }
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
        self.stage = Stage::Ending(error);
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
            Stage::Ending(_) | Stage::Closing | Stage::Closed => Ok(None),
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
mod tests {
    use std::{
        format,
        string::{String, ToString},
        vec,
        vec::Vec,
    };

    use super::*;
    use crate::{
        command::{Bound, Refusal},
        protocol::Daemon,
    };

    const PRODUCER: &str =
        r#"{"broadcast_address":"b","hostname":"h","tcp_port":4150,"http_port":4151,"version":"1.3.0"}"#;
    const FULL: Failure = Failure::Refused(Refusal::Full { bound: Bound::Topics, limit: 3 });

    fn new() -> Session {
        let daemon = Daemon { broadcast_address: "d", hostname: "d", http_port: 4161, tcp_port: 4160 };
        Session::new(Greeting::new(&daemon), "1.2.3.4:5")
    }

    fn identify(body: &str) -> Vec<u8> {
        [b"IDENTIFY\n", &(body.len() as i32).to_be_bytes()[..], body.as_bytes()].concat()
    }

    fn identified() -> Session {
        let mut session = new();
        session.input(&[MAGIC, &identify(PRODUCER)].concat());
        assert_eq!(told(&mut session), ["ask Identify"]);
        session.carried_out(Ok(()));
        assert_eq!(told(&mut session), ["send GREETING"]);
        session
    }

    /// Everything that it says now, in words.
    fn told(session: &mut Session) -> Vec<String> {
        let mut told = Vec::new();
        while let Some(output) = session.poll() {
            told.push(match output {
                Output::Send(frame) => match String::from_utf8_lossy(&frame[4..]) {
                    body if body.starts_with('{') => "send GREETING".into(),
                    body => format!("send {body}"),
                },
                Output::Request(Request::Register { topic, channel: None }) => format!("ask Register {topic}"),
                Output::Request(request) => format!("ask {request:?}"),
                Output::Close => "close".into(),
            });
        }
        told
    }

    #[test]
    fn a_life_from_magic_to_end() {
        let mut session = new();
        assert_eq!(told(&mut session), [""; 0]);
        assert_eq!(session.progress(), Progress::Silent);
        session.input(b"  V");
        assert_eq!((told(&mut session), session.is_within_command()), (vec![], true));
        session.input(b"1PING\n");
        assert_eq!(told(&mut session), ["send OK"]);
        assert_eq!((session.progress(), session.is_within_command()), (Progress::Anonymous, false));
        session.input(b"IDENTIFY\n");
        assert_eq!((told(&mut session), session.is_within_command()), (vec![], true));
        assert_eq!(session.producer(), None);
        session.input(&identify(PRODUCER)[9..]);
        assert_eq!(told(&mut session), ["ask Identify"]);
        assert_eq!(session.producer().unwrap().node().to_string(), "b:4151");
        assert_eq!(&*session.producer().unwrap().remote_address, "1.2.3.4:5");
        assert!(!session.wants_input());
        session.carried_out(Ok(()));
        assert_eq!(told(&mut session), ["send GREETING"]);
        assert!(session.wants_input());
        assert_eq!(session.progress(), Progress::Identified);
        session.input(b"PING\n");
        assert_eq!(told(&mut session), ["ask Ping"]);
        session.carried_out(Ok(()));
        assert_eq!(told(&mut session), ["send OK"]);
        session.end_of_input();
        assert_eq!(told(&mut session), ["close"]);
        assert_eq!(session.progress(), Progress::Ended);
        assert!(session.producer().is_some(), "whose end is to be told");
        session.input(b"PING\n");
        assert_eq!(told(&mut session), [""; 0]);
    }

    #[test]
    fn answers_wait_for_their_requests() {
        let mut session = identified();
        session.input(b"REGISTER t\nREGISTER u\nPING\nnonsense\nREGISTER v\n");
        assert_eq!(told(&mut session), ["ask Register t", "ask Register u", "ask Ping"]);
        assert_eq!(session.error().unwrap().to_string(), "E_INVALID invalid command nonsense");
        session.carried_out(Ok(()));
        assert_eq!(told(&mut session), ["send OK"]);
        session.carried_out(Err(FULL));
        session.carried_out(Ok(()));
        let refused = "send E_REGISTER_FAILED REGISTER failed the registry holds at most 3 topics";
        assert_eq!(told(&mut session), [refused, "send OK", "send E_INVALID invalid command nonsense", "close"]);
    }

    #[test]
    fn so_many_are_under_way_and_no_more() {
        let mut session = identified();
        session.input("REGISTER t\n".repeat(MAX_OUTSTANDING + 2).as_bytes());
        assert_eq!(told(&mut session).len(), MAX_OUTSTANDING);
        assert!(!session.wants_input());
        session.carried_out(Ok(()));
        assert_eq!(told(&mut session), ["send OK", "ask Register t"]);
        session.carried_out(Ok(()));
        assert_eq!(told(&mut session), ["send OK", "ask Register t"]);
        assert!(!session.wants_input());
        session.end_of_input();
        session.carried_out(Ok(()));
        assert_eq!(told(&mut session), ["send OK"], "not over yet");
    }

    #[test]
    fn nothing_follows_an_identify_that_failed() {
        for failure in [FULL, Failure::NotStored] {
            let mut session = new();
            session.input(&[MAGIC, &identify(PRODUCER), b"REGISTER t\n"].concat());
            assert_eq!(told(&mut session), ["ask Identify"]);
            session.carried_out(Err(failure));
            let told = told(&mut session);
            assert!(told[0].starts_with("send E_IDENTIFY_FAILED IDENTIFY failed ") && told[1] == "close", "{told:?}");
        }
    }

    #[test]
    fn what_could_not_be_stored_ends_the_session() {
        let mut session = identified();
        session.input(b"REGISTER t\nREGISTER u\nREGISTER v\n");
        assert_eq!(told(&mut session).len(), 3);
        session.carried_out(Ok(()));
        session.carried_out(Err(Failure::NotStored));
        session.carried_out(Ok(()));
        assert_eq!(told(&mut session), ["send OK", "send E_REGISTER_FAILED REGISTER failed to be stored", "close"]);
        session.carried_out(Ok(()));
        assert_eq!(told(&mut session), [""; 0]);
    }

    #[test]
    fn who_takes_too_long_is_told_so() {
        let mut session = new();
        session.time_out();
        session.time_out();
        assert_eq!(told(&mut session), ["send E_TIMEOUT client took too long", "close"]);
        session.time_out();
        assert_eq!(told(&mut session), [""; 0]);

        let mut session = identified();
        session.input(b"REGISTER t\nPI");
        assert_eq!(told(&mut session), ["ask Register t"]);
        assert!(session.is_within_command());
        session.time_out();
        session.input(b"NG\n");
        assert!(told(&mut session).is_empty() && !session.wants_input());
        session.carried_out(Ok(()));
        assert_eq!(told(&mut session), ["send OK", "send E_TIMEOUT client took too long", "close"]);
    }

    #[test]
    fn lengths_are_bounded_before_anything_is_kept() {
        let of_length = |length: i32| [MAGIC, b"IDENTIFY\n", &length.to_be_bytes()].concat();
        for (input, expected) in [
            (of_length(-1), "send E_BAD_BODY IDENTIFY failed to read body size"),
            (of_length(i32::MIN), "send E_BAD_BODY IDENTIFY failed to read body size"),
            (of_length(65_537), "send E_BAD_BODY IDENTIFY body too big 65537 > 65536"),
            (of_length(i32::MAX), "send E_BAD_BODY IDENTIFY body too big 2147483647 > 65536"),
            ([MAGIC, &[b' '; 4_097]].concat(), "send E_INVALID command too big > 4096"),
            ([MAGIC, &[b'x'; 4_097], b"\n"].concat(), "send E_INVALID command too big > 4096"),
        ] {
            let mut session = new();
            session.input(&input);
            assert_eq!(told(&mut session), [expected, "close"]);
        }
        let padded = |length: usize| format!("{PRODUCER}{}", " ".repeat(length - PRODUCER.len()));
        let mut session = new();
        session.input(&[MAGIC, &identify(&padded(65_536))].concat());
        assert_eq!(told(&mut session), ["ask Identify"]);
        let mut session = identified();
        session.input(format!("PING{}\nPING\n", " ".repeat(4_092)).as_bytes());
        assert_eq!(told(&mut session), ["ask Ping", "ask Ping"]);
    }

    #[test]
    fn a_session_that_waits_holds_no_input() {
        let mut session = identified();
        session.input(b"PING\n");
        assert_eq!(told(&mut session), ["ask Ping"]);
        assert_eq!(format!("{:?}", session.buffer), format!("{:?}", Buffer::default()));
    }

    #[test]
    fn a_request_becomes_a_command() {
        use crate::{ClaimKey, Command, TopicName, Via};
        let session = identified();
        let info = session.producer().unwrap();
        let topic = TopicName::parse("t").unwrap();
        let register = Request::Register { topic: topic.clone(), channel: None };
        let expected = Command::Register { via: Via::Tcp, info: info.clone(), topic: topic.clone(), channel: None };
        assert_eq!(register.into_command(info, &Via::Tcp), expected);
        let unregister = Request::Unregister { topic: topic.clone(), channel: None };
        let claim = ClaimKey { node: info.node(), via: Via::Tcp };
        assert_eq!(unregister.into_command(info, &Via::Tcp), Command::Unregister { claim, topic, channel: None });
        for request in [Request::Ping, Request::Identify] {
            let expected = Command::Identify { via: Via::Tcp, info: info.clone() };
            assert_eq!(request.into_command(info, &Via::Tcp), expected);
        }
    }
}
