//! What an agent answers, and whose right counts, while its leaders are there.

use lookupd_core::link::{Closing, ToFollower};

use super::{SHORT, following, url};
use crate::{
    agent::{Agent, command},
    front::{Front, Way},
    nsqd::Nsqd,
    stream::Stream,
    waiting::{Asked, until_topics_are_waited_for},
};

#[test]
fn what_is_changed_through_it_is_seen_at_once() {
    let leader = Agent::start(&[]);
    let (agent, other) = (following(&url(&leader), &[]), following(&url(&leader), &[]));
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    other.until(|agent| agent.producers("t") == ["a"]);
    for topic in ["u", "v", "w%23ephemeral"] {
        assert_eq!(agent.post(&format!("/topic/create?topic={topic}")), 200);
        assert_eq!(agent.ask("GET", &format!("/lookup?topic={topic}")).0, 200);
    }
    // As NSQ does: whoever hides a producer and is answered can rely on nobody showing it.
    assert_eq!(agent.post("/topic/tombstone?topic=t&node=a:4151"), 200);
    assert_eq!((agent.producers("t").len(), other.producers("t").len()), (0, 0));
    assert_eq!(other.post("/topic/delete?topic=u"), 200);
    assert_eq!((agent.ask("GET", "/lookup?topic=u").0, leader.ask("GET", "/lookup?topic=u").0), (404, 404));
    assert!(!agent.is_stale("/topics"));
    let (head, _) = agent.get_whole("/topics");
    assert!(head.contains("X-Lookupd-Revision: ") && !head.contains("X-Lookupd-Revision: 0"), "{head}");
    // The leader's own words come back, and what is wrong doesn't get there.
    let body = r#"{"broadcast_address":"b","hostname":"h","tcp_port":1,"http_port":4151,"version":"1"}"#;
    let register = |body: &str| {
        let head = format!("POST /register?topic=x HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
        agent.raw(format!("{head}{body}").as_bytes())
    };
    let registered = register(body);
    assert!(registered.starts_with("HTTP/1.1 200 ") && registered.contains("\"lease_ms\":225000"), "{registered}");
    assert!(agent.get("/v1/explain?topic=x").contains("\"heard_at\":1"), "the leader alone knows when");
    assert!(register(&body[1..]).starts_with("HTTP/1.1 400 "));
    assert_eq!(
        agent.ask("POST", "/channel/delete?topic=t&channel=none"),
        (404, "{\"message\":\"CHANNEL_NOT_FOUND\"}".into())
    );
    assert!(agent.get("/v1/explain?topic=t").contains("\"verdict\":\"tombstoned\""));
}

#[test]
fn what_an_answer_must_show_is_waited_for() {
    let leader = Agent::start(&[]);
    let agent = following(&url(&leader), &[]);
    let ask = |revision: &str| {
        agent.raw(format!("GET /topics HTTP/1.1\r\nHost: h\r\nX-Lookupd-Min-Revision: {revision}\r\n\r\n").as_bytes())
    };
    for count in 1..10 {
        assert_eq!(leader.post(&format!("/topic/create?topic=t{count}")), 200);
        let answer = ask(&count.to_string());
        assert!(answer.contains(&format!("\"t{count}\"")) && !answer.contains("Stale"), "{answer}");
    }
    assert!(ask("1000").contains("X-Lookupd-Stale: true\r\n"));
    assert!(ask("x").starts_with("HTTP/1.1 400 "));
}

#[test]
fn a_lookup_waits_for_what_is_said_here_and_elsewhere() {
    // Nobody is to fall silent meanwhile: that would be news, too. But streams are opened within a twentieth of it.
    let leader = Agent::start(&["-inactive-producer-timeout=100s"]);
    let (agent, other) = (following(&url(&leader), &[]), following(&url(&leader), &[]));
    agent.until(|agent| agent.count("lookupd_upstream_settled{") == 1.0);
    let mut nsqds = Vec::new();
    for (at, address) in [(&agent, "a"), (&other, "b"), (&leader, "c")] {
        let waiting = Asked::send(&agent, "topic=t&wait=60s");
        until_topics_are_waited_for(&agent, 1);
        let mut nsqd = Nsqd::identified(at.tcp, address);
        nsqd.say("REGISTER t");
        nsqds.push(nsqd);
        let answer = waiting.answer().body;
        assert!(answer.contains(&format!("\"broadcast_address\":\"{address}\"")), "{answer}");
    }
    assert_eq!(agent.count("lookupd_sessions"), 1.0);
    assert_eq!(agent.count("lookupd_upstream_connected{"), 1.0);
    assert!(agent.count("lookupd_upstream_age_seconds{") < 20.0);
    leader.kill();
    agent.until(|agent| agent.count("lookupd_upstream_connected{") == 0.0);
    let stale = || agent.count("lookupd_upstream_stale_answers_total{");
    agent.until(|agent| agent.is_stale("/lookup?topic=t"));
    let before = stale();
    assert!(before > 0.0 && agent.is_stale("/lookup?topic=t"));
    assert_eq!(stale(), before + 1.0);
}

#[test]
fn its_own_token_is_lent_to_nobody() {
    let tokens = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = command();
        command.args(["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0"]).args(arguments);
        Agent::spawn(command.envs(variables.iter().copied()))
    };
    let leader =
        tokens(&[("ADMIN_TOKEN", "admin"), ("REGISTER_TOKEN", "registers"), ("READ_TOKEN", "reads")], &[SHORT]);
    let agent = tokens(&[("UPSTREAM_TOKEN", "registers")], &["-upstream", &url(&leader)]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t");
    agent.until_it_says("announced 1 nodes");
    let ask = |agent: &Agent, method: &str, target: &str, headers: &str| {
        let answer = agent.raw(format!("{method} {target} HTTP/1.1\r\nHost: h\r\n{headers}\r\n").as_bytes());
        answer.split(' ').nth(1).unwrap().parse::<u16>().unwrap()
    };
    for (method, target, headers, status) in [
        ("GET", "/lookup?topic=t", "", 200),
        // Whatever it is, it is the leader's to judge.
        ("GET", "/lookup?topic=t", "Authorization: Bearer reads\r\n", 200),
        ("POST", "/topic/create?topic=u", "", 401),
        ("POST", "/topic/create?topic=u", "Authorization: Bearer registers\r\n", 403),
        ("POST", "/topic/create?topic=u", "Authorization: Bearer nobodys\r\n", 401),
        ("POST", "/topic/create?topic=u", "Authorization: Bearer admin\r\n", 200),
        ("POST", "/topic/create?topic=u", "Authorization: Bearer admin\r\nOrigin: https://evil.example\r\n", 403),
        ("GET", "/v1/snapshot", "", 401),
        ("GET", "/v1/snapshot", "Authorization: Bearer reads\r\n", 200),
        ("GET", "/v1/explain?topic=t", "", 401),
        ("GET", "/v1/log", "", 401),
        ("GET", "/v1/log", "Authorization: Bearer reads\r\n", 200),
    ] {
        assert_eq!(ask(&agent, method, target, headers), status, "{method} {target} {headers}");
    }
    // One that has tokens judges them first.
    let closed = tokens(&[("READ_TOKEN", "reads"), ("UPSTREAM_TOKEN", "registers")], &["-upstream", &url(&leader)]);
    for (headers, status) in
        [("", 401), ("Authorization: Bearer admin\r\n", 401), ("Authorization: Bearer reads\r\n", 200)]
    {
        assert_eq!(ask(&closed, "GET", "/topics", headers), status, "{headers}");
    }
    // And one whose own token is wrong says so, and goes on serving its nsqds.
    let wrong = tokens(&[("UPSTREAM_TOKEN", "nobodys")], &["-upstream", &url(&leader)]);
    wrong.until_it_says("it answers 401: {\"message\":\"INVALID_TOKEN\"");
    let mut nsqd = Nsqd::identified(wrong.tcp, "b");
    nsqd.say("REGISTER t");
    assert_eq!(wrong.producers("t"), ["b"]);
    assert_eq!(agent.producers("t"), ["a"]);
}

#[test]
fn a_replica_is_told_what_its_caller_may_do() {
    let start = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = command();
        command.args(["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0"]).args(arguments);
        Agent::spawn(command.envs(variables.iter().copied()))
    };
    let tokens = [("ADMIN_TOKEN", "admin"), ("REGISTER_TOKEN", "registers"), ("READ_TOKEN", "reads")];
    let leader = start(&tokens, &["-anonymous=read"]);
    let (open, upstream) = (start(&[], &[]), url(&leader));
    let judged_there = start(&[("UPSTREAM_TOKEN", "registers")], &["-upstream", &upstream]);
    // What is permitted here with the same words is less than there.
    let judged_here = start(
        &[("REGISTER_TOKEN", "admin"), ("READ_TOKEN", "reads"), ("UPSTREAM_TOKEN", "registers")],
        &["-upstream", &upstream],
    );
    let told = |agent: &Agent, token: &str| {
        let authorization = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let request = format!("GET /v1/snapshot HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{authorization}\r\n");
        let answer = String::from_utf8_lossy(&agent.raw_bytes(request.as_bytes())).into_owned();
        let rights: Vec<_> = answer.lines().filter_map(|line| line.strip_prefix("X-Lookupd-Right: ")).collect();
        assert!(rights.len() <= 1, "{answer}");
        rights.first().map(|right| (*right).to_owned()).unwrap_or_default()
    };
    for (agent, token, right) in [
        (&open, "", "admin"),
        (&leader, "", "read"),
        (&leader, "registers", "register"),
        (&leader, "admin", "admin"),
        (&leader, "nobodys", ""),
        (&judged_there, "", "read"),
        (&judged_there, "admin", "admin"),
        (&judged_here, "admin", "register"),
        (&judged_here, "reads", "read"),
        (&judged_here, "", ""),
    ] {
        assert_eq!(told(agent, token), right, "{token:?}");
    }
}

