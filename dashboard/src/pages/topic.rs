//! One topic: who serves it, and its channels.

use yew::prelude::*;

use super::head;
use crate::{
    acts::Ask,
    client::Act,
    components::{Empty, Icon, Link, ProducerTable, Snippet, count_badge, ephemeral_badge, icon},
    dom, format,
    live::use_live,
    route::{Query, Route, encode},
    view::producer_rows,
};

/// What [`Topic`] takes.
#[derive(Properties, PartialEq)]
pub struct TopicProps {
    /// Its name, existing or not.
    pub topic: AttrValue,
}

/// Producers with their standing, channels, and what can be done with them.
#[component]
pub fn Topic(props: &TopicProps) -> Html {
    let live = use_live();
    let topic = &props.topic;
    let found = {
        let store = live.store();
        store.registry().topic(topic).map(|entry| {
            let rows = producer_rows(&entry, store.lifetimes(), store.now());
            let visible = entry.visible(store.lifetimes(), store.now()).count();
            let channels: Vec<(String, usize)> = entry
                .channels()
                .map(|name| (name.to_string(), entry.channel_producers(name).map_or(0, |producers| producers.len())))
                .collect();
            (rows, visible, channels)
        })
    };
    let ask = |ask: Ask| {
        let live = live.clone();
        Callback::from(move |_: MouseEvent| live.ask(ask.clone()))
    };
    let Some((rows, visible, channels)) = found else {
        return missing(topic);
    };
    let delete = ask(Ask::Confirm(Act::DeleteTopic { topic: topic.to_string() }));
    let register = ask(Ask::Register { topic: topic.to_string() });
    let create = ask(Ask::Create { topic: Some(topic.to_string()) });
    let acts = html! {
        <>
            <Link to={Route::Lookup} query={Query::default().with("topic", topic).to_string()} class="button">
                { icon(Icon::Search) }{ "What consumers see" }
            </Link>
            <button type="button" class="button" onclick={register.clone()}>{ icon(Icon::Plus) }{ "Register a producer" }</button>
            <button type="button" class="button danger-quiet" onclick={delete}>{ icon(Icon::Trash) }{ "Delete" }</button>
        </>
    };
    let below = html! {
        <>
            { count_badge(Icon::Search, &format!("{} found by consumers", format::count(visible))) }
            { count_badge(Icon::Channel, &format::counted(channels.len(), "channel")) }
            { ephemeral_badge(topic) }
        </>
    };
    let producers = if rows.is_empty() {
        html! {
            <Empty symbol={Icon::Node} title="No producer serves this topic">
                <p>{ "Consumers that look it up find nobody to connect to." }</p>
                <button type="button" class="button" onclick={register}>{ icon(Icon::Plus) }{ "Register a producer" }</button>
            </Empty>
        }
    } else {
        html! { <ProducerTable topic={topic.clone()} {rows} /> }
    };
    let origin = dom::window().location().origin().unwrap_or_default();
    let lookup = format!("curl '{origin}{}/lookup?topic={}'", live.base().api, encode(topic));
    html! {
        <div class="page">
            { crumbs() }
            { head(topic.clone(), below, acts) }
            <section class="card flush" aria-labelledby="producers">
                <h2 id="producers" class="card-title">{ "Producers" }</h2>
                <div>{ producers }</div>
            </section>
            <section class="card flush" aria-labelledby="channels">
                <div class="card-head">
                    <h2 id="channels" class="card-title">{ "Channels" }</h2>
                    <button type="button" class="button small" onclick={create}>{ icon(Icon::Plus) }{ "Create channel" }</button>
                </div>
                <div>{ channel_table(topic, &channels) }</div>
            </section>
            <Snippet title="Look it up" text={lookup} />
        </div>
    }
}

fn crumbs() -> Html {
    html! {
        <nav class="crumbs" aria-label="Breadcrumb"><Link to={Route::Topics}>{ "Topics" }</Link>{ icon(Icon::Right) }</nav>
    }
}

fn missing(topic: &AttrValue) -> Html {
    html! {
        <div class="page">
            { crumbs() }
            { head(topic.clone(), html! {}, html! {}) }
            <section class="card">
                <Empty symbol={Icon::Topic} title="There is no such topic">
                    <p>{ "It was deleted, or no producer ever registered it. If one does, it appears here." }</p>
                    <Link to={Route::Topics} class="button primary">{ "All topics" }</Link>
                </Empty>
            </section>
        </div>
    }
}

fn channel_table(topic: &AttrValue, channels: &[(String, usize)]) -> Html {
    if channels.is_empty() {
        return html! {
            <Empty symbol={Icon::Channel} title="No channels">
                <p>{ "A channel comes with the first consumer of an nsqd, or when it is created here." }</p>
            </Empty>
        };
    }
    html! {
        <table class="table">
            <caption class="visually-hidden">{ format!("Channels of {topic}") }</caption>
            <thead>
                <tr><th scope="col">{ "Channel" }</th><th scope="col" class="numeric">{ "Producers" }</th></tr>
            </thead>
            <tbody>
                { for channels.iter().map(|(name, producers)| html! {
                    <tr key={name.clone()}>
                        <th scope="row"><Link to={Route::channel(topic, name)} class="name">{ name.clone() }</Link></th>
                        <td class="numeric">{ format::count(*producers) }</td>
                    </tr>
                }) }
            </tbody>
        </table>
    }
}
