//! Our worker beside an empty JavaScript worker: same runtime, same machine, in one run.
//!
//! `make bench-edge` measures everything and writes the table into `BENCHMARKS.md`. It is no test: it says what it finds.
#![allow(clippy::print_stdout, reason = "what it finds is printed")]

#[path = "../nsq/wrk.rs"]
mod wrk;

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use lookupd_tests::{Bindings, Client, Directory, Edge, Request, announcement};

fn main() {
    let directory = Directory::new();
    fs::write(directory.path().join("index.js"), EMPTY).expect("the empty worker is written");
    let empty = Edge::start_build(directory.path(), &Bindings::none()).expect("workerd");
    let mut rows = Vec::new();
    let mut base = None;
    for topics in [1, 1_000, 19_999] {
        let edge = Edge::start(&Bindings::open()).expect("the worker is built");
        fill(edge.client(), topics);
        let (theirs, ours) = rounds(&empty, &edge);
        rows.push(row(&format!("/lookup at {topics} topics"), &theirs, &ours, "0.9"));
        if topics == 1_000 {
            base = Some((edge, median(&ours)));
        }
    }
    if let Some((edge, quiet)) = base {
        let busy = while_registering(&edge, || rate(&edge));
        let ratio = busy / quiet;
        rows.push(format!("| /lookup at 1000 topics, 20 registrations a second | {quiet:.0}/s without | {busy:.0}/s | {ratio:.2} | 0.9 |"));
    }
    let mut table = format!("{}\n\n", wrk::version());
    table.push_str("| work | an empty JavaScript worker | ours | ratio | aim |\n|---|--:|--:|--:|--:|\n");
    for row in rows {
        let _ = writeln!(table, "{row}");
    }
    println!("{table}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../BENCHMARKS.md");
    let page = fs::read_to_string(&path).expect("BENCHMARKS.md");
    let (before, rest) = page.split_once(BEGIN).expect("the table's beginning is marked");
    let (_, after) = rest.split_once(END).expect("the table's end is marked");
    fs::write(&path, format!("{before}{BEGIN}\n{table}{END}{after}")).expect("BENCHMARKS.md is written");
}

/// Both in turn, so that what else the machine does meets both.
fn rounds(empty: &Edge, edge: &Edge) -> (Vec<f64>, Vec<f64>) {
    (0..ROUNDS).map(|_| (rate(empty), rate(edge))).unzip()
}

fn rate(edge: &Edge) -> f64 {
    wrk::requests_per_second(edge.address(), "/lookup?topic=t", SECONDS)
}

fn fill(client: Client, topics: usize) {
    for start in (0..topics).step_by(1_000) {
        let names: Vec<String> = (start..topics.min(start + 1_000)).map(name).collect();
        let served: Vec<(&str, &[&str])> = names.iter().map(|name| (&**name, &["archive"][..])).collect();
        let body = announcement(&format!("n{start}.example"), &served).to_string();
        let answer = client.send(&Request::post("/register").body(body));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    // The isolate loads its replica.
    client.get("/lookup?topic=t");
    thread::sleep(Duration::from_secs(1));
}

fn name(number: usize) -> String {
    if number == 0 { "t".to_owned() } else { format!("t{number}") }
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

fn row(work: &str, theirs: &[f64], ours: &[f64], aim: &str) -> String {
    let (theirs, ours) = (median(theirs), median(ours));
    format!("| {work} | {theirs:.0}/s | {ours:.0}/s | {:.2} | {aim} |", ours / theirs)
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const ROUNDS: usize = 3;
const SECONDS: u32 = 4;

const EMPTY: &str = r#"export class Leader {}
export default {
  fetch() {
    return new Response("{}");
  },
};
"#;

const BEGIN: &str = "<!-- written by `make bench-edge` -->";
const END: &str = "<!-- the edge's until here -->";
