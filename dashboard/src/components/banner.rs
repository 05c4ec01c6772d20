//! What is wrong, above whatever is still there to see; and what was done, in a corner.

use yew::prelude::*;

use super::{Icon, Look, button, button::square, icon};
use crate::{acts::Ask, dom, format, live::Live, problem::Problem, store::Event};

/// Says why what is shown may be out of date, and offers a way on. Nothing where all is well.
pub fn banner(live: &Live) -> Html {
    let store = live.store();
    let again = live.clone();
    let content = match store.problem() {
        Some(problem) if problem.wants_token() => {
            if store.is_loaded() {
                let enter = button(Look::Small, Icon::Key, "Enter a token", move || again.ask(Ask::Token));
                banner_of(live, Icon::Key, problem, enter)
            } else {
                html! { <span hidden=true /> }
            }
        }
        Some(problem @ Problem::UnknownFormat) => {
            banner_of(live, Icon::Alert, problem, button(Look::Small, Icon::Refresh, "Reload the page", dom::reload))
        }
        Some(problem) => {
            let act = button(Look::Small, Icon::Refresh, "Try again", move || again.refresh());
            banner_of(live, Icon::Alert, problem, act)
        }
        None if store.no_log().is_some() => {
            let problem = store.no_log().map(ToString::to_string).unwrap_or_default();
            let act = button(Look::Small, Icon::Refresh, "Try again", move || again.ask_log());
            alert("The past can't be shown".into(), problem, act)
        }
        None if store.is_held() => {
            let act = button(Look::Small, Icon::Play, "Go on", move || again.send(Event::Held(false)));
            raw(live, "banner plain", Icon::Pause, "Paused".into(), String::new(), act)
        }
        None => html! { <span hidden=true /> },
    };
    html! { <div class="banner-place">{ content }</div> }
}

/// What is wrong, what to do about it, and a button that does.
pub fn banner_of(live: &Live, symbol: Icon, problem: &Problem, act: Html) -> Html {
    raw(live, "banner bad", symbol, problem.title(), problem.advice(), act)
}

/// The same of something that has nothing to do with what is shown; read aloud.
pub(crate) fn alert(title: String, text: String, act: Html) -> Html {
    html! {
        <div class="banner bad" role="alert">
            { icon(Icon::Alert) }<div class="banner-text"><strong>{ title }</strong><span>{ text }</span></div>{ act }
        </div>
    }
}

fn raw(live: &Live, class: &'static str, symbol: Icon, title: String, advice: String, act: Html) -> Html {
    html! {
        <div {class}>
            { icon(symbol) }
            <div class="banner-text">
                <strong>{ title }</strong><span>{ advice }</span><span class="muted number">{ age(live) }</span>
            </div>
            { act }
        </div>
    }
}

/// How old the data is, and when the next attempt is made.
fn age(live: &Live) -> String {
    let (store, now) = (live.store(), live.now());
    let age = store.age(now).map(|age| format!("What you see is {} old. ", format::duration(age)));
    let retry = store.retry_at().filter(|at| *at > now && !store.is_paused());
    let retry = retry.map(|at| format!("Next attempt in {}.", format::remaining(at.since(now))));
    format!("{}{}", age.unwrap_or_default(), retry.unwrap_or_default())
}

/// The corner of the page where notices come and go.
pub fn notices(live: &Live) -> Html {
    let notices = live.notices().into_iter().map(|notice| {
        let dismissing = live.clone();
        let dismiss = Callback::from(move |_| dismissing.dismiss(notice.id));
        html! {
            <div key={notice.id} class="notice">
                { icon(Icon::Check) }
                <span class="notice-text">{ notice.text }</span>
                { square("button quiet square small", dismiss, Icon::Close, "Dismiss".into()) }
            </div>
        }
    });
    html! { <div class="notices" role="status">{ for notices }</div> }
}
