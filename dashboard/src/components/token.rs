//! Where the server asks who one is.

use yew::prelude::*;

use super::{Field, Icon, icon};
use crate::{live::use_live, prefs};

/// What [`TokenForm`] takes.
#[derive(Properties, PartialEq)]
pub struct TokenFormProps {
    /// Called once a token is kept.
    pub ondone: Callback<()>,
}

/// Takes a token and keeps it for this tab.
#[component]
pub fn TokenForm(props: &TokenFormProps) -> Html {
    let live = use_live();
    let token = use_state(String::new);
    let oninput = {
        let token = token.clone();
        Callback::from(move |text: String| token.set(text))
    };
    let onsubmit = {
        let (token, ondone, live) = (token.clone(), props.ondone.clone(), live);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            prefs::set_token(Some(token.trim()));
            live.refresh();
            ondone.emit(());
        })
    };
    html! {
        <form class="form" {onsubmit}>
            <Field id="token" label="Token" kind="password" value={(*token).clone()} {oninput} autofocus=true
                hint="Kept for this tab only, and sent to this server only." />
            <div class="form-acts">
                <button type="submit" class="button primary" disabled={token.trim().is_empty()}>
                    { icon(Icon::Key) }{ "Use this token" }
                </button>
            </div>
        </form>
    }
}

/// The page in place of all pages, where the server says nothing without a token.
#[component]
pub fn TokenPanel() -> Html {
    let live = use_live();
    let advice = live.store().problem().map(crate::problem::Problem::advice);
    let refused = prefs::token().is_some();
    html! {
        <div class="page narrow">
            <section class="card token-panel">
                <span class="empty-icon">{ icon(Icon::Key) }</span>
                <h1 id="title" tabindex="-1">{ "This registry asks for a token" }</h1>
                <p class="wrong-text" role="alert" hidden={!refused}>{ "The token that was tried was refused." }</p>
                <p class="muted">{ advice }</p>
                <TokenForm ondone={Callback::noop()} />
            </section>
        </div>
    }
}
