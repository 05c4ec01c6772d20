//! Counts, and what needs attention.

use yew::prelude::*;

use super::head;
use crate::{
    acts::Ask,
    components::{Countdown, Empty, Icon, Link, Silence, Snippet, icon, liveness_badge, topic_badge},
    dom, format,
    live::use_live,
    route::{Query, Route},
    view::{Attention, Share, Totals, attention, node_rows, shares, topic_rows, totals},
};

/// How many of each kind are named; the rest is behind a link.
const NAMED: usize = 6;

/// What someone sees first: is all well, and if not, where.
#[component]
pub fn Overview() -> Html {
    let live = use_live();
    let epoch = live.store().epoch();
    let figures = {
        let live = live.clone();
        use_memo(epoch, move |_| {
            let store = live.store();
            let (registry, lifetimes, now) = (store.registry(), store.lifetimes(), store.now());
            let (topics, nodes) = (topic_rows(registry, lifetimes, now), node_rows(registry, lifetimes, now));
            let versions = shares(&nodes, |node| &node.info.version);
            let zones = shares(&nodes, |node| &node.info.topology_zone);
            let totals = totals(registry, &topics, &nodes);
            (totals, attention(registry, &topics, &nodes, lifetimes, now), versions, zones)
        })
    };
    let (totals, attention, versions, zones) = &*figures;
    let register = {
        let live = live.clone();
        Callback::from(move |_| live.ask(Ask::Register { topic: String::new() }))
    };
    let acts = html! {
        <button type="button" class="button primary" onclick={register.clone()}>{ icon(Icon::Plus) }{ "Register a producer" }</button>
    };
    let content = if totals.topics + totals.nodes == 0 {
        first_steps(&live.base().api)
    } else {
        html! {
            <>
                { stats(totals) }
                <div class="columns">
                    <div class="column-main">{ needs_attention(attention) }</div>
                    <div class="column-side">
                        { share_card("Versions", versions, totals.nodes, "No version given") }
                        { share_card("Zones", zones, totals.nodes, "No zone given") }
                    </div>
                </div>
            </>
        }
    };
    html! {
        <div class="page">
            { head("Overview", html! {}, acts) }
            <div>{ content }</div>
        </div>
    }
}

fn stats(totals: &Totals) -> Html {
    let stat = |to: Route, symbol: Icon, label: &'static str, number: usize, below: String| html! {
        <Link {to} class="stat card">
            <span class="stat-label">{ icon(symbol) }{ label }</span>
            <span class="stat-number number">{ format::count(number) }</span>
            <span class="stat-below muted number">{ below }</span>
        </Link>
    };
    let Totals { topics, served, channels, nodes, active, registrations } = *totals;
    html! {
        <div class="stats">
            { stat(Route::Topics, Icon::Topic, "Topics", topics, format!("{} with producers", format::count(served))) }
            { stat(Route::Topics, Icon::Channel, "Channels", channels, format!("in {}", format::counted(topics, "topic"))) }
            { stat(Route::Nodes, Icon::Node, "Nodes", nodes, format!("{} active", format::count(active))) }
            { stat(Route::Nodes, Icon::Check, "Registrations", registrations, "topics and channels served".into()) }
        </div>
    }
}

