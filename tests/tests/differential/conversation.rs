//! What a client has said so far, as far as it takes to know how many answers are due: each whole command gets one.

/// One client's side of a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conversation {
    stage: Stage,
    /// What isn't a whole command yet.
    unfinished: Vec<u8>,
    identity: Option<Vec<u8>>,
    announced: Option<i32>,
    longest_line: usize,
}

#[derive(Debug, Clone, Default)]
enum Stage {
    #[default]
    Magic,
    Line,
    Body,
    /// Nothing that follows is read.
    Refused,
}

impl Conversation {
    /// Takes down what was sent, and says how many answers it asks for. An error among them ends the connection, so
    /// fewer may come.
    pub(crate) fn said(&mut self, bytes: &[u8]) -> usize {
        self.unfinished.extend_from_slice(bytes);
        let mut due = 0;
        loop {
            match self.stage {
                Stage::Magic => {
                    let Some(magic) = self.take(4) else { return due };
                    if magic == b"  V1" {
                        self.stage = Stage::Line;
                    } else {
                        self.stage = Stage::Refused;
                        due += 1;
                    }
                }
                Stage::Line => {
                    let Some(end) = self.unfinished.iter().position(|byte| *byte == b'\n') else { return due };
                    let line = self.take(end + 1).unwrap_or_default();
                    self.longest_line = self.longest_line.max(end);
                    // The first one has a body; a second one is an error already.
                    if is_identify(&line) && self.identity.is_none() {
                        self.stage = Stage::Body;
                    } else {
                        due += 1;
                    }
                }
                Stage::Body => {
                    let Some(&[a, b, c, d]) = self.unfinished.get(..4) else { return due };
                    let length = i32::from_be_bytes([a, b, c, d]);
                    self.announced = Some(length);
                    let Ok(length) = usize::try_from(length) else { return due };
                    let Some(body) = self.take(4 + length) else { return due };
                    self.identity = Some(body[4..].to_vec());
                    self.stage = Stage::Line;
                    due += 1;
                }
                Stage::Refused => return due,
            }
        }
    }

    /// Whether a command was begun that isn't whole.
    pub(crate) fn is_within_command(&self) -> bool {
        !self.unfinished.is_empty() || matches!(self.stage, Stage::Body)
    }

    /// What was begun and isn't whole.
    pub(crate) fn unfinished(&self) -> &[u8] {
        &self.unfinished
    }

    /// IDENTIFY's body, once it was sent.
    pub(crate) fn identity(&self) -> Option<&[u8]> {
        self.identity.as_deref()
    }

    /// How long IDENTIFY's body is to be, once that was sent.
    pub(crate) fn announced(&self) -> Option<i32> {
        self.announced
    }

    /// The length of the longest line.
    pub(crate) fn longest_line(&self) -> usize {
        self.longest_line
    }

    fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        (self.unfinished.len() >= length).then(|| self.unfinished.drain(..length).collect())
    }
}

fn is_identify(line: &[u8]) -> bool {
    String::from_utf8_lossy(line).trim().split(' ').next() == Some("IDENTIFY")
}

#[test]
fn every_whole_command_asks_for_an_answer() {
    for (pieces, due) in [
        (&[&b"  V1PING\nPI"[..], b"NG\n"][..], &[1, 1][..]),
        (&[b"  V2"], &[1]),
        (&[b"  V1IDENTIFY\n\0\0\0\x02{", b"}IDENTIFY\nPING\n"], &[0, 3]),
        (&[b"  V1\n\xc2\xa0IDENTIFY x\r\n\0\0", b"\0\0\n"], &[1, 2]),
    ] {
        let mut conversation = Conversation::default();
        let counted: Vec<_> = pieces.iter().map(|piece| conversation.said(piece)).collect();
        assert_eq!(counted, due);
    }
}
