//! Plain elements. `html!` writes each of them out where it stands, at several times the weight of a call.

use yew::prelude::*;

/// An element of this class, which may be empty, around its children.
pub fn element(tag: &'static str, class: &'static str, children: Vec<Html>) -> Html {
    html! { <@{tag} {class}>{ children }</@> }
}
