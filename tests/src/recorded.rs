//! The recorded answers of the real daemon: a text file of stories, each a list of requests in order, with the
//! answer to each. `recorded/README.md` describes the format for whoever writes a story.

use std::fmt::Write as _;

use crate::http::{Request, Response};

/// Requests that are sent one after the other, to a daemon that was just started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Story {
    /// What it is about, in a few words; unique in the file.
    pub name: String,
    /// Comment lines above it.
    pub notes: Vec<String>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One thing that happens in a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A remark for the reader.
    Note(String),
    /// A producer registers: IDENTIFY's JSON, with the `topics` it registers and their channels.
    Announce(String),
    /// A request, as it stands in the file, and what came back; `None` until it was recorded.
    Send {
        /// The lines that describe the request.
        lines: Vec<String>,
        /// What the real daemon answered.
        answer: Option<Answer>,
    },
}

/// What the real daemon answered, in the words of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// What the status line says after the code.
    pub reason: String,
    /// The headers but for `Date`, by name: Go's order says nothing.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// What is kept of a response.
    pub fn of(response: Response) -> Self {
        let mut headers = response.headers;
        headers.retain(|(name, _)| name != "Date");
        headers.sort();
        Self { status: response.status, reason: response.reason, headers, body: response.body }
    }
}

impl Step {
    /// The request that `lines` describe: `send METHOD TARGET` with `with NAME: VALUE` and `body TEXT`, or `raw
    /// BYTES` with `body BYTES`.
    ///
    /// # Panics
    ///
    /// When they describe none.
    pub fn request(lines: &[String]) -> Request {
        let (kind, text) = lines[0].split_once(' ').expect("a kind of request");
        let mut request = match kind {
            "send" => {
                let (method, target) = text.split_once(' ').expect("a method and a target");
                Request::new(method, unescape(target))
            }
            _ => Request::raw(unescape(text)),
        };
        for line in &lines[1..] {
            request = match line.split_once(' ').unwrap_or((line, "")) {
                ("with", header) => {
                    let (name, value) = header.split_once(": ").unwrap_or((header, ""));
                    request.header(name, unescape(value))
                }
                ("body", text) => request.body(unescape(text)),
                (kind, _) => panic!("{kind:?} in a request"),
            };
        }
        request
    }
}

/// Reads a file of stories.
///
/// # Panics
///
/// On a line that the format doesn't have: the file is ours.
pub fn read_stories(text: &str) -> Vec<Story> {
    let mut stories: Vec<Story> = Vec::new();
    let mut notes = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (kind, stories.last_mut()) {
            ("", _) => {}
            ("#", _) => notes.push(rest.to_owned()),
            ("story", _) => {
                stories.push(Story { name: rest.to_owned(), notes: std::mem::take(&mut notes), steps: Vec::new() });
            }
            (_, Some(story)) => {
                story.steps.extend(notes.drain(..).map(Step::Note));
                read_step(story, line).unwrap_or_else(|| panic!("line {}: {line}", number + 1));
            }
            (_, None) => panic!("line {}: {line}", number + 1),
        }
    }
    stories
}

fn read_step(story: &mut Story, line: &str) -> Option<()> {
    let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
    match kind {
        "announce" => story.steps.push(Step::Announce(rest.to_owned())),
        "send" | "raw" => story.steps.push(Step::Send { lines: vec![line.to_owned()], answer: None }),
        _ => {
            let Some(Step::Send { lines, answer }) = story.steps.last_mut() else { return None };
            match (kind, answer) {
                ("with" | "body", None) => lines.push(line.to_owned()),
                ("status", answer @ None) => {
                    let (status, reason) = rest.split_once(' ')?;
                    let status = status.parse().ok()?;
                    *answer = Some(Answer { status, reason: reason.to_owned(), headers: Vec::new(), body: Vec::new() });
                }
                ("header", Some(answer)) => {
                    let (name, value) = rest.split_once(": ")?;
                    answer.headers.push((name.to_owned(), value.to_owned()));
                }
                ("text", Some(answer)) => answer.body = unescape(rest),
                _ => return None,
            }
        }
    }
    Some(())
}

/// Writes a file of stories, as [`read_stories`] reads it.
pub fn write_stories(stories: &[Story]) -> String {
    let mut text = String::new();
    for story in stories {
        for note in &story.notes {
            let _ = writeln!(text, "# {note}");
        }
        let _ = writeln!(text, "story {}\n", story.name);
        for step in &story.steps {
            match step {
                Step::Note(note) => drop(writeln!(text, "# {note}")),
                Step::Announce(producer) => drop(writeln!(text, "announce {producer}\n")),
                Step::Send { lines, answer } => write_exchange(&mut text, lines, answer.as_ref()),
            }
        }
    }
    text
}

fn write_exchange(text: &mut String, lines: &[String], answer: Option<&Answer>) {
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    if let Some(answer) = answer {
        let _ = writeln!(text, "status {} {}", answer.status, answer.reason);
        for (name, value) in &answer.headers {
            let _ = writeln!(text, "header {name}: {value}");
        }
        if !answer.body.is_empty() {
            let _ = writeln!(text, "text {}", escape(&answer.body));
        }
    }
    text.push('\n');
}

/// Bytes as printable ASCII: `\r`, `\n`, `\t`, `\\` and `\xNN` for what isn't.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => drop(write!(text, "\\x{byte:02x}")),
        }
    }
    text
}

/// The bytes that an escaped text stands for.
///
/// # Panics
///
/// On an unknown escape: the files are ours.
pub fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, left @ ..] = rest {
        rest = left;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (byte, left) = match left {
            [b'r', left @ ..] => (b'\r', left),
            [b'n', left @ ..] => (b'\n', left),
            [b't', left @ ..] => (b'\t', left),
            [b'\\', left @ ..] => (b'\\', left),
            [b'x', high, low, left @ ..] => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("two hexadecimal digits");
                (u8::from_str_radix(digits, 16).expect("two hexadecimal digits"), left)
            }
            _ => panic!("an unknown escape in {text}"),
        };
        bytes.push(byte);
        rest = left;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let text = "# Above.\nstory one\n\nannounce {\"a\":1}\n\n# Within.\nsend POST /x\\xe9\nwith A: b\nbody c\\r\n\
                    status 200 OK\nheader Content-Length: 2\ntext \\\\ \n\nraw GET / HTTP/1.1\\r\\n\\r\\n\n\n";
        let stories = read_stories(text);
        assert_eq!(write_stories(&stories), text);
        let Step::Send { lines, answer } = &stories[0].steps[2] else { panic!("{stories:?}") };
        let expected = b"POST /x\xe9 HTTP/1.1\r\nHost: nsqlookupd:4161\r\nA: b\r\nContent-Length: 2\r\n\r\nc\r";
        assert_eq!(Step::request(lines).bytes(), expected);
        assert_eq!(answer.as_ref().map(|answer| &answer.body[..]), Some(&b"\\ "[..]));
    }

    #[test]
    fn every_byte_survives_its_escape() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(unescape(&escape(&bytes)), bytes);
    }
}
