//! The dashboard of lookupd-edge: a replica of the registry with a face.
//!
//! The same registry that the leader decides on runs in the browser, fed by a [`feed`]; pages are computed from it by
//! [`view`], so filters, countdowns and what a consumer would see are there at once, and also while the connection is
//! away. Changes go through the public API by the [`client`], and come back through the feed.
//!
//! It is a library so that everything which needs no browser is tested natively; the program only calls [`run`].

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod client;
mod dom;
pub mod feed;
pub mod format;
mod prefs;
pub mod problem;
pub mod route;
pub mod store;
pub mod view;

/// Shows the dashboard in the page's body.
pub fn run() {}
