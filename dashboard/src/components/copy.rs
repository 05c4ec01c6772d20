//! Text to take away.

use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

use super::{Icon, icon};
use crate::dom;

/// What [`CopyButton`] takes.
#[derive(Properties, PartialEq)]
pub struct CopyButtonProps {
    /// What goes into the clipboard.
    pub text: AttrValue,
    /// What the button says.
    #[prop_or(AttrValue::Static("Copy"))]
    pub label: AttrValue,
}

/// Copies, and says so for a moment. Browsers lend the clipboard to secure pages alone; elsewhere there is no button.
#[component]
pub fn CopyButton(props: &CopyButtonProps) -> Html {
    let done = use_state(|| false);
    let onclick = {
        let (text, done) = (props.text.clone(), done.clone());
        Callback::from(move |_| {
            let promise = dom::window().navigator().clipboard().write_text(&text);
            let done = done.clone();
            spawn_local(async move {
                if JsFuture::from(promise).await.is_ok() {
                    done.set(true);
                    Timeout::new(2_000, move || done.set(false)).forget();
                }
            });
        })
    };
    let (symbol, word) = if *done { (Icon::Check, AttrValue::Static("Copied")) } else { (Icon::Copy, props.label.clone()) };
    html! {
        <button type="button" class="button quiet small" {onclick} hidden={!dom::window().is_secure_context()}>
            { icon(symbol) }<span aria-live="polite">{ word }</span>
        </button>
    }
}

/// What [`Snippet`] takes.
#[derive(Properties, PartialEq)]
pub struct SnippetProps {
    /// What it is.
    pub title: AttrValue,
    /// The text itself.
    pub text: AttrValue,
}

/// A few lines to read and to copy.
#[component]
pub fn Snippet(props: &SnippetProps) -> Html {
    html! {
        <figure class="snippet">
            <figcaption><span>{ props.title.clone() }</span><CopyButton text={props.text.clone()} /></figcaption>
            <pre tabindex="0" aria-label={props.title.clone()}><code>{ props.text.clone() }</code></pre>
        </figure>
    }
}
