//! One file a page.

mod channel;
mod events;
#[cfg(feature = "gallery")]
mod gallery;
mod graph;
mod lookup;
mod node;
mod nodes;
mod not_found;
mod overview;
mod settings;
mod topic;
mod topics;

pub use channel::channel;
pub use events::events;
#[cfg(feature = "gallery")]
pub use gallery::gallery;
pub use graph::graph;
pub use lookup::lookup;
pub use node::node;
pub use nodes::nodes;
pub use not_found::not_found;
pub use overview::overview;
pub use settings::settings;
pub use topic::topic;
pub use topics::topics;

use yew::prelude::*;

use crate::{
    components::{Icon, element, empty, icon, link, skeleton},
    live::Live,
    route::Route,
};

/// A page of which nothing is there yet but its heading, which keeps the focus when the rest comes.
pub fn loading(title: &str) -> Html {
    raw_page(true, [nothing(), nothing(), nothing(), skeleton()], title)
}

/// A page: where it is, its heading, which gets the focus, what can be done there, and what is on it.
fn page(crumbs: Html, title: &str, below: Html, acts: Html, content: Html) -> Html {
    raw_page(false, [crumbs, below, acts, content], title)
}

fn raw_page(is_busy: bool, [crumbs, below, acts, content]: [Html; 4], title: &str) -> Html {
    let heading = html! { <h1 id="title" tabindex="-1"><bdi>{ title }</bdi></h1> };
    let title = element("div", "page-title", vec![heading, element("div", "page-below", vec![below])]);
    html! {
        <div class="page" aria-busy={is_busy.then_some("true")}>
            { crumbs }
            { element("div", "page-head", vec![title, element("div", "page-acts", vec![acts])]) }
            { element("div", "page-body", vec![content]) }
        </div>
    }
}

/// The way from a section down to a page.
fn crumbs(live: &Live, way: &[(Route, &str)]) -> Html {
    html! {
        <nav class="crumbs" aria-label="Breadcrumb" hidden={way.is_empty()}>
            { for way.iter().map(|(route, name)| html! { <>{ link(live, route, "", html! { name }) }{ icon(Icon::Right) }</> }) }
        </nav>
    }
}

/// A page of one long table: how many rows are shown, what can be done, how to filter, and the table.
fn table_page(title: &str, shown: String, acts: Html, filters: Vec<Html>, table: Html) -> Html {
    let shown = html! { <p class="muted number" role="status">{ shown }</p> };
    let content = vec![element("div", "filters", filters), element("div", "", vec![table])];
    page(nothing(), title, shown, acts, element("div", "page-body", content))
}

/// A frame that says why nothing is in it.
fn empty_card(symbol: Icon, title: impl Into<AttrValue>, why: &'static str, act: Html) -> Html {
    element("section", "card", vec![empty(symbol, title, why, act)])
}

/// A part of a page in a frame; `flush` where its content reaches the frame.
fn card(class: &'static str, title: impl Into<AttrValue>, act: Html, content: Html) -> Html {
    raw_card(class, title.into(), act, content)
}

fn raw_card(class: &'static str, title: AttrValue, act: Html, content: Html) -> Html {
    html! {
        <section {class} aria-label={title.clone()}>
            { element("div", "card-head", vec![element("h2", "", vec![title.into()]), act]) }
            { element("div", "card-body", vec![content]) }
        </section>
    }
}

fn nothing() -> Html {
    html! { <span hidden=true /> }
}
