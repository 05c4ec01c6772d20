//! `/v1/stream`: followers are told of every change, agents speak for their nsqds, and whoever misbehaves is closed and
//! disturbs nobody.

use std::fs;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lookupd_core::link::{AgentEnd, Closing, MAX_MESSAGE_LENGTH, PING, ToFollower, ToLeader};
use lookupd_core::{Batch, ProducerInfo, Timestamp, TopicName, protocol};
use lookupd_tests::{Bindings, Edge, Event, Request, Stream, announcement, assert_becomes, resident_bytes};
use serde_json::json;

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::from_millis(u64::try_from(since.as_millis()).expect("milliseconds"))
}

fn follow(edge: &Edge) -> Stream {
    let mut stream = Stream::open(edge.address(), "/v1/stream", &[]).expect("a stream");
    stream.beacon();
    stream
}

/// What an agent opens its stream with.
fn opening(agent: &str, incarnation: u64, connection: u64) -> String {
    format!("/v1/stream?agent={agent}&incarnation={incarnation}&connection={connection}")
}

fn open_agent(edge: &Edge, agent: &str, incarnation: u64, connection: u64) -> Stream {
    let mut stream = Stream::open(edge.address(), &opening(agent, incarnation, connection), &[]).expect("a stream");
    stream.beacon();
    stream
}

fn info(host: &str) -> ProducerInfo {
    let port = 4151.try_into().expect("a port");
    ProducerInfo {
        remote_address: "1.2.3.4:5".into(),
        hostname: host.into(),
        broadcast_address: host.into(),
        tcp_port: 4150.try_into().expect("a port"),
        http_port: port,
        version: "1.3.0".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    }
}

/// An agent with one nsqd that serves `t` and has said all.
fn agent_with(host: &str) -> AgentEnd {
    let mut agent = AgentEnd::default();
    agent.identify(1, info(host), now());
    let topic = TopicName::parse("t").expect("a name");
    agent.request(1, &info(host).node(), &protocol::Request::Register { topic, channel: None }, now());
    agent.request(1, &info(host).node(), &protocol::Request::Ping, now());
    agent.opened();
    agent
}

fn visible(edge: &Edge, topic: &str) -> Vec<String> {
    let answer = edge.get(format!("/lookup?topic={topic}")).json();
    let producers = answer["producers"].as_array().into_iter().flatten();
    producers.map(|producer| producer["broadcast_address"].as_str().unwrap_or_default().to_owned()).collect()
}

fn register(edge: &Edge, host: &str, topics: &[(&str, &[&str])]) {
    let answer = edge.send(&Request::post("/register").body(announcement(host, topics).to_string()));
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Bytes ever written to the objects' databases.
fn written(edge: &Edge) -> u64 {
    let files = fs::read_dir(edge.storage().join("lookupd-edge-Leader")).into_iter().flatten();
    let sizes = files.filter_map(Result::ok).filter(|file| {
        let name = file.file_name().to_string_lossy().into_owned();
        name.ends_with("-wal") && !name.starts_with("metadata")
    });
    sizes.map(|file| file.metadata().expect("a file's size").len()).sum()
}

#[test]
fn every_change_is_pushed_to_every_follower() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let mut followers = [follow(&edge), follow(&edge)];
    for (revision, topic) in (1..).zip(["t", "u", "v"]) {
        assert_eq!(edge.post(format!("/topic/create?topic={topic}")).status, 200);
        for follower in &mut followers {
            let ToFollower::Batch { bytes, .. } = follower.message() else { panic!("no batch") };
            assert_eq!(Batch::decode(&bytes).expect("a batch").revision, revision);
        }
    }
    // A large one is only told of.
    let topics: Vec<String> = (0..2_000).map(|number| format!("{number:060}")).collect();
    let topics: Vec<(&str, &[&str])> = topics.iter().map(|topic| (&**topic, &[][..])).collect();
    register(&edge, "a.example", &topics);
    for follower in &mut followers {
        assert_eq!(follower.message(), ToFollower::Doorbell { revision: 4 });
    }
    // What the object has forgotten meanwhile doesn't matter.
    edge.evict();
}

#[test]
fn an_nsqd_may_serve_all_topics_that_the_edge_holds() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let mut agent = agent_with("a.example");
    for number in 1..20_000 {
        let topic = TopicName::parse(&format!("{number:030}")).expect("a name");
        let request = protocol::Request::Register { topic, channel: None };
        agent.request(1, &info("a.example").node(), &request, now());
    }
    agent.opened();
    let said = open_agent(&edge, "one", 17, 1).settle(&mut agent, now());
    assert!(said.iter().all(|message| !matches!(message, ToFollower::Refused(_))), "{said:?}");
    assert_eq!(visible(&edge, &format!("{:030}", 19_999)), ["a.example"]);
}