#[test]
fn several_leaders_are_told_everything_and_answered_for_together() {
    let (one, other) = (Agent::start(&[SHORT]), Agent::start(&[SHORT]));
    let front = Front::new(Way::To(other.http));
    let agent = following(&url(&one), &["-upstream", &front.url()]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    let mut there = Nsqd::identified(other.tcp, "b");
    there.say("REGISTER t d");
    one.until(|leader| leader.producers("t") == ["a"]);
    other.until(|leader| leader.producers("t") == ["a", "b"]);
    agent.until(|agent| agent.producers("t") == ["a", "b"]);
    assert_eq!(agent.get("/channels?topic=t"), "{\"channels\":[\"c\",\"d\"]}");
    // What is changed is changed at all of them.
    assert_eq!(agent.post("/topic/create?topic=u"), 200);
    assert_eq!((one.ask("GET", "/lookup?topic=u").0, other.ask("GET", "/lookup?topic=u").0), (200, 200));
    assert_eq!(agent.post("/topic/tombstone?topic=t&node=b:4151"), 200);
    assert_eq!(agent.producers("t"), ["a"]);
    agent.until(|agent| !agent.is_stale("/topics"));
    // With one of them away, the other's part is told, and that it may not be all.
    front.lead(Way::Closed);
    agent.until(|agent| agent.is_stale("/topics"));
    assert_eq!(agent.get("/topics"), "{\"topics\":[\"t\",\"u\"]}");
    let (status, body) = agent.ask("POST", "/topic/create?topic=v");
    assert!(status == 502 && body.contains(&front.url()), "{status} {body}");
    assert_eq!(one.ask("GET", "/lookup?topic=v").0, 200);
    front.lead(Way::To(other.http));
    agent.until(|agent| !agent.is_stale("/topics"));
    drop(nsqd);
    one.until_nobody_serves("t");
    other.until(|leader| leader.get("/nodes").matches("\"broadcast_address\"").count() == 1);
}

#[test]
fn whoever_follows_it_follows_its_leader() {
    let leader = Agent::start(&[SHORT]);
    let middle = following(&url(&leader), &[]);
    let agent = following(&url(&middle), &[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    agent.until_it_says("announced 1 nodes");
    leader.until(|leader| leader.producers("t") == ["a"]);
    let mut stream = Stream::open(middle.http, "");
    assert!(matches!(stream.hear(), Ok(ToFollower::Beacon { .. })));
    nsqd.say("REGISTER u");
    stream.hear_until(|message| matches!(message, ToFollower::Batch { .. }).then_some(()));
    stream.send(tungstenite::Message::binary(vec![1]));
    assert_eq!(stream.hear_close(), Closing::Forbidden.code());
    assert_eq!(agent.post("/topic/create?topic=v"), 200);
    assert_eq!(agent.ask("GET", "/lookup?topic=v").0, 200);
    // An upgrade that the leader doesn't take is answered as it answers.
    assert_eq!(Stream::try_open(middle.http, "since=nowhere", None).err(), Some(400));
    let mut stream = Stream::open(middle.http, "");
    assert!(matches!(stream.hear(), Ok(ToFollower::Beacon { .. })));
    leader.kill();
    assert!(stream.is_cut(), "who follows doesn't learn that the leader is gone");
    assert_eq!(Stream::try_open(middle.http, "", None).err(), Some(502));
}
