//! What consumers and nsqadmin ask, by wrk.

use lookupd_tests::Request;
use serde_json::Value;

use crate::{
    daemons::{Both, Daemon},
    median,
    report::{Aim, Row, Unit, grouped},
    wrk,
};

/// `/lookup` of one topic with one producer, among more and more topics. Both write a line into their log for each.
pub(crate) fn lookup() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut ours = Vec::new();
    for (topics, aim) in [(1_000, Aim::AtLeast(2.0)), (10_000, Aim::None), (100_000, Aim::AtLeast(20.0))] {
        let rates = lookups(topics);
        ours.push(rates.ours);
        rows.push(Row::compared(&format!("/lookup, 1 producer, {} topics", grouped(topics)), Unit::Rate, rates, aim));
    }
    let fastest = ours.iter().copied().fold(f64::MIN, f64::max);
    let slowest = ours.iter().copied().fold(f64::MAX, f64::min);
    rows.push(Row::of_ours(
        "/lookup, the fastest of these to the slowest",
        Unit::Times,
        fastest / slowest,
        Aim::AtMost(1.3),
    ));
    rows
}

fn lookups(topics: usize) -> Both<f64> {
    let mut daemons = Daemon::both(&[]);
    daemons.each(|daemon| {
        daemon.fill(1, topics);
        let answer = json(daemon, "/lookup?topic=topic-7");
        assert_eq!((length(&answer["producers"]), length(&answer["channels"])), (1, 1), "{answer}");
    });
    measure(&mut daemons, "/lookup?topic=topic-7")
}

/// `/nodes` of 50 nsqds that share all topics out among them.
pub(crate) fn nodes() -> Vec<Row> {
    [(1_000, Aim::None), (10_000, Aim::AtLeast(50.0))]
        .into_iter()
        .map(|(topics, aim)| {
            let mut daemons = Daemon::both(&[]);
            daemons.each(|daemon| {
                daemon.fill(50, topics);
                let answer = json(daemon, "/nodes");
                let nodes = answer["producers"].as_array().expect("a list");
                let served: usize = nodes.iter().map(|node| length(&node["topics"])).sum();
                assert_eq!((nodes.len(), served), (50, topics));
            });
            let rates = measure(&mut daemons, "/nodes");
            Row::compared(&format!("/nodes, 50 nsqds, {} topics", grouped(topics)), Unit::Rate, rates, aim)
        })
        .collect()
}

const ROUNDS: usize = 5;

const SECONDS: u32 = 3;

/// Medians of requests answered in a second, the daemons in turn.
fn measure(daemons: &mut Both<Daemon>, target: &str) -> Both<f64> {
    daemons.each(|daemon| wrk::requests_per_second(daemon.lookupd.http(), target, 1));
    let mut rounds = Both { theirs: Vec::new(), ours: Vec::new() };
    let before = daemons.each(|daemon| daemon.stats().cpu_seconds);
    for _ in 0..ROUNDS {
        let rates = daemons.each(|daemon| wrk::requests_per_second(daemon.lookupd.http(), target, SECONDS));
        rounds.theirs.push(rates.theirs);
        rounds.ours.push(rates.ours);
    }
    let after = daemons.each(|daemon| daemon.stats().cpu_seconds);
    let requests = rounds.each(|rates| rates.iter().sum::<f64>() * f64::from(SECONDS));
    println!(
        "  {target}: CPU per request {:.1} µs (nsqlookupd), {:.1} µs (ours); {:.0?}",
        (after.theirs - before.theirs) / requests.theirs * 1e6,
        (after.ours - before.ours) / requests.ours * 1e6,
        rounds,
    );
    rounds.map(median)
}

fn json(daemon: &Daemon, target: &str) -> Value {
    let answer = daemon.lookupd.client().send(&Request::get(target));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn length(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}
