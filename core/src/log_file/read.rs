use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};
use core::time::Duration;

use base64ct::{Base64, Encoding as _};

use super::{
    BATCH, BEGINNING, BYTES, CHECK, CLUSTER, END, EXPORTED_AT, Flaw, LIFETIME, LogFile, PART, TIMEOUT, UnreadableLog,
    VERSION, end,
};
use crate::{
    change::{Batch, Check, DecodeError, MAX_STORED_LENGTH, SnapshotPart},
    producer::Lifetimes,
    registry::Registry,
    time::Timestamp,
};

impl LogFile {
    /// Reads what [`History::to_file`](super::History::to_file) wrote, and nothing else. What it takes of memory follows from the
    /// file's length.
    ///
    /// # Errors
    /// [`UnreadableLog`], which tells the first line that is wrong.
    pub fn read(file: &str) -> Result<Self, UnreadableLog> {
        let mut lines = Lines { rest: file, number: 0 };
        let read = Self::read_lines(&mut lines, file);
        read.map_err(|flaw| UnreadableLog { line: lines.number.max(1), flaw })
    }

    fn read_lines(lines: &mut Lines<'_>, file: &str) -> Result<Self, Flaw> {
        let (cluster, exported_at, lifetimes) = read_header(lines.next()?)?;
        let mut snapshot: Vec<Vec<u8>> = Vec::new();
        let mut line = lines.next()?;
        while let Some(text) = line.strip_prefix(PART) {
            snapshot.push(bytes(text.strip_suffix("\"}").ok_or(Flaw::Malformed)?)?);
            line = lines.next()?;
        }
        let (mut revision, mut check) = (0, Check::default());
        if !snapshot.is_empty() {
            let read = Registry::from_snapshot(&snapshot).map_err(|error| {
                // Else one is missing, which is seen where it should stand.
                if let Some(place) = first_wrong(&snapshot) {
                    lines.number = FIRST_PART + place;
                }
                Flaw::Undecodable(error)
            });
            (revision, check) = read.map(|(_, cursor)| (cursor.revision, cursor.check))?;
        }
        let mut batches: Vec<Batch> = Vec::new();
        while line.starts_with(BATCH) {
            // What is told beside the bytes is for people, and whether it is as it was is told by the sum.
            let (_, told) = line.split_once(CHECK).ok_or(Flaw::Malformed)?;
            let (told, rest) = told.split_once(BYTES).ok_or(Flaw::Malformed)?;
            let bytes = bytes(rest.split_once('"').ok_or(Flaw::Malformed)?.0)?;
            let batch = Batch::decode(&bytes).map_err(Flaw::Undecodable)?;
            revision += 1;
            if batch.revision != revision {
                return Err(Flaw::OutOfOrder { expected: revision, found: batch.revision });
            }
            check = check.next(&bytes);
            if told != check.to_string() || batches.last().is_some_and(|before| before.at > batch.at) {
                return Err(Flaw::Altered);
            }
            batches.push(batch);
            line = lines.next()?;
        }
        if !line.starts_with(END) {
            return Err(Flaw::Malformed);
        }
        let before = file.len() - lines.rest.len() - line.len() - 1;
        if line != end(lines.number, &file[..before]) {
            return Err(Flaw::Altered);
        }
        if !lines.rest.is_empty() {
            lines.number += 1;
            return Err(Flaw::BehindTheEnd);
        }
        Ok(Self { cluster, exported_at, lifetimes, snapshot, batches })
    }
}

/// The line that the parts of a snapshot begin with.
const FIRST_PART: usize = 2;

/// The first part of a snapshot that is damaged, or not in its place.
fn first_wrong(parts: &[Vec<u8>]) -> Option<usize> {
    let is_right = |(place, bytes): (u32, &Vec<u8>)| SnapshotPart::decode(bytes).is_ok_and(|part| part.part == place);
    (0..).zip(parts).position(|part| !is_right(part))
}

/// The lines that are whole, counted.
struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, Flaw> {
        let Some((line, rest)) = self.rest.split_once('\n') else {
            // What begins like none is told apart from what was cut.
            let begins = BEGINNING.starts_with(self.rest) || self.rest.starts_with(BEGINNING);
            let is_foreign = self.number == 0 && (self.rest.is_empty() || !begins);
            self.number += usize::from(!self.rest.is_empty());
            return Err(if is_foreign { Flaw::Foreign } else { Flaw::Cut });
        };
        self.rest = rest;
        self.number += 1;
        Ok(line)
    }
}

/// What the header says to whoever shows the log.
fn read_header(line: &str) -> Result<(String, Timestamp, Lifetimes), Flaw> {
    let rest = line.strip_prefix(BEGINNING).ok_or(Flaw::Foreign)?;
    let (version, rest) = number(rest).ok_or(Flaw::Foreign)?;
    if version != VERSION {
        return Err(Flaw::OtherVersion(version));
    }
    let (cluster, rest) = rest.strip_prefix(CLUSTER).and_then(|rest| rest.split_once('"')).ok_or(Flaw::Malformed)?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !(1..=64).contains(&cluster.len()) || !cluster.bytes().all(is_name) {
        return Err(Flaw::Malformed);
    }
    let mut rest = rest;
    let mut moment = |literal| {
        let (millis, behind) = rest.strip_prefix(literal).and_then(number).ok_or(Flaw::Malformed)?;
        rest = behind;
        Ok(millis)
    };
    let exported_at = Timestamp::from_millis(moment(EXPORTED_AT)?);
    let lifetimes = Lifetimes {
        inactive_producer_timeout: Duration::from_millis(moment(TIMEOUT)?),
        tombstone_lifetime: Duration::from_millis(moment(LIFETIME)?),
    };
    // What it tells beyond that is told by the other lines too.
    if !rest.ends_with("}}") {
        return Err(Flaw::Malformed);
    }
    Ok((cluster.into(), exported_at, lifetimes))
}

/// A whole number, and what is behind it.
fn number(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    Some((digits.parse().ok()?, rest))
}

fn bytes(text: &str) -> Result<Vec<u8>, Flaw> {
    if text.len() > MAX_STORED_LENGTH.div_ceil(3) * 4 {
        return Err(Flaw::Undecodable(DecodeError::Damaged));
    }
    Base64::decode_vec(text).map_err(|_| Flaw::Malformed)
}
