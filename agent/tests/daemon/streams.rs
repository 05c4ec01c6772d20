//! The leader's side of `/v1/stream`: what it tells, and how it takes what it is told.

use lookupd_core::{
    Batch, Change, Replica, Timestamp,
    link::{Closing, MAX_MESSAGE_LENGTH, ToFollower, ToLeader},
};
use tungstenite::Message;

use crate::{
    agent::{Agent, Folder, command},
    nsqd::Nsqd,
    stream::{Stream, announce, settled},
};

fn batch(message: &ToFollower) -> Option<Batch> {
    match message {
        ToFollower::Batch { bytes, .. } => Some(Batch::decode(bytes).unwrap()),
        _ => None,
    }
}

#[test]
fn whoever_follows_is_told_where_the_leader_is_and_what_changes() {
    let leader = Agent::start(&["-inactive-producer-timeout=3s"]);
    assert_eq!(leader.post("/topic/create?topic=before"), 200);
    let mut stream = Stream::open(leader.http, "");
    let Ok(ToFollower::Beacon { cursor, lifetimes, .. }) = stream.hear() else { panic!("a beacon comes first") };
    assert_eq!((cursor.revision, lifetimes.inactive_producer_timeout.as_secs()), (1, 3));

    let mut nsqd = Nsqd::identified(leader.tcp, "a");
    nsqd.say("REGISTER t c");
    let mut replica = Replica::default();
    let mut topics = Vec::new();
    while topics.is_empty() {
        let message = stream.hear().unwrap();
        // It has no state to lead on from, but it could.
        let _ = replica.push(&message, Timestamp::default());
        for change in batch(&message).into_iter().flat_map(|batch| batch.changes) {
            if let Change::Registered { topics: registered, .. } = change {
                topics.extend(registered.into_iter().map(|(topic, _)| topic.to_string()));
            }
        }
    }
    assert_eq!(topics, ["t"]);
    // Also where nothing happens, it says where it is.
    stream.hear_until(|message| matches!(message, ToFollower::Beacon { .. }).then_some(()));
    stream.send(Message::text("ping"));
    assert_eq!(stream.hear_text(), "pong");
}

#[test]
fn what_an_agent_announces_is_found_and_what_it_takes_back_is_not() {
    let folder = Folder::new("streams");
    let leader = Agent::durable(&folder);
    let mut agent = Stream::of_agent(leader.http, "one", 1, 1);
    agent.say(&announce("a", "t"));
    agent.say(&announce("b", "t"));
    agent.say(&settled(&["a:4151", "b:4151"]));
    assert_eq!(leader.producers("t"), ["a", "b"]);
    let info = leader.get("/v1/explain?topic=t");
    assert!(info.contains("agent:one"), "{info}");
    // Whatever becomes of its leader, it is found.
    leader.kill();
    let leader = Agent::durable(&folder);
    assert_eq!(leader.producers("t"), ["a", "b"]);
    let mut agent = Stream::of_agent(leader.http, "one", 1, 2);
    agent.say(&announce("a", "t"));
    agent.say(&settled(&["a:4151"]));
    assert_eq!(leader.producers("t"), ["a"]);
    let ToLeader::Announce { info, .. } = announce("a", "t") else { unreachable!() };
    agent.say(&ToLeader::Leave { node: info.node() });
    assert_eq!(leader.producers("t"), [""; 0]);
}

#[test]
fn an_agent_that_falls_silent_is_missed() {
    let leader = Agent::start(&["-inactive-producer-timeout=1s"]);
    let mut agent = Stream::of_agent(leader.http, "one", 1, 1);
    agent.say(&announce("a", "t"));
    assert_eq!(leader.producers("t"), ["a"]);
    leader.until_nobody_serves("t");
    // Its connection is there still, and counts again once it says so.
    while leader.producers("t").is_empty() {
        agent.send(Message::text("ping"));
        assert_eq!(agent.hear_text(), "pong");
    }
}

#[test]
fn an_agents_later_stream_takes_the_place_of_the_earlier() {
    let leader = Agent::start(&[]);
    let mut first = Stream::of_agent(leader.http, "one", 1, 1);
    first.say(&announce("a", "t"));
    let mut second = Stream::of_agent(leader.http, "one", 1, 2);
    assert_eq!(first.hear_close(), Closing::Replaced.code());
    // One that was on its way for longer comes too late.
    let mut late = Stream::of_agent(leader.http, "one", 1, 1);
    assert_eq!(late.hear_close(), Closing::Replaced.code());
    second.say(&announce("a", "u"));
    let mut restarted = Stream::of_agent(leader.http, "one", 2, 1);
    assert_eq!(second.hear_close(), Closing::Replaced.code());
    restarted.say(&announce("b", "t"));
    let mut old = Stream::of_agent(leader.http, "one", 1, 3);
    assert_eq!(old.hear_close(), Closing::Superseded.code());
    restarted.say(&announce("b", "v"));
    assert_eq!((leader.producers("u"), leader.producers("v")), (vec!["a".into()], vec!["b".into()]));
}