fn needs_attention(attention: &Attention) -> Html {
    if attention.is_empty() {
        return html! {
            <section class="card" aria-labelledby="attention">
                <h2 id="attention" class="card-title">{ "Needs attention" }</h2>
                <Empty symbol={Icon::Check} title="All is well">
                    <p>{ "Every producer is heard, nothing is hidden, and every topic has a producer." }</p>
                </Empty>
            </section>
        }
    }
    let Attention { silent, tombstones, unserved } = attention;
    let more = |to: Route, state: &str, all: usize| {
        let query = Query::default().with("state", state).to_string();
        html! {
            <p class="more" hidden={all <= NAMED}>
                <Link {to} {query}>{ format!("All {}", format::count(all)) }{ icon(Icon::Right) }</Link>
            </p>
        }
    };
    let group = |title: &'static str, number: usize, rows: Html, more: Html| html! {
        <div class="attention" hidden={number == 0}>
            <h3>{ title }<span class="count number">{ format::count(number) }</span></h3>
            <ul class="lines">{ rows }</ul>
            { more }
        </div>
    };
    html! {
        <section class="card" aria-labelledby="attention">
            <h2 id="attention" class="card-title">{ "Needs attention" }</h2>
            { group("Nodes not heard", silent.len(), html! {
                { for silent.iter().take(NAMED).map(|node| html! {
                    <li key={node.name.clone()}>
                        <Link to={Route::node(&node.name)} class="name">{ node.name.clone() }</Link>
                        <span class="badges">{ liveness_badge(node.liveness) }<Silence liveness={node.liveness} /></span>
                    </li>
                }) }
            }, more(Route::Nodes, "silent", silent.len())) }
            { group("Tombstoned", tombstones.len(), html! {
                { for tombstones.iter().take(NAMED).map(|(topic, node, tombstone)| html! {
                    <li key={format!("{topic} {node}")}>
                        <span class="pair">
                            <Link to={Route::node(node)} class="name">{ node.clone() }</Link>
                            <span class="muted">{ "in" }</span>
                            <Link to={Route::topic(topic)} class="name">{ topic.clone() }</Link>
                        </span>
                        <Countdown tombstone={*tombstone} />
                    </li>
                }) }
            }, more(Route::Topics, "tombstoned", tombstones.len())) }
            { group("Topics without producers", unserved.len(), html! {
                { for unserved.iter().take(NAMED).map(|topic| html! {
                    <li key={topic.name.clone()}>
                        <Link to={Route::topic(&topic.name)} class="name">{ topic.name.clone() }</Link>
                        { topic_badge(topic) }
                    </li>
                }) }
            }, more(Route::Topics, "unserved", unserved.len())) }
        </section>
    }
}

fn share_card(title: &'static str, shares: &[Share], all: usize, unsaid: &'static str) -> Html {
    html! {
        <section class="card" hidden={all == 0}>
            <h2 class="card-title">{ title }</h2>
            <ul class="shares">
                { for shares.iter().take(NAMED).map(|share| {
                    let width = format!("{:.1}", share.nodes as f64 * 100.0 / all.max(1) as f64);
                    let label = if share.label.is_empty() { unsaid.to_owned() } else { share.label.clone() };
                    html! {
                        <li key={share.label.clone()}>
                            <span class="share-label"><bdi>{ label }</bdi><span class="number">{ format::count(share.nodes) }</span></span>
                            <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                                <rect class="bar-ground" width="100" height="4" /><rect class="bar-part" {width} height="4" />
                            </svg>
                        </li>
                    }
                }) }
            </ul>
            <p class="muted" hidden={shares.len() <= NAMED}>{ format!("and {} more", format::count(shares.len().saturating_sub(NAMED))) }</p>
        </section>
    }
}

fn first_steps(api: &str) -> Html {
    let origin = dom::window().location().origin().unwrap_or_default();
    let register = format!(
        "curl -X POST '{origin}{api}/register?topic=orders&channel=mail' \\\n  -d '{{\"broadcast_address\":\"10.0.0.7\",\"hostname\":\"api-1\",\"tcp_port\":4150,\"http_port\":4151,\"version\":\"1.3.0\"}}'"
    );
    let look = format!("curl '{origin}{api}/lookup?topic=orders'");
    html! {
        <section class="card first">
            <Empty symbol={Icon::Topic} title="Nothing is registered yet">
                <p>{ "Register the first producer: it appears here by itself." }</p>
            </Empty>
            <Snippet title="Register a producer" text={register} />
            <Snippet title="Ask who serves the topic" text={look} />
        </section>
    }
}
