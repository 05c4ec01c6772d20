//! One topic: who serves it, and its channels.

use yew::prelude::*;

use super::{card, crumbs, empty_card, events::latest_events, nothing, page};
use crate::{
    acts::Ask,
    client::Act,
    components::{
        Column, Icon, Look, ask_button, cell, empty, ephemeral_badge, heads, icon, link, link_with, name_link,
        plain_badge, producer_table, snippet,
    },
    dom, format,
    live::Live,
    route::{Query, Route},
    view::{EventFilter, Order, curl, producer_rows},
};

const COLUMNS: [Column; 2] = [
    Column { label: "Channel", class: "", by: "channel" },
    Column { label: "Producers", class: "numeric", by: "producers" },
];

/// Producers with their standing, channels, and what can be done with them.
pub fn topic(live: &Live, topic: &str) -> Html {
    let way = crumbs(live, &[(Route::Topics, "Topics")]);
    let found = {
        let store = live.store();
        store.registry().topic(topic).map(|entry| {
            let rows = producer_rows(&entry, store.lifetimes(), store.now());
            let visible = entry.visible(store.lifetimes(), store.now()).count();
            let channels: Vec<(String, usize)> = entry
                .channels()
                .map(|name| (name.to_string(), entry.channel_producers(name).map_or(0, |producers| producers.len())))
                .collect();
            (rows, visible, channels)
        })
    };
    let events = latest_events(live, &EventFilter { topic, ..EventFilter::default() });
    let Some((rows, visible, channels)) = found else {
        let why = "It was deleted, or no producer ever registered it. If one does, it appears here.";
        let back = link(live, &Route::Topics, "button primary", html! { "All topics" });
        let content = empty_card(Icon::Topic, "There is no such topic", why, back);
        return page(way, topic, nothing(), nothing(), html! { <>{ content }{ events }</> });
    };
    let register = || {
        let ask = Ask::Register { topic: topic.into() };
        ask_button(live, Look::Plain, Icon::Plus, "Register a producer", ask)
    };
    let delete = Ask::Confirm(Act::DeleteTopic { topic: topic.into() });
    let seen = html! { <>{ icon(Icon::Search) }{ "What consumers see" }</> };
    let acts = html! {
        <>
            { link_with(live, &Route::Lookup, &Query::default().with("topic", topic), "button", false, seen) }
            { register() }
            { ask_button(live, Look::Danger, Icon::Trash, "Delete", delete) }
        </>
    };
    let below = html! {
        <>
            { plain_badge(Icon::Search, format!("{} found by consumers", format::count(visible))) }
            { plain_badge(Icon::Channel, format::counted(channels.len(), "channel")) }
            { ephemeral_badge(topic) }
        </>
    };
    let producers = if rows.is_empty() {
        let why = "Consumers that look it up find nobody to connect to.";
        empty(Icon::Node, "No producer serves this topic", why, register())
    } else {
        producer_table(live, topic, &rows)
    };
    let create = Ask::Create { topic: Some(topic.into()) };
    let create = ask_button(live, Look::Small, Icon::Plus, "Create channel", create);
    let lookup = curl(&dom::origin(), &live.base().api, topic);
    let query = Query::default().with("topic", topic);
    let picture = html! { <>{ icon(Icon::Graph) }{ "As a picture" }</> };
    let to_graph = link_with(live, &Route::Graph, &query, "button small", false, picture);
    let content = html! {
        <>
            { card("card flush", "Producers", to_graph, producers) }
            { card("card flush", "Channels", create, channel_table(live, topic, &channels)) }
            { events }
            { snippet(live, "Look it up", lookup) }
        </>
    };
    page(way, topic, below, acts, content)
}

fn channel_table(live: &Live, topic: &str, channels: &[(String, usize)]) -> Html {
    if channels.is_empty() {
        let why = "A channel comes with the first consumer of an nsqd, or when it is created here.";
        return empty(Icon::Channel, "No channels", why, nothing());
    }
    let order = Order::parse(live.query().get("sort"), &["channel", "producers"]);
    let mut places: Vec<usize> = (0..channels.len()).collect();
    order.sort(&mut places, &|a, b| match order.key {
        "producers" => channels[a].1.cmp(&channels[b].1),
        _ => a.cmp(&b),
    });
    let rows = places.into_iter().map(|place| {
        let (name, producers) = &channels[place];
        html! {
            <tr key={name.clone()}>
                <th scope="row">{ name_link(live, &Route::channel(topic, name), name) }</th>
                { cell("numeric", format::count(*producers).into()) }
            </tr>
        }
    });
    html! {
        <table class="table">
            <caption class="visually-hidden">{ format!("Channels of {topic}") }</caption>
            <thead>{ heads(live, &COLUMNS, Some(order)) }</thead>
            <tbody>{ for rows }</tbody>
        </table>
    }
}
