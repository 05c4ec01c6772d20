//! Asks the real nsqlookupd every question of `recorded/http.txt` and writes its answers there.
//!
//! `. tools/env.sh && cargo run -p lookupd-tests --example record`
//!
//! To add a case, write its request into the file and run this. A run that changes nothing but the values that
//! change by nature (`remote_address`, `id`, times) shows that the daemon is still the one we follow.

use std::path::Path;
use std::{fs, process};

use lookupd_tests::{Answer, Lookupd, Step, Story, read_stories, write_stories};

fn main() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recorded/http.txt");
    let mut stories = read_stories(&fs::read_to_string(&path).expect("the file of stories"));
    for story in &mut stories {
        if !record(story) {
            process::exit(1);
        }
    }
    fs::write(&path, write_stories(&stories)).expect("the file of stories is written");
}

/// Plays a story to a daemon of its own; `false` when there is none.
fn record(story: &mut Story) -> bool {
    let Some(daemon) = Lookupd::nsqlookupd(&[]) else { return false };
    let mut producers = Vec::new();
    for step in &mut story.steps {
        match step {
            Step::Note(_) => {}
            Step::Announce(producer) => producers.push(daemon.announce(producer)),
            Step::Send { lines, answer } => {
                *answer = Some(Answer::of(daemon.client().send(&Step::request(lines))));
            }
        }
    }
    true
}
