//! Text to take away.

use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

use super::{Icon, icon};
use crate::{dom, live::Live};

/// Copies a text. Browsers lend the clipboard to secure pages alone; elsewhere there is no button.
pub fn copy_button(live: &Live, text: String, label: &'static str) -> Html {
    let live = live.clone();
    let onclick = Callback::from(move |_| {
        let promise = dom::window().navigator().clipboard().write_text(&text);
        let live = live.clone();
        spawn_local(async move {
            let done = JsFuture::from(promise).await.is_ok();
            live.notify(if done { "Copied." } else { "The browser did not let it be copied." }.into());
        });
    });
    html! {
        <button type="button" class="button quiet small" {onclick} hidden={!dom::window().is_secure_context()}>
            { icon(Icon::Copy) }{ label }
        </button>
    }
}

/// A few lines to read and to copy.
pub fn snippet(live: &Live, title: &'static str, text: String) -> Html {
    html! {
        <figure class="snippet">
            <figcaption><span>{ title }</span>{ copy_button(live, text.clone(), "Copy") }</figcaption>
            <pre tabindex="0" role="group" aria-label={title}><code>{ text }</code></pre>
        </figure>
    }
}
