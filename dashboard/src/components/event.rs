//! What happened, in a cell or in a line.

use lookupd_core::Timestamp;
use yew::prelude::*;

use super::{Icon, badge, name_link, text};
use crate::{
    format,
    live::Live,
    route::Route,
    view::{EventKind, Named, Told, Tone},
};

/// What happened, in a few words.
pub fn event_badge(told: &Told<'_>) -> Html {
    let class = match told.tone {
        Tone::Came => "badge good",
        Tone::Went => "badge plain",
        Tone::Doubt => "badge warn",
        Tone::Hidden => "badge hidden",
    };
    let symbol = match (told.kind, told.tone) {
        (_, Tone::Hidden) => Icon::Hidden,
        (_, Tone::Doubt) => Icon::Clock,
        (EventKind::Topic | EventKind::Channel, Tone::Went) => Icon::Trash,
        (_, Tone::Went) => Icon::Exit,
        (EventKind::Topic, _) => Icon::Topic,
        (EventKind::Channel, _) => Icon::Channel,
        (EventKind::Producer | EventKind::Agent, _) => Icon::Node,
        (EventKind::Liveness | EventKind::Tombstone, _) => Icon::Check,
    };
    badge(class, symbol, told.words.into())
}

/// The topics and channels that it names: one as a link, several behind a button. `id` is its own in the page.
pub fn event_topics(live: &Live, told: &Told<'_>, id: usize) -> Html {
    let named = told.named;
    let Some((topic, channels)) = named.get(0) else { return text("") };
    if named.count() > 1 {
        return names(id, format::counted(named.count(), "topic"), named);
    }
    let below = match channels {
        [] => html! { <span hidden=true /> },
        [channel] => name_link(live, &Route::channel(topic, channel), channel),
        _ => names(id, format::counted(channels.len(), "channel"), named),
    };
    beside(name_link(live, &Route::topic(topic), topic), below)
}

/// Whom it is about, and how that is announced.
pub fn event_who(live: &Live, told: &Told<'_>) -> Html {
    let (who, via) = told.who.texts();
    if told.who.node().is_none() {
        return text(&who);
    }
    let via = if via.is_empty() { via } else { format!("via {via}") };
    beside(name_link(live, &Route::node(&who), &who), html! { <span class="muted">{ via }</span> })
}

fn beside(first: Html, second: Html) -> Html {
    html! { <span class="path">{ first }{ second }</span> }
}

/// A moment of today by the local clock; in full for who points at it.
pub fn moment(at: Timestamp) -> Html {
    html! { <time class="number" datetime={format::iso(at)} title={format::iso(at)}>{ format::time_of_day(at) }</time> }
}

/// How many topics are named at most.
const NAMED: usize = 200;

/// A button that shows names in a box above the page. The box is the browser's own: a press elsewhere or Esc closes it, and no row
/// of a long table grows.
fn names(id: usize, label: String, named: Named<'_>) -> Html {
    let mut lines = named.list(NAMED, "\n");
    if named.count() > NAMED {
        lines.push_str("and ");
        lines.push_str(&format::count(named.count() - NAMED));
        lines.push_str(" more");
    }
    let id = format!("names-{id}");
    html! {
        <>
            <button type="button" class="chip" popovertarget={id.clone()}>{ label.clone() }</button>
            <div {id} class="popover name" popover="auto" role="group" aria-label={label} tabindex="0" autofocus=true>{ lines }</div>
        </>
    }
}
