//! An agent that follows a leader: what it announces, what it answers, and what becomes of that while the leader is away.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use lookupd_core::{
    CatchUp, Registry,
    link::{Closing, ToFollower},
};

use crate::{
    agent::{Agent, Folder, PATIENCE, command},
    front::{Front, Way},
    nsqd::Nsqd,
    stream::Stream,
    waiting::{Asked, until_topics_are_waited_for},
};

/// An agent is heard every 600 ms, and comes back within as long; an nsqd that says nothing is found for longer than a story
/// takes.
const SHORT: &str = "-inactive-producer-timeout=12s";

fn following(url: &str, arguments: &[&str]) -> Agent {
    // Until the leader says it, it goes by the same.
    Agent::start(&[&["-upstream", url, SHORT][..], arguments].concat())
}

fn url(leader: &Agent) -> String {
    format!("http://{}", leader.http)
}

impl Agent {
    /// The answer's head and body.
    fn get_whole(&self, target: &str) -> (String, String) {
        let answer = self.raw(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
        (head.to_owned(), body.to_owned())
    }

    fn is_stale(&self, target: &str) -> bool {
        let (head, _) = self.get_whole(target);
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("X-Nsq-Content-Type: "), "{head}");
        head.contains("X-Lookupd-Stale: true")
    }

    /// The one sample of a metric that begins so.
    fn count(&self, metric: &str) -> f64 {
        let metrics = self.get("/metrics");
        let samples: Vec<_> = metrics.lines().filter(|line| line.starts_with(metric)).collect();
        assert_eq!(samples.len(), 1, "{metric}: {metrics}");
        samples[0].rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Waits until it says this.
    fn until_it_says(&self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = self.log.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("it never says {words:?}"));
            if line.contains(words) {
                return;
            }
        }
    }
}

/// What nsqd gives it.
fn within_a_second<T>(act: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = act();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    done
}

