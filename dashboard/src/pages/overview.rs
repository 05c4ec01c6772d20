//! Counts, and what needs attention.

use yew::prelude::*;

use super::{card, nothing, page};
use crate::{
    acts::Ask,
    components::{
        Icon, Look, ask_button, countdown, element, empty, icon, link, link_with, liveness_badge, name_link, silence,
        snippet, topic_badge,
    },
    dom, format,
    live::Live,
    route::{Query, Route},
    view::{Attention, Share, Totals, attention, shares, totals},
};

/// How many of each kind are named; the rest is behind a link.
const NAMED: usize = 6;

/// What someone sees first: is all well, and if not, where.
pub fn overview(live: &Live) -> Html {
    let (topics, nodes) = (live.topics(), live.nodes());
    let (totals, attention) = {
        let store = live.store();
        let attention = attention(store.registry(), &topics, &nodes, store.lifetimes(), store.now());
        (totals(store.registry(), &topics, &nodes), attention)
    };
    let register = Ask::Register { topic: String::new() };
    let acts = ask_button(live, Look::Primary, Icon::Plus, "Register a producer", register);
    let content = if totals.topics + totals.nodes == 0 {
        first_steps(live)
    } else {
        let versions = shares(&nodes, |node| &node.info.version);
        let zones = shares(&nodes, |node| &node.info.topology_zone);
        let mut right = Vec::new();
        if !nodes.is_empty() {
            right.push(share_card("Versions", &versions, totals.nodes, "No version given"));
            right.push(share_card("Zones", &zones, totals.nodes, "No zone given"));
        }
        let left = vec![card("card", "Needs attention", nothing(), needs_attention(live, &attention))];
        let columns = vec![element("div", "column", left), element("div", "column", right)];
        element("div", "page-body", vec![stats(live, &totals), element("div", "columns", columns)])
    };
    page(nothing(), "Overview", nothing(), acts, content)
}

fn stats(live: &Live, totals: &Totals) -> Html {
    let Totals { topics, served, channels, nodes, active, registrations } = *totals;
    let stat = |(to, symbol, label, number, below): (Route, Icon, &'static str, usize, String)| {
        let content = html! {
            <>
                { element("span", "stat-label", vec![icon(symbol), label.into()]) }
                { element("span", "stat-number number", vec![format::count(number).into()]) }
                { element("span", "stat-below muted number", vec![below.into()]) }
            </>
        };
        link(live, &to, "stat card", content)
    };
    let all = [
        (Route::Topics, Icon::Topic, "Topics", topics, format!("{} with producers", format::count(served))),
        (Route::Topics, Icon::Channel, "Channels", channels, format!("in {}", format::counted(topics, "topic"))),
        (Route::Nodes, Icon::Node, "Nodes", nodes, format!("{} active", format::count(active))),
        (Route::Nodes, Icon::Check, "Registrations", registrations, "topics and channels served".into()),
    ];
    element("div", "stats", all.into_iter().map(stat).collect())
}

fn needs_attention(live: &Live, attention: &Attention) -> Html {
    if attention.is_empty() {
        let why = "Every producer is heard, nothing is hidden, and every topic has a producer.";
        return empty(Icon::Check, "All is well", why, nothing());
    }
    let Attention { silent, tombstones, unserved } = attention;
    let now = live.leader_now();
    let unheard = silent.iter().take(NAMED).map(|node| {
        let state = html! { <>{ liveness_badge(node.liveness) }{ silence(node.liveness, now) }</> };
        line(name_link(live, &Route::node(&node.name), &node.name), state)
    });
    let hidden = tombstones.iter().take(NAMED).map(|(topic, node, tombstone)| {
        let pair = vec![
            name_link(live, &Route::node(node), node),
            element("span", "muted", vec!["in".into()]),
            name_link(live, &Route::topic(topic), topic),
        ];
        line(element("span", "pair", pair), countdown(tombstone, now))
    });
    let alone = unserved.iter().take(NAMED);
    let alone = alone.map(|topic| line(name_link(live, &Route::topic(&topic.name), &topic.name), topic_badge(topic)));
    let groups = vec![
        group(live, "Nodes not heard", silent.len(), unheard.collect(), &Route::Nodes, "silent"),
        group(live, "Tombstoned", tombstones.len(), hidden.collect(), &Route::Topics, "tombstoned"),
        group(live, "Topics without producers", unserved.len(), alone.collect(), &Route::Topics, "unserved"),
    ];
    element("div", "", groups)
}

fn line(what: Html, state: Html) -> Html {
    element("li", "", vec![what, element("span", "badges", vec![state])])
}

fn group(live: &Live, title: &'static str, number: usize, lines: Vec<Html>, to: &Route, state: &str) -> Html {
    let all = html! { <>{ format!("All {}", format::count(number)) }{ icon(Icon::Right) }</> };
    let query = Query::default().with("state", state);
    if number == 0 {
        return nothing();
    }
    let count = element("span", "count number", vec![format::count(number).into()]);
    let mut parts = vec![element("h3", "", vec![title.into(), count]), element("ul", "lines", lines)];
    if number > NAMED {
        parts.push(element("p", "more", vec![link_with(live, to, &query, "", false, all)]));
    }
    element("div", "attention", parts)
}

fn share_card(title: &'static str, shares: &[Share], all: usize, unsaid: &'static str) -> Html {
    let lines = shares.iter().take(NAMED).map(|share| {
        let width = (share.nodes * 100 / all.max(1)).max(1).to_string();
        let label = if share.label.is_empty() { unsaid.to_owned() } else { share.label.clone() };
        let label = element("bdi", "", vec![label.into()]);
        let count = element("span", "number", vec![format::count(share.nodes).into()]);
        let bar = html! {
            <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect class="bar-ground" width="100" height="4" /><rect class="bar-part" {width} height="4" />
            </svg>
        };
        element("li", "", vec![element("span", "share-label", vec![label, count]), bar])
    });
    let mut parts = vec![element("ul", "shares", lines.collect())];
    if shares.len() > NAMED {
        parts.push(element(
            "p",
            "muted more",
            vec![format!("and {} more", format::count(shares.len() - NAMED)).into()],
        ));
    }
    card("card", title, nothing(), element("div", "", parts))
}

fn first_steps(live: &Live) -> Html {
    let api = format!("{}{}", dom::origin(), live.base().api);
    let register = format!(
        "curl -X POST '{api}/register?topic=orders&channel=mail' \\\n  -d '{{\"broadcast_address\":\"10.0.0.7\",\"hostname\":\"api-1\",\"tcp_port\":4150,\"http_port\":4151,\"version\":\"1.3.0\"}}'"
    );
    let why = "Register the first producer: it appears here by itself.";
    let parts = vec![
        empty(Icon::Topic, "Nothing is registered yet", why, nothing()),
        snippet(live, "Register a producer", register),
        snippet(live, "Ask who serves the topic", format!("curl '{api}/lookup?topic=orders'")),
    ];
    element("section", "card first", parts)
}
