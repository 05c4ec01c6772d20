//! What the system lets a test have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::tools;

/// Lets this process, and those that it starts, have so many files and connections open. Whether it may; if not, the
/// reason has been printed.
///
/// # Panics
///
/// With `CI=true`, where it may not.
pub fn allow_open_files(count: u64) -> bool {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let suffices = |limit: Option<u64>| limit.is_none_or(|limit| limit >= count);
    let allowed = suffices(current)
        || suffices(maximum) && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    if !allowed {
        tools::skip(&format!("{count} open files are needed, and at most {maximum:?} are allowed (`ulimit -Hn`)"));
    }
    allowed
}
