//! What an agent does while its leader is away, or says nothing that can be read.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use lookupd_core::{CatchUp, Registry};

use super::{SHORT, following, url, within_a_second};
use crate::{
    agent::{Agent, Folder, command},
    front::{Front, Way},
    nsqd::Nsqd,
};

#[test]
fn a_page_that_is_opened_while_the_leader_is_away_is_given_what_is_known() {
    let leader = Agent::start(&[]);
    let agent = following(&url(&leader), &[]);
    assert_eq!(leader.post("/topic/create?topic=t"), 200);
    agent.until(|agent| agent.get("/topics") == "{\"topics\":[\"t\"]}");
    drop(leader);
    let asked = |target: &str| {
        let answer =
            agent.raw_bytes(format!("GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").as_bytes());
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("X-Lookupd-Stale: true"), "{head}");
        assert!(head.contains("X-Lookupd-Right: read\r\n"), "nobody can change anything meanwhile: {head}");
        CatchUp::decode(&answer[end..]).unwrap()
    };
    let whole = asked("/v1/snapshot");
    let (registry, cursor) = Registry::from_snapshot(&whole.snapshot).unwrap();
    assert!(registry.topic("t").is_some());
    assert_eq!((whole.anew, whole.cursor, whole.fresh_for), (true, cursor, Duration::ZERO));
    let nothing = asked(&format!("/v1/changes?since={cursor}"));
    assert_eq!((nothing.anew, nothing.cursor, nothing.batches.len()), (false, cursor, 0));
    assert!(asked("/v1/changes?since=7-00000000000000ff").anew, "another history");
    let another = following(&url(&agent), &[]);
    another.until_it_says("it follows a leader itself, and can't reach that");
    assert_eq!(another.ask("GET", "/topics").0, 503, "a copy's copy would pass for current");
}

#[test]
fn everything_goes_on_while_the_leader_is_away() {
    let folder = Folder::new("leader-away");
    let leader = Agent::start(&[SHORT, "--data-path", folder.path().to_str().unwrap()]);
    let front = Front::new(Way::To(leader.http));
    let agent = following(&front.url(), &[]);
    let mut first = Nsqd::identified(agent.tcp, "a");
    first.say("REGISTER t c");
    leader.until(|leader| leader.producers("t") == ["a"]);
    agent.until(|agent| !agent.is_stale("/lookup?topic=t"));
    front.lead(Way::Closed);
    leader.kill();
    agent.until(|agent| agent.is_stale("/lookup?topic=t"));
    let mut second = within_a_second(|| {
        first.say("PING");
        let mut second = Nsqd::identified(agent.tcp, "b");
        second.say("REGISTER t");
        second.say("REGISTER u");
        second
    });
    assert_eq!((agent.producers("t"), agent.producers("u")), (vec!["a".into(), "b".into()], vec!["b".into()]));
    let (status, body) = agent.ask("POST", "/topic/create?topic=v");
    assert!(status == 502 && body.contains("\"UPSTREAM_UNREACHABLE\""), "{status} {body}");
    assert!(agent.is_stale("/v1/explain?topic=t"));
    // It comes back as another process, which knows what the disk kept.
    let leader = Agent::start(&[SHORT, "--data-path", folder.path().to_str().unwrap()]);
    front.lead(Way::To(leader.http));
    leader.until(|leader| leader.producers("u") == ["b"]);
    assert_eq!(leader.producers("t"), ["a", "b"]);
    agent.until(|agent| !agent.is_stale("/lookup?topic=t"));
    second.say("PING");
}

#[test]
fn without_a_state_nothing_is_said_to_be_missing() {
    let front = Front::new(Way::Closed);
    let agent = following(&front.url(), &[]);
    for target in
        ["/lookup?topic=t", "/topics", "/nodes", "/channels?topic=t", "/debug", "/registrations?category=topic"]
    {
        let (status, body) = agent.ask("GET", target);
        assert!(status == 503 && body.contains("\"NOT_READY\""), "{target}: {status} {body}");
    }
    assert_eq!(agent.get("/ping"), "OK");
    // But those who are here are found.
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    let (head, body) = agent.get_whole("/lookup?topic=t");
    assert!(head.contains("X-Lookupd-Stale: true") && body.contains("\"broadcast_address\":\"a\""), "{head} {body}");
    assert!(!head.contains("X-Lookupd-Revision") && !head.contains("X-Lookupd-Age"), "{head}");
    assert_eq!(agent.ask("GET", "/lookup?topic=u").0, 503);
    assert_eq!(agent.ask("GET", "/channels?topic=t").0, 503);
}

