//! Light or dark.

use yew::prelude::*;

use super::{Icon, icon};
use crate::prefs::Theme;

/// Goes round: as the system has it, light, dark.
#[component]
pub fn ThemeButton() -> Html {
    let theme = use_state(Theme::load);
    let symbol = match *theme {
        Theme::System => Icon::Screen,
        Theme::Light => Icon::Sun,
        Theme::Dark => Icon::Moon,
    };
    let label = format!("Theme: {}", theme.label());
    let onclick = Callback::from(move |_| {
        let next = theme.next();
        next.choose();
        theme.set(next);
    });
    html! {
        <button type="button" class="button quiet square" {onclick} title={label.clone()}>
            { icon(symbol) }<span class="visually-hidden">{ label }</span>
        </button>
    }
}
