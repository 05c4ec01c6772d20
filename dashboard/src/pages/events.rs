//! What changed of late.

use lookupd_core::Timestamp;
use yew::prelude::*;

use super::{card, empty_card, nothing, page, topics::shown};
use crate::{
    components::{
        Column, Icon, Look, button, cell, chosen_filter, event_badge, event_moment, event_topics, event_who,
        export_buttons, heads, icon, link, link_with, log_buttons, long_table, search_field, select_filter,
    },
    format,
    live::Live,
    route::{Query, Route},
    store::{Event, Listed},
    view::{EventFilter, EventKind, Happening, Order, event, find_events},
};

const COLUMNS: [Column; 4] = [
    Column { label: "Event", class: "", by: "" },
    Column { label: "Time", class: "numeric", by: "" },
    Column { label: "Topic", class: "state", by: "" },
    Column { label: "Producer", class: "who", by: "" },
];

/// What is saved of each.
const EXPORTED: &[&str] = &["time", "revision", "type", "event", "topics", "producer", "via"];

/// A list of events with search and filters in the address, newest first.
pub fn events(live: &Live) -> Html {
    let query = live.query();
    let kind = EventKind::parse(query.get("type"));
    let filter = EventFilter { kind, topic: query.get("topic"), search: query.get("q") };
    let store = live.store();
    let listed = store.recent().listed();
    let unknown = unknown(live, &listed);
    let Listed { happenings, first, .. } = listed;
    let found = find_events(&happenings, &filter, store.registry());
    let count = |until: Timestamp| {
        let is_event = |happening: &Happening| event(happening).is_some_and(|row| row.at < until);
        let of_found = found.iter().filter(|place| is_event(&happenings[**place])).count();
        shown(of_found, happenings.iter().filter(|happening| is_event(happening)).count(), "event")
    };
    // Read aloud once a minute at most, and where something else is looked for.
    let said = count(Timestamp::from_millis(store.now().as_millis() / 60_000 * 60_000));
    let below = html! {
        <>
            <p class="muted number" aria-hidden="true">{ count(Timestamp::from_millis(u64::MAX)) }</p>
            <p class="visually-hidden" role="status">{ said }</p>
        </>
    };
    let waiting = store.recent().waiting();
    let waiting = find_events(waiting, &filter, store.registry()).len();
    let acts = html! {
        <>{ log_buttons(live) }{ if store.past().is_some() { nothing() } else { pause(live, store.recent().is_held(), waiting) } }</>
    };
    let content = if happenings.is_empty() {
        let why = "What changes from now on appears here by itself.";
        empty_card(Icon::Clock, "Nothing happened yet", why, nothing())
    } else if found.is_empty() {
        let (title, why) = ("No event matches", "What matches from now on appears here by itself.");
        let clear = link(live, &Route::Events, "button", html! { "Clear search and filter" });
        empty_card(Icon::Search, title, why, clear)
    } else {
        long_table(live, "Events, newest first", &COLUMNS, Order::parse("", &[""]), found.len(), &|place| {
            let number = first + found[place] as isize;
            (number.to_string(), cells(live, &happenings[found[place]], number))
        })
    };
    let export = export_buttons(live, "events", EXPORTED, move |sheet| {
        for row in found.iter().filter_map(|place| event(&happenings[*place])) {
            let told = row.told();
            let (who, via) = told.who.texts();
            sheet.text(&format::iso(row.at));
            sheet.text(&row.revision.to_string());
            for text in [told.kind.key(), told.words, &told.named.list(usize::MAX, "; "), &who, &via] {
                sheet.text(text);
            }
        }
    });
    let (searching, choosing) = (live.clone(), live.clone());
    let kinds = EventKind::ALL.map(|kind| (kind.key(), kind.label()));
    let chosen = kind.map_or("", EventKind::key);
    let content = html! {
        <>
            <div class="filters">
                { search_field("Search events", query.get("q"), move |text| searching.set_query("q", &text)) }
                { select_filter("Type", "Every type", &kinds, chosen, move |key| choosing.set_query("type", &key)) }
                { chosen_filter(live, "topic", "Topic", query.get("topic")) }
                { export }
            </div>
            <div class="events">{ content }</div>
            { unknown }
        </>
    };
    page(nothing(), "Events", below, acts, content)
}

