//! Badges: a shape and a word each, since colour alone says nothing to many.

use yew::prelude::*;

use super::{Icon, icon};
use crate::{format, view::Liveness, view::TopicRow, view::TopicState};

fn badge(tone: &'static str, symbol: Icon, text: &str) -> Html {
    html! { <span class={classes!("badge", tone)}>{ icon(symbol) }<span>{ text }</span></span> }
}

/// Whether a producer is heard.
pub fn liveness_badge(liveness: Liveness) -> Html {
    match liveness {
        Liveness::Active => badge("good", Icon::Check, "Active"),
        Liveness::Silent { .. } => badge("warn", Icon::Clock, "Silent"),
        Liveness::Inactive { .. } => badge("bad", Icon::Off, "Inactive"),
    }
}

/// What is to be said of a topic.
pub fn topic_badge(row: &TopicRow) -> Html {
    match row.state() {
        TopicState::Served => badge("good", Icon::Check, "Served"),
        TopicState::Tombstoned => badge("hidden", Icon::Hidden, &format!("{} tombstoned", format::count(row.tombstoned))),
        TopicState::Silent => badge("warn", Icon::Clock, &format!("{} silent", format::count(row.silent + row.inactive))),
        TopicState::Unserved if row.tombstoned > 0 => badge("hidden", Icon::Hidden, "All tombstoned"),
        TopicState::Unserved if row.inactive > 0 => badge("bad", Icon::Off, "All inactive"),
        TopicState::Unserved => badge("plain", Icon::None, "No producers"),
    }
}

/// A count with its noun.
pub fn count_badge(symbol: Icon, text: &str) -> Html {
    badge("plain", symbol, text)
}

/// For a name that goes when its last producer does.
pub fn ephemeral_badge(name: &str) -> Html {
    html! {
        <span class="badge plain" hidden={!name.ends_with("#ephemeral")}>{ icon(Icon::Clock) }<span>{ "Ephemeral" }</span></span>
    }
}
