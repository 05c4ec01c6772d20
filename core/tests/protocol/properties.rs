//! However bytes and answers come, the client sees the same.

use lookupd_core::{Refusal, protocol::Failure};
use proptest::prelude::*;

use crate::home::{Manner, bodies, run};

const PRODUCER: &str = r#"{"broadcast_address":"b","hostname":"h","tcp_port":4150,"http_port":4151,"version":"1.3.0"}"#;

fn identify(body: &[u8]) -> Vec<u8> {
    [b"IDENTIFY\n", &i32::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat()
}

/// What a client may send next: mostly something that leads on.
fn part() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::sample::select(vec![
            &b"PING\n"[..],
            b"PING x\r\n",
            b"REGISTER t\n",
            b"REGISTER t c\n",
            b"REGISTER t  c\n",
            b" REGISTER u#ephemeral c\xe3\x80\x80\n",
            b"UNREGISTER t c\n",
            b"UNREGISTER t\n",
        ])
        .prop_map(<[u8]>::to_vec),
        2 => Just(identify(PRODUCER.as_bytes())),
        1 => prop::sample::select(vec![
            &b"REGISTER\n"[..],
            b"REGISTER  t\n",
            b"REGISTER \xff\n",
            b"UNREGISTER t c$\n",
            b"\n",
            b"ping\n",
            b"IDENTIFY\n\xff\xff\xff\xff",
            b"IDENTIFY\n\0\x01\0\x01",
            b"IDENTIFY\n\0\0\0\0",
            b"IDENTIFY\n\0\0\0\x02{}",
            b"IDENTIFY\n\0\0\0\x09{}",
        ])
        .prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (4_090_usize..4_100).prop_map(|length| [&vec![b' '; length][..], b"PING\n"].concat()),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let opening = prop_oneof![
        6 => Just([b"  V1", &identify(PRODUCER.as_bytes())[..]].concat()),
        2 => Just(b"  V1".to_vec()),
        1 => Just(b"  V2".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    (opening, prop::collection::vec(part(), 0..12), 0..4_usize).prop_map(|(opening, parts, cut)| {
        let mut stream = [opening, parts.concat()].concat();
        stream.truncate(stream.len().saturating_sub(cut));
        stream
    })
}

fn manner(outcome: impl Strategy<Value = Result<(), Failure>>) -> impl Strategy<Value = Manner> {
    (
        prop::collection::vec(prop_oneof![Just(1), 1..5_usize, 1..200_usize], 0..200),
        prop::collection::vec(any::<bool>(), 0..40),
        prop::collection::vec(outcome, 0..12),
    )
        .prop_map(|(pieces, reads_on, outcomes)| Manner { pieces, reads_on, outcomes })
}

fn refused() -> Result<(), Failure> {
    Err(Failure::Refused(Refusal::TooLarge { limit: 5 }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_and_patience_make_no_difference(stream in stream(), manner in manner(Just(Ok(())))) {
        let at_once = run(&stream, &Manner::default());
        prop_assert!(at_once.closed);
        prop_assert_eq!(&run(&stream, &manner), &at_once);
        let by_bytes = Manner { pieces: vec![1; stream.len()], ..Manner::default() };
        prop_assert_eq!(&run(&stream, &by_bytes), &at_once);
        bodies(&at_once.sent);
    }

    #[test]
    fn nor_do_they_when_requests_fail(
        stream in stream(),
        manner in manner(prop_oneof![3 => Just(Ok(())), 1 => Just(refused()), 1 => Just(Err(Failure::NotStored))]),
    ) {
        // A patient home may have been asked for more by the time that one fails; the client can't tell.
        let simple = Manner { outcomes: manner.outcomes.clone(), ..Manner::default() };
        let (seen, expected) = (run(&stream, &manner), run(&stream, &simple));
        prop_assert!(seen.closed && expected.closed);
        prop_assert_eq!(seen.sent, expected.sent);
    }

    #[test]
    fn nothing_that_is_sent_does_harm(
        opening in prop::sample::select(vec![&b""[..], b"  V1", b"  V1IDENTIFY\n", b"  V1IDENTIFY\n\0\0\0\x20{\"version\":"]),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        manner in manner(Just(Ok(()))),
    ) {
        let stream = [opening, &bytes].concat();
        let seen = run(&stream, &manner);
        prop_assert!(seen.closed);
        // At most one frame a line, and an error that quotes one.
        prop_assert!(seen.sent.len() < 16 * stream.len() + 200);
        bodies(&seen.sent);
    }

    #[test]
    fn no_body_does_harm(
        keys in prop::collection::vec(prop::sample::select(vec![
            "\"version\"", "\"VER\\u017fION\"", "\"tcp_port\"", "\"http_port\"", "\"broadcast_address\"", "\"hostname\"", "\"x\"",
            "\"remote_address\"", "\"\\ud800\"", "x",
        ]), 0..8),
        values in prop::collection::vec(prop_oneof![
            4 => prop::sample::select(vec!["\"b\"", "1", "65535", "65536", "-0", "null", "1.5", "{}", "[[]]", "", "\"\\", "}"])
                .prop_map(ToString::to_string),
            1 => any::<i64>().prop_map(|number| number.to_string()),
            1 => any::<String>().prop_map(|text| format!("{text:?}")),
        ], 8),
        flipped in any::<(prop::sample::Index, u8, bool)>(),
    ) {
        let fields: Vec<_> = keys.iter().zip(values).map(|(key, value)| format!("{key}:{value}")).collect();
        let mut body = format!("{{{}}}", fields.join(",")).into_bytes();
        let (at, byte, flips) = flipped;
        if flips {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let seen = run(&[b"  V1", &identify(&body)[..]].concat(), &Manner::default());
        prop_assert_eq!(bodies(&seen.sent).len(), 1);
    }
}

#[test]
fn a_stream_may_be_cut_anywhere() {
    let whole = [b"  V1", &identify(PRODUCER.as_bytes())[..], b"REGISTER t c\nPING\nREGISTER t c$\nPING\n"].concat();
    let expected = run(&whole, &Manner::default());
    assert_eq!(bodies(&expected.sent).len(), 4);
    for first in 1..whole.len() {
        for second in [1, 2, 3, whole.len()] {
            let manner = Manner { pieces: vec![first, second], ..Manner::default() };
            assert_eq!(run(&whole, &manner), expected, "{first} {second}");
        }
    }
}
