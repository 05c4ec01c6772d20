//! Buttons.

use yew::prelude::*;

use super::{Icon, icon};
use crate::{acts::Ask, live::Live};

/// How much a button asks to be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As any other.
    Plain,
    /// The one to press.
    Primary,
    /// Away from everything else, and red only when meant.
    Danger,
    /// In a corner.
    Small,
}

/// A button with an icon and a word.
pub fn button(look: Look, symbol: Icon, label: impl Into<AttrValue>, press: impl Fn() + 'static) -> Html {
    let class = match look {
        Look::Plain => "button",
        Look::Primary => "button primary",
        Look::Danger => "button danger-quiet",
        Look::Small => "button small",
    };
    raw(class, Callback::from(move |_| press()), symbol, label.into())
}

/// A button that has something asked; nothing where whoever looks may not do that.
pub fn ask_button(live: &Live, look: Look, symbol: Icon, label: &'static str, ask: Ask) -> Html {
    if !live.may(ask.right()) {
        return html! { <span hidden=true /> };
    }
    let live = live.clone();
    button(look, symbol, label, move || live.ask(ask.clone()))
}

/// The same, quiet in a row of a table. On a narrow page only its icon shows; read out, it says what it is about.
pub fn row_ask_button(live: &Live, symbol: Icon, label: &'static str, about: &str, ask: Ask) -> Html {
    if !live.may(ask.right()) {
        return html! { <span hidden=true /> };
    }
    let live = live.clone();
    raw_act(symbol, label, about, Callback::from(move |_| live.ask(ask.clone())))
}

/// A button that is an icon, with a label for who can't see it or doesn't know it.
pub(crate) fn square(class: &'static str, onclick: Callback<MouseEvent>, symbol: Icon, label: String) -> Html {
    html! {
        <button type="button" {class} {onclick} title={label.clone()}>
            { icon(symbol) }<span class="visually-hidden">{ label }</span>
        </button>
    }
}

fn raw(class: &'static str, onclick: Callback<MouseEvent>, symbol: Icon, label: AttrValue) -> Html {
    html! { <button type="button" {class} {onclick}>{ icon(symbol) }{ label }</button> }
}

fn raw_act(symbol: Icon, label: &'static str, about: &str, onclick: Callback<MouseEvent>) -> Html {
    html! {
        <button type="button" class="button quiet small" {onclick} title={format!("{label} {about}")}>
            { icon(symbol) }<span class="act-word">{ label }</span><span class="visually-hidden">{ format!(" {about}") }</span>
        </button>
    }
}