/// How many events a page of something else shows.
const LATEST: usize = 10;

/// The latest events that match, in a frame, with a link to all of them; nothing where there are none.
pub(super) fn latest_events(live: &Live, filter: &EventFilter<'_>) -> Html {
    let store = live.store();
    let all = store.recent().all();
    let found = find_events(all, filter, store.registry());
    let lines = found
        .into_iter()
        .take(LATEST)
        .map(|place| html! { <tr key={place}>{ cells(live, &all[place], place as isize) }</tr> });
    let lines: Vec<Html> = lines.collect();
    if lines.is_empty() {
        return nothing();
    }
    let query = Query::default().with("topic", filter.topic).with("q", filter.search);
    let to_all = html! { <>{ "All of them" }{ icon(Icon::Right) }</> };
    let to_all = html! { <span class="more">{ link_with(live, &Route::Events, &query, "", false, to_all) }</span> };
    let table = html! {
        <div class="events">
            <table class="table stacked"><thead>{ heads(live, &COLUMNS, None) }</thead><tbody>{ lines }</tbody></table>
        </div>
    };
    card("card flush", "Latest events", to_all, table)
}

/// Lets the list stand still, so that one can read it, and go on.
fn pause(live: &Live, is_held: bool, waiting: usize) -> Html {
    let (look, symbol, label) = match (is_held, waiting) {
        (false, _) => (Look::Plain, Icon::Pause, "Pause".to_owned()),
        (true, 0) => (Look::Primary, Icon::Play, "Go on".to_owned()),
        (true, _) => (Look::Primary, Icon::Play, format::counted(waiting, "new event")),
    };
    let live = live.clone();
    button(look, symbol, label, move || live.send(Event::EventsHeld(!is_held)))
}

/// What the list doesn't know, and how it comes to know it. Nothing where it knows all.
fn unknown(live: &Live, listed: &Listed) -> Html {
    let has_gap = listed.happenings.iter().any(|happening| event(happening).is_none());
    let can_learn = has_gap || !listed.is_filled;
    let text = match (listed.begins.map(format::time_of_day), listed.is_filled) {
        (Some(begins), true) => format!("What happened before {begins} isn't kept."),
        (Some(begins), false) => format!("What happened before {begins} isn't known here."),
        (None, _) if has_gap => "Some of what happened isn't known here.".into(),
        (None, _) => return nothing(),
    };
    let problem = live.store().no_log().map(ToString::to_string);
    let loading = live.clone();
    let label = if live.is_log_coming() { "Loading the log" } else { "Load the log" };
    let load = button(Look::Small, Icon::History, label, move || loading.ask_log());
    html! {
        <p class="muted number unknown">{ text }<span hidden={!can_learn}>{ load }</span><span class="wrong-text">{ problem }</span></p>
    }
}

fn cells(live: &Live, happening: &Happening, number: isize) -> Html {
    match happening {
        Happening::Event(row) => {
            let told = row.told();
            html! {
                <>
                    <th scope="row">{ event_badge(&told) }</th>
                    { cell("numeric muted", event_moment(live, row, &told)) }
                    { cell("state", event_topics(live, &told, number)) }
                    { cell("who", event_who(live, &told)) }
                </>
            }
        }
        Happening::Unknown { since, until } => {
            let (since, until) = (format::time_of_day(*since), format::time_of_day(*until));
            let text = format!("What happened between {since} and {until} isn't known here.");
            html! { <th scope="row" colspan="4" class="muted number unknown">{ text }</th> }
        }
    }
}
