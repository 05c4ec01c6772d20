//! `/lookup?wait=`: consumers learn at once, not at the next poll.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use crate::{
    agent::{Agent, open},
    nsqd::Nsqd,
};

#[test]
fn a_lookup_waits_for_the_first_change_of_its_topic() {
    let agent = Agent::start(&[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    let waiting = Asked::send(&agent, "topic=t&wait=60s");
    until_topics_are_waited_for(&agent, 1);
    nsqd.say("REGISTER other");
    nsqd.say("REGISTER t c");
    let answer = waiting.answer();
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("\"broadcast_address\":\"a\""), "{}", answer.body);
    until_topics_are_waited_for(&agent, 0);
}

#[test]
fn what_was_seen_is_told_by_the_cursor_of_its_answer() {
    let agent = Agent::start(&[]);
    let unknown = ask(&agent, "topic=t&wait=0s");
    assert_eq!((unknown.status, &*unknown.body), (404, "{\"message\":\"TOPIC_NOT_FOUND\"}"));
    assert_eq!(agent.post("/topic/create?topic=t"), 200);
    let created = ask(&agent, &format!("topic=t&wait=60s&since={}", unknown.cursor));
    assert_eq!((created.status, &*created.body), (200, "{\"channels\":[],\"producers\":[]}"), "at once");
    assert_eq!((&*created.revision, created.cursor.split_once('-').unwrap().0), ("1", "1"));
    assert_eq!(agent.post("/topic/create?topic=other"), 200);
    let same = ask(&agent, &format!("topic=t&wait=300ms&since={}", created.cursor));
    assert!(same.took >= Duration::from_millis(300), "{:?}", same.took);
    assert_eq!((&same.body, same.status, &*same.revision), (&created.body, 200, "2"), "as it is when the wait is over");
    let gone = ask(&agent, "topic=unknown&wait=100ms");
    assert_eq!(gone.status, 404);
    assert!(gone.took >= Duration::from_millis(100), "{:?}", gone.took);
    // What is no plain question alone is marked.
    let plain = agent.raw(b"GET /lookup?topic=t&since=x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(plain.starts_with("HTTP/1.1 200 ") && !plain.contains("X-Lookupd-"), "{plain}");
}

#[test]
fn time_alone_is_news_too() {
    let agent = Agent::start(&["--tombstone-lifetime=400ms", "--inactive-producer-timeout=1s"]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t");
    assert_eq!(agent.post("/topic/tombstone?topic=t&node=a:4151"), 200);
    let hidden = ask(&agent, "topic=t&wait=0");
    assert!(hidden.body.ends_with("\"producers\":[]}"), "{}", hidden.body);
    let shown = ask(&agent, &format!("topic=t&wait=60s&since={}", hidden.cursor));
    assert!(shown.body.contains("\"a\""), "the tombstone has ended: {}", shown.body);
    let expired = ask(&agent, &format!("topic=t&wait=60s&since={}", shown.cursor));
    assert_eq!(expired.cursor.split_once('-').unwrap().1, hidden.cursor.split_once('-').unwrap().1, "nobody is heard");
    assert!(hidden.took + shown.took + expired.took < Duration::from_secs(10), "and nothing else ended it");
}

#[test]
fn a_daemon_that_stops_lets_nobody_wait() {
    let mut agent = Agent::start(&[]);
    assert_eq!(agent.post("/topic/create?topic=t"), 200);
    let waiting = Asked::send(&agent, "topic=t&wait=60s");
    until_topics_are_waited_for(&agent, 1);
    agent.signal("TERM");
    let answer = waiting.answer();
    assert_eq!((answer.status, &*answer.body), (200, "{\"channels\":[],\"producers\":[]}"));
    assert_eq!(agent.wait().code(), Some(0));
}

/// A question that isn't answered yet. Nobody waits for the answer longer than [`PATIENCE`](crate::agent::PATIENCE), which is
/// shorter than 60 s.
pub(crate) struct Asked {
    stream: TcpStream,
    at: Instant,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    cursor: String,
    revision: String,
    pub(crate) body: String,
    took: Duration,
}

fn ask(agent: &Agent, query: &str) -> Answer {
    Asked::send(agent, query).answer()
}

impl Asked {
    pub(crate) fn send(agent: &Agent, query: &str) -> Self {
        let (mut stream, at) = (open(agent.http), Instant::now());
        stream.write_all(format!("GET /lookup?{query} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).unwrap();
        // An answer is waited for all the same.
        stream.shutdown(Shutdown::Write).unwrap();
        Self { stream, at }
    }

    pub(crate) fn answer(mut self) -> Answer {
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name)).expect(head);
            line.trim_start_matches(": ").to_owned()
        };
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            cursor: header("X-Lookupd-Cursor"),
            revision: header("X-Lookupd-Revision"),
            body: body.to_owned(),
            took: self.at.elapsed(),
        }
    }
}

pub(crate) fn until_topics_are_waited_for(agent: &Agent, count: usize) {
    agent.until(|agent| agent.get("/metrics").contains(&format!("\nlookupd_waited_topics {count}\n")));
}
