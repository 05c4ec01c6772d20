//! Randomness that can be repeated: what a test draws follows from one printed number.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// A small generator (SplitMix64). Its seed is printed when it is made, and shown again by a test that fails.
#[derive(Debug, Clone)]
pub struct Seed {
    state: u64,
}

impl Seed {
    /// From `LOOKUPD_SEED` if that is set, to repeat a run; else from the clock.
    ///
    /// # Panics
    ///
    /// When `LOOKUPD_SEED` is no number.
    #[expect(clippy::print_stderr, reason = "a failing run is repeated with the number it printed")]
    pub fn new() -> Self {
        let seed = match env::var("LOOKUPD_SEED") {
            Ok(text) => text.parse().expect("LOOKUPD_SEED is a number"),
            Err(_) => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs() ^ u64::from(since.subsec_nanos())),
        };
        eprintln!("repeat with LOOKUPD_SEED={seed}");
        Self { state: seed }
    }

    /// Another one, for whoever draws beside this one.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self { state: self.next() }
    }

    /// From a number that is known already.
    pub fn from_number(number: u64) -> Self {
        Self { state: number }
    }

    /// A number below `bound`.
    ///
    /// # Panics
    ///
    /// When `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Default for Seed {
    fn default() -> Self {
        Self::new()
    }
}
