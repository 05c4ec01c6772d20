//! Where an address leads nowhere.

use yew::prelude::*;

use super::head;
use crate::{
    components::{Empty, Icon, Link},
    route::Route,
};

/// Says that there is no such page, and leads back.
#[component]
pub fn NotFound() -> Html {
    html! {
        <div class="page">
            { head("Page not found", html! {}, html! {}) }
            <section class="card">
                <Empty symbol={Icon::Search} title="No page has this address">
                    <p>{ "It may have been cut in half on its way here." }</p>
                    <Link to={Route::Overview} class="button primary">{ "Go to the overview" }</Link>
                </Empty>
            </section>
        </div>
    }
}
