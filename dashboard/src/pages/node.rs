//! One node: what it says of itself, how it is announced, and what it serves.

use lookupd_core::{Via, http::Right};
use yew::prelude::*;

use super::{card, crumbs, empty_card, events::latest_events, nothing, page};
use crate::{
    acts::Ask,
    client::Act,
    components::{
        Column, Icon, Look, ask_button, badge, cell, countdown, element, empty, export_buttons, facts, last_heard,
        link, liveness_badge, long_rows, name_link, plain_badge, row_ask_button, silence, text, with_acts,
    },
    format,
    live::Live,
    route::Route,
    view::{EventFilter, Liveness, Order, ProducerRow, ServedTopic, node_detail},
};

const COLUMNS: [Column; 4] = [
    Column { label: "Topic", class: "", by: "" },
    Column { label: "State", class: "state", by: "" },
    Column { label: "Channels", class: "medium", by: "" },
    Column { label: "", class: "acts", by: "" },
];

/// Everything about one node, by `broadcast_address:http_port`.
pub fn node(live: &Live, node: &str) -> Html {
    let way = crumbs(live, &[(Route::Nodes, "Nodes")]);
    let found = lookupd_core::Node::parse(node).ok().and_then(|node| {
        let store = live.store();
        node_detail(store.registry(), &node, store.lifetimes(), store.now()).map(|detail| (node.to_string(), detail))
    });
    let events = latest_events(live, &EventFilter { search: node, ..EventFilter::default() });
    let Some((name, (claims, topics))) = found else {
        let why = "It left, or never announced itself. If it does, it appears here.";
        let back = link(live, &Route::Nodes, "button primary", html! { "All nodes" });
        let content = empty_card(Icon::Node, "There is no such node", why, back);
        return page(way, node, nothing(), nothing(), html! { <>{ content }{ events }</> });
    };
    let acts = if claims.iter().any(|claim| claim.via == Via::Http) {
        let act = Act::Unregister { node: name.clone(), topic: None };
        ask_button(live, Look::Danger, Icon::Exit, "Unregister", Ask::Confirm(act))
    } else {
        nothing()
    };
    let best = claims.iter().map(|claim| claim.liveness).min().unwrap_or(Liveness::Active);
    let below = html! {
        <>{ liveness_badge(best) }{ plain_badge(Icon::Topic, format::counted(topics.len(), "topic")) }</>
    };
    let served = topic_table(live, &name, &topics);
    let left = vec![card("card flush", "Topics", export(live, &name, &topics), served), events];
    let right = claims.iter().map(|claim| claim_card(live, claim)).collect();
    let content = element("div", "columns", vec![element("div", "column", left), element("div", "column", right)]);
    page(way, &name, below, acts, content)
}

fn claim_card(live: &Live, claim: &ProducerRow) -> Html {
    let info = &claim.info;
    let state = vec![liveness_badge(claim.liveness), silence(claim.liveness, live.leader_now())];
    let state = element("span", "badges", state);
    let lines = [
        ("State", state),
        ("Last heard", last_heard(claim.liveness, live.leader_now()).into()),
        ("Hostname", text(&info.hostname)),
        ("Broadcast address", text(&info.broadcast_address)),
        ("TCP port", text(&info.tcp_port.to_string())),
        ("HTTP port", text(&info.http_port.to_string())),
        ("Version", text(&info.version)),
        ("Zone", text(&info.topology_zone)),
        ("Region", text(&info.topology_region)),
        ("Announced from", text(&info.remote_address)),
    ];
    let lines = lines.into_iter().map(|(label, value)| (label.to_owned(), value)).collect();
    card("card", format!("Announced via {}", claim.via), nothing(), facts(lines))
}

fn export(live: &Live, node: &str, topics: &[ServedTopic]) -> Html {
    let rows: Vec<(String, String, bool)> =
        topics.iter().map(|topic| (topic.name.clone(), topic.channels.join(" "), topic.tombstone.is_some())).collect();
    export_buttons(live, node, &["topic", "channels", "state"], move |sheet| {
        for (topic, channels, is_hidden) in &rows {
            sheet.text(topic);
            sheet.text(channels);
            sheet.text(if *is_hidden { "tombstoned" } else { "served" });
        }
    })
}

fn topic_table(live: &Live, node: &str, topics: &[ServedTopic]) -> Html {
    if topics.is_empty() {
        let why = "It is announced, but consumers have no reason to connect to it.";
        return empty(Icon::Topic, "It serves no topic", why, nothing());
    }
    let columns = with_acts(live, Right::Admin, &COLUMNS);
    let order = Order::parse("", &[""]);
    long_rows(live, &format!("Topics of {node}"), columns, order, topics.len(), &|place| {
        let topic = &topics[place];
        (topic.name.clone(), served(live, node, topic))
    })
}

fn served(live: &Live, node: &str, topic: &ServedTopic) -> Html {
    let act = Act::Tombstone { topic: topic.name.clone(), node: node.into() };
    let state = match &topic.tombstone {
        Some(tombstone) => countdown(tombstone, live.leader_now()),
        None => badge("badge good", Icon::Check, "Served".into()),
    };
    let channel = |name: &String| link(live, &Route::channel(&topic.name, name), "chip name", html! { name });
    let channels = topic.channels.iter().map(channel).collect();
    let acts = live.may(act.right()).then(|| {
        let about = format!("in {}", topic.name);
        cell("acts", row_ask_button(live, Icon::Hidden, "Tombstone", &about, Ask::Confirm(act)))
    });
    html! {
        <>
            <th scope="row">{ name_link(live, &Route::topic(&topic.name), &topic.name) }</th>
            { cell("state", state) }
            { cell("medium", element("span", "chips", channels)) }
            { acts }
        </>
    }
}