#[test]
fn what_an_nsqd_says_here_is_found_everywhere() {
    let leader = Agent::start(&[SHORT]);
    let (here, elsewhere) = (following(&url(&leader), &[]), following(&url(&leader), &[]));
    let mut nsqd = Nsqd::identified(here.tcp, "a");
    nsqd.say("REGISTER t c");
    assert_eq!(here.producers("t"), ["a"]);
    for agent in [&leader, &elsewhere] {
        agent.until(|agent| agent.producers("t") == ["a"]);
        agent.until(|agent| agent.get("/channels?topic=t") == "{\"channels\":[\"c\"]}");
    }
    here.until_it_says("announced 1 nodes");
    assert!(leader.get("/v1/explain?topic=t").contains("\"via\":\"agent:"));
    nsqd.say("UNREGISTER t");
    nsqd.say("REGISTER u");
    assert_eq!(here.producers("t"), [""; 0]);
    for agent in [&leader, &elsewhere] {
        agent.until(|agent| agent.producers("u") == ["a"]);
        agent.until_nobody_serves("t");
    }
    drop(nsqd);
    for agent in [&here, &leader, &elsewhere] {
        agent.until_nobody_serves("u");
    }
}

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
    // Nobody is to fall silent meanwhile: that would be news, too.
    let leader = Agent::start(&[]);
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
fn a_leader_that_forgot_everything_is_told_everything() {
    let front = Front::new(Way::Closed);
    let agent = following(&front.url(), &[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    for _ in 0..3 {
        let leader = Agent::start(&[SHORT]);
        front.lead(Way::To(leader.http));
        leader.until(|leader| leader.producers("t") == ["a"]);
        assert_eq!(leader.get("/channels?topic=t"), "{\"channels\":[\"c\"]}");
        agent.until(|agent| !agent.is_stale("/lookup?topic=t"));
    }
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
fn it_is_heard_as_often_as_its_leader_asks_for() {
    // It learns of that only after it has come.
    let leader = Agent::start(&["-inactive-producer-timeout=1s"]);
    let agent = Agent::start(&["-upstream", &url(&leader)]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t");
    leader.until(|leader| leader.producers("t") == ["a"]);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        nsqd.say("PING");
        assert_eq!(leader.producers("t"), ["a"], "after {:?}", began.elapsed());
        thread::sleep(Duration::from_millis(50));
    }
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
fn a_later_process_of_the_same_agent_takes_its_place() {
    let (leader, folder, copied) = (Agent::start(&[SHORT]), Folder::new("earlier"), Folder::new("later"));
    let start = |folder: &Folder| following(&url(&leader), &["--data-path", folder.path().to_str().unwrap()]);
    let earlier = start(&folder);
    let mut nsqd = Nsqd::identified(earlier.tcp, "a");
    nsqd.say("REGISTER t");
    earlier.until_it_says("announced 1 nodes");
    fs::copy(folder.path().join("agent"), copied.path().join("agent")).unwrap();
    let later = start(&copied);
    let mut other = Nsqd::identified(later.tcp, "b");
    other.say("REGISTER t");
    earlier.until_it_says("ANNOUNCED NO LONGER");
    leader.until(|leader| leader.producers("t").contains(&"b".into()));
    // It goes on following.
    earlier.until(|agent| agent.producers("t").contains(&"b".into()));
    assert_eq!(leader.post("/topic/create?topic=u"), 200);
    earlier.until(|agent| agent.get("/topics").contains("\"u\""));
    within_a_second(|| nsqd.say("REGISTER v"));
    earlier.until(|agent| !agent.is_stale("/lookup?topic=v"));
    assert_eq!(leader.ask("GET", "/lookup?topic=v").0, 404);
    // By a stream that says nothing, and stays.
    earlier.until(|agent| agent.count("lookupd_upstream_connections_total{") >= 3.0);
    let waiting = Asked::send(&earlier, "topic=w&wait=60s");
    until_topics_are_waited_for(&earlier, 1);
    other.say("REGISTER w");
    assert_eq!(waiting.answer().status, 200);
    earlier.signal("TERM");
    assert!(!earlier.log.iter().any(|line| line.contains("ANNOUNCED NO LONGER")), "it is said once");
    // Two processes never share a folder.
    let (code, printed) =
        crate::command_line::fails(&["-upstream", &url(&leader), "--data-path", copied.path().to_str().unwrap()]);
    assert!(code == Some(1) && printed.contains("another process uses it"), "{printed}");
}

#[test]
fn what_was_deleted_comes_back_with_its_nsqd_and_not_with_the_network() {
    let leader = Agent::start(&[SHORT]);
    let front = Front::new(Way::To(leader.http));
    let agent = following(&front.url(), &[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    for topic in ["t", "u", "v"] {
        nsqd.say(&format!("REGISTER {topic}"));
    }
    leader.until(|leader| leader.producers("v") == ["a"]);
    agent.until(|agent| !agent.is_stale("/topics"));
    assert_eq!(leader.post("/topic/delete?topic=t"), 200);
    agent.until(|agent| agent.get("/topics") == "{\"topics\":[\"u\",\"v\"]}");
    front.lead(Way::Closed);
    assert_eq!(leader.post("/topic/delete?topic=u"), 200);
    nsqd.say("REGISTER w");
    front.lead(Way::To(leader.http));
    leader.until(|leader| leader.producers("w") == ["a"]);
    assert_eq!(leader.get("/topics"), "{\"topics\":[\"v\",\"w\"]}");
    agent.until(|agent| agent.get("/topics") == "{\"topics\":[\"v\",\"w\"]}");
    nsqd.say("REGISTER t");
    leader.until(|leader| leader.producers("t") == ["a"]);
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

#[test]
fn an_agent_that_ends_says_nothing_and_comes_back() {
    let (leader, folder) = (Agent::start(&["-inactive-producer-timeout=60s"]), Folder::new("comes-back"));
    let data_path = ["--data-path", folder.path().to_str().unwrap()];
    let agent = following(&url(&leader), &data_path);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    leader.until(|leader| leader.producers("t") == ["a"]);
    agent.stop();
    assert_eq!(leader.producers("t"), ["a"]);
    let agent = following(&url(&leader), &data_path);
    // Before its nsqd is back, it is found here, too.
    assert_eq!(agent.producers("t"), ["a"]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER u c");
    nsqd.say("PING");
    // What it served and doesn't any more is over.
    leader.until(|leader| leader.producers("u") == ["a"]);
    leader.until_nobody_serves("t");
    assert_eq!(leader.get("/nodes").matches("\"broadcast_address\"").count(), 1);
}
