//! Agents and replicas with their leader, driven by hand: named stories of both ends of a stream.
#![allow(clippy::unwrap_used)]

mod agent_stories;
#[allow(dead_code)]
#[path = "../leader/disk.rs"]
mod disk;
mod leader_end_stories;
mod replica_stories;
mod scene;
