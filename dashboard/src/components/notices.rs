//! What was done, for a few seconds.

use yew::prelude::*;

use super::{Icon, icon};
use crate::live::use_live;

/// The corner of the page where notices come and go.
#[component]
pub fn Notices() -> Html {
    let live = use_live();
    html! {
        <div class="notices" role="status">
            { for live.notices().into_iter().map(|notice| {
                let live = live.clone();
                let dismiss = Callback::from(move |_| live.dismiss(notice.id));
                html! {
                    <div key={notice.id} class="notice">
                        { icon(Icon::Check) }
                        <span class="notice-text">{ notice.text }</span>
                        <button type="button" class="button quiet square small" onclick={dismiss} title="Dismiss">
                            { icon(Icon::Close) }<span class="visually-hidden">{ "Dismiss" }</span>
                        </button>
                    </div>
                }
            }) }
        </div>
    }
}
