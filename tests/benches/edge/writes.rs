//! Registrations: through worker, leader and SQLite.

use std::fs;

use lookupd_tests::{Bindings, Directory, Edge};

use crate::{
    report::{Row, median},
    workers, wrk,
};

pub(crate) fn measure() -> Vec<Row> {
    let directory = Directory::new();
    let script = directory.path().join("register.lua");
    fs::write(&script, REGISTER).expect("the script is written");
    let (one_row, edge) = (workers::one_row(), Edge::start(&Bindings::open()).expect("the worker is built"));
    let rate = |edge: &Edge| wrk::scripted_per_second(edge.address(), &script, SECONDS);
    let (theirs, ours): (Vec<f64>, Vec<f64>) = (0..ROUNDS).map(|_| (rate(&one_row), rate(&edge))).unzip();
    vec![Row::rates("registrations, each of a new producer", (median(&theirs), "one row"), median(&ours), Some(0.5))]
}

/// Each request names another producer, also in the next round.
const REGISTER: &str = r#"
local round, number = os.time(), 0
function request()
  number = number + 1
  local body = string.format('{"broadcast_address":"n%d-%d.example","hostname":"h","tcp_port":4150,"http_port":4151,"version":"1.3.0","topics":{"t%d":["archive"]}}', round, number, number % 100)
  return wrk.format("POST", "/register", nil, body)
end
"#;

const ROUNDS: usize = 3;
const SECONDS: u32 = 2;
