//! One file a page.

mod channel;
mod lookup;
mod node;
mod nodes;
mod not_found;
mod overview;
mod topic;
mod topics;

pub use channel::Channel;
pub use lookup::Lookup;
pub use node::Node;
pub use nodes::Nodes;
pub use not_found::NotFound;
pub use overview::Overview;
pub use topic::Topic;
pub use topics::Topics;

use yew::prelude::*;

/// The head of a page: its heading, which gets the focus, and what can be done there.
fn head(title: impl Into<AttrValue>, below: Html, acts: Html) -> Html {
    html! {
        <div class="page-head">
            <div class="page-title">
                <h1 id="title" tabindex="-1">{ title.into() }</h1>
                <div class="page-below">{ below }</div>
            </div>
            <div class="page-acts">{ acts }</div>
        </div>
    }
}