#[test]
fn it_begins_from_what_it_saved() {
    let (leader, folder) = (Agent::start(&[SHORT]), Folder::new("saved"));
    let data_path = ["--data-path", folder.path().to_str().unwrap()];
    let front = Front::new(Way::To(leader.http));
    let agent = following(&front.url(), &data_path);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER u");
    leader.until(|leader| leader.producers("u") == ["a"]);
    // Through it, so that its replica has what came before.
    assert_eq!(agent.post("/topic/create?topic=t"), 200);
    let via = |agent: &Agent| {
        let answer = agent.get("/v1/explain?topic=u");
        answer.split("\"via\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let id = via(&leader);
    agent.until(|agent| agent.get("/topics").contains("\"t\""));
    agent.stop();
    // With its leader away, in its next life.
    front.lead(Way::Closed);
    let agent = following(&front.url(), &data_path);
    assert!(agent.is_stale("/lookup?topic=t") && agent.is_stale("/topics"));
    assert_eq!(agent.producers("u"), ["a"]);
    // What comes back is the same agent's.
    let mut nsqd = Nsqd::identified(agent.tcp, "b");
    nsqd.say("REGISTER u");
    front.lead(Way::To(leader.http));
    leader.until(|leader| leader.producers("u").contains(&"b".into()));
    assert_eq!(via(&leader), id);
    agent.kill();
    // Damaged, it is left out.
    front.lead(Way::Closed);
    let saved = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let is_replica = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("replica-") && !name.contains('.')
    };
    let saved = saved.into_iter().find(is_replica).unwrap();
    let whole = fs::read(&saved).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [&whole[..whole.len() / 2], &flipped, b""] {
        fs::write(&saved, damaged).unwrap();
        let mut command = command();
        let begun = command.args(["-tcp-address=127.0.0.1:0", "-http-address=127.0.0.1:0", "-log-level=warn"]);
        let begun = begun.args(["-upstream", &front.url()]).args(data_path);
        let mut child = begun.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().unwrap()), &mut line).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(line.contains("WARN") && line.contains(saved.to_str().unwrap()), "{line}");
    }
    fs::write(&saved, whole).unwrap();
    assert!(following(&front.url(), &data_path).is_stale("/topics"));
}

#[test]
fn a_leader_that_only_accepts_keeps_nobody_waiting() {
    let leader = Agent::start(&[SHORT]);
    let front = Front::new(Way::Silent);
    let mut agent = following(&front.url(), &[]);
    let mut nsqd = within_a_second(|| Nsqd::identified(agent.tcp, "a"));
    within_a_second(|| nsqd.say("REGISTER t c"));
    for target in ["/lookup?topic=u", "/lookup?topic=t", "/topics"] {
        within_a_second(|| agent.get(target));
    }
    // Nor does one that fell silent after it was connected.
    front.lead(Way::To(leader.http));
    leader.until(|leader| leader.producers("t") == ["a"]);
    agent.until(|agent| !agent.is_stale("/topics"));
    front.lead(Way::Silent);
    within_a_second(|| nsqd.say("REGISTER v"));
    within_a_second(|| assert_eq!(agent.producers("v"), ["a"]));
    agent.signal("TERM");
    within_a_second(|| assert_eq!(agent.wait().code(), Some(0)));
}

#[test]
fn where_everything_is_lost_one_question_waits_for_all() {
    let leader = Agent::start(&[]);
    let front = Front::new(Way::To(leader.http));
    let agent = following(&front.url(), &[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t");
    agent.until_it_says("announced 1 nodes");
    agent.until(|agent| !agent.is_stale("/topics"));
    // Its stream looks as if it were there, for as long as nobody misses an answer on it.
    front.swallow();
    let began = Instant::now();
    for _ in 0..10 {
        within_a_second(|| agent.get("/lookup?topic=none"));
        within_a_second(|| nsqd.say("PING"));
    }
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    agent.until(|agent| agent.is_stale("/topics"));
    assert_eq!(agent.count("lookupd_upstream_connected{"), 1.0);
}

#[test]
fn a_stream_on_which_nothing_comes_back_is_given_up() {
    let leader = Agent::start(&[SHORT]);
    let front = Front::new(Way::To(leader.http));
    let agent = following(&front.url(), &[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t");
    leader.until(|leader| leader.producers("t") == ["a"]);
    front.swallow();
    nsqd.say("REGISTER u");
    agent.until_it_says("not connected: nothing was heard for 1.2s");
    assert_eq!(leader.ask("GET", "/lookup?topic=u").0, 404);
    front.lead(Way::To(leader.http));
    leader.until(|leader| leader.producers("u") == ["a"]);
}

#[test]
fn where_no_stream_gets_through_it_asks() {
    let leader = Agent::start(&[]);
    let front = Front::new(Way::WithoutStreams(leader.http));
    let agent = following(&front.url(), &[]);
    assert_eq!(leader.post("/topic/create?topic=t"), 200);
    agent.until(|agent| agent.get("/topics").contains("\"t\"") && !agent.is_stale("/topics"));
    for number in 0..20 {
        assert_eq!(agent.post(&format!("/topic/create?topic=n{number}")), 200);
        let (head, topics) = agent.get_whole("/topics");
        assert!(topics.contains(&format!("\"n{number}\"")) && !head.contains("Stale"), "{head} {topics}");
    }
    assert_eq!(agent.count("lookupd_upstream_connected{"), 0.0);
}

#[test]
fn garbage_changes_nothing() {
    let leader = Agent::start(&[SHORT]);
    let front = Front::new(Way::To(leader.http));
    let agent = following(&front.url(), &[]);
    assert_eq!(agent.post("/topic/create?topic=t"), 200);
    let snapshot = leader.raw(b"GET /v1/snapshot HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(snapshot.contains("application/octet-stream"));
    let answer = |status: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    for garbage in [
        b"\0\xff\xfe nobody speaks so".to_vec(),
        answer("200 OK", b""),
        answer("200 OK", &[0xff; 1_000]),
        answer("200 OK", b"\x02\x01\x01"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\nx".to_vec(),
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"
            .to_vec(),
        answer("500 Internal Server Error", b"<html>"),
    ] {
        front.lead(Way::Says(garbage));
        agent.until(|agent| agent.is_stale("/lookup?topic=t"));
        assert_eq!(agent.get("/topics"), "{\"topics\":[\"t\"]}");
    }
    front.lead(Way::To(leader.http));
    agent.until(|agent| !agent.is_stale("/lookup?topic=t"));
    assert_eq!(agent.post("/topic/create?topic=u"), 200);
    assert_eq!(agent.get("/topics"), "{\"topics\":[\"t\",\"u\"]}");
}
