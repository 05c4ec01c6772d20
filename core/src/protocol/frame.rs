//! What is sent: a length, and that many bytes.

use alloc::{borrow::Cow, vec::Vec};
use core::ops::Deref;

/// A whole frame, ready to be written: its length as an int32, big-endian, then its body (nsqio/nsq,
/// `internal/protocol/protocol.go`, `SendResponse`). There is no frame type, as nsqd's own protocol has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(Cow<'static, [u8]>);

impl Frame {
    /// What almost every command is answered with.
    pub(super) const OK: Self = Self(Cow::Borrowed(b"\0\0\0\x02OK"));

    pub(super) fn new(body: &[u8]) -> Self {
        // A body is an error that quotes a line, or what the daemon says of itself: far shorter than 2 GiB.
        let length = (body.len() as u32).to_be_bytes();
        let mut bytes = Vec::with_capacity(length.len() + body.len());
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(body);
        Self(bytes.into())
    }
}

/// The bytes to write, the length included.
impl Deref for Frame {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_its_length_and_its_body() {
        assert_eq!(Frame::new(b"OK"), Frame::OK);
        assert_eq!(&Frame::new(&[b'x'; 0x1234])[..5], b"\0\0\x12\x34x");
    }
}
