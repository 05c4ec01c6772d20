//! The leader with everything it decides, stores and hands on: random histories and named stories.
#![allow(clippy::unwrap_used)]

mod disk;
mod history;
mod liveness;
mod log_file;
mod properties;
mod reference;
mod registrations;
mod replicas;
mod scene;
mod storage;
mod tombstones;
