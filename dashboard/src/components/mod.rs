//! What pages are made of: plain functions of what is known. The whole page is one component; each further one would add
//! 4 KB to what a browser loads, and what it remembered would be out of the reach of tests.

mod badge;
mod banner;
mod button;
mod choice;
mod dialog;
mod element;
mod empty;
mod event;
mod export;
mod facts;
mod field;
mod icon;
mod link;
mod pill;
mod producers;
mod shortcuts;
mod snippet;
mod table;
mod time;
mod token;

pub use badge::{badge, ephemeral_badge, liveness_badge, plain_badge, topic_badge};
pub use banner::{banner, banner_of, notices};
pub(crate) use button::square;
pub use button::{Look, ask_button, button, row_ask_button};
pub use choice::{choice, theme_button};
pub use dialog::{close_dialog, dialog, open_dialog};
pub use element::element;
pub use empty::{empty, skeleton};
pub use event::{event_badge, event_topics, event_who, moment};
pub use export::export_buttons;
pub use facts::facts;
pub use field::{FieldLook, chosen_filter, field, search_field, select_filter, state_filter};
pub use icon::{Icon, icon};
pub use link::{link, link_with, name_link};
pub use pill::{pill, pill_of};
pub(crate) use producers::cell;
pub use producers::{producer_table, text};
pub use shortcuts::shortcut_list;
pub use snippet::{copy_button, snippet};
pub use table::{Column, Window, heads, long_table, measure_table, with_acts};
pub use time::{countdown, last_heard, silence};
pub use token::{token_buttons, token_form, token_panel};
