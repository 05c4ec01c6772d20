//! How fresh what is shown is.

use yew::prelude::*;

use super::{Icon, icon};
use crate::{
    format,
    live::Live,
    store::{Connection, Event},
};

/// Says how the feed is doing and how old the data is; pressed, it pauses or goes on.
pub fn pill(live: &Live) -> Html {
    let (connection, held, age) = {
        let store = live.store();
        (store.connection(), store.is_held(), store.age(live.now()))
    };
    let (word, class) = match connection {
        Connection::Connecting => ("Connecting", "pill plain"),
        Connection::Polling => ("Polling", "pill good"),
        Connection::Paused => ("Paused", "pill plain"),
        Connection::Reconnecting => ("Reconnecting", "pill warn"),
        Connection::Locked => ("Token needed", "pill bad"),
    };
    let symbol = if held { Icon::Play } else { Icon::Pause };
    let act = if held { "Go on asking the server" } else { "Stop asking the server" };
    let live = live.clone();
    let onclick = Callback::from(move |_| live.send(Event::Held(!held)));
    // The age changes every second and would chatter; the word alone is said when it changes.
    html! {
        <>
            <button type="button" {class} {onclick} title={act}>
                <span class="pill-dot" aria-hidden="true" />
                <span>{ word }</span>
                <span class="pill-age number" hidden={age.is_none()}>{ age.map(format::duration) }</span>
                { icon(symbol) }
                <span class="visually-hidden">{ act }</span>
            </button>
            <span class="visually-hidden" role="status">{ word }</span>
        </>
    }
}
