//! How fresh what is shown is.

use std::time::Duration;

use yew::prelude::*;

use super::{Icon, icon};
use crate::{
    format,
    live::Live,
    store::{Connection, Event},
};

/// Says how the feed is doing and how old the data is; pressed, it pauses or goes on.
pub fn pill(live: &Live) -> Html {
    let (connection, said, held, age) = {
        let store = live.store();
        (store.connection(), store.said(), store.is_held(), store.age(live.now()))
    };
    // The age changes every second and would chatter; the word alone is read aloud, once it stays.
    html! {
        <>
            { pill_of(live, connection, held, age) }
            <span class="visually-hidden" role="status">{ word(said) }</span>
        </>
    }
}

/// The pill of such a feed.
pub fn pill_of(live: &Live, connection: Connection, held: bool, age: Option<Duration>) -> Html {
    let class = match connection {
        Connection::Live => "pill good",
        Connection::Polling => "pill fair",
        Connection::Connecting | Connection::Paused => "pill plain",
        Connection::Reconnecting => "pill warn",
        Connection::Locked => "pill bad",
    };
    let symbol = if held { Icon::Play } else { Icon::Pause };
    let act = if held { "Go on with updates" } else { "Pause updates" };
    let title = format!("{}. {act}", meaning(connection));
    let live = live.clone();
    let onclick = Callback::from(move |_| live.send(Event::Held(!held)));
    html! {
        <button type="button" {class} {onclick} {title}>
            <span class="pill-dot" aria-hidden="true" />
            <span>{ word(connection) }</span>
            <span class="pill-age number" hidden={age.is_none()}>{ age.map(format::duration) }</span>
            { icon(symbol) }
            <span class="visually-hidden">{ act }</span>
        </button>
    }
}

fn word(connection: Connection) -> &'static str {
    match connection {
        Connection::Connecting => "Connecting",
        Connection::Live => "Live",
        Connection::Polling => "Polling",
        Connection::Paused => "Paused",
        Connection::Reconnecting => "Reconnecting",
        Connection::Locked => "Token needed",
    }
}

fn meaning(connection: Connection) -> &'static str {
    match connection {
        Connection::Connecting => "On the way to the server",
        Connection::Live => "Changes are shown as they happen; the server was heard so long ago",
        Connection::Polling => "No stream gets through: the server is asked every 2 s",
        Connection::Paused => "The server isn't asked",
        Connection::Reconnecting => "The last answer didn't come: asking again",
        Connection::Locked => "The server wants a token",
    }
}
