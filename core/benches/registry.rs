//! What queries and changes cost, beside each other at growing registries: the cost should follow the answer.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::RefCell,
    num::NonZeroU16,
    sync::atomic::{AtomicUsize, Ordering},
};

use divan::{Bencher, black_box};
use lookupd_core::{
    Batch, Change, ChannelName, ClaimKey, Command, Cursor, Lifetimes, Limits, ProducerInfo, Registry, Timestamp,
    TopicName, Topics, Via,
    http::{Read, answer},
};

#[global_allocator]
static ALLOCATOR: Counting = Counting(AtomicUsize::new(0));

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    print_heap_per_registration();
    divan::main();
}

fn info(number: usize) -> ProducerInfo {
    ProducerInfo {
        remote_address: format!("10.0.{}.{}:40000", number / 256, number % 256).into(),
        hostname: format!("nsqd-{number}").into(),
        broadcast_address: format!("nsqd-{number}.example.org").into(),
        tcp_port: NonZeroU16::new(4150).unwrap(),
        http_port: NonZeroU16::new(4151).unwrap(),
        version: "1.3.0".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    }
}

fn claim(number: usize) -> ClaimKey {
    ClaimKey { node: info(number).node(), via: Via::Http }
}

fn topic(number: usize) -> TopicName {
    TopicName::parse(&format!("topic-{number}")).unwrap()
}

fn channel() -> ChannelName {
    ChannelName::parse("archive").unwrap()
}

fn apply(registry: &mut Registry, change: Change) {
    registry.apply(&Batch { revision: registry.revision() + 1, at: NOW, changes: vec![change] }).unwrap();
}

fn announce(registry: &mut Registry, number: usize, topics: Topics) {
    let announced = registry.revision() + 1;
    apply(registry, Change::Announced { claim: claim(number), info: info(number), announced, topics });
}

/// Every topic served by the first `producers` nodes, with one channel.
fn registry(topics: usize, producers: usize) -> Registry {
    let mut registry = Registry::default();
    for number in 0..producers {
        announce(&mut registry, number, (0..topics).map(|number| (topic(number), vec![channel()])).collect());
    }
    registry
}

/// As many topics with one producer each, of 100 nodes; `topic-0` has `producers`.
fn registry_around_one_topic(topics: usize, producers: usize) -> Registry {
    let mut registry = Registry::default();
    for number in 0..100.max(producers) {
        let own = (1..topics).filter(|topic| topic % 100 == number).map(|number| (topic(number), vec![channel()]));
        let shared = (number < producers).then(|| (topic(0), vec![channel()]));
        announce(&mut registry, number, own.chain(shared).collect());
    }
    registry
}

#[divan::bench(args = SIZES, consts = [1, 50])]
fn lookup<const PRODUCERS: usize>(bencher: Bencher<'_, '_>, topics: usize) {
    let registry = registry_around_one_topic(topics, PRODUCERS);
    let lookup = Read::Lookup { topic: "topic-0".into() };
    bencher.bench(|| answer(black_box(&lookup), &registry, &Lifetimes::default(), NOW, |_| None));
}

#[divan::bench(args = [1_000])]
fn nodes(bencher: Bencher<'_, '_>, producers: usize) {
    let mut registry = Registry::default();
    for number in 0..producers {
        announce(&mut registry, number, (0..10).map(|number| (topic(number), vec![channel()])).collect());
    }
    bencher.bench(|| answer(&Read::Nodes, black_box(&registry), &Lifetimes::default(), NOW, |_| None));
}

#[divan::bench(args = SIZES)]
fn disconnect_a_producer_of_10_topics(bencher: Bencher<'_, '_>, topics: usize) {
    let mut registry = registry_around_one_topic(topics, 1);
    let number = 7_777;
    let served: Topics = (0..10).map(|place| (topic(place * topics / 10), vec![channel()])).collect();
    // Back in place after each round; only the disconnect is measured.
    let registry = RefCell::new(&mut registry);
    bencher
        .with_inputs(|| announce(&mut registry.borrow_mut(), number, served.clone()))
        .bench_local_values(|()| apply(&mut registry.borrow_mut(), Change::Left { claim: claim(number) }));
}

#[divan::bench(sample_count = 3)]
fn register_a_million_registrations(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| registry(100_000, 5));
}

#[divan::bench]
fn decide_and_apply_one_registration(bencher: Bencher<'_, '_>) {
    let registry = RefCell::new(registry_around_one_topic(100_000, 1));
    let command =
        Command::Register { via: Via::Http, info: info(7_777), topic: topic(50_000), channel: Some(channel()) };
    bencher.with_inputs(|| apply(&mut registry.borrow_mut(), Change::Left { claim: claim(7_777) })).bench_local_values(
        |()| {
            let batch = registry.borrow().decide(&command, &Limits::NATIVE, NOW).unwrap().unwrap();
            registry.borrow_mut().apply(&batch)
        },
    );
}

#[divan::bench(args = [10_000, 100_000], sample_count = 10)]
fn encode_a_snapshot(bencher: Bencher<'_, '_>, topics: usize) {
    let registry = registry(topics, 2);
    let cursor = Cursor { revision: registry.revision(), ..Cursor::default() };
    bencher.bench_local(|| registry.snapshot(cursor));
}

#[divan::bench(args = [10_000, 100_000], sample_count = 10)]
fn load_a_snapshot(bencher: Bencher<'_, '_>, topics: usize) {
    let registry = registry(topics, 2);
    let parts = registry.snapshot(Cursor { revision: registry.revision(), ..Cursor::default() });
    bencher.bench_local(|| Registry::from_snapshot(&parts).unwrap());
}

/// Of 100k topics with 5 producers and one channel each: a million registrations.
#[allow(clippy::print_stdout)]
fn print_heap_per_registration() {
    let before = heap();
    let registry = registry(100_000, 5);
    let bytes = heap() - before;
    let names: usize = registry
        .topics()
        .map(|topic| topic.name().len() + topic.channels().map(|name| name.len()).sum::<usize>())
        .sum();
    let count = registry.registration_count();
    println!(
        "{count} registrations: {} bytes of heap each, names excluded (aim: at most 100)",
        (bytes - names) / count
    );
    println!("(names: {} bytes each)", names / count);
}

/// The system's allocator, and how much of it is in use.
struct Counting(AtomicUsize);

#[allow(unsafe_code)]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.0.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(block, layout) }
    }
}

fn heap() -> usize {
    ALLOCATOR.0.load(Ordering::Relaxed)
}