#[test]
fn an_agent_speaks_for_its_nsqds() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let mut follower = follow(&edge);
    let mut agent = agent_with("a.example");
    let mut stream = open_agent(&edge, "one", 17, 1);
    stream.settle(&mut agent, now());
    assert_eq!(visible(&edge, "t"), ["a.example"]);
    assert!(matches!(follower.message(), ToFollower::Batch { .. }));
    let explained = edge.get("/v1/explain?topic=t").json();
    assert_eq!(explained["producers"][0]["via"], json!("agent:one"));
    // The nsqd goes.
    agent.end(1, &info("a.example").node());
    stream.settle(&mut agent, now());
    // An isolate may answer from what it was told a second ago.
    assert_becomes(|| visible(&edge, "t"), [""; 0]);
}

#[test]
fn a_later_stream_of_an_agent_replaces_the_earlier() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let mut bystander = open_agent(&edge, "other", 1, 1);
    let mut first = open_agent(&edge, "one", 17, 1);
    let mut second = open_agent(&edge, "one", 17, 2);
    assert_eq!(first.rest().1, Event::Closed(Closing::Replaced.code()));
    // One that was on its way for long.
    let mut late = Stream::open(edge.address(), &opening("one", 17, 1), &[]).expect("a stream");
    assert_eq!(late.rest().1, Event::Closed(Closing::Replaced.code()));
    let mut reborn = open_agent(&edge, "one", 18, 1);
    assert_eq!(second.rest().1, Event::Closed(Closing::Replaced.code()));
    let mut dead = Stream::open(edge.address(), &opening("one", 17, 9), &[]).expect("a stream");
    assert_eq!(dead.rest().1, Event::Closed(Closing::Superseded.code()));
    for alive in [&mut reborn, &mut bystander] {
        alive.settle(&mut agent_with("a.example"), now());
        alive.ping();
    }
}

#[test]
fn whoever_misbehaves_is_closed_and_disturbs_nobody() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let mut witness = agent_with("a.example");
    let mut stream = open_agent(&edge, "witness", 1, 1);
    stream.settle(&mut witness, now());
    let mut follower = follow(&edge);
    let leave = |sequence| ToLeader::Leave { node: info("a.example").node() }.encode(sequence);
    let unknown_format = {
        let mut bytes = leave(1);
        bytes[0] = 0x7f;
        bytes
    };
    let cases: [(&str, Vec<u8>, Closing); 8] = [
        ("garbage", b"\x02garbage that is no message".to_vec(), Closing::Malformed),
        ("nothing", Vec::new(), Closing::Malformed),
        ("a cut message", leave(1)[..5].to_vec(), Closing::Malformed),
        ("too much", vec![2; MAX_MESSAGE_LENGTH + 1], Closing::Malformed),
        ("as much as the runtime takes", vec![2; 31 << 20], Closing::Malformed),
        ("an unknown format", unknown_format, Closing::UnknownFormat),
        ("a number twice", leave(0), Closing::OutOfSequence),
        ("a number left out", leave(2), Closing::OutOfSequence),
    ];
    for (number, (what, bytes, closing)) in (1..).zip(cases) {
        let mut bad = open_agent(&edge, "bad", 1, number);
        bad.bytes(bytes);
        assert_eq!(bad.rest().1, Event::Closed(closing.code()), "{what}");
    }
    let mut bad = open_agent(&edge, "bad", 1, 99);
    bad.text("hello");
    assert_eq!(bad.rest().1, Event::Closed(Closing::Malformed.code()));
    let mut bad = follow(&edge);
    bad.bytes(leave(1));
    assert_eq!(bad.rest().1, Event::Closed(Closing::Forbidden.code()), "a follower that speaks");
    // Another's node is another claim.
    let mut bad = open_agent(&edge, "bad", 1, 100);
    bad.bytes(leave(1));
    assert_eq!(bad.message(), ToFollower::Acknowledged { through: 1 });
    assert_eq!(visible(&edge, "t"), ["a.example"]);
    edge.post("/topic/create?topic=last");
    loop {
        let ToFollower::Batch { bytes, .. } = follower.message() else { continue };
        if format!("{:?}", Batch::decode(&bytes)).contains("last") {
            break;
        }
    }
    stream.ping();
}

