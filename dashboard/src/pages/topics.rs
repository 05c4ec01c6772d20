//! All topics.

use yew::prelude::*;

use super::{empty_card, nothing, table_page};
use crate::{
    acts::Ask,
    components::{
        Column, Icon, Look, ask_button, cell, export_buttons, link, long_table, name_link, search_field, state_filter,
        topic_badge,
    },
    format,
    live::Live,
    route::Route,
    view::{Order, TOPIC_COLUMNS, TopicRow, TopicState, find_topics},
};

const COLUMNS: [Column; 6] = [
    Column { label: "Topic", class: "", by: "name" },
    Column { label: "State", class: "state", by: "state" },
    Column { label: "Producers", class: "numeric", by: "producers" },
    Column { label: "Tombstoned", class: "numeric wide", by: "tombstoned" },
    Column { label: "Silent", class: "numeric wide", by: "silent" },
    Column { label: "Channels", class: "numeric medium", by: "channels" },
];

/// What is saved of each; `producers` are those that consumers find, as in the table.
const EXPORTED: &[&str] = &["topic", "state", "producers", "tombstoned", "silent", "inactive", "channels"];

/// A table of topics with search, filter and order in the address.
pub fn topics(live: &Live) -> Html {
    let (rows, query) = (live.topics(), live.query());
    let order = Order::parse(query.get("sort"), &TOPIC_COLUMNS);
    let state = TopicState::parse(query.get("state"));
    let found = find_topics(&rows, query.get("q"), state, order);
    let shown = shown(found.len(), rows.len(), "topic");
    let register = Ask::Register { topic: String::new() };
    let acts = html! {
        <>
            { ask_button(live, Look::Plain, Icon::Node, "Register a producer", register) }
            { ask_button(live, Look::Primary, Icon::Plus, "Create topic", Ask::Create { topic: None }) }
        </>
    };
    let content = if rows.is_empty() {
        let why = "A topic comes with the first producer that registers it, or when it is created here.";
        empty_card(Icon::Topic, "No topics yet", why, nothing())
    } else if found.is_empty() {
        let clear = link(live, &Route::Topics, "button", html! { "Clear search and filter" });
        empty_card(Icon::Search, "No topic matches", "", clear)
    } else {
        long_table(live, "Topics", &COLUMNS, order, found.len(), &|place| {
            let topic = &rows[found[place]];
            (topic.name.clone(), cells(live, topic))
        })
    };
    let export = export_buttons(live, "topics", EXPORTED, move |sheet| {
        for topic in found.iter().map(|place| &rows[*place]) {
            sheet.text(&topic.name);
            sheet.text(topic.state().key());
            for count in [topic.visible, topic.tombstoned, topic.silent, topic.inactive, topic.channels] {
                sheet.number(count);
            }
        }
    });
    let (searching, choosing) = (live.clone(), live.clone());
    let states = TopicState::ALL.iter().map(|state| (state.key(), state.label()));
    let filters = vec![
        search_field("Search topics", query.get("q"), move |text| searching.set_query("q", &text)),
        state_filter(states, state.map_or("", TopicState::key), move |key| choosing.set_query("state", &key)),
        export,
    ];
    table_page("Topics", shown, acts, filters, content)
}

/// How many of how many are shown.
pub(super) fn shown(found: usize, all: usize, noun: &str) -> String {
    let all_of_them = format::counted(all, noun);
    if found == all { all_of_them } else { format!("{} of {all_of_them}", format::count(found)) }
}

fn cells(live: &Live, topic: &TopicRow) -> Html {
    html! {
        <>
            <th scope="row">{ name_link(live, &Route::topic(&topic.name), &topic.name) }</th>
            { cell("state", topic_badge(topic)) }
            { cell("numeric", format::count(topic.visible).into()) }
            { cell("numeric wide", format::count(topic.tombstoned).into()) }
            { cell("numeric wide", format::count(topic.unheard()).into()) }
            { cell("numeric medium", format::count(topic.channels).into()) }
        </>
    }
}
