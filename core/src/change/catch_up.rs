//! A leader's answer to whoever follows it.

use alloc::vec::Vec;
use core::time::Duration;

use super::{
    Cursor,
    codec::{DecodeError, encode, split_format, whole},
};
use crate::{
    producer::Lifetimes,
    time::{Timestamp, millis},
};

/// What brings a replica up to date: the body of `/v1/snapshot` and `/v1/changes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchUp {
    /// The leader's clock as it answered.
    pub now: Timestamp,
    /// How long producers and tombstones live there.
    pub lifetimes: Lifetimes,
    /// Where it leads.
    pub cursor: Cursor,
    /// Whether it begins anew: then whoever follows it drops what he holds.
    pub anew: bool,
    /// The encoded parts of a snapshot; only where it begins anew, and possibly none.
    pub snapshot: Vec<Vec<u8>>,
    /// The encoded batches that follow, oldest first.
    pub batches: Vec<Vec<u8>>,
    /// How long whoever asked may answer from it, counted from when he asked: nothing that the leader acknowledges is
    /// missed for longer than that.
    pub fresh_for: Duration,
}

impl CatchUp {
    /// The body.
    pub fn encode(&self) -> Vec<u8> {
        let Self { now, lifetimes, cursor, anew, snapshot, batches, fresh_for } = self;
        encode(&(now, lifetimes, cursor, anew, snapshot, batches, millis(*fresh_for)))
    }

    /// Reads what [`encode`](Self::encode) wrote. A release before grants answers without one: then nothing counts as fresh.
    ///
    /// # Errors
    /// [`DecodeError`], also for bytes after its end.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (now, lifetimes, cursor, anew, snapshot, batches, fresh_for) = match split_format(bytes)? {
            (1, rest) => {
                let (now, lifetimes, cursor, anew, snapshot, batches) = whole(rest)?;
                (now, lifetimes, cursor, anew, snapshot, batches, 0)
            }
            (_, rest) => whole(rest)?,
        };
        let fresh_for = Duration::from_millis(fresh_for);
        Ok(Self { now, lifetimes, cursor, anew, snapshot, batches, fresh_for })
    }
}
