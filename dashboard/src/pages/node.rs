//! One node: what it says of itself, how it is announced, and what it serves.

use yew::prelude::*;

use super::head;
use crate::{
    acts::Ask,
    client::Act,
    components::{Countdown, Empty, Icon, Link, Silence, count_badge, icon, liveness_badge, text},
    format,
    live::use_live,
    route::Route,
    view::{Liveness, ProducerRow, ServedTopic, node_detail},
};

/// What [`Node`] takes.
#[derive(Properties, PartialEq)]
pub struct NodeProps {
    /// `broadcast_address:http_port`, existing or not.
    pub node: AttrValue,
}

/// Everything about one node.
#[component]
pub fn Node(props: &NodeProps) -> Html {
    let live = use_live();
    let found = lookupd_core::Node::parse(&props.node).ok().and_then(|node| {
        let store = live.store();
        node_detail(store.registry(), &node, store.lifetimes(), store.now()).map(|detail| (node.to_string(), detail))
    });
    let crumbs = html! {
        <nav class="crumbs" aria-label="Breadcrumb"><Link to={Route::Nodes}>{ "Nodes" }</Link>{ icon(Icon::Right) }</nav>
    };
    let Some((name, (claims, topics))) = found else {
        return html! {
            <div class="page">
                { crumbs }
                { head(props.node.clone(), html! {}, html! {}) }
                <section class="card">
                    <Empty symbol={Icon::Node} title="There is no such node">
                        <p>{ "It left, or never announced itself. If it does, it appears here." }</p>
                        <Link to={Route::Nodes} class="button primary">{ "All nodes" }</Link>
                    </Empty>
                </section>
            </div>
        };
    };
    let unregister = {
        let (live, node) = (live.clone(), name.clone());
        Callback::from(move |_| live.ask(Ask::Confirm(Act::Unregister { node: node.clone(), topic: None })))
    };
    let over_http = claims.iter().any(|claim| claim.via == lookupd_core::Via::Http);
    let best = claims.iter().map(|claim| claim.liveness).min().unwrap_or(Liveness::Active);
    let acts = html! {
        <button type="button" class="button danger-quiet" onclick={unregister} hidden={!over_http}>
            { icon(Icon::Exit) }{ "Unregister" }
        </button>
    };
    let below = html! {
        <>{ liveness_badge(best) }{ count_badge(Icon::Topic, &format::counted(topics.len(), "topic")) }</>
    };
    html! {
        <div class="page">
            { crumbs }
            { head(name.clone(), below, acts) }
            <div class="columns">
                <div class="column-main">
                    <section class="card flush" aria-labelledby="served">
                        <h2 id="served" class="card-title">{ "Topics" }</h2>
                        <div>{ topic_table(&name, &topics) }</div>
                    </section>
                </div>
                <div class="column-side">{ for claims.iter().map(claim_card) }</div>
            </div>
        </div>
    }
}

fn claim_card(claim: &ProducerRow) -> Html {
    let ProducerRow { info, .. } = claim;
    let line = |label: &'static str, value: Html| html! { <div><dt>{ label }</dt><dd>{ value }</dd></div> };
    html! {
        <section class="card" key={claim.via.to_string()}>
            <h2 class="card-title">{ "Announced via " }<bdi class="name">{ claim.via.to_string() }</bdi></h2>
            <dl class="facts">
                { line("State", html! { <span class="badges">{ liveness_badge(claim.liveness) }<Silence liveness={claim.liveness} /></span> }) }
                { line("Hostname", text(&info.hostname)) }
                { line("Broadcast address", text(&info.broadcast_address)) }
                { line("TCP port", html! { <span class="number">{ info.tcp_port.get() }</span> }) }
                { line("HTTP port", html! { <span class="number">{ info.http_port.get() }</span> }) }
                { line("Version", text(&info.version)) }
                { line("Zone", text(&info.topology_zone)) }
                { line("Region", text(&info.topology_region)) }
                { line("Announced from", text(&info.remote_address)) }
            </dl>
        </section>
    }
}

fn topic_table(node: &str, topics: &[ServedTopic]) -> Html {
    if topics.is_empty() {
        return html! {
            <Empty symbol={Icon::Topic} title="It serves no topic">
                <p>{ "It is announced, but consumers have no reason to connect to it." }</p>
            </Empty>
        };
    }
    html! {
        <table class="table">
            <caption class="visually-hidden">{ format!("Topics of {node}") }</caption>
            <thead>
                <tr>
                    <th scope="col">{ "Topic" }</th>
                    <th scope="col">{ "Channels" }</th>
                    <th scope="col" class="acts"><span class="visually-hidden">{ "Acts" }</span></th>
                </tr>
            </thead>
            <tbody>
                { for topics.iter().map(|topic| html! {
                    <ServedRow key={topic.name.clone()} node={node.to_owned()} topic={topic.clone()} />
                }) }
            </tbody>
        </table>
    }
}

#[derive(Properties, PartialEq)]
struct ServedRowProps {
    node: AttrValue,
    topic: ServedTopic,
}

#[component]
fn ServedRow(ServedRowProps { node, topic }: &ServedRowProps) -> Html {
    let live = use_live();
    let tombstone = {
        let act = Act::Tombstone { topic: topic.name.clone(), node: node.to_string() };
        Callback::from(move |_| live.ask(Ask::Confirm(act.clone())))
    };
    html! {
        <tr>
            <th scope="row">
                <span class="badges">
                    <Link to={Route::topic(&topic.name)} class="name">{ topic.name.clone() }</Link>
                    { topic.tombstone.map(|tombstone| html! { <Countdown {tombstone} /> }) }
                </span>
            </th>
            <td>
                <span class="chips">
                    { for topic.channels.iter().map(|channel| html! {
                        <Link key={channel.clone()} to={Route::channel(&topic.name, channel)} class="chip name">{ channel.clone() }</Link>
                    }) }
                    <span class="muted" hidden={!topic.channels.is_empty()}>{ "none" }</span>
                </span>
            </td>
            <td class="acts">
                <button type="button" class="button quiet small" onclick={tombstone}>
                    { icon(Icon::Hidden) }<span class="act-word">{ "Tombstone" }</span>
                    <span class="visually-hidden">{ format!(" in {}", topic.name) }</span>
                </button>
            </td>
        </tr>
    }
}
