//! A large fleet that is only there: 5,000 nsqds, each with a topic, that say every 15 s that they live.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    daemons::{Both, Daemon},
    nsqd::Nsqd,
    process::ProcessStats,
    report::{Aim, Row, Unit},
};

/// What they cost, both daemons' at the same time.
pub(crate) fn measure() -> Vec<Row> {
    let mut daemons = Daemon::both(&[]);
    daemons.each(|daemon| {
        for number in 0..NSQDS {
            let mut nsqd = Nsqd::connect(daemon.lookupd.tcp(), number);
            nsqd.register([number % TOPICS].into_iter());
            daemon.nsqds.push(nsqd);
        }
    });
    // Once round before it counts.
    ping_for(&mut daemons, PING_INTERVAL);
    let own = ProcessStats::own();
    let began = Instant::now();
    let before = daemons.each(|daemon| daemon.stats());
    ping_for(&mut daemons, MEASURED);
    let seconds = began.elapsed().as_secs_f64();
    let after = daemons.each(|daemon| daemon.stats());
    println!(
        "  the nsqds themselves: {:.2}% of a CPU",
        (ProcessStats::own().cpu_seconds - own.cpu_seconds) / seconds * 100.0
    );
    let cpu = |before: ProcessStats, after: ProcessStats| (after.cpu_seconds - before.cpu_seconds) / seconds;
    let cpu = Both { theirs: cpu(before.theirs, after.theirs), ours: cpu(before.ours, after.ours) };
    let resident = after.map(|stats| stats.resident_bytes);
    vec![
        Row::compared("5,000 idle nsqds that PING every 15 s: memory", Unit::Bytes, resident, Aim::AtMost(0.5)),
        Row::compared("5,000 idle nsqds that PING every 15 s: CPU", Unit::ShareOfCpu, cpu, Aim::AtMost(0.5)),
    ]
}

const NSQDS: usize = 5_000;

const TOPICS: usize = 100;

/// As nsqd does by itself.
const PING_INTERVAL: Duration = Duration::from_secs(15);

const MEASURED: Duration = Duration::from_secs(60);

/// Each nsqd says PING once in the interval, one after the other at even distances.
fn ping_for(daemons: &mut Both<Daemon>, time: Duration) {
    let began = Instant::now();
    for turn in 0.. {
        let due = PING_INTERVAL.mul_f64(turn as f64 / NSQDS as f64);
        if due >= time {
            return;
        }
        thread::sleep(due.saturating_sub(began.elapsed()));
        daemons.each(|daemon| daemon.nsqds[turn % NSQDS].ping());
    }
}
