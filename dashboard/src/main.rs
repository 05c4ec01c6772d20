//! The page's entry point.

fn main() {
    lookupd_dashboard::run();
}

/// Takes constant time, and a fraction of the code of the standard library's allocator.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
