//! Named stories of one connection.

use std::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::*;
use crate::{
    command::{Bound, Refusal},
    protocol::Daemon,
};

const PRODUCER: &str = r#"{"broadcast_address":"b","hostname":"h","tcp_port":4150,"http_port":4151,"version":"1.3.0"}"#;
const FULL: Failure = Failure::Refused(Refusal::Full { bound: Bound::Topics, limit: 3 });

fn new() -> Session {
    let daemon = Daemon { broadcast_address: "d", hostname: "d", http_port: 4161, tcp_port: 4160 };
    Session::new(Greeting::new(&daemon), "1.2.3.4:5")
}

fn identify(body: &str) -> Vec<u8> {
    [b"IDENTIFY\n", &(body.len() as i32).to_be_bytes()[..], body.as_bytes()].concat()
}

fn identified() -> Session {
    let mut session = new();
    session.input(&[MAGIC, &identify(PRODUCER)].concat());
    assert_eq!(told(&mut session), ["ask Identify"]);
    session.carried_out(Ok(()));
    assert_eq!(told(&mut session), ["send GREETING"]);
    session
}

/// Everything that it says now, in words.
fn told(session: &mut Session) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(output) = session.poll() {
        told.push(match output {
            Output::Send(frame) => match String::from_utf8_lossy(&frame[4..]) {
                body if body.starts_with('{') => "send GREETING".into(),
                body => format!("send {body}"),
            },
            Output::Request(Request::Register { topic, channel: None }) => format!("ask Register {topic}"),
            Output::Request(request) => format!("ask {request:?}"),
            Output::Close => "close".into(),
        });
    }
    told
}

#[test]
fn a_life_from_magic_to_end() {
    let mut session = new();
    assert_eq!(told(&mut session), [""; 0]);
    assert_eq!(session.progress(), Progress::Silent);
    session.input(b"  V");
    assert_eq!((told(&mut session), session.is_within_command()), (vec![], true));
    session.input(b"1PING\n");
    assert_eq!(told(&mut session), ["send OK"]);
    assert_eq!((session.progress(), session.is_within_command()), (Progress::Anonymous, false));
    session.input(b"IDENTIFY\n");
    assert_eq!((told(&mut session), session.is_within_command()), (vec![], true));
    assert_eq!(session.producer(), None);
    session.input(&identify(PRODUCER)[9..]);
    assert_eq!(told(&mut session), ["ask Identify"]);
    assert_eq!(session.producer().unwrap().node().to_string(), "b:4151");
    assert_eq!(&*session.producer().unwrap().remote_address, "1.2.3.4:5");
    assert!(!session.wants_input());
    session.carried_out(Ok(()));
    assert_eq!(told(&mut session), ["send GREETING"]);
    assert!(session.wants_input());
    assert_eq!(session.progress(), Progress::Identified);
    session.input(b"PING\n");
    assert_eq!(told(&mut session), ["ask Ping"]);
    session.carried_out(Ok(()));
    assert_eq!(told(&mut session), ["send OK"]);
    session.end_of_input();
    assert_eq!(told(&mut session), ["close"]);
    assert_eq!(session.progress(), Progress::Ended);
    assert!(session.producer().is_some(), "whose end is to be told");
    session.input(b"PING\n");
    assert_eq!(told(&mut session), [""; 0]);
}

#[test]
fn answers_wait_for_their_requests() {
    let mut session = identified();
    session.input(b"REGISTER t\nREGISTER u\nPING\nnonsense\nREGISTER v\n");
    assert_eq!(told(&mut session), ["ask Register t", "ask Register u", "ask Ping"]);
    assert_eq!(session.error().unwrap().to_string(), "E_INVALID invalid command nonsense");
    session.carried_out(Ok(()));
    assert_eq!(told(&mut session), ["send OK"]);
    session.carried_out(Err(FULL));
    session.carried_out(Ok(()));
    let refused = "send E_REGISTER_FAILED REGISTER failed the registry holds at most 3 topics";
    assert_eq!(told(&mut session), [refused, "send OK", "send E_INVALID invalid command nonsense", "close"]);
}

#[test]
fn so_many_are_under_way_and_no_more() {
    let mut session = identified();
    session.input("REGISTER t\n".repeat(MAX_OUTSTANDING + 2).as_bytes());
    assert_eq!(told(&mut session).len(), MAX_OUTSTANDING);
    assert!(!session.wants_input());
    session.carried_out(Ok(()));
    assert_eq!(told(&mut session), ["send OK", "ask Register t"]);
    session.carried_out(Ok(()));
    assert_eq!(told(&mut session), ["send OK", "ask Register t"]);
    assert!(!session.wants_input());
    session.end_of_input();
    session.carried_out(Ok(()));
    assert_eq!(told(&mut session), ["send OK"], "not over yet");
}

