//! Waiting for what happens soon, and not with the call that causes it.

use std::fmt::Debug;
use std::thread;
use std::time::{Duration, Instant};

/// Looks again and again until it sees what is expected.
///
/// # Panics
///
/// When it doesn't for half a minute, with what it saw last.
#[track_caller]
pub fn assert_becomes<T, E>(mut observe: impl FnMut() -> T, expected: E)
where
    T: PartialEq<E> + Debug,
    E: Debug,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = observe();
        if seen == expected {
            return;
        }
        assert!(Instant::now() < deadline, "still {seen:?}, and not {expected:?}");
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// How long anything may take. Only a program that hangs reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// So that looking doesn't take the time of those who are waited for.
pub(crate) const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
