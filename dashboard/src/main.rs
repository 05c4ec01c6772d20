//! The page's entry point.

fn main() {
    lookupd_dashboard::run();
}
