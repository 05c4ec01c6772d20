//! Where nothing is to be seen: not yet, or not at all.

use yew::prelude::*;

use super::{Icon, icon};

/// What [`Empty`] takes.
#[derive(Properties, PartialEq)]
pub struct EmptyProps {
    /// What is missing.
    #[prop_or(Icon::None)]
    pub symbol: Icon,
    /// That it is missing.
    pub title: AttrValue,
    /// Why, and what to do.
    #[prop_or_default]
    pub children: Html,
}

/// Says that nothing is there, and what to do about it.
#[component]
pub fn Empty(props: &EmptyProps) -> Html {
    html! {
        <div class="empty">
            <span class="empty-icon">{ icon(props.symbol) }</span>
            <p class="empty-title">{ props.title.clone() }</p>
            <div class="empty-text">{ props.children.clone() }</div>
        </div>
    }
}

/// Grey lines in place of what is still on its way.
pub fn skeleton(lines: usize) -> Html {
    html! {
        <div class="card skeleton" role="status">
            <span class="visually-hidden">{ "Loading" }</span>
            { for (0..lines).map(|_| html! { <span class="skeleton-line" /> }) }
        </div>
    }
}
