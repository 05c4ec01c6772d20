//! Places in a history.

use core::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::xxh64;

use super::Revision;

/// The running check over all batches of a history: `check(n) = hash64(check(n−1) ‖ bytes(n))`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check(u64);

impl Check {
    /// The check after one more batch.
    #[must_use]
    pub fn next(self, batch: &[u8]) -> Self {
        // The previous check is the hash's seed, which costs no copy of the bytes.
        Self(xxh64(batch, self.0))
    }

    /// As it is stored beside a batch.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }
}

impl fmt::Display for Check {
    /// 16 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A place in one history, `revision-check`. Opaque to whoever holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// How many batches led here.
    pub revision: Revision,
    /// Which ones.
    pub check: Check,
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCursor;

impl fmt::Display for InvalidCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cursor that an earlier answer gave")
    }
}

impl core::error::Error for InvalidCursor {}

impl Cursor {
    /// Reads what [`Display`](fmt::Display) writes.
    ///
    /// # Errors
    /// [`InvalidCursor`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidCursor> {
        let (revision, check) = text.split_once('-').ok_or(InvalidCursor)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if check.len() != 16 || !digits(check) || !digits(revision) {
            return Err(InvalidCursor);
        }
        Ok(Self {
            revision: revision.parse().map_err(|_| InvalidCursor)?,
            check: Check(u64::from_str_radix(check, 16).map_err(|_| InvalidCursor)?),
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.revision, self.check)
    }
}
