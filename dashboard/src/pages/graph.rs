//! Topics, nodes and zones as a picture.

use yew::prelude::*;

use super::{card, empty_card, nothing, page};
use crate::{
    components::{
        Column, Icon, badge, cell, chosen_filter, icon, link, link_with, liveness_badge, long_table, name_link,
        search_field, select_filter, text, topic_badge,
    },
    format,
    live::Live,
    route::{Query, Route},
    view::{Graph, Liveness, MAX_DRAWN, NodeRow, NodeState, Order, TopicRow, TopicState, Wires},
};

const COLUMNS: [Column; 4] = [
    Column { label: "Topic", class: "", by: "" },
    Column { label: "Zone", class: "numeric", by: "" },
    Column { label: "Producer", class: "state", by: "" },
    Column { label: "State", class: "who", by: "" },
];

/// Which producers serve which topics, and where they are: as a picture, and in words below it.
pub fn graph(live: &Live) -> Html {
    let (topics, nodes, query) = (live.topics(), live.nodes(), live.query());
    let graph = live.graph();
    let count = format!(
        "{}, {} and {}",
        format::counted(graph.topics.len(), "topic"),
        format::counted(graph.nodes.len(), "node"),
        format::counted(graph.zones.len(), "zone"),
    );
    let content = if graph.topics.len() + graph.nodes.len() == 0 {
        let clear = link(live, &Route::Graph, "button", html! { "Clear search and filter" });
        let why = "Topics, their producers and zones are drawn once there are any.";
        empty_card(Icon::Graph, "Nothing to draw", why, clear)
    } else {
        let rows = graph.rows();
        let table =
            long_table(live, "Topics, producers and zones", &COLUMNS, Order::parse("", &[""]), rows.len(), &|place| {
                let (topic, node, state) = rows[place];
                let topic = topic.map(|topic| &topics[graph.topics[topic]]);
                let zone = node.map_or("", |node| &graph.zones[graph.zone_of[node]]);
                let node = node.map(|node| &nodes[graph.nodes[node]]);
                (place.to_string(), cells(live, topic, node, zone, state))
            });
        html! {
            <>
                { left_out(&graph) }
                { card("card flush", "Picture", legend(), picture(live, &graph, &topics, &nodes)) }
                <div class="events">{ table }</div>
            </>
        }
    };
    let mut zones: Vec<&str> = Vec::new();
    for node in nodes.iter() {
        if !node.info.topology_zone.is_empty() && !zones.contains(&&*node.info.topology_zone) {
            zones.push(&node.info.topology_zone);
        }
    }
    let zones: Vec<(&str, &str)> = zones.into_iter().map(|zone| (zone, zone)).collect();
    let (searching, choosing) = (live.clone(), live.clone());
    let content = html! {
        <>
            <div class="filters">
                { search_field("Search topics and nodes", query.get("q"), move |text| searching.set_query("q", &text)) }
                { select_filter("Zone", "Every zone", &zones, query.get("zone"), move |zone| choosing.set_query("zone", &zone)) }
                { chosen_filter(live, "topic", "Topic", query.get("topic")) }
            </div>
            { content }
        </>
    };
    page(nothing(), "Graph", html! { <p class="muted number" role="status">{ count }</p> }, nothing(), content)
}

/// What isn't drawn, and what to do about it.
fn left_out(graph: &Graph) -> Html {
    let [topics, nodes, links] = graph.left_out;
    let text = format!(
        "{}, {} and {} are left out: a picture holds {MAX_DRAWN}, topics with most producers first. Search or filter to see others.",
        format::counted(topics, "topic"),
        format::counted(nodes, "node"),
        format::counted(links, "wire"),
    );
    html! { <p class="banner" hidden={graph.left_out == [0; 3]}>{ icon(Icon::Alert) }{ text }</p> }
}

fn legend() -> Html {
    let sample = |state: NodeState| {
        html! { <span>{ paths("sample", "0 0 28 8", &[(state.key(), "M0 4H28".into())]) }{ state.label() }</span> }
    };
    html! { <p class="legend muted">{ for NodeState::ALL.map(sample) }</p> }
}

