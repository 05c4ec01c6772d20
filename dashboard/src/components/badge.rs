//! Badges: a shape and a word each, since colour alone says nothing to many.

use yew::prelude::*;

use super::{Icon, element, icon};
use crate::{
    format,
    view::{Liveness, TopicRow, TopicState},
};

/// A badge: its tone is a class.
pub fn badge(class: &'static str, symbol: Icon, text: String) -> Html {
    element("span", class, vec![icon(symbol), element("span", "", vec![text.into()])])
}

/// A badge without a tone.
pub fn plain_badge(symbol: Icon, text: String) -> Html {
    badge("badge plain", symbol, text)
}

/// Whether a producer is heard.
pub fn liveness_badge(liveness: Liveness) -> Html {
    let (class, symbol, word) = match liveness {
        Liveness::Active => ("badge good", Icon::Check, "Active"),
        Liveness::Silent { .. } => ("badge warn", Icon::Clock, "Silent"),
        Liveness::Inactive { .. } => ("badge bad", Icon::Off, "Inactive"),
    };
    badge(class, symbol, word.into())
}

/// What is to be said of a topic.
pub fn topic_badge(row: &TopicRow) -> Html {
    let (class, symbol, text) = match row.state() {
        TopicState::Served => ("badge good", Icon::Check, "Served".into()),
        TopicState::Tombstoned => {
            ("badge hidden", Icon::Hidden, format!("{} tombstoned", format::count(row.tombstoned)))
        }
        TopicState::Silent => ("badge warn", Icon::Clock, format!("{} silent", format::count(row.unheard()))),
        TopicState::Unserved if row.tombstoned > 0 => ("badge hidden", Icon::Hidden, "All tombstoned".into()),
        TopicState::Unserved if row.inactive > 0 => ("badge bad", Icon::Off, "All inactive".into()),
        TopicState::Unserved => ("badge plain", Icon::None, "No producers".into()),
    };
    badge(class, symbol, text)
}

/// For a name that goes when its last producer does; nothing for any other.
pub fn ephemeral_badge(name: &str) -> Html {
    if name.ends_with("#ephemeral") {
        plain_badge(Icon::Clock, "Ephemeral".into())
    } else {
        html! { <span hidden=true /> }
    }
}
