//! Where it was measured: figures mean nothing without it.

use std::process::Command;

use crate::{daemons::Daemon, hardware, wrk};

/// The machine, and the versions of what is compared.
pub(crate) fn describe() -> String {
    let versions = Daemon::both(&[]).map(|daemon| daemon.lookupd.version());
    format!("{}. {}. {}. {}. {}.", hardware::describe(), versions.theirs, versions.ours, rustc(), wrk::version(),)
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output().expect("rustc, which built this");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
