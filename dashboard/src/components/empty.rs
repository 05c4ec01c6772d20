//! Where nothing is to be seen: not yet, or not at all.

use yew::prelude::*;

use super::{Icon, element, icon};

/// Says that nothing is there, why, and what to do about it.
pub fn empty(symbol: Icon, title: impl Into<AttrValue>, why: &'static str, act: Html) -> Html {
    raw(symbol, title.into(), why, act)
}

fn raw(symbol: Icon, title: AttrValue, why: &str, act: Html) -> Html {
    let parts = vec![
        element("span", "empty-icon", vec![icon(symbol)]),
        element("p", "empty-title", vec![title.into()]),
        element("p", "empty-text", vec![why.into()]),
        element("div", "empty-act", vec![act]),
    ];
    element("div", "empty", parts)
}

/// Grey lines in place of what is still on its way.
pub fn skeleton() -> Html {
    html! {
        <div class="card skeleton" role="status">
            <span class="visually-hidden">{ "Loading" }</span>
            { for (0..6).map(|_| element("span", "skeleton-line", Vec::new())) }
        </div>
    }
}
