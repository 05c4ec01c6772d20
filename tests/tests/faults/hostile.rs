//! What a client that means harm could do, or one that is broken: 1, 2, 9 and 12.

use std::thread;

use lookupd_tests::{Lookupd, Request, Session, assert_becomes, identify, resident_bytes};

use super::{answers, both, on_host, post};

#[test]
fn fault_1_a_negative_length_ends_the_process() {
    let Some([theirs, ours]) = both() else { return };
    let answer = |lookupd: &Lookupd| {
        let mut session = Session::open(lookupd.tcp());
        session.send(b"  V1IDENTIFY\n\xff\xff\xff\xff").expect("it is sent");
        session.hear().ok()
    };
    assert_eq!(answer(&theirs), None);
    assert_becomes(|| answers(theirs.client()), false);
    assert_eq!(answer(&ours).as_deref(), Some("E_BAD_BODY IDENTIFY failed to read body size"));
    assert!(answers(ours.client()));
}

#[test]
fn fault_2_memory_is_whatever_a_client_sends() {
    let line = [b"  V1".to_vec(), vec![b'x'; MUCH]].concat();
    let body = [b"  V1IDENTIFY\n".to_vec(), (u32::MAX / 2).to_be_bytes().to_vec(), vec![b' '; MUCH]].concat();
    for (bytes, refusal) in
        [(line, "E_INVALID command too big > 4096"), (body, "E_BAD_BODY IDENTIFY body too big 2147483647 > 65536")]
    {
        let Some([theirs, ours]) = both() else { return };
        refuse_many(&ours, &bytes[..LITTLE]);
        let [before, ours_before] = [&theirs, &ours].map(|lookupd| resident_bytes(lookupd.pid()));
        let mut endless = Session::open(theirs.tcp());
        endless.send(&bytes).expect("all of it is taken");
        assert_becomes(|| resident_bytes(theirs.pid()) >= before + MUCH as u64, true);

        let mut endless = Session::open(ours.tcp());
        let _ = endless.send(&bytes);
        assert_eq!(endless.hear().expect("a refusal"), refusal);
        assert!(endless.is_over());
        let grown = resident_bytes(ours.pid()).saturating_sub(ours_before);
        assert!(grown < MUCH as u64 / 64, "{grown}");
    }
}

/// So much shows that there is no bound, and does no harm.
const MUCH: usize = 64 << 20;

/// More than is taken of anything, and nothing beside [`MUCH`].
const LITTLE: usize = 128 << 10;

/// Has every thread of the daemon answer somebody who sends too much: what a thread needs at its first answer, some 2 MiB where
/// pages are that large, is not what a client can make it take.
fn refuse_many(lookupd: &Lookupd, bytes: &[u8]) {
    let tcp = lookupd.tcp();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..16 {
                    let mut session = Session::open(tcp);
                    let _ = session.send(bytes);
                    assert!(session.hear().expect("a refusal").starts_with("E_"));
                }
            });
        }
    });
}

#[test]
fn fault_2_a_handshake_may_take_for_ever() {
    let Some([theirs, ours]) = both() else { return };
    // What each has said, and what the real daemon answers to the rest of it afterwards.
    let handshakes: [(&[u8], &[u8], &str); 3] = [
        (b"", b"  V1PING\n", "OK"),
        (b"  V1PI", b"NG\n", "OK"),
        (b"  V1IDENTIFY\n\0\0\0\x02{", b"x", "E_BAD_BODY IDENTIFY failed to decode JSON body"),
    ];
    let opened = handshakes.map(|(begun, rest, answer)| {
        let sessions = [&theirs, &ours].map(|lookupd| {
            let mut session = Session::open(lookupd.tcp());
            session.send(begun).expect("it is sent");
            session
        });
        (sessions, rest, answer)
    });
    for ([mut with_theirs, mut with_ours], rest, answer) in opened {
        assert_eq!(with_ours.hear().expect("its end"), "E_TIMEOUT client took too long");
        assert!(with_ours.is_over());
        with_theirs.send(rest).expect("it is open still");
        assert_eq!(with_theirs.hear().expect("an answer"), answer);
    }
}

#[test]
fn fault_9_a_port_may_be_any_number() {
    let Some([theirs, ours]) = both() else { return };
    for (field, port) in [("tcp_port", -5), ("http_port", 99_999_999)] {
        let mut producer = identify("a.example");
        producer[field] = port.into();
        let mut session = Session::identified(theirs.tcp(), &producer.to_string());
        session.say("REGISTER t");
        assert_eq!(theirs.client().get("/lookup?topic=t").json()["producers"][0][field], port);
        drop(session);
        assert_becomes(|| theirs.producers("t"), [""; 0]);

        let answer = Session::open(ours.tcp()).identify(&producer.to_string());
        assert_eq!(answer, format!("E_BAD_BODY IDENTIFY {field} '{port}' is not valid"));
    }
}

#[test]
fn fault_12_whoever_reaches_it_may_profile_and_change_everything() {
    let tokens = ["-admin-token=secret", "-read-token=reader"];
    let (Some(theirs), Some(ours)) = (Lookupd::nsqlookupd(&[]), Lookupd::agent(&tokens)) else { return };
    assert_eq!(theirs.client().get("/debug/pprof").status, 200);
    assert_eq!(ours.client().send(&Request::get("/debug/pprof").token("secret")).status, 404);
    for change in ["/topic/create?topic=t", "/topic/delete?topic=t"] {
        post(theirs.client(), change);
        for (token, status) in [(None, 401), (Some("guess"), 401), (Some("reader"), 403), (Some("secret"), 200)] {
            let request = Request::post(change);
            let request = token.map_or(request.clone(), |token| request.token(token));
            assert_eq!(ours.client().send(&request).status, status, "{change} {token:?}");
        }
    }
    // nsqd has no token: what it may is to announce itself.
    Session::identified(ours.tcp(), &on_host("a.example")).say("REGISTER t");
}
