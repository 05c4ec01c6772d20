//! What is in the registry, and what is still there after a restart: 3, 8, 11 and 14.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lookupd_tests::{Directory, Lookupd, Request, Session, assert_becomes};

use super::{both, on_host, post};

#[test]
fn fault_3_a_star_deletes_every_topic() {
    let Some([theirs, ours]) = both() else { return };
    for (lookupd, left) in [(&theirs, &[][..]), (&ours, &["a", "b", "t"])] {
        for topic in ["a", "b"] {
            post(lookupd.client(), &format!("/topic/create?topic={topic}"));
        }
        let mut session = Session::identified(lookupd.tcp(), &on_host("a.example"));
        session.say("REGISTER t");
        let lookup = lookupd.client().get("/lookup?topic=*");
        assert_eq!(lookup.status, if left.is_empty() { 200 } else { 404 }, "{lookup:?}");
        post(lookupd.client(), "/topic/delete?topic=*");
        assert_eq!(lookupd.topics(), left);
    }
}

#[test]
fn fault_8_an_answer_may_come_from_two_states() {
    let Some([theirs, ours]) = both() else { return };
    assert_becomes(|| saw_part_of_a_topic(&theirs), true);
    assert!((0..20).all(|_| !saw_part_of_a_topic(&ours)));
}

/// Whether somebody saw a topic without some of its channels while it was being deleted as a whole.
fn saw_part_of_a_topic(lookupd: &Lookupd) -> bool {
    let mut session = Session::identified(lookupd.tcp(), &on_host("a.example"));
    let commands: String = (0..CHANNELS).map(|number| format!("REGISTER t c{number}\n")).collect();
    session.send(commands.as_bytes()).expect("they are sent");
    for _ in 0..CHANNELS {
        assert_eq!(session.hear().expect("an answer"), "OK");
    }
    let (client, is_deleted) = (lookupd.client(), AtomicBool::new(false));
    thread::scope(|scope| {
        let look = || {
            let mut saw_part = false;
            while !is_deleted.load(Ordering::Relaxed) {
                let answer = client.get("/lookup?topic=t");
                saw_part |= answer.status == 200
                    && answer.json()["channels"].as_array().is_some_and(|channels| channels.len() != CHANNELS);
            }
            saw_part
        };
        let readers = [scope.spawn(look), scope.spawn(look)];
        post(client, "/topic/delete?topic=t");
        is_deleted.store(true, Ordering::Relaxed);
        readers.into_iter().any(|reader| reader.join().expect("a reader's end"))
    })
}

const CHANNELS: usize = 500;

#[test]
fn fault_11_a_restart_forgets_everything() {
    let folder = Directory::new();
    let kept = ["-data-path", folder.path().to_str().expect("a path in UTF-8")];
    let (Some(theirs), Some(ours)) = (Lookupd::nsqlookupd(&[]), Lookupd::agent(&kept)) else { return };
    for (mut lookupd, forgets) in [(theirs, true), (ours, false)] {
        post(lookupd.client(), "/channel/create?topic=made&channel=c");
        let mut session = Session::identified(lookupd.tcp(), &on_host("a.example"));
        session.say("REGISTER t");
        session.say("REGISTER hidden");
        post(lookupd.client(), "/topic/tombstone?topic=hidden&node=a.example:4151");
        lookupd.restart();
        if forgets {
            assert_eq!(lookupd.topics(), [""; 0]);
        } else {
            assert_eq!(lookupd.topics(), ["hidden", "made", "t"]);
            assert_eq!(lookupd.channels("made"), ["c"]);
        }
        // Before its nsqd is back, and after that.
        for is_back in [false, true] {
            if is_back {
                session = Session::identified(lookupd.tcp(), &on_host("a.example"));
                session.say("REGISTER t");
                session.say("REGISTER hidden");
            }
            let visible = |expected: bool| if expected { &["a.example:4151"][..] } else { &[] };
            assert_eq!(lookupd.producers("t"), visible(is_back || !forgets));
            assert_eq!(lookupd.producers("hidden"), visible(is_back && forgets));
        }
    }
}

#[test]
fn fault_14_a_browser_finds_nothing() {
    let Some([theirs, ours]) = both() else { return };
    let browser = Request::get("/").header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    assert_eq!(theirs.client().send(&browser).status, 404);
    let answer = ours.client().send(&browser);
    assert_eq!((answer.status, answer.header("Location")), (302, Some("/ui/")));
    for lookupd in [&theirs, &ours] {
        let answer = lookupd.client().get("/");
        assert_eq!((answer.status, answer.message().as_str()), (404, "NOT_FOUND"));
    }
}
