//! `/lookup` from the isolate's replica.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use lookupd_tests::{Bindings, Client, Edge, Request, announcement};

use crate::{
    report::{Aim, Row, median},
    workers, wrk,
};

pub(crate) fn measure() -> Vec<Row> {
    let empty = workers::empty();
    let mut rows = Vec::new();
    let mut medians = Vec::new();
    for topics in [1, 1_000, 20_000] {
        let edge = Edge::start(&Bindings::open()).expect("the worker is built");
        fill(edge.client(), topics);
        let constant = workers::constant(&edge.get(LOOKUP));
        // In turn, so that what else the machine does meets all.
        let rounds: Vec<_> = (0..ROUNDS).map(|_| [rate(&empty), rate(&constant), rate(&edge)]).collect();
        let [empty, constant, ours] =
            [0, 1, 2].map(|which| median(&rounds.iter().map(|round| round[which]).collect::<Vec<_>>()));
        rows.push(Row::rates(&format!("/lookup at {topics} topics"), (empty, "empty"), ours, Some(0.9)));
        rows.push(Row::rates(
            &format!("the same at {topics} topics"),
            (constant, "the same answer, constant"),
            ours,
            None,
        ));
        medians.push(ours);
        if topics == 1_000 {
            let quiet = ours;
            let busy = while_registering(&edge, || rate(&edge));
            rows.push(Row::rates(
                "/lookup at 1000 topics, 20 registrations a second",
                (quiet, "without"),
                busy,
                Some(0.9),
            ));
        }
    }
    let spread = medians.iter().copied().fold(0.0, f64::max) / medians.iter().copied().fold(f64::MAX, f64::min);
    rows.push(Row::figure(
        "the fastest of these to the slowest",
        format!("{spread:.2}×"),
        Aim::at_most(1.2, "×", spread),
    ));
    rows.push(calls_while_granted());
    rows
}

/// Announces so many topics, `t` among them, and lets the isolate load its replica.
pub(crate) fn fill(client: Client, topics: usize) {
    for start in (0..topics).step_by(1_000) {
        let names: Vec<String> = (start..topics.min(start + 1_000)).map(name).collect();
        let served: Vec<(&str, &[&str])> = names.iter().map(|name| (&**name, &["archive"][..])).collect();
        let body = announcement(&format!("n{start}.example"), &served).to_string();
        let answer = client.send(&Request::post("/register").body(body));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    client.get(LOOKUP);
    thread::sleep(Duration::from_secs(1));
}

/// What is asked.
pub(crate) const LOOKUP: &str = "/lookup?topic=t";

fn name(number: usize) -> String {
    if number == 0 { "t".to_owned() } else { format!("t{number}") }
}

fn rate(edge: &Edge) -> f64 {
    wrk::requests_per_second(edge.address(), LOOKUP, SECONDS)
}

/// Registers a new producer every 50 ms meanwhile.
fn while_registering(edge: &Edge, measure: impl FnOnce() -> f64) -> f64 {
    let (client, done) = (edge.client(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let (start, mut number) = (Instant::now(), 0);
            while !done.load(Ordering::Relaxed) {
                let body = announcement(&format!("busy{number}.example"), &[("busy", &[])]).to_string();
                client.send(&Request::post("/register").body(body));
                number += 1;
                let next = start + Duration::from_millis(50) * number;
                thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        let measured = measure();
        done.store(true, Ordering::Relaxed);
        measured
    })
}

/// A grant lasts a second; in its second half a question is answered and refreshes beside.
fn calls_while_granted() -> Row {
    let edge = Edge::start(&Bindings::open().observed()).expect("the worker is built");
    fill(edge.client(), 1);
    let (mut reads, mut calls) = (0, 0);
    for _ in 0..10 {
        // Nobody has asked for longer than a grant: this asks the leader.
        edge.get(LOOKUP);
        let (start, before) = (Instant::now(), edge.observed("calls"));
        while start.elapsed() < Duration::from_millis(300) {
            edge.get(LOOKUP);
            reads += 1;
        }
        calls += edge.observed("calls") - before;
        thread::sleep(Duration::from_millis(1_100));
    }
    let per_read = calls as f64 / f64::from(reads);
    let ours = format!("{calls} in {reads} reads");
    Row::figure("calls to the leader per read while its grant lasts", ours, Aim::at_most(0.0, "", per_read))
}

const ROUNDS: usize = 3;
const SECONDS: u32 = 2;
