//! A command's line, taken apart as nsqlookupd does it (nsqio/nsq, `nsqlookupd/lookup_protocol_v1.go`, `IOLoop`, `Exec` and
//! `getTopicChan`): blanks at its ends go, whatever Unicode calls so; one blank between its words parts them, so that two
//! part an empty word off; and nothing asks for UTF-8.

use super::{error::Error, request::Request};
use crate::name::{ChannelName, TopicName};

/// The longest line, in bytes, without the `\n`: a command with its two names has 140 at most. nsqlookupd has no bound,
/// and keeps an endless line in memory.
pub const MAX_LINE_LENGTH: usize = 4 << 10;

/// The word that a command begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `PING`.
    Ping,
    /// `IDENTIFY`.
    Identify,
    /// `REGISTER`.
    Register,
    /// `UNREGISTER`.
    Unregister,
}

impl Verb {
    /// As it is written, in capitals alone.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ping => "PING",
            Self::Identify => "IDENTIFY",
            Self::Register => "REGISTER",
            Self::Unregister => "UNREGISTER",
        }
    }

    fn read(word: &[u8]) -> Option<Self> {
        [Self::Ping, Self::Identify, Self::Register, Self::Unregister]
            .into_iter()
            .find(|verb| verb.word().as_bytes() == word)
    }
}

/// Reads a line without its `\n` as the request that it makes, of a client that has identified itself or hasn't.
///
/// # Errors
/// Whatever is wrong with it, in nsqlookupd's order.
pub(super) fn read(line: &[u8], identified: bool) -> Result<Request, Error> {
    let mut words = trim(line).split(|byte| *byte == b' ');
    let word = words.next().unwrap_or_default();
    let verb = Verb::read(word).ok_or_else(|| Error::UnknownCommand { word: word.into() })?;
    match verb {
        Verb::Ping => Ok(Request::Ping),
        Verb::Identify if identified => Err(Error::IdentifiedAlready),
        Verb::Identify => Ok(Request::Identify),
        Verb::Register | Verb::Unregister if !identified => Err(Error::NotIdentified),
        Verb::Register => {
            let (topic, channel) = topic_and_channel(verb, words)?;
            Ok(Request::Register { topic, channel })
        }
        Verb::Unregister => {
            let (topic, channel) = topic_and_channel(verb, words)?;
            Ok(Request::Unregister { topic, channel })
        }
    }
}

/// What follows REGISTER or UNREGISTER. Words beyond the second mean nothing, and an empty second one is no channel.
fn topic_and_channel<'a>(
    verb: Verb,
    mut words: impl Iterator<Item = &'a [u8]>,
) -> Result<(TopicName, Option<ChannelName>), Error> {
    let topic = words.next().ok_or(Error::TooFewParameters { verb })?;
    let channel = words.next().filter(|name| !name.is_empty());
    let topic = text(topic)
        .and_then(|name| TopicName::parse(name).ok())
        .ok_or_else(|| Error::BadTopic { verb, name: topic.into() })?;
    let channel = channel.map(|name| {
        text(name)
            .and_then(|name| ChannelName::parse(name).ok())
            .ok_or_else(|| Error::BadChannel { verb, name: name.into() })
    });
    Ok((topic, channel.transpose()?))
}

fn text(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok()
}

/// Without the blanks at its ends, as Go's `strings.TrimSpace` leaves it: `char::is_whitespace` is the same set as
/// `unicode.IsSpace`, and what is no UTF-8 is no blank.
fn trim(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = blank_length(|length| line.get(..length)).and_then(|length| line.get(length..)) {
        line = rest;
    }
    let before = |line: &[u8], length: usize| line.len().checked_sub(length);
    while let Some(rest) = blank_length(|length| before(line, length).and_then(|at| line.get(at..)))
        .and_then(|length| before(line, length).and_then(|at| line.get(..at)))
    {
        line = rest;
    }
    line
}

/// The length of the blank that stands at an end of a line, of which `part` gives so many bytes.
fn blank_length<'a>(part: impl Fn(usize) -> Option<&'a [u8]>) -> Option<usize> {
    // No blank takes more than three bytes.
    (1..=3).find(|length| {
        part(*length).and_then(text).is_some_and(|text| {
            let mut characters = text.chars();
            characters.next().is_some_and(char::is_whitespace) && characters.next().is_none()
        })
    })
}

#[cfg(test)]
mod tests {
    use std::{
        format,
        string::{String, ToString},
    };

    use super::*;

