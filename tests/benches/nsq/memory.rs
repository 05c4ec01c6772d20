//! What a large registry takes: memory, and time to start with it.

use std::{fs, time::Instant};

use lookupd_tests::Request;

use crate::{
    daemons::{Both, Daemon, scratch},
    median,
    nsqd::Nsqd,
    report::{Aim, Row, Unit},
};

/// Resident memory with every topic registered by both nsqds, and the most that it took on the way there.
pub(crate) fn resident() -> Vec<Row> {
    let (mut resident, mut peak) = (Both { theirs: vec![], ours: vec![] }, Both { theirs: vec![], ours: vec![] });
    for _ in 0..ROUNDS {
        let stats = Daemon::both(&[]).each(|daemon| {
            register_twice(daemon);
            daemon.stats()
        });
        resident.theirs.push(stats.theirs.resident_bytes);
        resident.ours.push(stats.ours.resident_bytes);
        peak.theirs.push(stats.theirs.peak_bytes);
        peak.ours.push(stats.ours.peak_bytes);
    }
    let work = "memory, 100,000 topics × 2 producers, each with a channel";
    vec![
        Row::compared(work, Unit::Bytes, resident.map(median), Aim::AtMost(0.5)),
        Row::compared("the same: the most on the way there", Unit::Bytes, peak.map(median), Aim::None),
    ]
}

/// From the start of the process to its first answer, with the same registry on its disk.
pub(crate) fn start() -> Vec<Row> {
    let folder = scratch("registry");
    let _ = fs::remove_dir_all(&folder);
    let mut daemon = Daemon::agent(&["-data-path", &folder.to_string_lossy()]);
    register_twice(&mut daemon);
    let seconds = (0..ROUNDS).map(|_| {
        daemon.lookupd.terminate();
        daemon.nsqds.clear();
        let began = Instant::now();
        daemon.lookupd.restart();
        let answer = daemon.lookupd.client().send(&Request::get("/lookup?topic=topic-99999")).json();
        let seconds = began.elapsed().as_secs_f64();
        let producers = answer["producers"].as_array().map_or(0, Vec::len);
        assert_eq!(producers, 2, "{answer}");
        seconds
    });
    let seconds = median(seconds.collect());
    let length: u64 = fs::read_dir(&folder)
        .expect("the folder")
        .map(|file| file.and_then(|file| file.metadata()).expect("a file").len())
        .sum();
    println!("  on the disk: {} MB", length >> 20);
    vec![Row::of_ours(
        "start with 100,000 topics × 2 producers from --data-path",
        Unit::Seconds,
        seconds,
        Aim::AtMost(1.0),
    )]
}

const ROUNDS: usize = 3;

const TOPICS: usize = 100_000;

fn register_twice(daemon: &mut Daemon) {
    for number in 0..2 {
        let mut nsqd = Nsqd::connect(daemon.lookupd.tcp(), number);
        nsqd.register(0..TOPICS);
        daemon.nsqds.push(nsqd);
    }
}
