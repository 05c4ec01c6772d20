//! nsqlookupd's own benchmarks at their largest, of our registry: 512 topics with two channels each, all served by 2,048
//! producers (nsqio/nsq, `nsqlookupd/registration_db_test.go`, `Benchmark…512x2048`).
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU16,
};

use divan::{Bencher, black_box};
use lookupd_core::{
    Category, ChannelName, ClaimKey, Command, Limits, Match, ProducerInfo, RegistrationPattern, Registry, Timestamp,
    TopicName, Via,
};

const TOPICS: usize = 512;
const PRODUCERS: usize = 2_048;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn main() {
    divan::main();
}

fn info(producer: usize) -> ProducerInfo {
    ProducerInfo {
        remote_address: "".into(),
        hostname: "".into(),
        broadcast_address: format!("p{producer}").into(),
        tcp_port: NonZeroU16::new(4150).unwrap(),
        http_port: NonZeroU16::new(4151).unwrap(),
        version: "".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    }
}

fn channels(topic: usize) -> [ChannelName; 2] {
    [format!("ca{topic}"), format!("cb{topic}")].map(|name| ChannelName::parse(&name).unwrap())
}

fn topics() -> BTreeMap<TopicName, BTreeSet<ChannelName>> {
    (0..TOPICS).map(|topic| (TopicName::parse(&format!("t{topic}")).unwrap(), channels(topic).into())).collect()
}

/// Names are made once and shared, as they are there.
fn commands() -> Vec<Command> {
    let topics = topics();
    let announce = |producer| Command::Announce { via: Via::Tcp, info: info(producer), topics: topics.clone() };
    (0..PRODUCERS).map(announce).collect()
}

fn fill(commands: &[Command]) -> Registry {
    let mut registry = Registry::default();
    for command in commands {
        let batch = registry.decide(command, &Limits::NATIVE, NOW).unwrap().unwrap();
        registry.apply(&batch).unwrap();
    }
    registry
}

/// Other numbers below the bound, one after the other, without an order that a cache could follow.
fn scattered(bound: usize) -> impl FnMut() -> usize {
    let mut number = 0;
    move || {
        number = (number + 1_663) % bound;
        number
    }
}

#[divan::bench]
fn lookup_registrations(bencher: Bencher<'_, '_>) {
    let registry = fill(&commands());
    let claims: Vec<_> =
        (0..PRODUCERS).map(|producer| ClaimKey { node: info(producer).node(), via: Via::Tcp }).collect();
    let mut next = scattered(PRODUCERS);
    bencher.bench_local(|| registry.lookup_registrations(black_box(&claims[next()])));
}

#[divan::bench(sample_count = 10)]
fn register(bencher: Bencher<'_, '_>) {
    let commands = commands();
    bencher.bench_local(|| fill(black_box(&commands)));
}

#[divan::bench]
fn do_lookup(bencher: Bencher<'_, '_>) {
    let registry = fill(&commands());
    let pattern = |category, topic: &str, subkey| RegistrationPattern {
        category,
        key: Match::Exactly(topic.into()),
        subkey: Match::parse(subkey),
    };
    let patterns: Vec<_> = (0..TOPICS)
        .map(|topic| format!("t{topic}"))
        .map(|topic| (pattern(Category::Topic, &topic, ""), pattern(Category::Channel, &topic, "*")))
        .collect();
    let mut next = scattered(TOPICS);
    bencher.bench_local(|| {
        let (topic, channels) = black_box(&patterns[next()]);
        let known = registry.find_registrations(topic);
        let channels = registry.find_registrations(channels).into_iter().map(|found| found.subkey);
        (known, channels.collect::<Vec<_>>(), registry.find_producers(topic))
    });
}
