//! What becomes of producers that are hidden, go, and come back: 4, 5, 6, 7 and 13.

use std::thread;

use lookupd_tests::{Client, Session, assert_becomes};

use super::{both, on_host, post};

#[test]
fn fault_4_tombstones_are_a_race() {
    let Some(pair) = both() else { return };
    for (tcp, client) in pair.each_ref().map(|lookupd| (lookupd.tcp(), lookupd.client())) {
        thread::scope(|scope| {
            for worker in 0..4 {
                scope.spawn(move || {
                    let host = format!("n{worker}.example");
                    let mut session = Session::identified(tcp, &on_host(&host));
                    for _ in 0..50 {
                        session.say("REGISTER t");
                        assert!(finds(client, &host));
                        // Once that is answered the producer is hidden, whatever the others do meanwhile.
                        post(client, &format!("/topic/tombstone?topic=t&node={host}:4151"));
                        assert!(!finds(client, &host));
                        session.say("UNREGISTER t");
                    }
                });
            }
        });
    }
}

fn finds(client: Client, host: &str) -> bool {
    client.get("/lookup?topic=t").text().contains(&format!("\"broadcast_address\":\"{host}\""))
}

#[test]
fn fault_5_reconnecting_clears_a_tombstone() {
    let Some([theirs, ours]) = both() else { return };
    for (lookupd, after) in [(&theirs, &["a.example:4151"][..]), (&ours, &[])] {
        let mut session = Session::identified(lookupd.tcp(), &on_host("a.example"));
        session.say("REGISTER t");
        assert_eq!(lookupd.producers("t"), ["a.example:4151"]);
        post(lookupd.client(), "/topic/tombstone?topic=t&node=a.example:4151");
        assert_eq!(lookupd.producers("t"), [""; 0]);
        drop(session);
        assert_becomes(|| lookupd.nodes(), [""; 0]);
        let mut session = Session::identified(lookupd.tcp(), &on_host("a.example"));
        session.say("REGISTER t");
        assert_eq!(lookupd.producers("t"), after);
        // What the producer says itself counts in both.
        session.say("UNREGISTER t");
        session.say("REGISTER t");
        assert_eq!(lookupd.producers("t"), ["a.example:4151"]);
    }
}

#[test]
fn fault_6_a_node_with_an_ipv6_address_cannot_be_tombstoned_by_nsqadmin() {
    let Some([theirs, ours]) = both() else { return };
    for (lookupd, after) in [(&theirs, &["::1:4151"][..]), (&ours, &[])] {
        let mut session = Session::identified(lookupd.tcp(), &on_host("::1"));
        session.say("REGISTER t");
        session.say("REGISTER u");
        post(lookupd.client(), "/topic/tombstone?topic=t&node=[::1]:4151");
        assert_eq!(lookupd.producers("t"), after);
        // In their own form it can.
        post(lookupd.client(), "/topic/tombstone?topic=u&node=::1:4151");
        assert_eq!(lookupd.producers("u"), [""; 0]);
    }
}

#[test]
fn fault_7_ephemeral_names_are_left_behind() {
    let Some([theirs, ours]) = both() else { return };
    for (lookupd, are_left) in [(&theirs, true), (&ours, false)] {
        let left = |name: &'static str| if are_left { vec![name] } else { vec![] };
        let mut session = Session::identified(lookupd.tcp(), &on_host("a.example"));
        session.say("REGISTER q c#ephemeral");
        session.say("UNREGISTER q");
        assert_eq!(lookupd.channels("q"), left("c#ephemeral"));

        session.say("REGISTER e#ephemeral c");
        assert_eq!((lookupd.topics(), lookupd.channels("e#ephemeral")), (named(["e#ephemeral", "q"]), named(["c"])));
        session.say("UNREGISTER e#ephemeral");
        assert_eq!((lookupd.topics(), lookupd.channels("e#ephemeral")), (named(["q"]), named(left("c"))));

        session.say("REGISTER d#ephemeral");
        drop(session);
        assert_becomes(|| lookupd.nodes(), [""; 0]);
        assert_eq!(lookupd.topics().contains(&"d#ephemeral".to_owned()), are_left);
    }
}

fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(String::from).collect()
}

#[test]
fn fault_13_a_node_that_reconnects_is_there_twice() {
    let Some([theirs, ours]) = both() else { return };
    for (lookupd, listed) in [(&theirs, 2), (&ours, 1)] {
        let mut older = Session::identified(lookupd.tcp(), &on_host("a.example"));
        older.say("REGISTER t c");
        let mut newer = Session::identified(lookupd.tcp(), &on_host("a.example"));
        newer.say("REGISTER t c");
        assert_eq!((lookupd.producers("t").len(), lookupd.nodes().len()), (listed, listed));
        // The end of the older takes nothing from the newer.
        lookupd.log();
        drop(older);
        assert_becomes(|| lookupd.log().iter().any(|line| line.contains("exiting ioloop")), true);
        assert_becomes(|| lookupd.nodes(), ["a.example:4151"]);
        newer.say("PING");
        assert_eq!((lookupd.producers("t"), lookupd.channels("t")), (named(["a.example:4151"]), named(["c"])));
    }
}
