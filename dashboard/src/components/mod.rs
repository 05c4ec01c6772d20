//! What pages are made of.

mod badge;
mod banner;
mod copy;
mod dialog;
mod empty;
mod field;
mod icon;
mod link;
mod notices;
mod pill;
mod producers;
mod query;
mod ring;
mod table;
mod theme;
mod token;

pub use badge::{count_badge, ephemeral_badge, liveness_badge, topic_badge};
pub use banner::Banner;
pub use copy::{CopyButton, Snippet};
pub use dialog::{Dialog, close_dialog};
pub use empty::{Empty, skeleton};
pub use field::{Field, SearchField};
pub use icon::{Icon, icon};
pub use link::Link;
pub use notices::Notices;
pub use pill::Pill;
pub use producers::{ProducerTable, Silence, text};
pub use query::use_query;
pub use ring::Countdown;
pub use table::{Head, StateFilter, Window, use_window};
pub use theme::ThemeButton;
pub use token::{TokenForm, TokenPanel};
