//! The dashboard of lookupd-edge: a replica of the registry with a face.
//!
//! The same registry that the leader decides on runs in the browser, fed by a [`feed`]; pages are computed from it by
//! [`view`], so filters, countdowns and what a consumer would see are there at once, and also while the connection is
//! away. Changes go through the public API by the [`client`], and come back through the feed.
//!
//! It is a library so that everything which needs no browser is tested natively; the program only calls [`run`].

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod acts;
pub mod answer;
mod app;
pub mod client;
pub mod components;
pub mod dom;
pub mod feed;
pub mod format;
pub mod json;
pub mod live;
pub mod pages;
pub mod prefs;
pub mod problem;
pub mod route;
pub mod shortcuts;
pub mod store;
pub mod view;

use app::App;

/// Shows the dashboard in the element `app`.
pub fn run() {
    let root = dom::document().get_element_by_id("app");
    match root {
        Some(root) => yew::Renderer::<App>::with_root(root).render(),
        None => yew::Renderer::<App>::new().render(),
    };
}
