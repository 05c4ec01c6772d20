//! From the start to the end.

use std::process::Output;

use crate::{
    agent::{Agent, command},
    nsqd::Nsqd,
};

#[test]
fn a_signal_ends_it_with_everyone_connected_and_frees_its_ports() {
    for signal in ["TERM", "INT"] {
        let mut agent = Agent::start(&[]);
        let mut nsqd = Nsqd::identified(agent.tcp, "a");
        nsqd.say("REGISTER t c");
        let idle = crate::agent::open(agent.http);
        let silent = crate::agent::open(agent.tcp);
        agent.signal(signal);
        assert_eq!(agent.wait().code(), Some(0));
        assert_eq!(nsqd.hear(), None);
        let again = Agent::spawn(
            command().args([format!("-tcp-address={}", agent.tcp), format!("-http-address={}", agent.http)]),
        );
        assert_eq!(again.get("/ping"), "OK");
        drop((idle, silent));
    }
}

#[test]
fn a_port_in_use_is_one_line() {
    let agent = Agent::start(&[]);
    for (tcp, http) in [(agent.tcp.to_string(), "127.0.0.1:0".into()), ("127.0.0.1:0".into(), agent.http.to_string())] {
        let arguments = [format!("-tcp-address={tcp}"), format!("-http-address={http}"), "-log-level=error".into()];
        let Output { status, stderr, .. } = command().args(arguments).output().unwrap();
        let text = String::from_utf8(stderr).unwrap();
        assert_eq!((status.code(), text.lines().count()), (Some(1), 1), "{text}");
        assert!(text.contains("FATAL: listen (127.0.0.1:") && text.contains("in use"), "{text}");
    }
}

#[test]
fn names_and_both_kinds_of_addresses_are_listened_on() {
    for (address, reached) in
        [("localhost:0", "127.0.0.1"), ("0.0.0.0:0", "127.0.0.1"), (":0", "127.0.0.1"), ("[::1]:0", "::1")]
    {
        let agent =
            Agent::spawn(command().args([format!("-tcp-address={address}"), format!("-http-address={address}")]));
        assert_eq!(agent.http.ip().to_string(), reached);
        assert_eq!(agent.get("/ping"), "OK");
        let mut nsqd = Nsqd::identified(agent.tcp, "a");
        nsqd.say("REGISTER t");
        let expected = if reached == "::1" { "\"remote_address\":\"[::1]:" } else { "\"remote_address\":\"127.0.0.1:" };
        assert!(agent.get("/nodes").contains(expected));
    }
}

#[test]
fn it_says_who_may_do_what() {
    for (arguments, word) in
        [(&[][..], "open"), (&["-admin-token=t"], "everything takes a token"), (&["-anonymous=none"], "closed")]
    {
        let Output { stderr, .. } =
            command().args(["-tcp-address=127.0.0.1:0", "-http-address=256.0.0.1:0"]).args(arguments).output().unwrap();
        let text = String::from_utf8(stderr).unwrap();
        assert!(text.contains(word), "{text}");
    }
}
