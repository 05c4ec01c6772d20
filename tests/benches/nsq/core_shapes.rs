//! nsqlookupd's own Go benchmarks of its registry, beside the same three of ours (`core/benches/nsqlookupd.rs`).

use std::{path::Path, process::Command};

use crate::{
    daemons::Both,
    median,
    report::{Aim, Row},
};

/// Each of them, at the largest shape that nsqlookupd has: 512 topics and 2,048 producers.
pub(crate) fn measure() -> Vec<Row> {
    let go = run("tests/nsq", "go", &GO);
    let rust = run(".", "cargo", &RUST);
    SHAPES
        .iter()
        .map(|(theirs, ours)| {
            let seconds = Both { theirs: go_seconds(&go, theirs), ours: divan_seconds(&rust, ours) };
            let work = format!("its own Benchmark{theirs}");
            Row::speedup(&work, seconds, Aim::AtLeast(10.0))
        })
        .collect()
}

/// Theirs, and ours.
const SHAPES: [(&str, &str); 3] = [
    ("LookupRegistrations512x2048", "lookup_registrations"),
    ("Register512x2048", "register"),
    ("DoLookup512x2048", "do_lookup"),
];

const GO: [&str; 7] =
    ["test", "-run=^$", "-bench=512x2048$", "-count=5", "-timeout=5m", "-cpu=1", "github.com/nsqio/nsq/nsqlookupd"];

const RUST: [&str; 5] = ["bench", "-p", "lookupd-core", "--bench", "nsqlookupd"];

fn run(folder: &str, program: &str, arguments: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{program}, which measures: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The median of lines like `BenchmarkRegister512x2048-2   2   814002440 ns/op`.
fn go_seconds(report: &str, name: &str) -> f64 {
    let lines = report.lines().filter(|line| line.starts_with(&format!("Benchmark{name}")));
    let nanoseconds = lines.map(|line| line.split_whitespace().nth(2).and_then(|number| number.parse::<f64>().ok()));
    median(nanoseconds.map(|number| number.expect("a number of ns")).collect()) / 1e9
}

/// The third column of a line like `├─ do_lookup   4.1 µs   │ 9.3 µs   │ 4.2 µs   │ 4.3 µs   │ 100   │ 800`.
fn divan_seconds(report: &str, name: &str) -> f64 {
    let mut lines = report.lines().filter(|line| line.split_whitespace().nth(1) == Some(name));
    let line = lines.next().unwrap_or_else(|| panic!("{name} in {report}"));
    let text = line.split('│').nth(2).expect("a median").trim();
    let (number, unit) = text.split_once(' ').expect("a number and its unit");
    let number: f64 = number.parse().expect("a number");
    number
        * match unit {
            "ns" => 1e-9,
            "µs" => 1e-6,
            "ms" => 1e-3,
            _ => 1.0,
        }
}
