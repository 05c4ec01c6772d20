//! What the tests of this package stand on: the real runtime, the real daemon, and raw bytes between them.
//!
//! - [`Edge`] runs the built worker in workerd, the runtime itself, on a directory of its own.
//! - [`Lookupd`] runs the daemon whose behaviour is ours too, and our agent, in one way.
//! - [`Nsq`] runs NSQ's own programs around one or more of them.
//! - [`Crowd`] is very many agents in this process.
//! - [`Network`] is what lies between two programs, and fails.
//! - [`ClientProgram`] runs a client library of NSQ in a program of `clients`.
//! - [`Session`] is the TCP protocol spoken frame by frame.
//! - [`Request`] and [`Response`] are HTTP to the byte: what is sent is what stands there, and what came is
//!   kept in the order and the spelling of the wire.
//! - [`Story`] is one entry of the recorded answers under `recorded/`; [`Difference`] is a place where ours
//!   differs from the real daemon on purpose. `COMPATIBILITY.md` explains each by its number.
//!
//! The cases themselves are the files under `tests/`.

mod client_program;
mod config;
mod crowd;
mod daemon;
mod differences;
mod directory;
mod edge;
mod follower;
mod http;
mod json;
mod limits;
mod log;
mod lookupd;
mod memory;
mod network;
mod nsq;
mod ports;
mod process;
mod producer;
mod recorded;
mod seed;
mod session;
mod stream;
mod tools;
mod wait;

pub use client_program::{ClientProgram, RunningClient};
pub use config::Bindings;
pub use crowd::{Crowd, Standing};
pub use daemon::Daemon;
pub use differences::{DIFFERENCES, Difference, Ours, comparable, comparable_with_clients, expected};
pub use directory::Directory;
pub use edge::{Edge, Way};
pub use follower::{Follower, completions};
pub use http::{Client, Connection, Request, Response, encoded};
pub use json::Json;
pub use limits::allow_open_files;
pub use lookupd::{Lookupd, announce};
pub use memory::resident_bytes;
pub use network::{Network, Weather};
pub use nsq::{Nsq, Nsqadmin, Nsqd, Tail};
pub use producer::{announcement, identify};
pub use recorded::{Answer, Step, Story, escape, read_stories, unescape, write_stories};
pub use seed::Seed;
pub use session::Session;
pub use stream::{Event, Stream};
pub use wait::assert_becomes;
