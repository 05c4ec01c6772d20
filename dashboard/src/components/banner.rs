//! What is wrong, above whatever is still there to see.

use yew::prelude::*;

use super::{Icon, icon};
use crate::{
    acts::Ask,
    format,
    live::{use_live, use_now},
    store::{Connection, Event},
};

/// Says why what is shown may be out of date, and offers a way on. Nothing where all is well.
#[component]
pub fn Banner() -> Html {
    let live = use_live();
    let (problem, connection, held, loaded) = {
        let store = live.store();
        (store.problem().cloned(), store.connection(), store.is_held(), store.is_loaded())
    };
    let content = match problem {
        Some(problem) if loaded || connection != Connection::Locked => {
            let act = if problem.wants_token() {
                let live = live.clone();
                let enter = Callback::from(move |_| live.ask(Ask::Token));
                html! { <button type="button" class="button small" onclick={enter}>{ icon(Icon::Key) }{ "Enter a token" }</button> }
            } else {
                let live = live.clone();
                let retry = Callback::from(move |_| live.refresh());
                html! { <button type="button" class="button small" onclick={retry}>{ icon(Icon::Refresh) }{ "Try again" }</button> }
            };
            html! {
                <div class="banner bad">
                    { icon(Icon::Alert) }
                    <div class="banner-text">
                        <strong>{ problem.title() }</strong>
                        <span>{ problem.advice() }</span>
                        <Age />
                    </div>
                    { act }
                </div>
            }
        }
        None if held => {
            let live = live.clone();
            let resume = Callback::from(move |_| live.send(Event::Held(false)));
            html! {
                <div class="banner plain">
                    { icon(Icon::Pause) }
                    <div class="banner-text"><strong>{ "Paused" }</strong><Age /></div>
                    <button type="button" class="button small" onclick={resume}>{ icon(Icon::Play) }{ "Go on" }</button>
                </div>
            }
        }
        _ => html! { <span hidden=true /> },
    };
    html! { <div class="banner-place">{ content }</div> }
}

/// How old the data is, and when the next attempt is made.
#[component]
fn Age() -> Html {
    let (live, now) = (use_live(), use_now());
    let store = live.store();
    let age = store.age(now).map(|age| format!("What you see is {} old.", format::duration(age)));
    let retry = store.retry_at().filter(|at| *at > now && !store.is_paused());
    let retry = retry.map(|at| format!(" Next attempt in {}.", format::remaining(at.since(now))));
    html! { <span class="muted number">{ age }{ retry }</span> }
}
