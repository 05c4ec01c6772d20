//! The frame around everything that is stored or sent: the number of its format, then postcard.

use alloc::{vec, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};

/// The number of the newest stored form. Readers take it and those before it, and refuse any other.
pub const FORMAT: u16 = 3;

/// The form of whatever says nothing of completing tombstones. What is written has the lowest number that fits it: so a release
/// that is behind reads on until it meets what it must not guess.
const BEFORE_COMPLETIONS: u16 = 2;

/// The largest batch and the largest part of a snapshot, in bytes: half of the 2 MB that SQLite on the edge takes a row.
pub const MAX_STORED_LENGTH: usize = 1 << 20;

/// Why stored bytes can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Written by a release whose format this one doesn't read.
    UnknownFormat(u16),
    /// Cut, flipped, or never ours.
    Damaged,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFormat(format) => write!(f, "format {format}, where this release reads {FORMAT}"),
            Self::Damaged => f.write_str("damaged"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// The value under the number of its format.
pub(crate) fn encode(value: &impl Serialize) -> Vec<u8> {
    encode_as(BEFORE_COMPLETIONS, value)
}

/// The same, where it may say something of completing a tombstone.
pub(crate) fn encode_with_completions(says_so: bool, value: &impl Serialize) -> Vec<u8> {
    encode_as(if says_so { FORMAT } else { BEFORE_COMPLETIONS }, value)
}

fn encode_as(format: u16, value: &impl Serialize) -> Vec<u8> {
    // postcard fails only where its output is bounded or a length is unknown; neither is so here.
    #[expect(clippy::expect_used, reason = "a Vec takes every byte, and every length is known")]
    postcard::to_extend(&(format, value), vec![]).expect("postcard into a Vec")
}

/// Reads what [`encode`] wrote, in a format where the value was written in the same way.
pub(crate) fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    let (_, rest) = split_format(bytes)?;
    whole(rest)
}

/// The number of the format, one that is read, and what is written in it.
pub(super) fn split_format(bytes: &[u8]) -> Result<(u16, &[u8]), DecodeError> {
    let (format, rest) = postcard::take_from_bytes::<u16>(bytes).map_err(|_| DecodeError::Damaged)?;
    let is_known = (1..=FORMAT).contains(&format);
    if is_known { Ok((format, rest)) } else { Err(DecodeError::UnknownFormat(format)) }
}

/// Reads a value that nothing stands behind.
pub(super) fn whole<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(DecodeError::Damaged),
    }
}
