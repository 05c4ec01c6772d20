//! What happened, in a cell or in a line.

use yew::prelude::*;

use super::{Icon, badge, link_with, name_link, text};
use crate::{
    format,
    live::{AT, Live},
    route::{Query, Route},
    view::{EventKind, EventRow, Named, Told, Tone},
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
pub fn event_topics(live: &Live, told: &Told<'_>, id: isize) -> Html {
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

/// When it was, by the local clock and in full for who points at it: a link to what it is about, as of then.
pub fn event_moment(live: &Live, row: &EventRow, told: &Told<'_>) -> Html {
    let to = match (told.named.get(0), told.who.node()) {
        (Some((topic, _)), _) if told.named.count() == 1 => Route::topic(topic),
        (_, Some(_)) => Route::node(&told.who.texts().0),
        _ => Route::Overview,
    };
    let then = Query::default().with(AT, &row.at.as_millis().to_string());
    let content = html! {
        <>
            <time class="number" title={format::iso(row.at)}>{ format::time_of_day(row.at) }</time>
            <span class="visually-hidden">{ ", as of then" }</span>
        </>
    };
    link_with(live, &to, &then, "then", false, content)
}

/// How many topics are named at most.
const NAMED: usize = 200;

/// A button that shows names in a box above the page. The box is the browser's own: a press elsewhere or Esc closes it, and no row
/// of a long table grows.
fn names(id: isize, label: String, named: Named<'_>) -> Html {
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
