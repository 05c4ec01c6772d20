//! What a person may choose.

use yew::prelude::*;

use super::{Icon, button::square};
use crate::{live::Live, prefs::Choice};

/// All options of a choice, one of which is chosen.
pub fn choice(live: &Live, choice: Choice) -> Html {
    let options = choice.options().iter().enumerate().map(|(place, (key, label))| {
        let live = live.clone();
        let onchange = Callback::from(move |_: Event| {
            choice.choose(place);
            live.changed();
        });
        let (name, checked) = (choice.label(), choice.chosen() == place);
        html! {
            <label class="option"><input type="radio" {name} value={*key} {checked} {onchange} />{ *label }</label>
        }
    });
    html! { <fieldset class="choice"><legend>{ choice.label() }</legend>{ for options }</fieldset> }
}

/// Goes round: as the system has it, light, dark.
pub fn theme_button(live: &Live) -> Html {
    let chosen = Choice::Theme.chosen();
    let symbol = [Icon::Screen, Icon::Sun, Icon::Moon][chosen];
    let live = live.clone();
    let onclick = Callback::from(move |_| {
        Choice::Theme.choose(Choice::Theme.next());
        live.changed();
    });
    square("button quiet square", onclick, symbol, format!("Theme: {}", Choice::Theme.options()[chosen].0))
}
