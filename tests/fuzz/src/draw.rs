//! Choices that an input doesn't spell out: they follow from all of it, so that the same input makes the same ones.

use xxhash_rust::xxh64::xxh64;

/// A small generator (SplitMix64).
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn from(input: &[u8]) -> Self {
        Self(xxh64(input, 0))
    }

    /// A number below `bound`, which isn't 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % bound as u64) as usize
    }

    pub(crate) fn list<T>(&mut self, length: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..length).map(|_| item(self)).collect()
    }
}
