//! The machine.

use std::{fs, thread};

/// Its processors, memory and kernel.
pub(crate) fn describe() -> String {
    let cpus = read("/proc/cpuinfo");
    let name = |line: &str| line.strip_prefix("model name").map(|name| name.trim_matches([':', ' ', '\t']).to_owned());
    let memory = read("/proc/meminfo");
    let total = |line: &str| line.strip_prefix("MemTotal:")?.trim().trim_end_matches(" kB").parse::<u64>().ok();
    format!(
        "{} × {}, {} GiB of memory, Linux {}",
        thread::available_parallelism().map_or(1, usize::from),
        cpus.lines().find_map(name).unwrap_or("unknown CPU".into()),
        memory.lines().find_map(total).unwrap_or(0) >> 20,
        read("/proc/sys/kernel/osrelease").trim(),
    )
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default()
}
