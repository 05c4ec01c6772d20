//! All topics.

use yew::prelude::*;

use super::head;
use crate::{
    acts::Ask,
    components::{Empty, Head, Icon, Link, SearchField, StateFilter, icon, topic_badge, use_query, use_window},
    format,
    live::use_live,
    route::Route,
    view::{Order, TOPIC_COLUMNS, TopicRow, TopicState, find_topics, topic_rows},
};

/// A table of topics with search, filter and order in the address.
#[component]
pub fn Topics() -> Html {
    let live = use_live();
    let (query, set) = use_query();
    let epoch = live.store().epoch();
    let rows = {
        let live = live.clone();
        use_memo(epoch, move |_| {
            let store = live.store();
            topic_rows(store.registry(), store.lifetimes(), store.now())
        })
    };
    let order = Order::parse(query.get("sort"), &TOPIC_COLUMNS);
    let state = TopicState::parse(query.get("state"));
    let found = {
        let (rows, search) = (rows.clone(), query.get("q").to_owned());
        use_memo((epoch, search, state, order), move |(_, search, state, order)| {
            find_topics(&rows, search, *state, *order)
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
            set.emit(("sort", if text == "name" { String::new() } else { text }));
        })
    };
    let create = {
        let live = live.clone();
        Callback::from(move |_| live.ask(Ask::Create { topic: None }))
    };
    let register = Callback::from(move |_| live.ask(Ask::Register { topic: String::new() }));
    let acts = html! {
        <>
            <button type="button" class="button" onclick={register}>{ icon(Icon::Node) }{ "Register a producer" }</button>
            <button type="button" class="button primary" onclick={create}>{ icon(Icon::Plus) }{ "Create topic" }</button>
        </>
    };
    let shown = if found.len() == rows.len() {
        format::counted(rows.len(), "topic")
    } else {
        format!("{} of {}", format::count(found.len()), format::counted(rows.len(), "topic"))
    };
    let content = if rows.is_empty() {
        html! {
            <section class="card">
                <Empty symbol={Icon::Topic} title="No topics yet">
                    <p>{ "A topic comes with the first producer that registers it, or when it is created here." }</p>
                </Empty>
            </section>
        }
    } else if found.is_empty() {
        html! {
            <section class="card">
                <Empty symbol={Icon::Search} title="No topic matches">
                    <Link to={Route::Topics} class="button">{ "Clear search and filter" }</Link>
                </Empty>
            </section>
        }
    } else {
        html! {
            <section class="card flush">
                <table class="table fixed" aria-rowcount={(found.len() + 1).to_string()}>
                    <caption class="visually-hidden">{ "Topics" }</caption>
                    <thead>
                        <tr aria-rowindex="1">
                            <Head by={Some("name")} {order} onorder={&onorder} label="Topic" />
                            <Head {order} onorder={&onorder} label="State" class="state" />
                            <Head by={Some("producers")} {order} onorder={&onorder} numeric=true label="Producers" />
                            <Head by={Some("channels")} {order} onorder={&onorder} numeric=true label="Channels" class="medium" />
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
            { head("Topics", html! { <p class="muted number" role="status">{ shown }</p> }, acts) }
            <div class="filters" hidden={rows.is_empty()}>
                <SearchField label="Search topics" value={query.get("q").to_owned()} oninput={to("q")} />
                <StateFilter states={TopicState::ALL.map(|state| (state.key(), state.label())).to_vec()}
                    chosen={state.map_or("", TopicState::key)} onchoose={to("state")} />
            </div>
            <div>{ content }</div>
        </div>
    }
}

fn row(place: usize, topic: &TopicRow) -> Html {
    html! {
        <tr key={topic.name.clone()} aria-rowindex={(place + 2).to_string()}>
            <th scope="row"><Link to={Route::topic(&topic.name)} class="name row-link">{ topic.name.clone() }</Link></th>
            <td class="state">{ topic_badge(topic) }</td>
            <td class="numeric">{ format::count(topic.visible) }</td>
            <td class="numeric medium">{ format::count(topic.channels) }</td>
        </tr>
    }
}
