//! What a process costs, as Linux tells it (proc(5)).

use std::fs;

/// Of one process, at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessStats {
    /// Memory that is resident: VmRSS.
    pub(crate) resident_bytes: f64,
    /// The most that ever was: VmHWM.
    pub(crate) peak_bytes: f64,
    /// Time on a CPU since its start, its own and the kernel's for it, in hundredths exactly.
    pub(crate) cpu_seconds: f64,
}

impl ProcessStats {
    /// Reads them.
    pub(crate) fn of(pid: u32) -> Self {
        Self::read(&pid.to_string())
    }

    /// Of whoever measures.
    pub(crate) fn own() -> Self {
        Self::read("self")
    }

    fn read(process: &str) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).expect("a running process, on Linux");
        let bytes = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("a line of /proc/PID/status");
            line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number of kB") * 1024.0
        };
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("a running process, on Linux");
        // Its name, in parentheses, may hold anything: utime and stime are the 12th and 13th word behind it.
        let (_, words) = stat.rsplit_once(')').expect("a name");
        let ticks = words.split_whitespace().skip(11).take(2).map(|word| word.parse::<f64>().expect("a number"));
        Self {
            resident_bytes: bytes("VmRSS:"),
            peak_bytes: bytes("VmHWM:"),
            cpu_seconds: ticks.sum::<f64>() / TICKS_PER_SECOND,
        }
    }
}

/// USER_HZ, which is 100 on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
