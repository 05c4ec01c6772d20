//! The daemon as its users meet it: a process of its own on ports of its own, spoken to in raw bytes.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod agent;
mod bounds;
mod command_line;
mod completing;
mod durability;
mod following;
mod front;
mod http;
mod life_cycle;
mod metrics;
mod nsqd;
mod past;
mod sessions;
mod stream;
mod streams;
mod tls;
mod waiting;
