//! The agent beside an nsqd, while the edge is there and while it is away.

use std::{thread, time::Duration};

use lookupd_tests::{Bindings, Edge, Lookupd};

use crate::{
    reads::{LOOKUP, fill},
    report::{Row, median},
    wrk,
};

pub(crate) fn measure() -> Vec<Row> {
    let mut edge = Edge::start(&Bindings::open()).expect("the worker is built");
    fill(edge.client(), 1_000);
    let upstream = format!("http://{}", edge.address());
    let agent = Lookupd::agent(&["-upstream", &upstream]).expect("the agent is built");
    while agent.client().get(LOOKUP).status != 200 {
        thread::sleep(Duration::from_millis(10));
    }
    let rates = || (0..ROUNDS).map(|_| wrk::requests_per_second(agent.http(), LOOKUP, SECONDS)).collect::<Vec<_>>();
    let with = rates();
    edge.kill9();
    let away = rates();
    vec![Row::rates(
        "the agent's /lookup while the edge is away",
        (median(&with), "with it"),
        median(&away),
        Some(1.0 / 1.1),
    )]
}

const ROUNDS: usize = 3;
const SECONDS: u32 = 2;
