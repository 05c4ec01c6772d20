//! Where an address leads nowhere.

use yew::prelude::*;

use super::{nothing, page};
use crate::{
    components::{Icon, empty, link},
    live::Live,
    route::Route,
};

/// Says that there is no such page, and leads back.
pub fn not_found(live: &Live) -> Html {
    let back = link(live, &Route::Overview, "button primary", html! { "Go to the overview" });
    let content = html! {
        <section class="card">
            { empty(Icon::Search, "No page has this address", "It may have been cut in half on its way here.", back) }
        </section>
    };
    page(nothing(), "Page not found", nothing(), nothing(), content)
}
