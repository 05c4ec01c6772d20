//! The leader with everything it decides, stores and hands on: random histories and named stories.
#![allow(clippy::unwrap_used)]

mod disk;
mod properties;
mod reference;
mod stories;
