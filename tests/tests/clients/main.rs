//! NSQ's client libraries, unmodified, and real nsqds. Each library is told where we are, and nothing of any nsqd.
//! `tests/clients/README.md` says what was seen of each.

mod consuming;
mod every_endpoint;

use lookupd_tests::{Bindings, Edge, Nsqd, Request};
use serde_json::Value;

/// nsqd asks a lookupd over HTTP too, at the address that it calls its own; a machine's name need not lead back to it.
const BROADCAST: &[&str] = &["-broadcast-address=127.0.0.1"];

/// What an nsqd says of itself with IDENTIFY.
fn identity(nsqd: &Nsqd) -> Value {
    let info = nsqd.client().get("/info").json();
    ["broadcast_address", "hostname", "http_port", "tcp_port", "version"]
        .map(|field| (field.to_owned(), info[field].clone()))
        .into_iter()
        .collect()
}

/// Starts the worker with these bindings, and with the token of `announce`.
fn worker(bindings: Bindings) -> Option<Edge> {
    Edge::start(&bindings.with("REGISTER_TOKEN", PRODUCERS_TOKEN))
}

/// Announces an nsqd to the worker, which has no TCP: under `base`, with what the query says.
fn announce(edge: &Edge, base: &str, query: &str, nsqd: &Nsqd) {
    let request = Request::post(format!("{base}/register?{query}")).token(PRODUCERS_TOKEN);
    let answer = edge.send(&request.body(identity(nsqd).to_string()));
    assert_eq!(answer.status, 200, "{answer:?}");
}

const PRODUCERS_TOKEN: &str = "of producers";
