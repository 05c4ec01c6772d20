//! One channel of a topic.

use yew::prelude::*;

use super::head;
use crate::{
    acts::Ask,
    client::Act,
    components::{Empty, Icon, Link, ProducerTable, count_badge, ephemeral_badge, icon},
    format,
    live::use_live,
    route::Route,
    view::channel_producer_rows,
};

/// What [`Channel`] takes.
#[derive(Properties, PartialEq)]
pub struct ChannelProps {
    /// The topic it is in, existing or not.
    pub topic: AttrValue,
    /// Its name, existing or not.
    pub channel: AttrValue,
}

/// Which producers have the channel.
#[component]
pub fn Channel(ChannelProps { topic, channel }: &ChannelProps) -> Html {
    let live = use_live();
    let rows = {
        let store = live.store();
        channel_producer_rows(store.registry(), topic, channel, store.lifetimes(), store.now())
    };
    let delete = {
        let (live, topic, channel) = (live.clone(), topic.to_string(), channel.to_string());
        Callback::from(move |_| {
            live.ask(Ask::Confirm(Act::DeleteChannel { topic: topic.clone(), channel: channel.clone() }));
        })
    };
    let (below, acts, content) = match rows {
        None => (
            html! {},
            html! {},
            html! {
                <Empty symbol={Icon::Channel} title="There is no such channel">
                    <p>{ "It was deleted, or never registered in this topic." }</p>
                    <Link to={Route::topic(topic)} class="button primary">{ "To the topic" }</Link>
                </Empty>
            },
        ),
        Some(rows) => (
            html! { <>{ count_badge(Icon::Node, &format::counted(rows.len(), "producer")) }{ ephemeral_badge(channel) }</> },
            html! {
                <button type="button" class="button danger-quiet" onclick={delete}>{ icon(Icon::Trash) }{ "Delete" }</button>
            },
            if rows.is_empty() {
                html! {
                    <Empty symbol={Icon::Node} title="No producer has this channel">
                        <p>{ "An nsqd that learns of it by asking for the topic's channels will create it." }</p>
                    </Empty>
                }
            } else {
                html! { <ProducerTable topic={topic.clone()} {rows} /> }
            },
        ),
    };
    html! {
        <div class="page">
            <nav class="crumbs" aria-label="Breadcrumb">
                <Link to={Route::Topics}>{ "Topics" }</Link>{ icon(Icon::Right) }
                <Link to={Route::topic(topic)} class="name">{ topic.clone() }</Link>{ icon(Icon::Right) }
            </nav>
            { head(channel.clone(), below, acts) }
            <section class="card flush" aria-labelledby="producers">
                <h2 id="producers" class="card-title">{ "Producers" }</h2>
                <div>{ content }</div>
            </section>
        </div>
    }
}
