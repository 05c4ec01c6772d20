//! A burst of registrations: 50 nsqds that all announce the same topics, each with a channel.

use std::{fs, io, net::TcpStream, sync::Arc, time::Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinSet,
};

use crate::{
    daemons::{Both, Daemon, scratch},
    median,
    nsqd::{Nsqd, OK, all_ok, register},
    process::ProcessStats,
    report::{Aim, Row, Unit},
};

/// Commands carried out in a second: each nsqd waiting for its answer before it goes on, as the real one does, and many
/// on their way at once.
pub(crate) fn measure() -> Vec<Row> {
    let mut rows = Vec::new();
    for (how, at_once) in [("one at a time each", 1), ("100 at a time each", 100)] {
        let (mut theirs, mut ours, mut durable) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            theirs.push(rate(&Daemon::nsqlookupd(&[]), at_once));
            ours.push(rate(&Daemon::agent(&[]), at_once));
            let folder = scratch("registry");
            let _ = fs::remove_dir_all(&folder);
            durable.push(rate(&Daemon::agent(&["-data-path", &folder.to_string_lossy()]), at_once));
        }
        println!("  {how}: {theirs:.0?} (nsqlookupd), {ours:.0?} (ours), {durable:.0?} (durable)");
        let [theirs, ours, durable] = [theirs, ours, durable].map(median);
        let work = format!("REGISTER over 50 connections, {how}, in memory");
        rows.push(Row::compared(&work, Unit::Rate, Both { theirs, ours }, Aim::AtLeast(2.0)));
        let work = format!("REGISTER over 50 connections, {how}, --data-path");
        rows.push(Row::compared(&work, Unit::Rate, Both { theirs, ours: durable }, Aim::AtLeast(0.5)));
    }
    rows
}

const ROUNDS: usize = 5;

const NSQDS: usize = 50;

/// Each by each nsqd.
const TOPICS: usize = 2_000;

fn rate(daemon: &Daemon, at_once: usize) -> f64 {
    let bursts: Vec<String> = (0..TOPICS).map(register).collect();
    let bursts: Arc<[Burst]> =
        bursts.chunks(at_once).map(|commands| Burst { commands: commands.concat(), count: commands.len() }).collect();
    let connections: Vec<TcpStream> =
        (0..NSQDS).map(|number| Nsqd::connect(daemon.lookupd.tcp(), number).into_stream()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let before = (Instant::now(), daemon.stats().cpu_seconds, ProcessStats::own().cpu_seconds);
    let connections = runtime.block_on(async {
        let mut nsqds = JoinSet::new();
        for connection in connections {
            nsqds.spawn(send(connection, Arc::clone(&bursts)));
        }
        nsqds.join_all().await
    });
    let seconds = before.0.elapsed().as_secs_f64();
    println!(
        "  {:.2} s; CPU: {:.2} s of the daemon, {:.2} s of the nsqds",
        seconds,
        daemon.stats().cpu_seconds - before.1,
        ProcessStats::own().cpu_seconds - before.2
    );
    for connection in connections {
        connection.expect("every command is answered");
    }
    (NSQDS * TOPICS) as f64 / seconds
}

/// Commands that are sent together.
struct Burst {
    commands: String,
    count: usize,
}

async fn send(connection: TcpStream, bursts: Arc<[Burst]>) -> io::Result<tokio::net::TcpStream> {
    connection.set_nonblocking(true)?;
    let mut connection = tokio::net::TcpStream::from_std(connection)?;
    let mut answers = Vec::new();
    for burst in bursts.iter() {
        connection.write_all(burst.commands.as_bytes()).await?;
        answers.resize(OK.len() * burst.count, 0);
        connection.read_exact(&mut answers).await?;
        assert!(all_ok(&answers), "{}", answers.escape_ascii());
    }
    Ok(connection)
}
