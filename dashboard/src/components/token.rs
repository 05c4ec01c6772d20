//! Where the server asks who one is.

use yew::prelude::*;

use super::{FieldLook, Icon, field, icon};
use crate::{live::Live, prefs};

/// What [`TokenForm`] takes.
#[derive(Properties, PartialEq)]
pub struct TokenFormProps {
    /// Everything.
    pub live: Live,
    /// Called once a token is kept.
    pub ondone: Callback<()>,
}

/// Takes a token and keeps it for this tab.
#[component]
pub fn TokenForm(props: &TokenFormProps) -> Html {
    let token = use_state(String::new);
    let onsubmit = {
        let (token, ondone, live) = (token.clone(), props.ondone.clone(), props.live.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            prefs::set_token(Some(token.trim()));
            live.refresh();
            ondone.emit(());
        })
    };
    let look = FieldLook {
        id: "token",
        label: "Token".into(),
        hint: "Kept for this tab only, and sent to this server only.".into(),
        secret: true,
        autofocus: true,
        ..FieldLook::default()
    };
    let disabled = token.trim().is_empty();
    let input = {
        let token = token.clone();
        move |text| token.set(text)
    };
    html! {
        <form class="form" {onsubmit}>
            { field(look, &token, input) }
            <div class="form-acts">
                <button type="submit" class="button primary" {disabled}>{ icon(Icon::Key) }{ "Use this token" }</button>
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
                <TokenForm live={live.clone()} ondone={Callback::noop()} />
            </section>
        </div>
    }
}
