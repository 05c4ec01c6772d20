//! An isolate and a leader that have just been started, at 10,000 topics.

use std::time::Instant;

use lookupd_tests::{Bindings, Edge};

use crate::{
    process::ProcessStats,
    reads::{LOOKUP, fill},
    report::{Row, median},
};

pub(crate) fn measure() -> Vec<Row> {
    let mut edge = Edge::start(&Bindings::open().observed()).expect("the worker is built");
    fill(edge.client(), 10_000);
    let rounds: Vec<_> = (0..ROUNDS).map(|_| cold(&mut edge)).collect();
    let works = [
        "a cold isolate's first read at 10,000 topics, which the cold leader answers",
        "the same, until the first read that its own replica answers",
    ];
    (0..2)
        .map(|which| {
            let [milliseconds, cpu] =
                [0, 1].map(|what| median(&rounds.iter().map(|round| round[which][what]).collect::<Vec<_>>()));
            Row::figure(works[which], format!("{milliseconds:.0} ms, {cpu:.0} ms of CPU"), None)
        })
        .collect()
}

/// Milliseconds, and those of CPU of the whole process, since before the first question: until it is answered, and until one
/// is answered without the leader.
fn cold(edge: &mut Edge) -> [[f64; 2]; 2] {
    edge.restart();
    let (start, cpu) = (Instant::now(), ProcessStats::of(edge.pid()).cpu_seconds);
    let spent =
        || [start.elapsed().as_secs_f64(), ProcessStats::of(edge.pid()).cpu_seconds - cpu].map(|time| time * 1_000.0);
    assert_eq!(edge.get(LOOKUP).status, 200);
    let first = spent();
    loop {
        let calls = edge.observed("calls");
        assert_eq!(edge.get(LOOKUP).status, 200);
        if edge.observed("calls") == calls {
            return [first, spent()];
        }
    }
}

const ROUNDS: usize = 5;
