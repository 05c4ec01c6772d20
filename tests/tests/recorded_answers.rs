//! Whether the recorded answers are still the real daemon's: where they disagree, the real daemon is right.

use std::fmt::Write as _;

use lookupd_tests::{Answer, Lookupd, Step, comparable, read_stories, write_stories};

const RECORDED: &str = include_str!("../recorded/http.txt");

#[test]
fn the_file_is_as_the_recorder_writes_it() {
    assert_eq!(write_stories(&read_stories(RECORDED)), RECORDED);
}

#[test]
fn the_real_daemon_still_answers_so() {
    let mut wrong = String::new();
    for story in read_stories(RECORDED) {
        let Some(daemon) = Lookupd::nsqlookupd(&[]) else { return };
        let mut producers = Vec::new();
        for step in &story.steps {
            match step {
                Step::Note(_) => {}
                Step::Announce(producer) => producers.push(daemon.announce(producer)),
                Step::Send { lines, answer } => {
                    let now = Answer::of(daemon.client().send(&Step::request(lines)));
                    let recorded = answer.as_ref().expect("a recorded answer");
                    if normal(&now) != normal(recorded) {
                        let _ = writeln!(wrong, "{}: {}\n{now:?}\n{recorded:?}", story.name, lines.join(" | "));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// An answer without what differs from run to run: the order of arrays, addresses and times, and so the length.
fn normal(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "Content-Length" || answer.body.is_empty());
    (answer.status, headers, comparable(&String::from_utf8_lossy(&answer.body), false))
}
