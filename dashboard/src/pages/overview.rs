//! Counts, and what needs attention.

use yew::prelude::*;

use super::{card, nothing, page};
use crate::{
    acts::Ask,
    components::{
        Icon, Look, ask_button, countdown, empty, icon, link, link_with, liveness_badge, name_link, silence, snippet,
        topic_badge,
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
        html! {
            <>
                { stats(live, &totals) }
                <div class="columns">
                    <div class="column">{ card("card", "Needs attention", nothing(), needs_attention(live, &attention)) }</div>
                    <div class="column" hidden={nodes.is_empty()}>
                        { share_card("Versions", &versions, totals.nodes, "No version given") }
                        { share_card("Zones", &zones, totals.nodes, "No zone given") }
                    </div>
                </div>
            </>
        }
    };
    page(nothing(), "Overview", nothing(), acts, content)
}

fn stats(live: &Live, totals: &Totals) -> Html {
    let Totals { topics, served, channels, nodes, active, registrations } = *totals;
    let stat = |(to, symbol, label, number, below): (Route, Icon, &'static str, usize, String)| {
        let content = html! {
            <>
                <span class="stat-label">{ icon(symbol) }{ label }</span>
                <span class="stat-number number">{ format::count(number) }</span>
                <span class="stat-below muted number">{ below }</span>
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
    html! { <div class="stats">{ for all.into_iter().map(stat) }</div> }
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
        let pair = html! {
            <span class="pair">
                { name_link(live, &Route::node(node), node) }
                <span class="muted">{ "in" }</span>
                { name_link(live, &Route::topic(topic), topic) }
            </span>
        };
        line(pair, countdown(tombstone, now))
    });
    let alone = unserved.iter().take(NAMED);
    let alone = alone.map(|topic| line(name_link(live, &Route::topic(&topic.name), &topic.name), topic_badge(topic)));
    html! {
        <>
            { group(live, "Nodes not heard", silent.len(), unheard.collect(), &Route::Nodes, "silent") }
            { group(live, "Tombstoned", tombstones.len(), hidden.collect(), &Route::Topics, "tombstoned") }
            { group(live, "Topics without producers", unserved.len(), alone.collect(), &Route::Topics, "unserved") }
        </>
    }
}

fn line(what: Html, state: Html) -> Html {
    html! { <li>{ what }<span class="badges">{ state }</span></li> }
}

fn group(live: &Live, title: &'static str, number: usize, lines: Vec<Html>, to: &Route, state: &str) -> Html {
    let all = html! { <>{ format!("All {}", format::count(number)) }{ icon(Icon::Right) }</> };
    let query = Query::default().with("state", state);
    html! {
        <div class="attention" hidden={number == 0}>
            <h3>{ title }<span class="count number">{ format::count(number) }</span></h3>
            <ul class="lines">{ lines }</ul>
            <p class="more" hidden={number <= NAMED}>{ link_with(live, to, &query, "", false, all) }</p>
        </div>
    }
}

fn share_card(title: &'static str, shares: &[Share], all: usize, unsaid: &'static str) -> Html {
    let lines = shares.iter().take(NAMED).map(|share| {
        let width = (share.nodes * 100 / all.max(1)).max(1).to_string();
        let label = if share.label.is_empty() { unsaid.to_owned() } else { share.label.clone() };
        html! {
            <li>
                <span class="share-label"><bdi>{ label }</bdi><span class="number">{ format::count(share.nodes) }</span></span>
                <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="bar-ground" width="100" height="4" /><rect class="bar-part" {width} height="4" />
                </svg>
            </li>
        }
    });
    let content = html! {
        <>
            <ul class="shares">{ for lines }</ul>
            <p class="muted more" hidden={shares.len() <= NAMED}>
                { format!("and {} more", format::count(shares.len().saturating_sub(NAMED))) }
            </p>
        </>
    };
    card("card", title, nothing(), content)
}

fn first_steps(live: &Live) -> Html {
    let api = format!("{}{}", dom::origin(), live.base().api);
    let register = format!(
        "curl -X POST '{api}/register?topic=orders&channel=mail' \\\n  -d '{{\"broadcast_address\":\"10.0.0.7\",\"hostname\":\"api-1\",\"tcp_port\":4150,\"http_port\":4151,\"version\":\"1.3.0\"}}'"
    );
    let why = "Register the first producer: it appears here by itself.";
    html! {
        <section class="card first">
            { empty(Icon::Topic, "Nothing is registered yet", why, nothing()) }
            { snippet(live, "Register a producer", register) }
            { snippet(live, "Ask who serves the topic", format!("curl '{api}/lookup?topic=orders'")) }
        </section>
    }
}
