//! What is fuzzed: functions that take any bytes, and panic where something that always holds doesn't.
//!
//! libFuzzer drives each of them by a program in `targets/`, guided by what they cover (`make fuzz`, `tools/fuzz.sh`).
//! `tests/corpus.rs` runs each over what is committed in `corpus/`, so that what was found once stays fixed also where nobody
//! fuzzes.

#![expect(clippy::unwrap_used, reason = "what panics here is a finding")]

mod decoding;
mod draw;
mod http;
mod json;
mod leader;
mod link;
mod memory;
mod session;
mod state;

#[expect(dead_code, reason = "of all that the leader's own tests break, not everything is broken here")]
#[path = "../../../core/tests/leader/disk.rs"]
mod disk;
#[path = "../../../core/tests/protocol/home.rs"]
mod home;

pub use self::{decoding::decoding, http::http, json::json, leader::leader, link::link, session::session};

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// All of them, by name.
pub const TARGETS: [(&str, Target); 6] =
    [("session", session), ("http", http), ("json", json), ("decoding", decoding), ("leader", leader), ("link", link)];
