//! The TCP session.

use lookupd_core::{
    Refusal,
    protocol::{Failure, MAX_OUTSTANDING},
};

use crate::{
    draw::Draw,
    home::{Manner, Seen, bodies, run},
    memory::within,
};

/// All that a client sends, from its connection's first byte to its last.
///
/// In whatever pieces that comes, and however patient the home is, the client is answered the same, in order, in whole
/// frames, and it takes no more memory than what was sent accounts for.
pub fn session(stream: &[u8]) {
    let mut draw = Draw::from(stream);
    let pieces = draw.list(64, |draw| if draw.below(2) == 0 { 1 } else { 1 + draw.below(200) });
    let reads_on = draw.list(2 * MAX_OUTSTANDING, |draw| draw.below(3) > 0);

    let at_once = live(stream, &Manner::default());
    let by_bytes = Manner { pieces: vec![1; stream.len()], ..Manner::default() };
    assert_eq!(live(stream, &by_bytes), at_once, "byte by byte");
    let manner = Manner { pieces, reads_on, outcomes: Vec::new() };
    assert_eq!(live(stream, &manner), at_once, "in pieces");

    // Each failure says which it is, so that answers in another order differ.
    let mut request = 0;
    let outcomes = draw.list(2 * MAX_OUTSTANDING, |draw| {
        request += 1;
        match draw.below(16) {
            0 => Err(Failure::NotStored),
            1..6 => Err(Failure::Refused(Refusal::TooLarge { limit: request })),
            _ => Ok(()),
        }
    });
    let one_by_one = live(stream, &Manner { outcomes: outcomes.clone(), ..Manner::default() });
    // A patient home may have been asked for more by the time that one fails; the client can't tell.
    assert_eq!(live(stream, &Manner { outcomes, ..manner }).sent, one_by_one.sent, "where requests fail");
}

fn live(stream: &[u8], manner: &Manner) -> Seen {
    let seen = within(MEMORY + MEMORY_PER_BYTE * stream.len(), || run(stream, manner));
    assert!(seen.closed, "a session ends with its client");
    for body in bodies(&seen.sent) {
        assert!(
            body == b"OK" || body.starts_with(b"E_") || body.starts_with(b"{\"broadcast_address\":\"b\","),
            "{body:?}"
        );
    }
    seen
}

/// For a session of a client that sends nothing.
const MEMORY: usize = 16 << 10;

/// A line of five bytes is a request to remember, and a frame; lists grow by doubling.
const MEMORY_PER_BYTE: usize = 64;
