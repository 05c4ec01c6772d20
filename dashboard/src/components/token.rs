//! Where the server asks who one is.

use lookupd_core::http::Right;
use yew::prelude::*;

use super::{Icon, button::square, element, icon};
use crate::{acts::Ask, dom, live::Live, prefs};

/// Takes a token and keeps it for this tab.
pub fn token_form(live: &Live, ondone: impl Fn() + 'static) -> Html {
    let live = live.clone();
    raw(Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        prefs::set_token(Some(dom::value_by_id(ID).trim()));
        live.refresh();
        ondone();
    }))
}

/// In the page's head: takes a token where another may do more, and forgets the one that is kept.
pub fn token_buttons(live: &Live) -> Html {
    let has_token = prefs::token().is_some();
    let may_gain = {
        let store = live.store();
        store.is_loaded() && store.problem().is_none() && !store.may(Right::Admin)
    };
    let (asking, forgetting) = (live.clone(), live.clone());
    let ask = Callback::from(move |_| asking.ask(Ask::Token));
    let forget = Callback::from(move |_| forgetting.forget_token());
    let label = if has_token { "Enter another token" } else { "Read only: enter a token" };
    html! {
        <>
            { may_gain.then(|| square("button quiet square", ask, Icon::Key, label.into())) }
            { has_token.then(|| square("button quiet square", forget, Icon::Exit, "Forget the token".into())) }
        </>
    }
}

const ID: &str = "token";

/// What is typed stays in the page, and is read from there: a token is nobody else's business.
fn raw(onsubmit: Callback<SubmitEvent>) -> Html {
    let submit =
        html! { <button type="submit" class="button primary">{ icon(Icon::Key) }{ "Use this token" }</button> };
    html! {
        <form class="form" {onsubmit}>
            <div class="field">
                <label for={ID}>{ "Token" }</label>
                <input id={ID} type="password" required=true autocomplete="off" autofocus=true aria-describedby="token-note" />
                <p id="token-note" class="field-note">{ "Kept for this tab only, and sent to this server only." }</p>
            </div>
            { element("div", "form-acts", vec![submit]) }
        </form>
    }
}

/// The page in place of all pages, where the server says nothing without a token.
pub fn token_panel(live: &Live) -> Html {
    let advice = live.store().problem().map(crate::problem::Problem::advice);
    let told = html! {
        <>
            <h1 id="title" tabindex="-1">{ "This registry asks for a token" }</h1>
            <p class="wrong-text" role="alert" hidden={prefs::token().is_none()}>{ "The token that was tried was refused." }</p>
        </>
    };
    let parts = vec![
        element("span", "empty-icon", vec![icon(Icon::Key)]),
        told,
        element("p", "muted", vec![advice.unwrap_or_default().into()]),
        token_form(live, || ()),
    ];
    element("div", "page narrow", vec![element("section", "card token-panel", parts)])
}