#[test]
fn a_stream_takes_the_right_to_read_and_an_agents_the_right_to_register() {
    let bindings = Bindings::none().with("READ_TOKEN", "r/ä").with("REGISTER_TOKEN", "g").with("ADMIN_TOKEN", "a");
    let Some(edge) = Edge::start(&bindings.with("CORS_ORIGINS", "https://known.example")) else { return };
    let open = |target: &str, headers: &[(&'static str, &str)]| Stream::open(edge.address(), target, headers).map(drop);
    let (follower, agent) = ("/v1/stream", opening("one", 1, 1));
    let bearer = |token: &str| format!("Bearer {token}");
    for (target, token, expected) in [
        (follower, None, Err(401)),
        (follower, Some("x"), Err(401)),
        (follower, Some("g"), Ok(())),
        (&*agent, None, Err(401)),
        (&*agent, Some("g"), Ok(())),
        (&*agent, Some("a"), Ok(())),
    ] {
        let authorization = token.map(bearer);
        let headers: Vec<_> = authorization.iter().map(|value| ("Authorization", &**value)).collect();
        assert_eq!(open(target, &headers), expected, "{target} {token:?}");
    }
    // A browser has no other way to send one.
    let protocols = "lookupd, bearer.r%2F%C3%A4";
    let stream = Stream::open(edge.address(), follower, &[("Sec-WebSocket-Protocol", protocols)]).expect("a stream");
    assert_eq!(stream.protocol.as_deref(), Some("lookupd"));
    assert_eq!(open(&agent, &[("Sec-WebSocket-Protocol", protocols)]), Err(403));
    for (origin, expected) in
        [("https://known.example", Ok(())), ("https://evil.example", Err(403)), ("null", Err(403))]
    {
        let headers = [("Sec-WebSocket-Protocol", protocols), ("Origin", origin)];
        assert_eq!(open(follower, &headers), expected, "{origin}");
    }
}

#[test]
fn what_is_no_stream_is_told_so() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    let answer = edge.get("/v1/stream");
    assert_eq!((answer.status, answer.message().as_str()), (426, "UPGRADE_REQUIRED"), "{answer:?}");
    for (query, status) in [("?since=7", 400), ("?agent=a%20b", 400), ("?agent=a", 400)] {
        assert_eq!(Stream::open(edge.address(), &format!("/v1/stream{query}"), &[]).map(drop), Err(status), "{query}");
    }
}

#[test]
fn heartbeats_cost_no_row_and_wake_nobody() {
    let Some(edge) = Edge::start(&Bindings::open().observed()) else { return };
    let mut agent = agent_with("a.example");
    let mut stream = open_agent(&edge, "one", 1, 1);
    stream.settle(&mut agent, now());
    let (rows, woken) = (written(&edge), woken(&edge));
    assert!(woken[4] > 0, "what the agent said was written");
    for _ in 0..50 {
        stream.ping();
    }
    assert_eq!((written(&edge), self::woken(&edge)), (rows, woken));
    // Nor after the object's memory is gone, which it is some 10 s after the last event.
    thread::sleep(Duration::from_secs(12));
    for _ in 0..50 {
        stream.ping();
    }
    // Whoever forgets the object closes its database, and that folds in what was written.
    assert_eq!((written(&edge), self::woken(&edge)), (0, woken));
    // It comes back where it was: with the number of the agent's last message.
    agent.end(1, &info("a.example").node());
    stream.settle(&mut agent, now());
    assert_eq!(edge.observed("constructed"), 2, "the object did hibernate");
}

/// What ran in the object, and how many rows that wrote.
fn woken(edge: &Edge) -> [u64; 5] {
    ["constructed", "fetch", "alarm", "message", "rows"].map(|count| edge.observed(count))
}

#[test]
fn an_agent_that_is_heard_stays_and_one_that_is_not_falls_silent() {
    let Some(edge) = Edge::start(&Bindings::open().with("INACTIVE_PRODUCER_TIMEOUT", "6s")) else { return };
    let mut streams: Vec<_> = [("alive", "a.example"), ("dead", "b.example")]
        .map(|(agent, host)| {
            let mut stream = open_agent(&edge, agent, 1, 1);
            stream.settle(&mut agent_with(host), now());
            stream
        })
        .into();
    assert_eq!(visible(&edge, "t"), ["a.example", "b.example"]);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(14) {
        streams[0].text(PING);
        thread::sleep(Duration::from_millis(300));
        assert!(visible(&edge, "t").contains(&"a.example".to_owned()), "after {:?}", start.elapsed());
    }
    assert_eq!(visible(&edge, "t"), ["a.example"]);
    let (said, end) = streams[1].rest();
    assert!(said.iter().any(|message| matches!(message, ToFollower::Beacon { .. })), "each sweep sends a beacon");
    assert_eq!(end, Event::Closed(Closing::TooSlow.code()));
}

#[test]
fn an_agent_whose_stream_ends_was_heard_until_its_last_heartbeat() {
    let Some(edge) = Edge::start(&Bindings::open().with("INACTIVE_PRODUCER_TIMEOUT", "15s")) else { return };
    let mut stream = open_agent(&edge, "one", 1, 1);
    stream.settle(&mut agent_with("a.example"), now());
    // Said by the runtime alone, between the last message and the end.
    let said = now();
    while now() == said {
        thread::yield_now();
    }
    let heard = now();
    stream.ping();
    drop(stream);
    let silent_since = || edge.get("/v1/explain?topic=t").json()["producers"][0]["silent_since_at"].as_u64();
    assert_becomes(|| silent_since().is_some(), true);
    assert!(silent_since() >= Some(heard.as_millis()), "{:?} is before {heard:?}", silent_since());
}

#[test]
fn whoever_never_reads_costs_no_more_than_a_bounded_backlog() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    register(&edge, "a.example", &[("warm", &[])]);
    let mut lazy: Vec<Stream> = (0..30).map(|_| follow(&edge)).collect();
    let mut eager = follow(&edge);
    let topics = |round: u32| -> Vec<String> { (0..900).map(|number| format!("{}-{number:055}", round % 2)).collect() };
    let push = |round: u32| {
        let topics = topics(round);
        let topics: Vec<(&str, &[&str])> = topics.iter().map(|topic| (&**topic, &[][..])).collect();
        register(&edge, "a.example", &topics);
    };
    push(0);
    push(1);
    let before = resident_bytes(edge.pid());
    for round in 2..102 {
        push(round);
        eager.ping();
    }
    let grown = resident_bytes(edge.pid()).saturating_sub(before);
    // 100 pushes of some 55 KB to 30 streams are 165 MB.
    assert!(grown < 100 << 20, "{} MiB more", grown >> 20);
    for stream in &mut lazy {
        let mut length = 0;
        loop {
            match stream.message() {
                ToFollower::Batch { bytes, .. } => length += bytes.len(),
                ToFollower::Resync => break,
                other => panic!("{other:?}"),
            }
        }
        assert!(length <= 1 << 20, "{length}");
        // Once it is heard it is told again.
        stream.ping();
    }
    push(0);
    for stream in &mut lazy {
        assert!(matches!(stream.message(), ToFollower::Batch { .. }));
    }
}

