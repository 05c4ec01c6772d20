//! All producers.

use yew::prelude::*;

use super::head;
use crate::{
    acts::Ask,
    components::{Empty, Head, Icon, Link, SearchField, StateFilter, icon, liveness_badge, text, use_query, use_window},
    format,
    live::use_live,
    route::Route,
    view::{NODE_COLUMNS, NodeRow, NodeState, Order, find_nodes, node_rows},
};

/// A table of nodes with search, filter and order in the address.
#[component]
pub fn Nodes() -> Html {
    let live = use_live();
    let (query, set) = use_query();
    let epoch = live.store().epoch();
    let rows = {
        let live = live.clone();
        use_memo(epoch, move |_| {
            let store = live.store();
            node_rows(store.registry(), store.lifetimes(), store.now())
        })
    };
    let order = Order::parse(query.get("sort"), &NODE_COLUMNS);
    let state = NodeState::parse(query.get("state"));
    let found = {
        let (rows, search) = (rows.clone(), query.get("q").to_owned());
        use_memo((epoch, search, state, order), move |(_, search, state, order)| {
            find_nodes(&rows, search, *state, *order)
        })
    };
    let (body, window) = use_window(found.len());
    let to = |key: &'static str| {
        let set = set.clone();
        Callback::from(move |value: String| set.emit((key, value)))
    };
    let onorder = {
        let set = set.clone();
        Callback::from(move |order: Order| {
            let text = order.to_string();
            set.emit(("sort", if text == "node" { String::new() } else { text }));
        })
    };
    let register = Callback::from(move |_| live.ask(Ask::Register { topic: String::new() }));
    let acts = html! {
        <button type="button" class="button primary" onclick={register}>{ icon(Icon::Plus) }{ "Register a producer" }</button>
    };
    let shown = if found.len() == rows.len() {
        format::counted(rows.len(), "node")
    } else {
        format!("{} of {}", format::count(found.len()), format::counted(rows.len(), "node"))
    };
    let content = if rows.is_empty() {
        html! {
            <section class="card">
                <Empty symbol={Icon::Node} title="No producers yet">
                    <p>{ "Point an nsqd at this registry, or register a producer over HTTP." }</p>
                </Empty>
            </section>
        }
    } else if found.is_empty() {
        html! {
            <section class="card">
                <Empty symbol={Icon::Search} title="No node matches">
                    <Link to={Route::Nodes} class="button">{ "Clear search and filter" }</Link>
                </Empty>
            </section>
        }
    } else {
        html! {
            <section class="card flush">
                <table class="table fixed" aria-rowcount={(found.len() + 1).to_string()}>
                    <caption class="visually-hidden">{ "Nodes" }</caption>
                    <thead>
                        <tr aria-rowindex="1">
                            <Head by={Some("node")} {order} onorder={&onorder} label="Node" />
                            <Head {order} onorder={&onorder} label="State" class="state" />
                            <Head by={Some("hostname")} {order} onorder={&onorder} label="Hostname" class="wide" />
                            <Head by={Some("version")} {order} onorder={&onorder} label="Version" class="wide" />
                            <Head {order} onorder={&onorder} label="Zone" class="wide" />
                            <Head by={Some("topics")} {order} onorder={&onorder} numeric=true label="Topics" />
                        </tr>
                    </thead>
                    <tbody ref={body}>
                        { window.before() }
                        { for (window.first..window.last).map(|place| row(place, &rows[found[place]])) }
                        { window.after() }
                    </tbody>
                </table>
            </section>
        }
    };
    html! {
        <div class="page">
            { head("Nodes", html! { <p class="muted number" role="status">{ shown }</p> }, acts) }
            <div class="filters" hidden={rows.is_empty()}>
                <SearchField label="Search nodes" value={query.get("q").to_owned()} oninput={to("q")} />
                <StateFilter states={NodeState::ALL.map(|state| (state.key(), state.label())).to_vec()}
                    chosen={state.map_or("", NodeState::key)} onchoose={to("state")} />
            </div>
            <div>{ content }</div>
        </div>
    }
}

fn row(place: usize, node: &NodeRow) -> Html {
    let hidden_in = format!("hidden in {}", format::count(node.tombstoned));
    html! {
        <tr key={node.name.clone()} aria-rowindex={(place + 2).to_string()}>
            <th scope="row"><Link to={Route::node(&node.name)} class="name row-link">{ node.name.clone() }</Link></th>
            <td class="state">
                <span class="badges">
                    { liveness_badge(node.liveness) }
                    <span class="badge hidden" hidden={node.tombstoned == 0}>{ icon(Icon::Hidden) }{ hidden_in }</span>
                </span>
            </td>
            <td class="wide text">{ text(&node.info.hostname) }</td>
            <td class="wide text">{ text(&node.info.version) }</td>
            <td class="wide text">{ text(&node.info.topology_zone) }</td>
            <td class="numeric">{ format::count(node.topics) }</td>
        </tr>
    }
}