fn paths(class: &'static str, view: &'static str, parts: &[(&'static str, String)]) -> Html {
    let parts = parts.iter().map(|(class, path)| html! { <path class={*class} d={path.clone()} /> });
    html! { <svg {class} viewBox={view} preserveAspectRatio="none" aria-hidden="true">{ for parts }</svg> }
}

/// Wires, as an SVG that covers the whole picture.
fn wires(class: &'static str, parts: &[(&'static str, String)]) -> Html {
    paths(class, "0 0 100 10000", parts)
}

/// Three lists of links that stand evenly over the same height, behind them all wires, and with each those of its own, which
/// show while it has the focus or the pointer.
fn picture(live: &Live, graph: &Graph, topics: &[TopicRow], nodes: &[NodeRow]) -> Html {
    let mut columns = [Vec::new(), Vec::new(), Vec::new()];
    let mut place = |column: usize, name: &str, to: Html, mark: Html, own: Wires| {
        let own = wires("wires lit", &[("", graph.path(own))]);
        columns[column].push(html! { <li title={name.to_owned()}>{ to }{ mark }{ own }</li> });
    };
    for (at, topic) in graph.topics.iter().map(|topic| &topics[*topic]).enumerate() {
        let mark = if topic.state() == TopicState::Served { nothing() } else { topic_badge(topic) };
        place(0, &topic.name, name_link(live, &Route::topic(&topic.name), &topic.name), mark, Wires::Topic(at));
    }
    for (at, node) in graph.nodes.iter().map(|node| &nodes[*node]).enumerate() {
        let mark = if node.liveness == Liveness::Active { nothing() } else { liveness_badge(node.liveness) };
        place(1, &node.name, name_link(live, &Route::node(&node.name), &node.name), mark, Wires::Node(at));
    }
    for (at, zone) in graph.zones.iter().enumerate() {
        let name = if zone.is_empty() { "No zone given" } else { zone };
        let query = Query::default().with("zone", zone);
        let to = link_with(live, &Route::Graph, &query, "name", false, html! { <bdi>{ name }</bdi> });
        place(2, name, to, nothing(), Wires::Zone(at));
    }
    let all = NodeState::ALL.map(|state| (state.key(), graph.path(Wires::Links(state))));
    let columns = columns.into_iter().zip(["Topics", "Producers", "Zones"]);
    html! {
        <div class="picture">
            <div class="graph" role="group" aria-label="Topics, producers and zones. The table below says the same.">
                { wires("wires", &all) }
                { wires("wires", &[("", graph.path(Wires::Zones))]) }
                { for columns.map(|(places, label)| html! { <ul aria-label={label}>{ places }</ul> }) }
            </div>
        </div>
    }
}

fn cells(live: &Live, topic: Option<&TopicRow>, node: Option<&NodeRow>, zone: &str, state: Option<NodeState>) -> Html {
    let name = topic.map_or_else(|| text(""), |topic| name_link(live, &Route::topic(&topic.name), &topic.name));
    let producer = node.map_or_else(|| text(""), |node| name_link(live, &Route::node(&node.name), &node.name));
    let state = match (state, topic, node) {
        (Some(state), ..) => {
            let (class, symbol) = match state {
                NodeState::Active => ("badge good", Icon::Check),
                NodeState::Silent => ("badge warn", Icon::Clock),
                NodeState::Inactive => ("badge bad", Icon::Off),
                NodeState::Tombstoned => ("badge hidden", Icon::Hidden),
            };
            badge(class, symbol, state.label().into())
        }
        (None, Some(topic), _) => topic_badge(topic),
        (None, None, Some(node)) => liveness_badge(node.liveness),
        (None, None, None) => nothing(),
    };
    html! { <><th scope="row">{ name }</th>{ cell("numeric text", text(zone)) }{ cell("state", producer) }{ cell("who", state) }</> }
}
