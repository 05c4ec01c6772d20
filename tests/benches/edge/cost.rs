//! What a month costs that nothing changes, from what was counted and the platform's price list.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use lookupd_core::{Lifetimes, Timestamp, link::AgentEnd};
use lookupd_tests::{Bindings, Edge, Request, Stream, announcement};

use crate::heartbeats::rows_per_minute_of_producers;

/// Dollars a million, beyond what the plan includes.
/// <https://developers.cloudflare.com/durable-objects/platform/pricing/>,
/// <https://developers.cloudflare.com/workers/platform/pricing/>
mod price {
    /// Of a Durable Object: HTTP, alarms, and a twentieth of a WebSocket's incoming message. An auto-response is none.
    pub(super) const OBJECT_REQUESTS: f64 = 0.15;
    pub(super) const WORKER_REQUESTS: f64 = 0.30;
    /// An alarm that is set is one.
    pub(super) const ROWS_WRITTEN: f64 = 1.00;
    /// Of an object that runs, which has 128 MB.
    pub(super) const GIGABYTE_SECONDS: f64 = 12.50;
}

/// What the platform takes money for.
#[derive(Clone, Copy)]
struct Usage {
    worker_requests: f64,
    object_requests: f64,
    rows: f64,
}

impl Usage {
    fn dollars(self, seconds_per_request: f64) -> f64 {
        let gigabyte_seconds = self.object_requests * seconds_per_request * 0.128;
        (self.worker_requests * price::WORKER_REQUESTS
            + self.object_requests * price::OBJECT_REQUESTS
            + self.rows * price::ROWS_WRITTEN
            + gigabyte_seconds * price::GIGABYTE_SECONDS)
            / 1e6
    }
}

/// The table, and what it is made of.
pub(crate) fn table() -> String {
    let (seconds, rows_per_minute) = (seconds_per_request(), rows_per_minute_of_producers());
    let (wakes, rows) = of_streams();
    let minutes = MONTH.as_secs_f64() / 60.0;
    let mut table = String::from(
        "| nodes | HTTP heartbeats every 15 s, a row each | HTTP producers, registering every 60 s | agents on streams |\n\
         |--:|--:|--:|--:|\n",
    );
    for nodes in [100.0, 1_000.0, 10_000.0] {
        let naive = nodes * minutes * 4.0;
        let naive = Usage { worker_requests: naive, object_requests: naive, rows: naive };
        let producers = nodes * minutes;
        let producers =
            Usage { worker_requests: producers, object_requests: producers, rows: rows_per_minute * minutes };
        let streams = Usage { worker_requests: 0.0, object_requests: wakes * minutes, rows: rows * minutes };
        let [naive, producers, streams] = [naive, producers, streams].map(|usage| usage.dollars(seconds));
        let _ = writeln!(table, "| {nodes} | ${naive:.2} | ${producers:.2} | ${streams:.2} |");
    }
    format!(
        "What 30 days cost in which nothing changes, by the price list and beyond what the plan includes. Counted: {rows_per_minute:.1} rows a \
         minute for 1,000 HTTP producers, {wakes:.2} wake-ups and {rows:.2} rows a minute with an agent on a stream (the \
         sweep's alarm), {:.1} ms of an object for each request.\n\n{table}",
        seconds * 1_000.0
    )
}

/// Of an object, from a producer's heartbeat sent until it is answered.
fn seconds_per_request() -> f64 {
    let edge = Edge::start(&Bindings::open()).expect("the worker is built");
    let client = edge.client();
    let heartbeat = Request::post("/register").body(announcement("n.example", &[("t", &[])]).to_string());
    client.send(&heartbeat);
    let start = Instant::now();
    for _ in 0..HEARTBEATS {
        client.send(&heartbeat);
    }
    start.elapsed().as_secs_f64() / f64::from(HEARTBEATS)
}

/// Wake-ups and rows a minute with an agent that only says that it is there: with all times a twentieth of their defaults.
fn of_streams() -> (f64, f64) {
    let timeout = Lifetimes::default().inactive_producer_timeout / FASTER;
    let bindings = Bindings::open().observed().with("INACTIVE_PRODUCER_TIMEOUT", &format!("{}s", timeout.as_secs()));
    let edge = Edge::start(&bindings).expect("the worker is built");
    let mut stream =
        Stream::open(edge.address(), "/v1/stream?agent=one&incarnation=1&connection=1", &[]).expect("a stream");
    stream.beacon();
    let mut agent = AgentEnd::default();
    agent.opened();
    stream.settle(&mut agent, Timestamp::default());
    let counts = || {
        let wakes: u64 = ["fetch", "alarm", "message", "close"].iter().map(|count| edge.observed(count)).sum();
        (wakes, edge.observed("rows"))
    };
    let (before, start) = (counts(), Instant::now());
    while start.elapsed() < timeout * 2 {
        stream.ping();
        std::thread::sleep(timeout / 20);
    }
    let (after, minutes) = (counts(), start.elapsed().as_secs_f64() / 60.0 * f64::from(FASTER));
    ((after.0 - before.0) as f64 / minutes, (after.1 - before.1) as f64 / minutes)
}

const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);
const HEARTBEATS: u32 = 500;
const FASTER: u32 = 20;
