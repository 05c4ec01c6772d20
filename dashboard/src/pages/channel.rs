//! One channel of a topic.

use yew::prelude::*;

use super::{card, crumbs, empty_card, nothing, page};
use crate::{
    acts::Ask,
    client::Act,
    components::{Icon, Look, ask_button, empty, ephemeral_badge, link, plain_badge, producer_table},
    format,
    live::Live,
    route::Route,
    view::channel_producer_rows,
};

/// Which producers have the channel.
pub fn channel(live: &Live, topic: &str, channel: &str) -> Html {
    let way = crumbs(live, &[(Route::Topics, "Topics"), (Route::topic(topic), topic)]);
    let rows = {
        let store = live.store();
        channel_producer_rows(store.registry(), topic, channel, store.lifetimes(), store.now())
    };
    let Some(rows) = rows else {
        let back = link(live, &Route::topic(topic), "button primary", html! { "To the topic" });
        let why = "It was deleted, or never registered in this topic.";
        let content = empty_card(Icon::Channel, "There is no such channel", why, back);
        return page(way, channel, nothing(), nothing(), content);
    };
    let delete = {
        let act = Act::DeleteChannel { topic: topic.into(), channel: channel.into() };
        ask_button(live, Look::Danger, Icon::Trash, "Delete", Ask::Confirm(act))
    };
    let below = html! {
        <>{ plain_badge(Icon::Node, format::counted(rows.len(), "producer")) }{ ephemeral_badge(channel) }</>
    };
    let producers = if rows.is_empty() {
        let why = "An nsqd that asks for the topic's channels creates it.";
        empty(Icon::Node, "No producer has this channel", why, nothing())
    } else {
        producer_table(live, topic, &rows)
    };
    page(way, channel, below, delete, card("card flush", "Producers", nothing(), producers))
}
