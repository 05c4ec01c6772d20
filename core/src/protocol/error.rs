//! Every way in which a session fails its client, and the one place where that becomes a frame's text.

use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::fmt;

use super::{
    frame::Frame,
    line::{MAX_LINE_LENGTH, Verb},
};
use crate::{command::Refusal, leader::Fault, producer::IDENTIFY_LIMIT};

/// Why a client isn't answered as it wished: a code, a text, and whether the connection ends with it (nsqio/nsq,
/// `internal/protocol/errors.go`).
///
/// What a client sent is quoted as it came, be it UTF-8 or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It speaks something else: its first four bytes aren't `  V1`.
    BadProtocol,
    /// Its line begins with no command.
    UnknownCommand {
        /// But with this.
        word: Box<[u8]>,
    },
    /// It registers before it has said who it is.
    NotIdentified,
    /// It says who it is a second time.
    IdentifiedAlready,
    /// A command without its topic.
    TooFewParameters {
        /// Which.
        verb: Verb,
    },
    /// A topic's name that is none.
    BadTopic {
        /// In which command.
        verb: Verb,
        /// The name.
        name: Box<[u8]>,
    },
    /// A channel's name that is none.
    BadChannel {
        /// In which command.
        verb: Verb,
        /// The name.
        name: Box<[u8]>,
    },
    /// The length of IDENTIFY's body isn't there, or is negative, which kills nsqlookupd.
    BadBodySize,
    /// IDENTIFY's body is longer than [`MAX_BODY_LENGTH`](super::MAX_BODY_LENGTH). nsqlookupd has no bound; the words are
    /// nsqd's.
    BodyTooLong {
        /// As it was announced.
        length: i32,
    },
    /// IDENTIFY's body ends before its length.
    BodyCutShort,
    /// IDENTIFY's body is no JSON, or a field has another type.
    UndecodableBody,
    /// IDENTIFY lacks a field that it needs.
    MissingFields,
    /// IDENTIFY names a port that none can be. nsqlookupd lists it, and typed clients then fail.
    BadPort {
        /// The field.
        field: &'static str,
        /// Its value.
        value: i64,
    },
    /// A text in IDENTIFY is longer than what is kept.
    TextTooLong {
        /// The field.
        field: &'static str,
        /// The most, in bytes.
        limit: usize,
    },
    /// A line is longer than [`MAX_LINE_LENGTH`]. nsqlookupd has no bound.
    LineTooLong,
    /// It took longer than its home allows. nsqlookupd waits for ever.
    TimedOut,
    /// The registry didn't do it.
    Failed {
        /// What.
        verb: Verb,
        /// Why not.
        failure: Failure,
    },
}

/// Why a home didn't carry a request out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It can't be; nothing changed.
    Refused(Refusal),
    /// It could not be stored; whether it was is unknown.
    NotStored,
}

impl<E> From<Fault<E>> for Failure {
    fn from(fault: Fault<E>) -> Self {
        match fault {
            Fault::Refused(refusal) => Self::Refused(refusal),
            Fault::NotStored(_) => Self::NotStored,
        }
    }
}

impl Error {
    /// The frame's first word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadProtocol => "E_BAD_PROTOCOL",
            Self::UnknownCommand { .. }
            | Self::NotIdentified
            | Self::IdentifiedAlready
            | Self::TooFewParameters { .. }
            | Self::LineTooLong => "E_INVALID",
            Self::BadTopic { .. } => "E_BAD_TOPIC",
            Self::BadChannel { .. } => "E_BAD_CHANNEL",
            Self::BadBodySize
            | Self::BodyTooLong { .. }
            | Self::BodyCutShort
            | Self::UndecodableBody
            | Self::MissingFields
            | Self::BadPort { .. }
            | Self::TextTooLong { .. } => "E_BAD_BODY",
            Self::TimedOut => "E_TIMEOUT",
            // As nsqd names what it could not do: E_PUB_FAILED.
            Self::Failed { verb: Verb::Ping, .. } => "E_PING_FAILED",
            Self::Failed { verb: Verb::Identify, .. } => "E_IDENTIFY_FAILED",
            Self::Failed { verb: Verb::Register, .. } => "E_REGISTER_FAILED",
            Self::Failed { verb: Verb::Unregister, .. } => "E_UNREGISTER_FAILED",
        }
    }

    /// Whether the connection is closed once this was said.
    ///
    /// All that is the client's fault is. A registration that the registry refused is not: nsqd would connect again and
    /// announce everything anew, for ever, and be found by nobody in between.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::Failed { verb: Verb::Register | Verb::Unregister, failure: Failure::Refused(_) })
    }

    /// What the frame says: the code, and what is known beyond it.
    pub fn body(&self) -> Vec<u8> {
        match self {
            Self::BadProtocol => self.code().into(),
            _ => [self.code().as_bytes(), b" ", &self.text()].concat(),
        }
    }

    pub(super) fn frame(&self) -> Frame {
        Frame::new(&self.body())
    }

    fn text(&self) -> Vec<u8> {
        let invalid = |verb: &Verb, what: &str, name: &[u8]| {
            [verb.word().as_bytes(), b" ", what.as_bytes(), b" name '", name, b"' is not valid"].concat()
        };
        match self {
            Self::BadProtocol => Vec::new(),
            Self::UnknownCommand { word } => [b"invalid command ", &**word].concat(),
            Self::NotIdentified => b"client must IDENTIFY".into(),
            Self::IdentifiedAlready => b"cannot IDENTIFY again".into(),
            Self::TooFewParameters { verb } => format!("{} insufficient number of params", verb.word()).into(),
            Self::BadTopic { verb, name } => invalid(verb, "topic", name),
            Self::BadChannel { verb, name } => invalid(verb, "channel", name),
            Self::BadBodySize => b"IDENTIFY failed to read body size".into(),
            Self::BodyTooLong { length } => format!("IDENTIFY body too big {length} > {IDENTIFY_LIMIT}").into(),
            Self::BodyCutShort => b"IDENTIFY failed to read body".into(),
            Self::UndecodableBody => b"IDENTIFY failed to decode JSON body".into(),
            Self::MissingFields => b"IDENTIFY missing fields".into(),
            Self::BadPort { field, value } => format!("IDENTIFY {field} '{value}' is not valid").into(),
            Self::TextTooLong { field, limit } => format!("IDENTIFY {field} too big > {limit}").into(),
            Self::LineTooLong => format!("command too big > {MAX_LINE_LENGTH}").into(),
            Self::TimedOut => b"client took too long".into(),
            Self::Failed { verb, failure: Failure::Refused(refusal) } => {
                format!("{} failed {refusal}", verb.word()).into()
            }
            Self::Failed { verb, failure: Failure::NotStored } => format!("{} failed to be stored", verb.word()).into(),
        }
    }
}

