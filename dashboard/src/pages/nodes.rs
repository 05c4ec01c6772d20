//! All producers.

use yew::prelude::*;

use super::{empty_card, nothing, table_page, topics::shown};
use crate::{
    acts::Ask,
    components::{
        Column, Icon, Look, ask_button, badge, cell, element, export_buttons, last_heard, link, liveness_badge,
        long_table, name_link, search_field, state_filter, text,
    },
    format,
    live::Live,
    route::Route,
    view::{NODE_COLUMNS, NodeRow, NodeState, Order, Sheet, find_nodes},
};

const COLUMNS: [Column; 8] = [
    Column { label: "Node", class: "", by: "node" },
    Column { label: "State", class: "state", by: "state" },
    Column { label: "Last heard", class: "wide", by: "heard" },
    Column { label: "Hostname", class: "wide host", by: "hostname" },
    Column { label: "Version", class: "wide", by: "version" },
    Column { label: "Zone", class: "wide", by: "zone" },
    Column { label: "Region", class: "wide", by: "region" },
    Column { label: "Topics", class: "numeric", by: "topics" },
];

/// What is saved of each.
const EXPORTED: &[&str] = &[
    "node",
    "state",
    "last_heard",
    "topics",
    "tombstoned_in",
    "hostname",
    "broadcast_address",
    "tcp_port",
    "http_port",
    "version",
    "zone",
    "region",
    "remote_address",
    "via",
];

/// A table of nodes with search, filter and order in the address.
pub fn nodes(live: &Live) -> Html {
    let (rows, query) = (live.nodes(), live.query());
    let order = Order::parse(query.get("sort"), &NODE_COLUMNS);
    let state = NodeState::parse(query.get("state"));
    let found = find_nodes(&rows, query.get("q"), state, order);
    let shown = shown(found.len(), rows.len(), "node");
    let register = Ask::Register { topic: String::new() };
    let acts = ask_button(live, Look::Primary, Icon::Plus, "Register a producer", register);
    let content = if rows.is_empty() {
        let why = "Point an nsqd at this registry, or register a producer over HTTP.";
        empty_card(Icon::Node, "No producers yet", why, nothing())
    } else if found.is_empty() {
        let clear = link(live, &Route::Nodes, "button", html! { "Clear search and filter" });
        empty_card(Icon::Search, "No node matches", "", clear)
    } else {
        long_table(live, "Nodes", &COLUMNS, order, found.len(), &|place| {
            let node = &rows[found[place]];
            (node.name.clone(), cells(live, node))
        })
    };
    let export = export_buttons(live, "nodes", EXPORTED, move |sheet| {
        for node in found.iter().map(|place| &rows[*place]) {
            write(sheet, node);
        }
    });
    let (searching, choosing) = (live.clone(), live.clone());
    let states = NodeState::ALL.iter().map(|state| (state.key(), state.label()));
    let filters = vec![
        search_field("Search nodes", query.get("q"), move |text| searching.set_query("q", &text)),
        state_filter(states, state.map_or("", NodeState::key), move |key| choosing.set_query("state", &key)),
        export,
    ];
    table_page("Nodes", shown, acts, filters, content)
}

fn write(sheet: &mut Sheet, node: &NodeRow) {
    let info = &node.info;
    sheet.text(&node.name);
    sheet.text(node.liveness.word());
    sheet.text(&node.liveness.since().map(format::iso).unwrap_or_default());
    sheet.number(node.topics);
    sheet.number(node.tombstoned);
    sheet.text(&info.hostname);
    sheet.text(&info.broadcast_address);
    sheet.number(info.tcp_port.get().into());
    sheet.number(info.http_port.get().into());
    for text in [&info.version, &info.topology_zone, &info.topology_region, &info.remote_address] {
        sheet.text(text);
    }
    let via: Vec<String> = node.via.iter().map(ToString::to_string).collect();
    sheet.text(&via.join(" "));
}

fn cells(live: &Live, node: &NodeRow) -> Html {
    let hidden = if node.tombstoned == 0 {
        nothing()
    } else {
        badge("badge hidden", Icon::Hidden, format!("tombstoned in {}", format::count(node.tombstoned)))
    };
    html! {
        <>
            <th scope="row">{ name_link(live, &Route::node(&node.name), &node.name) }</th>
            { cell("state", element("span", "badges", vec![liveness_badge(node.liveness), hidden])) }
            { cell("wide number", last_heard(node.liveness, live.leader_now()).into()) }
            { cell("wide text", text(&node.info.hostname)) }
            { cell("wide text", text(&node.info.version)) }
            { cell("wide text", text(&node.info.topology_zone)) }
            { cell("wide text", text(&node.info.topology_region)) }
            { cell("numeric", format::count(node.topics).into()) }
        </>
    }
}
