//! The dashboard.
use yew::prelude::*;

#[component]
fn App() -> Html {
    html! { <main><h1>{ "lookupd-edge" }</h1></main> }
}

fn main() {
    yew::Renderer::<App>::new().render();
}
