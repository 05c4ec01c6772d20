//! A link within the dashboard.

use yew::prelude::*;
use yew_router::prelude::*;

use crate::{dom, route::Route};

/// What [`Link`] takes.
#[derive(Properties, PartialEq)]
pub struct LinkProps {
    /// Where to.
    pub to: Route,
    /// The query there, without `?`.
    #[prop_or_default]
    pub query: AttrValue,
    /// Its classes.
    #[prop_or_default]
    pub class: Classes,
    /// Whether it leads to where one is.
    #[prop_or_default]
    pub current: bool,
    /// What it says.
    pub children: Html,
}

/// A real link, so that it can be opened elsewhere and copied; followed here, it needs no server.
#[component]
pub fn Link(props: &LinkProps) -> Html {
    let navigator = use_navigator();
    let base = navigator.as_ref().and_then(|navigator| navigator.basename().map(str::to_owned)).unwrap_or_default();
    let question = if props.query.is_empty() { "" } else { "?" };
    let href = format!("{base}{}{question}{}", props.to.to_path(), props.query);
    let onclick = {
        let (to, query) = (props.to.clone(), props.query.clone());
        Callback::from(move |event: MouseEvent| {
            let elsewhere = event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key();
            if elsewhere || event.button() != 0 {
                return;
            }
            event.prevent_default();
            if let Some(navigator) = &navigator {
                go(navigator, &to, &query);
            }
        })
    };
    html! {
        <a {href} {onclick} class={props.class.clone()} aria-current={props.current.then_some("page")}>
            { props.children.clone() }
        </a>
    }
}

/// Follows a link.
pub(crate) fn go(navigator: &Navigator, to: &Route, query: &str) {
    if query.is_empty() {
        navigator.push(to);
    } else {
        let pushed = navigator.push_with_query(to, yew_router::query::Raw(query));
        pushed.unwrap_or_else(|never| match never {});
    }
    // A new page begins at its top; going back, the browser remembers where one was.
    dom::window().scroll_to_with_x_and_y(0.0, 0.0);
}
