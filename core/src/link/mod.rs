//! The conversation on a stream between a leader and those who follow it, without the stream.
//!
//! `GET /v1/stream?since=CURSOR` is a WebSocket; with `agent=ID&incarnation=N` its other end is an agent, which also speaks.
//! Every message is binary, its format's number first, as all that is stored. Pulling is the truth and pushing a hint: what a
//! follower missed or can't use it asks for by `GET /v1/changes`, and snapshots travel by HTTP alone.
//!
//! - [`ToFollower`], [`ToLeader`]: what is said.
//! - [`LeaderEnd`]: the leader's end of one agent's stream. Small, since it outlives an object's memory in a socket's
//!   attachment.
//! - [`Agent`]: all of an agent but its sockets. [`AgentEnd`]: its end of the stream. It knows what is to be announced, what was said, and what was heard to have arrived.
//!
//! A heartbeat is the text [`PING`], answered with [`PONG`]: on the edge by the runtime, without waking anyone.

mod agent;
mod agent_end;
mod leader_end;
mod message;
mod sessions;

pub use self::{
    agent::{Agent, Completion},
    agent_end::AgentEnd,
    leader_end::{Closing, LeaderEnd},
    message::{MAX_MESSAGE_LENGTH, MAX_PROBLEM_LENGTH, MAX_PUSH_LENGTH, Refused, ToFollower, ToLeader},
    sessions::{Announcement, SessionId},
};

/// What an agent says to be heard, every twentieth of the timeout.
pub const PING: &str = "ping";

/// What it is answered.
pub const PONG: &str = "pong";
