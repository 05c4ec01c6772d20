//! The registry of lookupd-edge: it decides and answers, and does nothing else.
//!
//! No I/O, no clock, no randomness, no standard library: time is an argument, storage a trait, and a request a value.
//! The same code runs in the leader's Durable Object, in every worker isolate, in the browser and in a native daemon.
//!
//! From the inside out: names and times; producers; a [`Command`] asks, [`Registry::decide`] turns it into a [`Batch`] of
//! changes, [`Registry::apply`] takes it over; the [`Leader`] does so durably, a [`Replica`] follows it; [`http`] speaks
//! for both.

#![no_std]
#![cfg_attr(test, allow(clippy::unwrap_used))]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod api;
mod change;
mod command;
pub mod http;
mod leader;
pub mod link;
mod log_file;
mod name;
mod observations;
mod past;
mod producer;
pub mod protocol;
mod registry;
mod replica;
mod store;
mod time;

pub use change::{
    Batch, CatchUp, Change, Check, Cursor, DecodeError, FORMAT, InvalidCursor, MAX_STORED_LENGTH, Revision,
    SnapshotPart, Topics,
};
pub use command::{Bound, Command, Limits, Refusal};
pub use leader::{Done, Fault, GRANT, Leader, LeaderSettings, LoadError, LogSize, Outcome};
pub use log_file::{Flaw, History, LogFile, UnreadableLog};
pub use name::{ChannelName, InvalidName, MAX_NAME_LENGTH, TopicName, is_valid_name};
pub use observations::RETENTION;
pub use past::{NoSuchPast, Past};
pub use producer::{
    AgentId, ClaimKey, Incarnation, InvalidAgentId, InvalidNode, InvalidVia, Lifetimes, Node, ProducerInfo, Via,
};
pub use registry::{
    AgentEntry, Category, Fact, Gap, Impact, Match, NodeEntry, Producer, Registration, RegistrationPattern, Registry,
    TopicEntry, Touched,
};
pub use replica::{CannotFollow, Confirmation, Plan, Replica};
pub use store::{LogEntry, Store, Stored, StoredSnapshot};
pub use time::{InvalidDuration, Timestamp, millis, parse_duration};
