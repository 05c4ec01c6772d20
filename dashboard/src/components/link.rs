//! Links within the dashboard: real ones, so that they can be opened elsewhere and copied. Followed here they need no
//! server: the page around all pages catches their clicks.

use yew::prelude::*;

use crate::{
    live::Live,
    route::{Query, Route},
};

/// A link to a page.
pub fn link(live: &Live, to: &Route, class: &'static str, content: Html) -> Html {
    raw(live.href(to, &Query::default()), class, None, content)
}

/// A link to a page with a query; `current` where it leads to where one is.
pub fn link_with(live: &Live, to: &Route, query: &Query, class: &'static str, current: bool, content: Html) -> Html {
    raw(live.href(to, query), class, current.then_some("page"), content)
}

/// A link that is the name of what it leads to.
pub fn name_link(live: &Live, to: &Route, name: &str) -> Html {
    raw(live.href(to, &Query::default()), "name", None, html! { <bdi>{ name }</bdi> })
}

fn raw(href: String, class: &'static str, current: Option<&'static str>, content: Html) -> Html {
    html! { <a {href} {class} aria-current={current}>{ content }</a> }
}
