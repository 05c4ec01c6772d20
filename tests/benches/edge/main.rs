//! Our worker beside an empty JavaScript worker: same runtime, same machine, in one run.
//!
//! `make bench-edge` measures everything and writes the tables into `BENCHMARKS.md`; with names of parts behind it, it prints
//! those alone. It is no test: it says what it finds.
#![allow(clippy::print_stdout, reason = "what it finds is printed")]

mod away;
mod cold;
mod cost;
#[path = "../nsq/hardware.rs"]
mod hardware;
mod heartbeats;
#[allow(dead_code, reason = "the other benchmark needs more of it")]
#[path = "../nsq/process.rs"]
mod process;
mod pushes;
mod reads;
mod report;
mod workers;
mod writes;
#[path = "../nsq/wrk.rs"]
mod wrk;

use std::env;

use report::Row;

fn main() {
    // Cargo's own come first, such as `--bench`.
    let only: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut rows = Vec::new();
    for (name, measure) in PARTS {
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            for row in measure() {
                println!("{row}");
                rows.push(row);
            }
        }
    }
    let costs =
        if only.is_empty() || only.iter().any(|wanted| wanted == "cost") { cost::table() } else { String::new() };
    println!("{costs}");
    if only.is_empty() {
        report::write(&rows, &costs);
    }
}

type Measure = fn() -> Vec<Row>;

const PARTS: [(&str, Measure); 6] = [
    ("reads", reads::measure),
    ("writes", writes::measure),
    ("heartbeats", heartbeats::measure),
    ("pushes", pushes::measure),
    ("away", away::measure),
    ("cold", cold::measure),
];
