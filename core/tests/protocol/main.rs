//! The TCP protocol as a whole: against recorded bytes of the real nsqlookupd, and against itself in pieces.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod home;
mod properties;
mod recorded;
