//! Where the server asks who one is.

use yew::prelude::*;

use super::{Icon, button::square, icon};
use crate::{dom, live::Live, prefs};

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

/// Forgets the token that is kept; nothing where none is.
pub fn forget_button(live: &Live) -> Html {
    if prefs::token().is_none() {
        return html! { <span hidden=true /> };
    }
    let live = live.clone();
    let forget = Callback::from(move |_| {
        prefs::set_token(None);
        live.refresh();
        live.notify("The token is forgotten.".into());
    });
    square("button quiet square", forget, Icon::Key, "Forget the token".into())
}

const ID: &str = "token";

/// What is typed stays in the page, and is read from there: a token is nobody else's business.
fn raw(onsubmit: Callback<SubmitEvent>) -> Html {
    html! {
        <form class="form" {onsubmit}>
            <div class="field">
                <label for={ID}>{ "Token" }</label>
                <input id={ID} type="password" required=true autocomplete="off" autofocus=true aria-describedby="token-note" />
                <p id="token-note" class="field-note">{ "Kept for this tab only, and sent to this server only." }</p>
            </div>
            <div class="form-acts">
                <button type="submit" class="button primary">{ icon(Icon::Key) }{ "Use this token" }</button>
            </div>
        </form>
    }
}

/// The page in place of all pages, where the server says nothing without a token.
pub fn token_panel(live: &Live) -> Html {
    let advice = live.store().problem().map(crate::problem::Problem::advice);
    html! {
        <div class="page narrow">
            <section class="card token-panel">
                <span class="empty-icon">{ icon(Icon::Key) }</span>
                <h1 id="title" tabindex="-1">{ "This registry asks for a token" }</h1>
                <p class="wrong-text" role="alert" hidden={prefs::token().is_none()}>{ "The token that was tried was refused." }</p>
                <p class="muted">{ advice }</p>
                { token_form(live, || ()) }
            </section>
        </div>
    }
}
