//! How much memory another process has, as Linux tells it.

use std::fs;

/// The bytes of a process that are in memory now: `VmRSS` of `/proc/PID/status`.
///
/// # Panics
///
/// When the process is gone, or the system isn't Linux.
pub fn resident_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a process with memory");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
    kib << 10
}