#[test]
fn heartbeats_of_whoever_never_reads_bound_its_backlog_too() {
    let Some(edge) = Edge::start(&Bindings::open()) else { return };
    register(&edge, "a.example", &[("warm", &[])]);
    let mut lazy = follow(&edge);
    for round in 0..300 {
        let topics: Vec<String> = (0..900).map(|number| format!("{}-{number:055}", round % 2)).collect();
        let topics: Vec<(&str, &[&str])> = topics.iter().map(|topic| (&**topic, &[][..])).collect();
        register(&edge, "a.example", &topics);
        lazy.text(PING);
    }
    // The runtime hears no heartbeat while the answer to the one before can't be sent.
    let mut length = 0;
    loop {
        match lazy.event() {
            Event::Said(ToFollower::Batch { bytes, .. }) => length += bytes.len(),
            Event::Text(_) => {}
            end => break assert_eq!(end, Event::Said(ToFollower::Resync)),
        }
    }
    // 300 pushes of some 55 KB are 16 MB. The system's buffers take some.
    assert!(length < 12 << 20, "{length} bytes waited");
}

#[test]
fn after_a_redeployment_everyone_is_back_with_nothing_lost() {
    let Some(mut edge) = Edge::start(&Bindings::open()) else { return };
    let mut agent = agent_with("a.example");
    let mut stream = open_agent(&edge, "one", 1, 1);
    stream.settle(&mut agent, now());
    edge.redeploy(&Bindings::open());
    assert_eq!(stream.rest().1, Event::Broken);
    agent.closed();
    assert_eq!(visible(&edge, "t"), ["a.example"]);
    agent.opened();
    let revision = edge.get("/topics").header("X-Lookupd-Revision").map(str::to_owned);
    let mut stream = open_agent(&edge, "one", 1, 2);
    stream.settle(&mut agent, now());
    let after = edge.get("/topics").header("X-Lookupd-Revision").map(str::to_owned);
    assert_eq!(after, revision, "a return within a sweep writes nothing");
}
