//! A cluster's log, to be kept.

use alloc::format;

use super::{error::Error, response::Response};
use crate::{log_file::History, producer::Lifetimes, time::Timestamp};

/// The answer to `GET /v1/log`: the file, and what to call it. Takes longer than loading a leader.
pub fn log(history: &History, cluster: &str, lifetimes: &Lifetimes, now: Timestamp) -> Response {
    let Ok(body) = history.to_file(cluster, lifetimes, now) else { return Error::StorageFailed.into() };
    let mut response = Response::empty(200);
    response.body = body;
    response.push("Content-Type", "application/x-ndjson");
    let name = format!("attachment; filename=\"lookupd-edge-{cluster}-{}.ndjson\"", now.compact());
    response.push("Content-Disposition", name);
    response
}
