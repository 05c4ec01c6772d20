//! The faults of nsqlookupd that aren't repeated, by their numbers in `COMPATIBILITY.md`: the same steps on the real daemon,
//! which shows the fault, and on ours, which doesn't.
//!
//! Two are shown only in part. Of 4, the data race on tombstones, the cause can't be seen from outside: what a race does
//! depends on the machine (a build with `go build -race` reports it: `IsTombstoned` reads what `Tombstone` writes). What
//! can be seen is the promise that it endangers, kept by ours under the same load. Of 8, the
//! real daemon's two states are seen for `/topic/delete` and `/lookup`, where many channels keep the window open; the one
//! within `/nodes` is too small to be met on purpose.
//!
//! 10, what a question costs among many topics, is measured, not tested: `BENCHMARKS.md`.

mod hostile;
mod producers;
mod state;

use lookupd_tests::{Client, Lookupd, Request, identify};

/// The real daemon and ours, on ports of their own. `None` where one of them isn't built and that may be.
fn both() -> Option<[Lookupd; 2]> {
    Some([Lookupd::nsqlookupd(&[])?, Lookupd::agent(&[])?])
}

/// What nsqd says of itself on this host.
fn on_host(host: &str) -> String {
    identify(host).to_string()
}

fn post(client: Client, target: &str) {
    let answer = client.post(target);
    assert_eq!(answer.status, 200, "{target}: {answer:?}");
}

fn answers(client: Client) -> bool {
    client.try_send(&Request::get("/ping")).is_ok()
}
