//! nsqd's side: what it announces is found, as long as it is there.

use crate::{
    agent::Agent,
    nsqd::{Nsqd, identify},
};

#[test]
fn what_is_registered_is_found_until_it_is_unregistered() {
    let agent = Agent::start(&["-broadcast-address=lookup.local:9"]);
    let mut nsqd = agent.connect();
    nsqd.send(b"  V1");
    nsqd.send(&identify("a", 4150));
    let greeting = nsqd.hear().unwrap();
    assert!(greeting.starts_with("{\"broadcast_address\":\"lookup.local:9\",\"hostname\":"), "{greeting}");
    let ports =
        format!("\"http_port\":{},\"tcp_port\":{},\"version\":\"1.3.0\"}}", agent.http.port(), agent.tcp.port());
    assert!(greeting.ends_with(&ports), "{greeting}");

    nsqd.say("REGISTER t c");
    nsqd.say("REGISTER u c#ephemeral");
    nsqd.say("PING");
    assert_eq!(agent.producers("t"), ["a"]);
    assert!(
        agent
            .get("/lookup?topic=t")
            .starts_with("{\"channels\":[\"c\"],\"producers\":[{\"remote_address\":\"127.0.0.1:")
    );
    nsqd.say("UNREGISTER u c#ephemeral");
    assert_eq!(agent.get("/channels?topic=u"), "{\"channels\":[]}");
    nsqd.say("UNREGISTER t");
    assert_eq!(agent.producers("t"), [""; 0]);
    assert_eq!(agent.get("/channels?topic=t"), "{\"channels\":[\"c\"]}");
}

#[test]
fn many_commands_at_once_are_answered_in_order_up_to_the_first_fatal_one() {
    let agent = Agent::start(&[]);
    let mut nsqd = Nsqd::identified(agent.tcp, "a");
    let mut commands = String::new();
    for number in 0..500 {
        commands += &format!("REGISTER topic{number} c\n");
    }
    // Unread input behind a fatal error must not reset the connection before that is heard.
    commands += "nonsense\n";
    commands += &"REGISTER never c\n".repeat(500);
    nsqd.send(commands.as_bytes());
    for _ in 0..500 {
        assert_eq!(nsqd.hear().as_deref(), Some("OK"));
    }
    assert_eq!(nsqd.hear().as_deref(), Some("E_INVALID invalid command nonsense"));
    assert_eq!(nsqd.hear(), None);
    agent.until_nobody_serves("topic499");
    assert_eq!(agent.ask("GET", "/lookup?topic=never").0, 404);
}

#[test]
fn whoever_closes_even_half_is_gone_at_once() {
    let agent = Agent::start(&[]);
    let mut half = Nsqd::identified(agent.tcp, "half");
    half.say("REGISTER t c");
    half.half_close();
    assert_eq!(half.hear(), None);
    agent.until_nobody_serves("t");

    let mut whole = Nsqd::identified(agent.tcp, "whole");
    whole.say("REGISTER t c");
    assert_eq!(agent.producers("t"), ["whole"]);
    drop(whole);
    agent.until_nobody_serves("t");
    assert_eq!(agent.get("/topics"), "{\"topics\":[\"t\"]}");
}

#[test]
fn the_latest_connection_of_a_node_speaks_for_it() {
    let agent = Agent::start(&[]);
    let mut old = Nsqd::identified(agent.tcp, "a");
    old.say("REGISTER kept c");
    old.say("REGISTER forgotten c");
    let mut new = agent.connect();
    new.send(b"  V1");
    new.send(&identify("a", 5555));
    new.hear().unwrap();
    // It was there before, so it is found while it says anew what it serves.
    assert_eq!(agent.producers("kept"), ["a"]);
    assert!(agent.get("/nodes").contains("\"tcp_port\":5555"));
    // What the older one still says doesn't bring its own port back, nor does it count for it alone.
    old.say("PING");
    old.say("REGISTER late c");
    assert!(!agent.get("/nodes").contains("\"tcp_port\":4150"));
    new.say("REGISTER kept c");
    assert_eq!(agent.post("/topic/create?topic=other"), 200);
    new.say("PING");
    assert_eq!((agent.producers("kept"), agent.producers("late")), (vec!["a".into()], vec!["a".into()]));
    assert_eq!(agent.producers("forgotten"), [""; 0]);

    // Its end takes nothing away.
    old.half_close();
    assert_eq!(old.hear(), None);
    new.say("PING");
    assert_eq!(agent.producers("kept"), ["a"]);
    drop(new);
    agent.until_nobody_serves("kept");
}

#[test]
fn whoever_was_superseded_by_one_that_ended_has_to_come_back() {
    let agent = Agent::start(&[]);
    let mut old = Nsqd::identified(agent.tcp, "a");
    let mut new = Nsqd::identified(agent.tcp, "a");
    new.say("REGISTER t c");
    drop(new);
    agent.until_nobody_serves("t");
    old.send(b"PING\n");
    assert_eq!(old.hear(), None);
}

#[test]
fn what_was_deleted_since_a_node_came_back_stays_deleted() {
    let agent = Agent::start(&[]);
    let mut old = Nsqd::identified(agent.tcp, "a");
    old.say("REGISTER kept c");
    let mut new = Nsqd::identified(agent.tcp, "a");
    for line in ["REGISTER kept c", "REGISTER deleted c", "REGISTER kept d", "REGISTER kept e", "UNREGISTER kept e"] {
        new.say(line);
    }
    assert_eq!(agent.post("/topic/delete?topic=deleted"), 200);
    assert_eq!(agent.post("/channel/delete?topic=kept&channel=d"), 200);
    new.say("PING");
    assert_eq!(agent.get("/topics"), "{\"topics\":[\"kept\"]}");
    assert_eq!(
        agent.get("/registrations?category=channel&key=kept&subkey=d"),
        agent.get("/registrations?category=channel&key=kept&subkey=x")
    );
    assert_eq!(agent.producers("kept"), ["a"]);
}

#[test]
fn errors_are_heard_before_the_connection_ends() {
    let agent = Agent::start(&[]);
    for (sent, heard) in [
        (&b"  V2"[..], Some("E_BAD_PROTOCOL")),
        (b"  V1REGISTER t\n", Some("E_INVALID client must IDENTIFY")),
        (b"  V1IDENTIFY\n\xff\xff\xff\xff", Some("E_BAD_BODY IDENTIFY failed to read body size")),
        (b"  V1IDENTIFY\n\x7f\xff\xff\xff", Some("E_BAD_BODY IDENTIFY body too big 2147483647 > 65536")),
        (b"  V1IDENTIFY\n\0\0\0\x02{}", Some("E_BAD_BODY IDENTIFY missing fields")),
        (b"  V1PIN", None),
    ] {
        let mut nsqd = agent.connect();
        nsqd.send(sent);
        nsqd.half_close();
        let mut last = None;
        while let Some(frame) = nsqd.hear() {
            last = Some(frame);
        }
        assert_eq!(last.as_deref(), heard);
    }
    assert_eq!(agent.get("/nodes"), "{\"producers\":[]}");
}
