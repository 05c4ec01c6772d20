//! Where it was measured: figures mean nothing without it.

use std::{fs, process::Command, thread};

use crate::{daemons::Daemon, wrk};

/// The machine, and the versions of what is compared.
pub(crate) fn describe() -> String {
    let cpus = read("/proc/cpuinfo");
    let name = |line: &str| line.strip_prefix("model name").map(|name| name.trim_matches([':', ' ', '\t']).to_owned());
    let memory = read("/proc/meminfo");
    let total = |line: &str| line.strip_prefix("MemTotal:")?.trim().trim_end_matches(" kB").parse::<u64>().ok();
    let versions = Daemon::both(&[]).map(|daemon| daemon.lookupd.version());
    format!(
        "{} × {}, {} GiB of memory, Linux {}. {}. {}. {}. {}.",
        thread::available_parallelism().map_or(1, usize::from),
        cpus.lines().find_map(name).unwrap_or("unknown CPU".into()),
        memory.lines().find_map(total).unwrap_or(0) >> 20,
        read("/proc/sys/kernel/osrelease").trim(),
        versions.theirs,
        versions.ours,
        rustc(),
        wrk::version(),
    )
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output().expect("rustc, which built this");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
