//! A cluster's history as a file: `GET /v1/log`, opened again by the dashboard.
//!
//! Lines of JSON (NDJSON), each ended by a line feed, in this order:
//!
//! ```text
//! {"lookupd_edge_log":1,"cluster":"west","exported_at":…,"inactive_producer_timeout_ms":…,"tombstone_lifetime_ms":…,
//!  "from":{"revision":6,"at":…},"to":{"revision":7,"at":…}}                         what it is, on one line
//! {"snapshot":"BASE64"}                                                             each part of the state at `from`
//! {"revision":7,"at":…,"check":"16 hex digits","batch":"BASE64","changes":[…]}      each batch up to `to`
//! {"end":{"lines":4,"sum":"16 hex digits"}}
//! ```
//!
//! Moments are milliseconds since the Unix epoch. `batch` and the snapshot's parts are the stored bytes
//! ([`Batch`], [`SnapshotPart`](crate::SnapshotPart)), `check` is the running check over them
//! ([`Check`](crate::Check)). `changes` says the same in JSON for people and for jq. The end tells how many lines the file has,
//! itself among them, and the XXH64 of all before it (seed 0): what is missing or altered is noticed wherever it is.

mod read;
mod write;

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use xxhash_rust::xxh64::xxh64;

use crate::{
    change::{Batch, DecodeError, Revision},
    producer::Lifetimes,
    registry::Registry,
    store::{LogEntry, StoredSnapshot},
    time::Timestamp,
};

/// What a leader holds of what was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pub(crate) snapshot: StoredSnapshot,
    /// What was decided after the snapshot.
    pub(crate) log: Vec<LogEntry>,
}

impl History {
    /// How many bytes of it are stored.
    pub(crate) fn length(&self) -> usize {
        let snapshot = self.snapshot.parts.iter().map(Vec::len).sum::<usize>();
        snapshot + self.log.iter().map(|entry| entry.bytes.len()).sum::<usize>()
    }
}

/// A file that was read back: whole, and as it was written.
#[derive(Clone, Debug)]
pub struct LogFile {
    /// Whose log it is.
    pub cluster: String,
    /// When it was written, by the leader's clock.
    pub exported_at: Timestamp,
    /// How long producers and tombstones lived there.
    pub lifetimes: Lifetimes,
    /// The parts of a snapshot of the state before the first batch; none where there was nothing.
    pub snapshot: Vec<Vec<u8>>,
    /// What was decided since, oldest first. Each follows on the one before.
    pub batches: Vec<Batch>,
}

impl LogFile {
    /// The state before the first batch. Made anew with each call: that costs less of what a browser loads than a copy would.
    pub fn start(&self) -> Registry {
        // Reading the file made sure that it can be.
        Registry::from_snapshot(&self.snapshot).map_or_else(|_| Registry::default(), |(registry, _)| registry)
    }
}

/// Why a file isn't read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableLog {
    /// The line that is the first one to be wrong, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The first one begins no log.
    Foreign,
    /// It begins a log of another version of this format.
    OtherVersion(u64),
    /// It isn't a line as it would be written in this place.
    Malformed,
    /// Its bytes can't be decoded.
    Undecodable(DecodeError),
    /// It tells of another revision than the next.
    OutOfOrder {
        /// The next.
        expected: Revision,
        /// The one told of.
        found: Revision,
    },
    /// Its check, or the sum of all lines, isn't that of what stands there.
    Altered,
    /// The file ends with it, before its end.
    Cut,
    /// The file goes on behind its end.
    BehindTheEnd,
}

impl fmt::Display for UnreadableLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.flaw)
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("this is no log of a lookupd-edge cluster"),
            Self::OtherVersion(version) => {
                write!(f, "version {version} of the format, where this release reads {VERSION}")
            }
            Self::Malformed => f.write_str("not as it was written"),
            Self::Undecodable(error) => write!(f, "its bytes can't be decoded: {error}"),
            Self::OutOfOrder { expected, found } => {
                write!(f, "revision {found}, where {expected} comes next: lines are missing, doubled or swapped")
            }
            Self::Altered => {
                f.write_str("something was altered or is missing: the check isn't that of what stands there")
            }
            Self::Cut => f.write_str("the file ends here, before its end: it was cut"),
            Self::BehindTheEnd => f.write_str("something stands behind the end"),
        }
    }
}

impl core::error::Error for UnreadableLog {}

/// The version of the format.
const VERSION: u64 = 1;

// What stands between what is told, in the order of the lines.
const BEGINNING: &str = r#"{"lookupd_edge_log":"#;
const CLUSTER: &str = r#","cluster":""#;
const EXPORTED_AT: &str = r#","exported_at":"#;
const TIMEOUT: &str = r#","inactive_producer_timeout_ms":"#;
const LIFETIME: &str = r#","tombstone_lifetime_ms":"#;
const PART: &str = r#"{"snapshot":""#;
const BATCH: &str = r#"{"revision":"#;
const CHECK: &str = r#","check":""#;
const BYTES: &str = r#"","batch":""#;
const END: &str = r#"{"end":{"lines":"#;

/// The last line of a file of so many, without its end, after all that stands before it.
fn end(lines: usize, before: &str) -> String {
    format!(r#"{END}{lines},"sum":"{:016x}"}}}}"#, xxh64(before.as_bytes(), 0))
}
