//! Where the tools are that only the set-up script can bring, and what happens without them.

use std::collections::BTreeSet;
use std::env;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The directory that worker-build filled: `index.js` and its wasm.
pub(crate) const WORKER_BUILD: &str = "LOOKUPD_WORKER_BUILD";
/// The runtime's binary, the same that wrangler brings.
pub(crate) const WORKERD: &str = "LOOKUPD_WORKERD_BIN";
/// The real daemon, built from `tests/nsq`.
pub(crate) const NSQLOOKUPD: &str = "LOOKUPD_NSQLOOKUPD_BIN";
/// The rest of NSQ, built with it.
pub(crate) const NSQD: &str = "LOOKUPD_NSQD_BIN";
pub(crate) const NSQADMIN: &str = "LOOKUPD_NSQADMIN_BIN";
pub(crate) const NSQ_TAIL: &str = "LOOKUPD_NSQ_TAIL_BIN";
pub(crate) const TO_NSQ: &str = "LOOKUPD_TO_NSQ_BIN";
/// What the programs of `tests/clients` run on: Python with its packages, Node.js and its packages, and what was built.
pub(crate) const CLIENTS_PYTHON: &str = "LOOKUPD_CLIENTS_PYTHON";
pub(crate) const NODE: &str = "LOOKUPD_NODE_BIN";
pub(crate) const CLIENTS_NODE: &str = "LOOKUPD_CLIENTS_NODE";
pub(crate) const CLIENTS_GO: &str = "LOOKUPD_CLIENTS_GO";
pub(crate) const CLIENTS_RUST: &str = "LOOKUPD_CLIENTS_RUST";
/// Our agent's binary.
pub(crate) const AGENT: &str = "LOOKUPD_AGENT_BIN";

/// The existing path that the environment names under each of `variables`, in their order.
///
/// A tool that is missing fails the test where `CI=true`, because a green run must have tested something.
/// Elsewhere the reason is printed and the caller gets `None`: its test ends there.
///
/// # Panics
///
/// With `CI=true`, when one is missing.
pub(crate) fn find<const N: usize>(variables: [&str; N]) -> Option<[PathBuf; N]> {
    let mut missing = None;
    let paths = variables.map(|variable| match env::var_os(variable) {
        None => {
            missing.get_or_insert(format!("{variable} is not set (`. tools/env.sh` sets it)"));
            PathBuf::new()
        }
        Some(path) => {
            let path = PathBuf::from(path);
            if !path.exists() {
                missing.get_or_insert(format!("{variable} names {}, which does not exist", path.display()));
            }
            path
        }
    });
    match missing {
        None => Some(paths),
        Some(reason) => {
            skip(&reason);
            None
        }
    }
}

/// Says once why a test ends here, past the test harness, which would keep the output of a test that passes to itself.
///
/// # Panics
///
/// With `CI=true`.
pub(crate) fn skip(reason: &str) {
    assert!(!env::var("CI").is_ok_and(|ci| ci == "true"), "{reason}");
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(reason.to_owned()) {
        let _ = writeln!(io::stderr(), "skipped: {reason}");
    }
}
