//! How much memory something holds.

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Runs it, which may hold so many bytes more at once, and no more. Nothing else may run meanwhile.
pub(crate) fn within<T>(limit: usize, run: impl FnOnce() -> T) -> T {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = run();
    let held = MEMORY.peak_usage().saturating_sub(before);
    assert!(held <= limit, "held {held} bytes of memory, where {limit} are enough");
    result
}
