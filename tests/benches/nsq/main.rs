//! Our agent beside the real nsqlookupd: same machine, same data, same load, in one run.
//!
//! `make bench-nsq` measures everything and writes the table into `BENCHMARKS.md`; `make bench-nsq ONLY="lookup idle"`
//! measures some of it and prints that. It is no test: it says what it finds, and fails only where it can't measure.
#![allow(clippy::print_stdout, reason = "what it finds is printed")]

mod core_shapes;
mod daemons;
mod hardware;
mod http;
mod idle;
mod machine;
mod memory;
mod nsqd;
mod process;
mod registering;
mod report;
mod wrk;

use std::{env, fs, path::Path};

use crate::report::Row;

/// What is measured, in the table's order: its name, and how.
const SECTIONS: [(&str, Measure); 7] = [
    ("lookup", http::lookup),
    ("nodes", http::nodes),
    ("core", core_shapes::measure),
    ("register", registering::measure),
    ("idle", idle::measure),
    ("memory", memory::resident),
    ("start", memory::start),
];

type Measure = fn() -> Vec<Row>;

fn main() {
    // cargo adds a flag of its own.
    let only: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let is_known = |name: &String| SECTIONS.iter().any(|(section, _)| section == name);
    assert!(only.iter().all(is_known), "sections are {}", SECTIONS.map(|(name, _)| name).join(", "));

    println!("{}\n", machine::describe());
    let mut rows = Vec::new();
    for (name, measure) in SECTIONS {
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            println!("· {name}");
            let found = measure();
            found.iter().for_each(|row| println!("  {row}"));
            rows.extend(found);
        }
    }
    if only.is_empty() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../BENCHMARKS.md");
        let page = fs::read_to_string(&path).expect("BENCHMARKS.md");
        fs::write(&path, report::insert(&page, &machine::describe(), &rows)).expect("BENCHMARKS.md is written");
        println!("written into BENCHMARKS.md");
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