/// As in its frame; what is no UTF-8 is replaced.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.body()))
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::command::Bound;

    #[test]
    fn every_error_has_its_code_text_and_fatality() {
        let (register, unregister) = (Verb::Register, Verb::Unregister);
        let full = Failure::Refused(Refusal::Full { bound: Bound::Topics, limit: 3 });
        let name = |text: &str| text.as_bytes().into();
        for (error, fatal, body) in [
            (Error::BadProtocol, true, "E_BAD_PROTOCOL"),
            (Error::UnknownCommand { word: name("ping") }, true, "E_INVALID invalid command ping"),
            (Error::UnknownCommand { word: name("") }, true, "E_INVALID invalid command "),
            (Error::NotIdentified, true, "E_INVALID client must IDENTIFY"),
            (Error::IdentifiedAlready, true, "E_INVALID cannot IDENTIFY again"),
            (Error::TooFewParameters { verb: register }, true, "E_INVALID REGISTER insufficient number of params"),
            (
                Error::BadTopic { verb: unregister, name: name("t\tc") },
                true,
                "E_BAD_TOPIC UNREGISTER topic name 't\tc' is not valid",
            ),
            (
                Error::BadChannel { verb: register, name: name("c$") },
                true,
                "E_BAD_CHANNEL REGISTER channel name 'c$' is not valid",
            ),
            (Error::BadBodySize, true, "E_BAD_BODY IDENTIFY failed to read body size"),
            (Error::BodyCutShort, true, "E_BAD_BODY IDENTIFY failed to read body"),
            (Error::UndecodableBody, true, "E_BAD_BODY IDENTIFY failed to decode JSON body"),
            (Error::MissingFields, true, "E_BAD_BODY IDENTIFY missing fields"),
            // From here on ours alone.
            (Error::BodyTooLong { length: 65_537 }, true, "E_BAD_BODY IDENTIFY body too big 65537 > 65536"),
            (Error::BadPort { field: "tcp_port", value: -5 }, true, "E_BAD_BODY IDENTIFY tcp_port '-5' is not valid"),
            (Error::TextTooLong { field: "version", limit: 9 }, true, "E_BAD_BODY IDENTIFY version too big > 9"),
            (Error::LineTooLong, true, "E_INVALID command too big > 4096"),
            (Error::TimedOut, true, "E_TIMEOUT client took too long"),
            (
                Error::Failed { verb: register, failure: full },
                false,
                "E_REGISTER_FAILED REGISTER failed the registry holds at most 3 topics",
            ),
            (
                Error::Failed { verb: Verb::Identify, failure: full },
                true,
                "E_IDENTIFY_FAILED IDENTIFY failed the registry holds at most 3 topics",
            ),
            (
                Error::Failed { verb: unregister, failure: Failure::NotStored },
                true,
                "E_UNREGISTER_FAILED UNREGISTER failed to be stored",
            ),
            (
                Error::Failed { verb: Verb::Ping, failure: full },
                true,
                "E_PING_FAILED PING failed the registry holds at most 3 topics",
            ),
        ] {
            assert_eq!(error.to_string(), body);
            assert_eq!(error.body(), body.as_bytes());
            assert!(body.starts_with(error.code()));
            assert_eq!(error.is_fatal(), fatal, "{body}");
        }
    }

    #[test]
    fn what_is_no_utf8_is_quoted_as_it_came() {
        let error = Error::UnknownCommand { word: (*b"\xffx").into() };
        assert_eq!(error.body(), b"E_INVALID invalid command \xffx");
        assert_eq!(error.to_string(), "E_INVALID invalid command \u{fffd}x");
    }
}
