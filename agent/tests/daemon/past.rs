//! `at=`: the registry as it was.

use std::{
    thread::sleep,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use lookupd_core::LogFile;

use crate::{agent::Agent, nsqd::Nsqd};

#[test]
fn what_an_nsqd_served_is_told_after_it_is_gone() {
    let agent = Agent::start(&[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.say("REGISTER t c");
    let served = moment();
    nsqd.say("UNREGISTER t");
    assert!(!agent.get("/lookup?topic=t").contains("\"a\""));
    let (status, then) = agent.ask("GET", &format!("/lookup?topic=t&at={served}"));
    assert_eq!(status, 200);
    assert!(then.contains("\"broadcast_address\":\"a\""), "{then}");
    assert_eq!(agent.get("/topics?at=-1h"), "{\"topics\":[]}");
    assert_eq!(agent.ask("GET", "/topics?at=x").0, 400);
}

#[test]
fn all_that_is_held_is_exported_also_by_an_agent_that_follows() {
    let leader = Agent::start(&[]);
    let follower = Agent::start(&["-upstream", &format!("http://{}", leader.http)]);
    let mut nsqd = Nsqd::identified(leader.tcp, "a");
    nsqd.say("REGISTER t c");
    nsqd.say("UNREGISTER t");
    for agent in [&leader, &follower] {
        let answer = agent.raw(b"GET /v1/log HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("Content-Type: application/x-ndjson"), "{head}");
        assert!(head.contains("Content-Disposition: attachment; filename=\"lookupd-edge-default-2"), "{head}");
        let file = LogFile::read(body).unwrap();
        let mut registry = file.start();
        let mut served: Vec<usize> = Vec::new();
        for batch in &file.batches {
            registry.apply(batch).unwrap();
            served.push(registry.registration_count());
        }
        // The follower itself came sometime, too.
        served.dedup();
        assert_eq!(served, [0, 2, 0], "identified, registered, unregistered");
    }
}

/// In milliseconds, between what happens before and after.
fn moment() -> u128 {
    sleep(Duration::from_millis(5));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    sleep(Duration::from_millis(5));
    now
}