#[test]
fn what_no_agent_says_closes_and_disturbs_nobody() {
    let leader = Agent::start(&[]);
    let mut good = Stream::of_agent(leader.http, "good", 1, 1);
    good.say(&announce("a", "t"));
    let message = |sequence| Message::binary(settled(&[]).encode(sequence));
    let mut unknown = settled(&[]).encode(1);
    unknown[0] = 100;
    for (said, closing) in [
        (Message::binary(vec![0xff; 100]), Closing::Malformed),
        (Message::binary(vec![]), Closing::Malformed),
        (Message::binary(vec![2; MAX_MESSAGE_LENGTH + 1]), Closing::Malformed),
        (Message::text("PING"), Closing::Malformed),
        (Message::binary(unknown), Closing::UnknownFormat),
        (message(2), Closing::OutOfSequence),
        (message(0), Closing::OutOfSequence),
    ] {
        let mut bad = Stream::of_agent(leader.http, "bad", 1, 1);
        let kind = format!("{said:.40?}");
        bad.send(said);
        assert_eq!(bad.hear_close(), closing.code(), "{kind}");
    }
    let mut twice = Stream::of_agent(leader.http, "bad", 1, 1);
    twice.say(&settled(&[]));
    twice.send(message(1));
    assert_eq!(twice.hear_close(), Closing::OutOfSequence.code());
    let mut no_frame = Stream::of_agent(leader.http, "bad", 1, 2);
    no_frame.send_raw(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(no_frame.hear_close(), Closing::Malformed.code());
    // Whoever only follows has nothing to say.
    let mut follower = Stream::open(leader.http, "");
    follower.send(message(1));
    assert_eq!(follower.hear_close(), Closing::Forbidden.code());
    good.say(&announce("a", "u"));
    assert_eq!((leader.producers("t").len(), leader.producers("u")), (0, vec!["a".into()]));
}

#[test]
fn following_takes_the_right_to_read_and_speaking_to_register() {
    let leader = Agent::spawn(
        command()
            .args(["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0"])
            .env("READ_TOKEN", "reads")
            .env("REGISTER_TOKEN", "registers"),
    );
    let agent = "agent=one&incarnation=1&connection=1";
    for (query, token, status) in [
        ("", None, 401),
        ("", Some("wrong"), 401),
        ("", Some("reads"), 101),
        (agent, None, 401),
        (agent, Some("reads"), 403),
        (agent, Some("registers"), 101),
        ("agent=one", Some("registers"), 400),
        ("since=nowhere", Some("reads"), 400),
    ] {
        assert_eq!(Stream::try_open(leader.http, query, token).err().unwrap_or(101), status, "{query} {token:?}");
    }
    let browser = b"GET /v1/stream HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
        Sec-WebSocket-Protocol: lookupd, bearer.reads\r\n\r\n";
    let answer = leader.raw(browser);
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.contains("Sec-Websocket-Protocol: lookupd\r\n"), "{answer}");
    let foreign =
        String::from_utf8_lossy(browser).replace("Host: h\r\n", "Host: h\r\nOrigin: https://evil.example\r\n");
    assert!(leader.raw(foreign.as_bytes()).starts_with("HTTP/1.1 403 "));
}

#[test]
fn a_request_that_only_looks_like_a_stream_is_answered_and_ends() {
    let leader = Agent::start(&[]);
    let next = "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n";
    let plain = leader.raw(format!("GET /v1/stream HTTP/1.1\r\nHost: h\r\n\r\n{next}").as_bytes());
    assert!(plain.starts_with("HTTP/1.1 426 ") && plain.ends_with("\r\n\r\nOK"), "{plain}");
    // What stands behind such a request may be no request.
    let elsewhere =
        format!("GET /topics HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n{next}");
    let elsewhere = leader.raw(elsewhere.as_bytes());
    assert!(elsewhere.starts_with("HTTP/1.1 200 ") && elsewhere.ends_with("{\"topics\":[]}"), "{elsewhere}");
    assert!(elsewhere.contains("Connection: close\r\n"), "{elsewhere}");
}

#[test]
fn the_end_of_the_daemon_ends_its_streams() {
    let mut leader = Agent::start(&[]);
    let mut agent = Stream::of_agent(leader.http, "one", 1, 1);
    agent.say(&announce("a", "t"));
    leader.signal("TERM");
    assert_eq!(agent.hear_close(), 1001);
    assert_eq!(leader.wait().code(), Some(0));
}
