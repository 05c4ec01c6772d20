use alloc::{string::String, vec::Vec};
use core::time::Duration;

use base64ct::{Base64, Encoding as _};
use xxhash_rust::xxh64::xxh64;

use super::{Flaw, LogFile, UnreadableLog, VERSION};
use crate::{
    change::{Batch, Cursor, DecodeError, MAX_STORED_LENGTH, Revision, SnapshotPart},
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
    pub fn read(file: &[u8]) -> Result<Self, UnreadableLog> {
        let mut lines = Lines { rest: file, number: 0 };
        let read = Self::read_lines(&mut lines, file);
        read.map_err(|flaw| UnreadableLog { line: lines.number.max(1), flaw })
    }

    fn read_lines(lines: &mut Lines<'_>, file: &[u8]) -> Result<Self, Flaw> {
        let header = Header::read(lines.next()?)?;
        let mut parts: Vec<Vec<u8>> = Vec::new();
        let mut line = lines.next()?;
        while let Some(text) = line.strip_prefix(br#"{"snapshot":""#) {
            let text = text.strip_suffix(br#""}"#).ok_or(Flaw::Malformed)?;
            parts.push(bytes(text)?);
            line = lines.next()?;
        }
        let (start, Cursor { mut check, .. }) = if parts.is_empty() {
            Default::default()
        } else {
            Registry::from_snapshot(&parts).map_err(|error| {
                // Else one is missing, which is seen where it should stand.
                if let Some(place) = first_wrong(&parts) {
                    lines.number = FIRST_PART + place;
                }
                Flaw::Undecodable(error)
            })?
        };
        drop(parts);
        in_order(start.revision(), header.from.0)?;
        let mut at = start.at();
        if at != header.from.1 {
            return Err(Flaw::Altered);
        }
        let mut batches: Vec<Batch> = Vec::new();
        while line.starts_with(br#"{"revision":"#) {
            let entry = Entry::read(line)?;
            in_order(entry.revision, start.revision() + 1 + batches.len() as Revision)?;
            check = check.next(&entry.bytes);
            if entry.check != check.to_bytes() {
                return Err(Flaw::Altered);
            }
            let batch = Batch::decode(&entry.bytes).map_err(Flaw::Undecodable)?;
            if batch.revision != entry.revision || batch.at != entry.at || batch.at < at {
                return Err(Flaw::Altered);
            }
            at = batch.at;
            batches.push(batch);
            line = lines.next()?;
        }
        let end = (start.revision() + batches.len() as Revision, at);
        let mut scanner = Scanner(line);
        scanner.expect(r#"{"end":{"lines":"#)?;
        let count = scanner.number()?;
        scanner.expect(r#","sum":""#)?;
        let sum = scanner.hex()?;
        scanner.expect("\"}}")?;
        scanner.end()?;
        in_order(header.to.0, end.0)?;
        let before = file.len() - lines.rest.len() - line.len() - 1;
        if header.to != end || count != lines.number as u64 || sum != xxh64(&file[..before], 0).to_be_bytes() {
            return Err(Flaw::Altered);
        }
        if !lines.rest.is_empty() {
            lines.number += 1;
            return Err(Flaw::BehindTheEnd);
        }
        let Header { cluster, exported_at, lifetimes, .. } = header;
        Ok(Self { cluster, exported_at, lifetimes, start, batches })
    }
}

/// The line that the parts of a snapshot begin with.
const FIRST_PART: usize = 2;

/// The first part of a snapshot that is damaged, or not in its place.
fn first_wrong(parts: &[Vec<u8>]) -> Option<usize> {
    let is_right = |(place, bytes): (u32, &Vec<u8>)| SnapshotPart::decode(bytes).is_ok_and(|part| part.part == place);
    (0..).zip(parts).position(|part| !is_right(part))
}

fn in_order(found: Revision, expected: Revision) -> Result<(), Flaw> {
    if found == expected { Ok(()) } else { Err(Flaw::OutOfOrder { expected, found }) }
}

/// The lines that are whole, counted.
struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a [u8], Flaw> {
        let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') else {
            // Of what begins like none, the first line is told apart from one that was cut.
            let begins = |some: &[u8]| BEGINNING.as_bytes().starts_with(some) || some.starts_with(BEGINNING.as_bytes());
            let is_foreign = self.number == 0 && (self.rest.is_empty() || !begins(self.rest));
            self.number += usize::from(!self.rest.is_empty());
            return Err(if is_foreign { Flaw::Foreign } else { Flaw::Cut });
        };
        let (line, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        self.number += 1;
        Ok(line)
    }
}

const BEGINNING: &str = r#"{"lookupd_edge_log":"#;

/// A revision, and since when it was so.
type Place = (Revision, Timestamp);

struct Header {
    cluster: String,
    exported_at: Timestamp,
    lifetimes: Lifetimes,
    from: Place,
    to: Place,
}

impl Header {
    fn read(line: &[u8]) -> Result<Self, Flaw> {
        let mut scanner = Scanner(line);
        scanner.expect(BEGINNING).map_err(|_| Flaw::Foreign)?;
        let version = scanner.number().map_err(|_| Flaw::Foreign)?;
        if version != VERSION {
            return Err(Flaw::OtherVersion(version));
        }
        scanner.expect(r#","cluster":""#)?;
        let cluster = scanner.name()?;
        let exported_at = scanner.moment(r#"","exported_at":"#)?;
        let mut lifetime = |literal| scanner.moment(literal).map(|time| Duration::from_millis(time.as_millis()));
        let lifetimes = Lifetimes {
            inactive_producer_timeout: lifetime(r#","inactive_producer_timeout_ms":"#)?,
            tombstone_lifetime: lifetime(r#","tombstone_lifetime_ms":"#)?,
        };
        let from = scanner.place(r#","from":{"revision":"#)?;
        let to = scanner.place(r#"},"to":{"revision":"#)?;
        scanner.expect("}}")?;
        scanner.end()?;
        Ok(Self { cluster, exported_at, lifetimes, from, to })
    }
}

/// A batch with what is told beside it.
struct Entry {
    revision: Revision,
    at: Timestamp,
    check: [u8; 8],
    bytes: Vec<u8>,
}

impl Entry {
    fn read(line: &[u8]) -> Result<Self, Flaw> {
        let mut scanner = Scanner(line);
        let (revision, at) = scanner.place(r#"{"revision":"#)?;
        scanner.expect(r#","check":""#)?;
        let check = scanner.hex()?;
        scanner.expect(r#"","batch":""#)?;
        let bytes = bytes(scanner.until(b'"'))?;
        // They are for people; whether they are as they were is told by the sum.
        scanner.expect(r#"","changes":["#)?;
        if scanner.0.ends_with(b"]}") { Ok(Self { revision, at, check, bytes }) } else { Err(Flaw::Malformed) }
    }
}

/// What is left of a line.
struct Scanner<'a>(&'a [u8]);

impl<'a> Scanner<'a> {
    fn expect(&mut self, literal: &str) -> Result<(), Flaw> {
        self.0 = self.0.strip_prefix(literal.as_bytes()).ok_or(Flaw::Malformed)?;
        Ok(())
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn until(&mut self, byte: u8) -> &'a [u8] {
        self.take(self.0.iter().position(|next| *next == byte).unwrap_or(self.0.len()))
    }

    /// A whole number as it is written: without a sign, and without zeros before it.
    fn number(&mut self) -> Result<u64, Flaw> {
        let digits = self.take(self.0.iter().take_while(|byte| byte.is_ascii_digit()).count());
        let is_plain = digits == b"0" || !digits.starts_with(b"0");
        let number = str::from_utf8(digits).ok().filter(|_| is_plain).and_then(|digits| digits.parse().ok());
        number.ok_or(Flaw::Malformed)
    }

    fn moment(&mut self, literal: &str) -> Result<Timestamp, Flaw> {
        self.expect(literal)?;
        self.number().map(Timestamp::from_millis)
    }

    fn place(&mut self, literal: &str) -> Result<Place, Flaw> {
        self.expect(literal)?;
        Ok((self.number()?, self.moment(r#","at":"#)?))
    }

    /// Eight bytes as 16 digits.
    fn hex(&mut self) -> Result<[u8; 8], Flaw> {
        let digits = self.take(16);
        let is_hex = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        let text = str::from_utf8(digits).ok().filter(|_| digits.len() == 16 && digits.iter().all(is_hex));
        let number = text.and_then(|text| u64::from_str_radix(text, 16).ok());
        number.map(u64::to_be_bytes).ok_or(Flaw::Malformed)
    }

    /// A cluster's.
    fn name(&mut self) -> Result<String, Flaw> {
        let name = self.until(b'"');
        let is_valid = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
        let name = str::from_utf8(name).ok().filter(|name| is_valid && (1..=64).contains(&name.len()));
        name.map(String::from).ok_or(Flaw::Malformed)
    }

    fn end(&self) -> Result<(), Flaw> {
        if self.0.is_empty() { Ok(()) } else { Err(Flaw::Malformed) }
    }
}

fn bytes(text: &[u8]) -> Result<Vec<u8>, Flaw> {
    if text.len() > MAX_STORED_LENGTH.div_ceil(3) * 4 {
        return Err(Flaw::Undecodable(DecodeError::Damaged));
    }
    let text = str::from_utf8(text).map_err(|_| Flaw::Malformed)?;
    Base64::decode_vec(text).map_err(|_| Flaw::Malformed)
}
