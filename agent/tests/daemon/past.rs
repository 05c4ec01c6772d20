//! `at=`: the registry as it was.

use std::{
    thread::sleep,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

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

/// In milliseconds, between what happens before and after.
fn moment() -> u128 {
    sleep(Duration::from_millis(5));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    sleep(Duration::from_millis(5));
    now
}