    /// The request or the error of a line, as text.
    fn told(line: &[u8], identified: bool) -> String {
        match read(line, identified) {
            Ok(Request::Ping) => "ping".into(),
            Ok(Request::Identify) => "identify".into(),
            Ok(Request::Register { topic, channel }) => {
                format!("register {topic}{}", channel.map(|name| format!("/{name}")).unwrap_or_default())
            }
            Ok(Request::Unregister { topic, channel }) => {
                format!("unregister {topic}{}", channel.map(|name| format!("/{name}")).unwrap_or_default())
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_line_is_read_as_nsqlookupd_reads_it() {
        for (line, expected) in [
            ("PING", "ping"),
            ("PING with more words", "ping"),
            ("PING\r", "ping"),
            (" \t\u{b}\u{c}PING  ", "ping"),
            ("\u{a0}\u{2003}\u{3000}PING\u{85}\u{2028}\u{1680}\u{205f}", "ping"),
            ("ping", "E_INVALID invalid command ping"),
            ("PINGS", "E_INVALID invalid command PINGS"),
            ("PING\tx", "E_INVALID invalid command PING\tx"),
            ("", "E_INVALID invalid command "),
            (" \r", "E_INVALID invalid command "),
            ("GET /ping HTTP/1.1", "E_INVALID invalid command GET"),
            // Looks like a blank to some, but is none to Unicode.
            ("\u{200b}PING", "E_INVALID invalid command \u{200b}PING"),
            ("\u{feff}PING", "E_INVALID invalid command \u{feff}PING"),
            ("REGISTER", "E_INVALID REGISTER insufficient number of params"),
            ("REGISTER ", "E_INVALID REGISTER insufficient number of params"),
            ("UNREGISTER\r", "E_INVALID UNREGISTER insufficient number of params"),
            ("REGISTER t", "register t"),
            ("REGISTER t ", "register t"),
            ("REGISTER t c", "register t/c"),
            ("REGISTER t c\r", "register t/c"),
            ("REGISTER t#ephemeral c#ephemeral", "register t#ephemeral/c#ephemeral"),
            ("REGISTER t c and more", "register t/c"),
            ("REGISTER t  c", "register t"),
            ("REGISTER  t", "E_BAD_TOPIC REGISTER topic name '' is not valid"),
            ("REGISTER\tt", "E_INVALID invalid command REGISTER\tt"),
            ("REGISTER t\tc", "E_BAD_TOPIC REGISTER topic name 't\tc' is not valid"),
            ("REGISTER * c", "E_BAD_TOPIC REGISTER topic name '*' is not valid"),
            ("REGISTER t c$", "E_BAD_CHANNEL REGISTER channel name 'c$' is not valid"),
            ("REGISTER t$ c$", "E_BAD_TOPIC REGISTER topic name 't$' is not valid"),
            ("REGISTER t\u{a0}c", "E_BAD_TOPIC REGISTER topic name 't\u{a0}c' is not valid"),
            ("UNREGISTER t", "unregister t"),
            ("UNREGISTER t c", "unregister t/c"),
            ("UNREGISTER t  c", "unregister t"),
            ("UNREGISTER t#", "E_BAD_TOPIC UNREGISTER topic name 't#' is not valid"),
            ("IDENTIFY", "E_INVALID cannot IDENTIFY again"),
        ] {
            assert_eq!(told(line.as_bytes(), true), expected, "{line:?}");
        }
    }

    #[test]
    fn who_a_client_is_comes_first() {
        for (line, expected) in [
            ("PING", "ping"),
            ("IDENTIFY", "identify"),
            ("IDENTIFY v1 and more", "identify"),
            ("REGISTER", "E_INVALID client must IDENTIFY"),
            ("UNREGISTER t$", "E_INVALID client must IDENTIFY"),
            ("identify", "E_INVALID invalid command identify"),
        ] {
            assert_eq!(told(line.as_bytes(), false), expected, "{line:?}");
        }
    }

    #[test]
    fn what_is_no_utf8_is_kept() {
        for (line, error) in [
            (&b"\xff \xff"[..], Error::UnknownCommand { word: (*b"\xff").into() }),
            (b"\xc2PING\xa0", Error::UnknownCommand { word: (*b"\xc2PING\xa0").into() }),
            (b"REGISTER \xe9t", Error::BadTopic { verb: Verb::Register, name: (*b"\xe9t").into() }),
            (b"UNREGISTER t \xe3\x80", Error::BadChannel { verb: Verb::Unregister, name: (*b"\xe3\x80").into() }),
            // The blank behind it goes all the same.
            (b"REGISTER \xe3\xc2\xa0", Error::BadTopic { verb: Verb::Register, name: (*b"\xe3").into() }),
        ] {
            assert_eq!(read(line, true), Err(error), "{line:?}");
        }
    }

    #[test]
    fn a_name_has_64_characters_at_most() {
        let line = |length| format!("REGISTER {}", "x".repeat(length));
        assert!(read(line(64).as_bytes(), true).is_ok());
        assert!(matches!(read(line(65).as_bytes(), true), Err(Error::BadTopic { .. })));
    }
}
