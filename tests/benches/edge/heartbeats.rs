//! What it costs that nothing changes: counted on the runtime.

use std::{
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use lookupd_core::{Lifetimes, Timestamp, link::AgentEnd};
use lookupd_tests::{Bindings, Edge, Request, Stream, announcement};

use crate::report::{Aim, Row};

pub(crate) fn measure() -> Vec<Row> {
    let [rows, wakes] = per_agent_heartbeat();
    let per_minute = rows_per_minute_of_producers();
    vec![
        Row::figure("rows written per agent's heartbeat", format!("{rows}"), Aim::at_most(0.0, "", rows)),
        Row::figure("wake-ups per agent's heartbeat", format!("{wakes}"), Aim::at_most(0.0, "", wakes)),
        Row::figure(
            "rows a minute for 1,000 HTTP producers that register again every 60 s",
            format!("{per_minute:.1}"),
            Aim::at_most(60.0, "", per_minute),
        ),
    ]
}

/// Rows and wake-ups of one heartbeat on a stream, in the object's memory and out of it.
pub(crate) fn per_agent_heartbeat() -> [f64; 2] {
    let edge = Edge::start(&Bindings::open().observed()).expect("the worker is built");
    let mut stream =
        Stream::open(edge.address(), "/v1/stream?agent=one&incarnation=1&connection=1", &[]).expect("open");
    stream.beacon();
    let mut agent = AgentEnd::default();
    agent.opened();
    stream.settle(&mut agent, Timestamp::default());
    let before = counts(&edge);
    for _ in 0..HEARTBEATS / 2 {
        stream.ping();
    }
    // The object's memory is gone 10 s after the last event.
    thread::sleep(Duration::from_secs(12));
    for _ in 0..HEARTBEATS / 2 {
        stream.ping();
    }
    let after = counts(&edge);
    [0, 1].map(|which| (after[which] - before[which]) as f64 / HEARTBEATS as f64)
}

/// Rows, and what ran in the object.
fn counts(edge: &Edge) -> [u64; 2] {
    let wakes = ["constructed", "fetch", "alarm", "message", "close"].map(|count| edge.observed(count));
    [edge.observed("rows"), wakes.iter().sum()]
}

/// Of 1,000 producers, alarms included, once all are known: with all times a tenth of their defaults, for one of the
/// producers' timeouts.
pub(crate) fn rows_per_minute_of_producers() -> f64 {
    static COUNTED: OnceLock<f64> = OnceLock::new();
    *COUNTED.get_or_init(count_rows_per_minute_of_producers)
}

fn count_rows_per_minute_of_producers() -> f64 {
    let timeout = Lifetimes::default().inactive_producer_timeout / FASTER;
    let bindings = Bindings::open().observed().with("INACTIVE_PRODUCER_TIMEOUT", &format!("{}s", timeout.as_secs()));
    let edge = Edge::start(&bindings).expect("the worker is built");
    let client = edge.client();
    let interval = timeout / 5;
    let start = Instant::now();
    let mut before = 0;
    // The first round is their coming.
    for number in 0..PRODUCERS * ROUNDS {
        if number == PRODUCERS {
            before = edge.observed("rows");
        }
        let body = announcement(&format!("n{}.example", number % PRODUCERS), &[("t", &[])]).to_string();
        let answer = client.send(&Request::post("/register").body(body));
        assert_eq!(answer.status, 200, "{answer:?}");
        let due = start + interval * (number + 1) / PRODUCERS;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    // At half the timeout a producer falls silent, and its next heartbeat is a change.
    assert!(start.elapsed() < interval * (ROUNDS + 1), "too slow a machine to keep the producers' pace");
    let (rows, minutes) = (edge.observed("rows") - before, (start.elapsed() - interval).as_secs_f64() / 60.0);
    rows as f64 / (minutes * f64::from(FASTER))
}

const HEARTBEATS: usize = 100;
const PRODUCERS: u32 = 1_000;
const ROUNDS: u32 = 6;
const FASTER: u32 = 10;
