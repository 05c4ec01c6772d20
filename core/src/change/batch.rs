//! What one command changed.

use alloc::vec::Vec;

use super::{
    Change,
    codec::{DecodeError, decode, encode_with_completions},
};
use crate::time::Timestamp;

/// How many batches led to a state; the first batch makes revision 1.
pub type Revision = u64;

/// What one command changed: stored, sent and applied whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The revision that it leads to.
    pub revision: Revision,
    /// When it was decided. Never falls from one batch to the next.
    pub at: Timestamp,
    /// In this order.
    pub changes: Vec<Change>,
}

impl Batch {
    /// The batch as it is stored and sent.
    pub fn encode(&self) -> Vec<u8> {
        let has_completions = self.changes.iter().any(Change::is_of_a_completion);
        encode_with_completions(has_completions, &(self.revision, self.at, &self.changes))
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`DecodeError`], also for bytes after the batch's end.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (revision, at, changes) = decode(bytes)?;
        Ok(Self { revision, at, changes })
    }
}
