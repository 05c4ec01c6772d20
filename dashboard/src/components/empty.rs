//! Where nothing is to be seen: not yet, or not at all.

use yew::prelude::*;

use super::{Icon, icon};

/// Says that nothing is there, why, and what to do about it.
pub fn empty(symbol: Icon, title: impl Into<AttrValue>, why: &'static str, act: Html) -> Html {
    raw(symbol, title.into(), why.into(), act)
}

fn raw(symbol: Icon, title: AttrValue, why: AttrValue, act: Html) -> Html {
    html! {
        <div class="empty">
            <span class="empty-icon">{ icon(symbol) }</span>
            <p class="empty-title">{ title }</p>
            <p class="empty-text">{ why }</p>
            <div class="empty-act">{ act }</div>
        </div>
    }
}

/// Grey lines in place of what is still on its way.
pub fn skeleton() -> Html {
    html! {
        <div class="card skeleton" role="status">
            <span class="visually-hidden">{ "Loading" }</span>
            { for (0..6).map(|_| html! { <span class="skeleton-line" /> }) }
        </div>
    }
}
