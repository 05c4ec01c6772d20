//! A state, in parts that each fit a row.

use alloc::vec::Vec;

use xxhash_rust::xxh64::xxh64;

use super::{
    Change, Cursor,
    codec::{DecodeError, decode, encode},
};
use crate::time::Timestamp;

/// One part of a snapshot: applied in order to an empty registry, all parts lead to the state at `cursor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPart {
    /// The place in the history that the whole snapshot stands for.
    pub cursor: Cursor,
    /// The time of the last batch in it.
    pub at: Timestamp,
    /// This part's place, from 0.
    pub part: u32,
    /// How many parts there are.
    pub parts: u32,
    /// What leads to its share of the state.
    pub changes: Vec<Change>,
}

impl SnapshotPart {
    /// The part as it is stored and sent, a hash of itself at its end.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = encode(&(self.cursor, self.at, self.part, self.parts, &self.changes));
        bytes.extend(xxh64(&bytes, 0).to_be_bytes());
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`DecodeError`]; a single flipped bit is [`DecodeError::Damaged`], unless it is in the format's number.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (content, hash) = bytes.split_last_chunk::<8>().ok_or(DecodeError::Damaged)?;
        let (cursor, at, part, parts, changes) = decode(content)?;
        if xxh64(content, 0).to_be_bytes() != *hash {
            return Err(DecodeError::Damaged);
        }
        Ok(Self { cursor, at, part, parts, changes })
    }
}
