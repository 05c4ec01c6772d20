//! What has come and wasn't understood yet.

use alloc::vec::Vec;

/// Bytes in the order in which they came; those that were taken are forgotten.
///
/// It holds no memory while it is empty: most sessions of most daemons wait for the next PING.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    /// How many of them were taken.
    taken: usize,
    /// How many after those are known to hold no end of a line, so that a line that comes byte by byte is searched once.
    searched: usize,
}

/// A line that is longer than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineTooLong;

impl Buffer {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    /// The next bytes without taking them; `None` where fewer have come.
    pub(super) fn peek(&self, length: usize) -> Option<&[u8]> {
        self.rest().get(..length)
    }

    /// Takes the next bytes; `None` where fewer have come.
    pub(super) fn take(&mut self, length: usize) -> Option<&[u8]> {
        let start = self.taken;
        let taken = self.bytes.get(start..start.checked_add(length)?)?;
        self.taken += length;
        self.searched = 0;
        Some(taken)
    }

    /// Takes the next line, without the `\n` that ends it; `None` where that hasn't come.
    ///
    /// # Errors
    /// [`LineTooLong`] as soon as more than `limit` bytes stand before its end, whether or not that has come.
    pub(super) fn take_line(&mut self, limit: usize) -> Result<Option<&[u8]>, LineTooLong> {
        let unsearched = self.rest().get(self.searched..).unwrap_or_default();
        let end = unsearched.iter().position(|byte| *byte == b'\n').map(|at| self.searched + at);
        let length = end.unwrap_or(self.rest().len());
        if length > limit {
            return Err(LineTooLong);
        }
        if end.is_none() {
            self.searched = length;
            return Ok(None);
        }
        Ok(self.take(length + 1).and_then(|line| line.strip_suffix(b"\n")))
    }

    /// Gives its memory back where there is nothing left to keep.
    pub(super) fn release(&mut self) {
        if self.is_empty() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_lengths_are_taken_as_they_come() {
        let mut buffer = Buffer::default();
        assert_eq!(buffer.take_line(4), Ok(None));
        buffer.push(b"ab");
        assert_eq!(buffer.take_line(4), Ok(None));
        buffer.push(b"c\n\nxyz");
        assert_eq!(buffer.take_line(4), Ok(Some(&b"abc"[..])));
        assert_eq!(buffer.take_line(4), Ok(Some(&b""[..])));
        assert_eq!(buffer.take_line(4), Ok(None));
        assert_eq!(buffer.take(4), None);
        assert_eq!(buffer.peek(2), Some(&b"xy"[..]));
        assert_eq!(buffer.take(2), Some(&b"xy"[..]));
        buffer.push(b"\n");
        assert_eq!(buffer.take_line(4), Ok(Some(&b"z"[..])));
        assert!(buffer.is_empty());
        assert_eq!(buffer.take(usize::MAX), None);
        buffer.release();
        assert_eq!(buffer.bytes.capacity(), 0);
    }

    #[test]
    fn a_line_is_too_long_before_its_end_has_come() {
        for ending in ["", "\n", "\nPING\n"] {
            let mut buffer = Buffer::default();
            buffer.push(b"12345");
            buffer.push(ending.as_bytes());
            assert_eq!(buffer.take_line(4), Err(LineTooLong), "{ending:?}");
        }
        let mut buffer = Buffer::default();
        buffer.push(b"1234");
        assert_eq!(buffer.take_line(4), Ok(None));
        buffer.push(b"\n");
        assert_eq!(buffer.take_line(4), Ok(Some(&b"1234"[..])));
    }
}
