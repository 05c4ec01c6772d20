//! What clients can't do to it, whatever they send or don't read.

use std::{
    io::{Read, Write},
    time::Instant,
};

use crate::{
    agent::{Agent, PATIENCE, open},
    nsqd::Nsqd,
};

#[test]
fn whoever_says_nothing_is_told_and_closed() {
    let agent = Agent::start(&[]);
    let mut silent = agent.connect();
    let mut slow = agent.connect();
    slow.send(b"  V1IDENTIFY\n\0\0\x01\0{");
    let mut known = Nsqd::identified(agent.tcp, "a");
    known.say("REGISTER t c");
    known.send(b"PI");
    for nsqd in [&mut silent, &mut slow, &mut known] {
        let heard = nsqd.hear().unwrap();
        assert!(heard.starts_with("E_TIMEOUT"), "{heard}");
        assert_eq!(nsqd.hear(), None);
    }
    agent.until_nobody_serves("t");
}

#[test]
fn endless_lines_are_cut_off() {
    let agent = Agent::start(&[]);
    let mut nsqd = agent.connect();
    nsqd.send(b"  V1");
    nsqd.send(&[b'x'; 8 << 10]);
    assert!(nsqd.hear().unwrap().starts_with("E_INVALID"));
    assert_eq!(nsqd.hear(), None);
}

#[test]
fn whoever_does_not_read_fills_no_memory() {
    let agent = Agent::start(&[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    nsqd.0.set_nonblocking(true).unwrap();
    // Until the agent reads no more: it waits for its own answers to be read.
    let pings = b"PING\n".repeat(10_000);
    let mut sent = 0;
    let began = Instant::now();
    let mut full_since = None;
    while full_since.is_none_or(|since: Instant| since.elapsed().as_millis() < 300) {
        assert!(began.elapsed() < PATIENCE && sent < 100 << 20, "{sent} bytes were taken");
        match nsqd.0.write(&pings) {
            Ok(length) => (sent, full_since) = (sent + length, None),
            Err(_) => full_since = full_since.or_else(|| Some(Instant::now())),
        }
    }
    assert_eq!(agent.get("/ping"), "OK");
}

#[test]
fn connections_beyond_the_bound_are_closed() {
    let agent = Agent::start(&["-max-connections=2"]);
    let mut first = Nsqd::identified(agent.tcp, "a");
    let second = Nsqd::identified(agent.tcp, "b");
    let mut third = open(agent.tcp);
    assert_eq!(third.read(&mut [0]).unwrap_or(0), 0);
    first.say("PING");
    drop(second);
    // Its place is free as soon as its end was noticed.
    agent.until(|agent| {
        let mut next = open(agent.tcp);
        let _ = next.write_all(b"  V1PING\n");
        next.read(&mut [0; 6]).is_ok_and(|length| length == 6)
    });
}
