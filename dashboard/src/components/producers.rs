//! The producers of a topic or of a channel.

use lookupd_core::{Via, http::Right};
use yew::prelude::*;

use super::{Column, Icon, countdown, element, heads, liveness_badge, name_link, row_ask_button, silence, with_acts};
use crate::{
    acts::Ask,
    client::Act,
    live::Live,
    route::Route,
    view::{Liveness, Order, PRODUCER_COLUMNS, ProducerRow, sort_producers},
};

const COLUMNS: [Column; 9] = [
    Column { label: "Node", class: "", by: "node" },
    Column { label: "State", class: "", by: "state" },
    Column { label: "Hostname", class: "wide", by: "hostname" },
    Column { label: "TCP port", class: "wide numeric", by: "" },
    Column { label: "Version", class: "wide", by: "version" },
    Column { label: "Zone", class: "wide", by: "zone" },
    Column { label: "Region", class: "wide", by: "region" },
    Column { label: "Via", class: "wide", by: "via" },
    Column { label: "", class: "acts", by: "" },
];

/// Each claim in a row, ordered by `sort` in the address: how it stands, what it says of itself, and what can be done about it.
pub fn producer_table(live: &Live, topic: &str, rows: &[ProducerRow]) -> Html {
    let order = Order::parse(live.query().get("sort"), &PRODUCER_COLUMNS);
    let lines = sort_producers(rows, order).into_iter().map(|place| producer(live, topic, &rows[place]));
    html! {
        <div class="table-frame">
            <table class="table stacked">
                <caption class="visually-hidden">{ format!("Producers of {topic}") }</caption>
                <thead>{ heads(live, with_acts(live, Right::Register, &COLUMNS), Some(order)) }</thead>
                <tbody>{ for lines }</tbody>
            </table>
        </div>
    }
}

fn producer(live: &Live, topic: &str, row: &ProducerRow) -> Html {
    let (node, now) = (row.node.to_string(), live.leader_now());
    let tombstone = Ask::Confirm(Act::Tombstone { topic: topic.into(), node: node.clone() });
    let state = match &row.tombstone {
        Some(tombstone) if row.liveness == Liveness::Active => countdown(tombstone, now),
        Some(tombstone) => html! { <>{ countdown(tombstone, now) }{ liveness_badge(row.liveness) }</> },
        None => html! { <>{ liveness_badge(row.liveness) }{ silence(row.liveness, now) }</> },
    };
    let unregister = if row.via == Via::Http {
        let act = Act::Unregister { node: node.clone(), topic: Some(topic.into()) };
        row_ask_button(live, Icon::Exit, "Unregister", &node, Ask::Confirm(act))
    } else {
        html! { <span hidden=true /> }
    };
    let acts = live.may(Right::Register).then(|| {
        let tombstone = row_ask_button(live, Icon::Hidden, "Tombstone", &node, tombstone);
        cell("acts", html! { <span class="act-group">{ tombstone }{ unregister }</span> })
    });
    html! {
        <tr key={format!("{node} {}", row.via)}>
            <th scope="row">{ name_link(live, &Route::node(&node), &node) }</th>
            { cell("", element("span", "badges", vec![state])) }
            { cell("wide text", text(&row.info.hostname)) }
            { cell("wide numeric", row.info.tcp_port.get().into()) }
            { cell("wide text", text(&row.info.version)) }
            { cell("wide text", text(&row.info.topology_zone)) }
            { cell("wide text", text(&row.info.topology_region)) }
            { cell("wide text", text(&row.via.to_string())) }
            { acts }
        </tr>
    }
}

/// A cell of a table.
pub(crate) fn cell(class: &'static str, content: Html) -> Html {
    element("td", class, vec![content])
}

/// A text from outside, or a dash where there is none.
pub fn text(text: &str) -> Html {
    if text.is_empty() {
        html! { <span class="muted">{ "–" }</span> }
    } else {
        html! { <bdi title={text.to_owned()}>{ text }</bdi> }
    }
}
