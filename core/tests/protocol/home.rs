//! A home for sessions without a registry: it reads in pieces, and answers when it pleases.

use lookupd_core::protocol::{Daemon, Failure, Greeting, Output, Request, Session};

/// How a home goes about it. What it does beyond the ends of these lists is the simplest: all at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manner {
    /// How many bytes it reads at a time.
    pub(crate) pieces: Vec<usize>,
    /// Whether it reads on before it answers the oldest request.
    pub(crate) reads_on: Vec<bool>,
    /// What becomes of the requests.
    pub(crate) outcomes: Vec<Result<(), Failure>>,
}

/// What a client saw, and the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) sent: Vec<u8>,
    pub(crate) requests: Vec<Request>,
    pub(crate) closed: bool,
}

/// A session's life from beginning to end, of a client that sends all this and then closes its side.
pub(crate) fn run(mut input: &[u8], manner: &Manner) -> Seen {
    let daemon = Daemon { broadcast_address: "b", hostname: "h", http_port: 4161, tcp_port: 4160 };
    let mut session = Session::new(Greeting::new(&daemon), "127.0.0.1:5");
    let mut pieces = manner.pieces.iter().copied();
    let mut reads_on = manner.reads_on.iter().copied();
    let mut outcomes = manner.outcomes.iter().copied();
    let mut seen = Seen::default();
    let (mut answered, mut input_ended) = (0, false);
    loop {
        while let Some(output) = session.poll() {
            assert!(!seen.closed, "{output:?} after the end");
            match output {
                Output::Send(frame) => seen.sent.extend_from_slice(&frame),
                Output::Request(request) => seen.requests.push(request),
                Output::Close => seen.closed = true,
            }
        }
        let may_read = session.wants_input() && !input_ended;
        if answered < seen.requests.len() && !(may_read && reads_on.next().unwrap_or(false)) {
            session.carried_out(outcomes.next().unwrap_or(Ok(())));
            answered += 1;
        } else if may_read && !input.is_empty() {
            let (piece, rest) = input.split_at(pieces.next().unwrap_or(input.len()).clamp(1, input.len()));
            session.input(piece);
            input = rest;
        } else if may_read {
            session.end_of_input();
            input_ended = true;
        } else {
            return seen;
        }
    }
}

/// The bodies of frames; the last one may be cut short.
pub(crate) fn bodies(mut sent: &[u8]) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    while let Some((length, rest)) = sent.split_first_chunk() {
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap();
        let (body, rest) = rest.split_at_checked(length).expect("a whole frame");
        bodies.push(body.to_vec());
        sent = rest;
    }
    assert_eq!(sent, b"");
    bodies
}