#[test]
fn nothing_follows_an_identify_that_failed() {
    for failure in [FULL, Failure::NotStored] {
        let mut session = new();
        session.input(&[MAGIC, &identify(PRODUCER), b"REGISTER t\n"].concat());
        assert_eq!(told(&mut session), ["ask Identify"]);
        session.carried_out(Err(failure));
        let told = told(&mut session);
        assert!(told[0].starts_with("send E_IDENTIFY_FAILED IDENTIFY failed ") && told[1] == "close", "{told:?}");
    }
}

#[test]
fn what_could_not_be_stored_ends_the_session() {
    let mut session = identified();
    session.input(b"REGISTER t\nREGISTER u\nREGISTER v\n");
    assert_eq!(told(&mut session).len(), 3);
    session.carried_out(Ok(()));
    session.carried_out(Err(Failure::NotStored));
    session.carried_out(Ok(()));
    assert_eq!(told(&mut session), ["send OK", "send E_REGISTER_FAILED REGISTER failed to be stored", "close"]);
    session.carried_out(Ok(()));
    assert_eq!(told(&mut session), [""; 0]);
}

#[test]
fn who_takes_too_long_is_told_so() {
    let mut session = new();
    session.time_out();
    session.time_out();
    assert_eq!(told(&mut session), ["send E_TIMEOUT client took too long", "close"]);
    assert_eq!(session.error(), Some(&Error::TimedOut));
    session.time_out();
    assert_eq!(told(&mut session), [""; 0]);

    let mut session = identified();
    session.input(b"REGISTER t\nPI");
    assert_eq!(told(&mut session), ["ask Register t"]);
    assert!(session.is_within_command());
    session.time_out();
    session.input(b"NG\n");
    assert!(told(&mut session).is_empty() && !session.wants_input());
    session.carried_out(Ok(()));
    assert_eq!(told(&mut session), ["send OK", "send E_TIMEOUT client took too long", "close"]);
}

#[test]
fn lengths_are_bounded_before_anything_is_kept() {
    let of_length = |length: i32| [MAGIC, b"IDENTIFY\n", &length.to_be_bytes()].concat();
    for (input, expected) in [
        (of_length(-1), "send E_BAD_BODY IDENTIFY failed to read body size"),
        (of_length(i32::MIN), "send E_BAD_BODY IDENTIFY failed to read body size"),
        (of_length(65_537), "send E_BAD_BODY IDENTIFY body too big 65537 > 65536"),
        (of_length(i32::MAX), "send E_BAD_BODY IDENTIFY body too big 2147483647 > 65536"),
        ([MAGIC, &[b' '; 4_097]].concat(), "send E_INVALID command too big > 4096"),
        ([MAGIC, &[b'x'; 4_097], b"\n"].concat(), "send E_INVALID command too big > 4096"),
    ] {
        let mut session = new();
        session.input(&input);
        assert_eq!(told(&mut session), [expected, "close"]);
    }
    let padded = |length: usize| format!("{PRODUCER}{}", " ".repeat(length - PRODUCER.len()));
    let mut session = new();
    session.input(&[MAGIC, &identify(&padded(65_536))].concat());
    assert_eq!(told(&mut session), ["ask Identify"]);
    let mut session = identified();
    session.input(format!("PING{}\nPING\n", " ".repeat(4_092)).as_bytes());
    assert_eq!(told(&mut session), ["ask Ping", "ask Ping"]);
}

#[test]
fn a_session_that_waits_holds_no_input() {
    let mut session = identified();
    session.input(b"PING\n");
    assert_eq!(told(&mut session), ["ask Ping"]);
    assert_eq!(format!("{:?}", session.buffer), format!("{:?}", Buffer::default()));
}

#[test]
fn a_request_becomes_a_command() {
    use crate::{ClaimKey, Command, TopicName, Via};
    let session = identified();
    let info = session.producer().unwrap();
    let topic = TopicName::parse("t").unwrap();
    let register = Request::Register { topic: topic.clone(), channel: None };
    let expected = Command::Register { via: Via::Tcp, info: info.clone(), topic: topic.clone(), channel: None };
    assert_eq!(register.into_command(info, &Via::Tcp), expected);
    let unregister = Request::Unregister { topic: topic.clone(), channel: None };
    let claim = ClaimKey { node: info.node(), via: Via::Tcp };
    assert_eq!(unregister.into_command(info, &Via::Tcp), Command::Unregister { claim, topic, channel: None });
    for request in [Request::Ping, Request::Identify] {
        let expected = Command::Identify { via: Via::Tcp, info: info.clone() };
        assert_eq!(request.into_command(info, &Via::Tcp), expected);
    }
}
