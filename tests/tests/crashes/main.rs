//! `kill -9` under load with `--data-path`: whatever was acknowledged is there after the restart, what was acknowledged to
//! be gone stays gone, and nothing is there that nobody asked for.
//!
//! Writers send commands over TCP and over HTTP, each within names of its own, and note what is acknowledged. Commands that
//! were sent and not answered when the agent was killed may have been carried out or not. `make soak-crash` lives through
//! 50 kills, or as many as `LIVES` says; the seed draws the commands and the moments of the kills, not how threads interleave.

mod facts;
mod writer;

use std::collections::BTreeSet;
use std::env;
use std::thread;
use std::time::{Duration, Instant};

use lookupd_tests::{Client, Directory, Follower, Lookupd, Seed};

use crate::facts::Fact;
use crate::writer::Writer;

#[test]
fn nothing_acknowledged_is_missing_after_a_kill() {
    let lives = env::var("LIVES").map_or(3, |lives| lives.parse().expect("LIVES is a number"));
    let folder = Directory::new();
    let arguments = [
        "-data-path",
        folder.path().to_str().expect("a path in UTF-8"),
        // Nobody and nothing ends by time.
        "-inactive-producer-timeout=24h",
        "-tombstone-lifetime=24h",
    ];
    let Some(mut agent) = Lookupd::agent(&arguments) else { return };
    let mut seed = Seed::new();
    let mut writers: Vec<_> = (0..WRITERS).map(|number| Writer::new(number, seed.fork())).collect();
    let mut replica = Follower::default();
    let began = Instant::now();
    for life in 0..lives {
        check(agent.client(), &mut writers, &mut replica);
        let (tcp, client) = (agent.tcp(), agent.client());
        let lifetime = Duration::from_micros(seed.below(LONGEST_LIFE));
        thread::scope(|scope| {
            for writer in &mut writers {
                scope.spawn(move || writer.write_until_the_end(life, tcp, client));
            }
            let replica = &mut replica;
            scope.spawn(move || while replica.try_follow(client).is_ok() {});
            thread::sleep(lifetime);
            agent.kill9();
        });
        agent.restart();
    }
    check(agent.client(), &mut writers, &mut replica);
    let acknowledged: usize = writers.iter().map(|writer| writer.acknowledged).sum();
    let known: usize = writers.iter().map(|writer| writer.facts.len()).sum();
    assert!(acknowledged > lives, "{acknowledged} commands in {lives} lives are no load");
    report(&format!(
        "{lives} kills in {:.1?}: {acknowledged} commands were acknowledged, none is missing; {known} facts are known",
        began.elapsed(),
    ));
}

const WRITERS: usize = 12;

/// The longest life under load, in microseconds.
const LONGEST_LIFE: u64 = 800_000;

/// Compares what is there with what was acknowledged, and the state with what the stored log leads to.
fn check(client: Client, writers: &mut [Writer], replica: &mut Follower) {
    let mut there = observe(client);
    for writer in writers {
        writer.facts.check(&mut there);
    }
    assert!(there.is_empty(), "nobody asked for this: {there:?}");

    // What a replica was given before the kill was durable: it goes on from there.
    let had_followed = replica.revision() > 0;
    let anew = replica.follow(client);
    assert!(!(anew && had_followed), "what the replica was given is none of this history");
    let mut late = Follower::default();
    late.follow(client);
    assert!(late.is_level_with(replica));
    for replica in [&*replica, &late] {
        replica.assert_agrees(client, &["/topics", "/registrations?category=channel", "/debug"]);
    }
}

/// All that can be seen of the registry.
fn observe(client: Client) -> BTreeSet<Fact> {
    let array = |target: &str, key: &str| client.get(target).json()[key].as_array().cloned().expect("a list");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let mut facts = BTreeSet::new();
    facts.extend(array("/topics", "topics").iter().map(|topic| Fact::topic(&text(topic))));
    for found in array("/registrations?category=channel", "registrations") {
        facts.insert(Fact::channel(&text(&found["key"]), &text(&found["subkey"])));
    }
    for (key, producers) in client.get("/debug").json().as_object().expect("an object") {
        let mut parts = key.split(':');
        let (Some(category), Some(topic), Some(channel)) = (parts.next(), parts.next(), parts.next()) else {
            panic!("{key}")
        };
        for producer in producers.as_array().expect("a list") {
            let host = text(&producer["broadcast_address"]);
            match category {
                "client" => continue,
                "topic" => facts.insert(Fact::served(topic, &host)),
                _ => facts.insert(Fact::channel_served(topic, channel, &host)),
            };
            if producer["tombstoned"] == true {
                facts.insert(Fact::hidden(topic, &host));
            }
        }
    }
    facts
}

#[expect(clippy::print_stderr, reason = "shown with --nocapture")]
fn report(text: &str) {
    eprintln!("{text}");
}
