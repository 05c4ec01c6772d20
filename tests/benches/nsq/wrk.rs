//! wrk, the load of the HTTP rows. <https://github.com/wg/wrk>

use std::{net::SocketAddr, path::Path, process::Command};

/// Asks for `target` with 32 connections for `seconds`, and says how many answers came in each.
///
/// # Panics
/// Where any answer is an error: what is measured must be what was asked for.
pub(crate) fn requests_per_second(http: SocketAddr, target: &str, seconds: u32) -> f64 {
    measure(http, target, seconds, &[])
}

/// As [`requests_per_second`], of the requests that a script in Lua makes.
#[allow(dead_code, reason = "not both benchmarks have one")]
pub(crate) fn scripted_per_second(http: SocketAddr, script: &Path, seconds: u32) -> f64 {
    measure(http, "/", seconds, &["-s", &script.to_string_lossy()])
}

fn measure(http: SocketAddr, target: &str, seconds: u32, more: &[&str]) -> f64 {
    let (duration, url) = (format!("-d{seconds}s"), format!("http://{http}{target}"));
    let report = run(&[&["-t1", "-c32", &duration, "--timeout", "60s"], more, &[&url]].concat());
    for failure in ["Non-2xx", "Socket errors"] {
        assert!(!report.contains(failure), "{target}: {report}");
    }
    let rate = report.lines().find_map(|line| line.strip_prefix("Requests/sec:")).expect("wrk says how many");
    rate.trim().parse().expect("a number")
}

/// Its name and version.
///
/// # Panics
/// Where it isn't there.
pub(crate) fn version() -> String {
    let usage = run(&["-v"]);
    usage.split(" [").next().unwrap_or_default().to_owned()
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new("wrk").args(arguments).output();
    let output = output.expect("wrk, which `make bench-nsq` installs where there is apt: install it");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
