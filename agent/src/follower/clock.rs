//! The time by which an agent follows its leader.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lookupd_core::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// Begins at the wall's time, and then neither falls with it nor stands still: what the leader granted ends by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    began_at: Timestamp,
    began: Duration,
}

impl Clock {
    pub(super) fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { began_at: Timestamp::from_millis(lookupd_core::millis(since_epoch)), began: uptime() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.began_at.plus(uptime().saturating_sub(self.began))
    }
}

fn uptime() -> Duration {
    let time = clock_gettime(CLOCK);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// Elsewhere the monotonic clock goes on while the machine sleeps.
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;
