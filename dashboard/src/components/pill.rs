//! How fresh what is shown is.

use yew::prelude::*;

use super::{Icon, icon};
use crate::{
    format,
    live::{use_live, use_now},
    store::{Connection, Event},
};

/// Says how the feed is doing and how old the data is; pressed, it pauses or goes on.
#[component]
pub fn Pill() -> Html {
    let (live, now) = (use_live(), use_now());
    let (connection, held, age) = {
        let store = live.store();
        (store.connection(), store.is_held(), store.age(now))
    };
    let (word, tone) = match connection {
        Connection::Connecting => ("Connecting", "waiting"),
        Connection::Polling => ("Polling", "good"),
        Connection::Paused => ("Paused", "plain"),
        Connection::Reconnecting => ("Reconnecting", "warn"),
        Connection::Locked => ("Token needed", "bad"),
    };
    let age = age.map(format::duration);
    let symbol = if connection == Connection::Locked {
        Icon::Key
    } else if held {
        Icon::Play
    } else {
        Icon::Pause
    };
    let onclick = Callback::from(move |_| live.send(Event::Held(!held)));
    let act = if held { "Go on asking the server" } else { "Stop asking the server" };
    html! {
        <>
            <button type="button" class={classes!("pill", tone)} {onclick} aria-pressed={held.to_string()} title={act}>
                <span class="pill-dot" aria-hidden="true" />
                <span class="pill-word">{ word }</span>
                <span class="pill-age number" hidden={age.is_none()}>
                    <span class="visually-hidden">{ "data is " }</span>{ age }<span class="visually-hidden">{ " old" }</span>
                </span>
                { icon(symbol) }
                <span class="visually-hidden">{ if held { "Paused by you" } else { "Press to pause" } }</span>
            </button>
            // The age changes every second and would chatter; the word alone is said when it changes.
            <span class="visually-hidden" role="status">{ word }</span>
        </>
    }
}
