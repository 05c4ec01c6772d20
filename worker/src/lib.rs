//! lookupd-edge as a Cloudflare worker.
//!
//! `edge` takes every request, refuses what can be refused cheaply, and asks the cluster's `leader`, a Durable
//! Object, for the rest; `store` is the leader's disk. What a request means and what is answered is decided in
//! `lookupd-core`, so that every home of the registry says the same.

mod config;
mod dashboard;
mod edge;
mod exchange;
mod followers;
mod leader;
mod replica;
mod store;
mod stub;
