//! The producers of a topic or of a channel.

use yew::prelude::*;

use super::{Countdown, Icon, Link, icon, liveness_badge};
use crate::{
    acts::Ask,
    client::Act,
    format,
    live::{use_live, use_now},
    route::Route,
    view::{Liveness, ProducerRow},
};

/// What [`ProducerTable`] takes.
#[derive(Properties, PartialEq)]
pub struct ProducerTableProps {
    /// The topic that they are seen from.
    pub topic: AttrValue,
    /// Who.
    pub rows: Vec<ProducerRow>,
}

/// Each claim in a row: how it stands, what it says of itself, and what can be done about it.
#[component]
pub fn ProducerTable(props: &ProducerTableProps) -> Html {
    html! {
        <div class="table-frame">
            <table class="table">
                <caption class="visually-hidden">{ format!("Producers of {}", props.topic) }</caption>
                <thead>
                    <tr>
                        <th scope="col">{ "Node" }</th>
                        <th scope="col">{ "State" }</th>
                        <th scope="col" class="wide">{ "Hostname" }</th>
                        <th scope="col" class="wide numeric">{ "TCP" }</th>
                        <th scope="col" class="wide">{ "Version" }</th>
                        <th scope="col" class="wide">{ "Zone" }</th>
                        <th scope="col" class="wide">{ "Via" }</th>
                        <th scope="col" class="acts"><span class="visually-hidden">{ "Acts" }</span></th>
                    </tr>
                </thead>
                <tbody>
                    { for props.rows.iter().map(|row| html! {
                        <Row key={format!("{} {}", row.node, row.via)} topic={props.topic.clone()} row={row.clone()} />
                    }) }
                </tbody>
            </table>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct RowProps {
    topic: AttrValue,
    row: ProducerRow,
}

#[component]
fn Row(RowProps { topic, row }: &RowProps) -> Html {
    let live = use_live();
    let node = row.node.to_string();
    let tombstone = {
        let (live, topic, node) = (live.clone(), topic.to_string(), node.clone());
        Callback::from(move |_| {
            live.ask(Ask::Confirm(Act::Tombstone { topic: topic.clone(), node: node.clone() }));
        })
    };
    let unregister = {
        let (live, topic, node) = (live.clone(), topic.to_string(), node.clone());
        Callback::from(move |_| {
            live.ask(Ask::Confirm(Act::Unregister { node: node.clone(), topic: Some(topic.clone()) }));
        })
    };
    let info = &row.info;
    let over_http = row.via == lookupd_core::Via::Http;
    html! {
        <tr>
            <th scope="row"><Link to={Route::node(&node)} class="name">{ node.clone() }</Link></th>
            <td>
                <span class="badges">
                    { row.tombstone.map(|tombstone| html! { <Countdown {tombstone} /> }) }
                    <span hidden={row.tombstone.is_some() && row.liveness == Liveness::Active}>{ liveness_badge(row.liveness) }</span>
                    <Silence liveness={row.liveness} />
                </span>
            </td>
            <td class="wide text">{ text(&info.hostname) }</td>
            <td class="wide numeric">{ info.tcp_port.get() }</td>
            <td class="wide text">{ text(&info.version) }</td>
            <td class="wide text">{ text(&info.topology_zone) }</td>
            <td class="wide text">{ row.via.to_string() }</td>
            <td class="acts">
                <span class="act-group">
                    <button type="button" class="button quiet small" onclick={tombstone} title={format!("Tombstone {node}")}>
                        { icon(Icon::Hidden) }<span class="act-word">{ "Tombstone" }</span>
                        <span class="visually-hidden">{ format!(" {node}") }</span>
                    </button>
                    <button type="button" class="button quiet small" onclick={unregister} hidden={!over_http} title={format!("Unregister {node}")}>
                        { icon(Icon::Exit) }<span class="act-word">{ "Unregister" }</span>
                        <span class="visually-hidden">{ format!(" {node}") }</span>
                    </button>
                </span>
            </td>
        </tr>
    }
}

/// A text from outside, or a dash where there is none.
pub fn text(text: &str) -> Html {
    if text.is_empty() {
        html! { <span class="muted"><span aria-hidden="true">{ "–" }</span><span class="visually-hidden">{ "none" }</span></span> }
    } else {
        html! { <bdi title={text.to_owned()}>{ text }</bdi> }
    }
}

/// What [`Silence`] takes.
#[derive(Properties, PartialEq)]
pub struct SilenceProps {
    /// Of the producer.
    pub liveness: Liveness,
}

/// Since when a producer is not heard, and what comes of it.
#[component]
pub fn Silence(props: &SilenceProps) -> Html {
    let (live, local) = (use_live(), use_now());
    let now = live.store().leader_now(local);
    let said = match props.liveness {
        Liveness::Active => None,
        Liveness::Silent { since, until } => Some(format!(
            "for {}, inactive in {}",
            format::duration(now.since(since)),
            format::remaining(until.since(now))
        )),
        Liveness::Inactive { since } => Some(format!("for {}", format::duration(now.since(since)))),
    };
    html! { <span class="muted number" hidden={said.is_none()}>{ said }</span> }
}
