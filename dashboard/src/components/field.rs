//! Fields of forms and of tables.

use yew::prelude::*;

use super::{Icon, icon};
use crate::{dom, live::Live};

/// What a field looks like and takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldLook {
    /// Its id in the page.
    pub id: &'static str,
    /// What goes into it.
    pub label: AttrValue,
    /// What to know before filling it in.
    pub hint: AttrValue,
    /// What is wrong with it; empty where nothing is.
    pub error: AttrValue,
    /// Whether a keyboard of digits will do.
    pub digits: bool,
    /// Whether the focus starts here.
    pub autofocus: bool,
}

/// A labelled field with a hint, or with what is wrong with it.
pub fn field(look: FieldLook, value: &str, oninput: impl Fn(String) + 'static) -> Html {
    raw(look, value.to_owned(), typed(oninput))
}

/// A field that filters while one types.
pub fn search_field(label: &'static str, value: &str, oninput: impl Fn(String) + 'static) -> Html {
    let oninput = typed(oninput);
    html! {
        <div class="search" role="search">
            { icon(Icon::Search) }
            <input type="search" aria-label={label} placeholder={label} value={value.to_owned()} autocomplete="off"
                autocapitalize="none" spellcheck="false" {oninput} />
        </div>
    }
}

/// Which rows of a table to show: each state's key and what it is called, and the key of the one chosen, if one is.
pub fn state_filter(
    states: impl Iterator<Item = (&'static str, &'static str)>,
    chosen: &str,
    onchoose: impl Fn(String) + 'static,
) -> Html {
    let states: Vec<_> = states.collect();
    select_filter("State", "Every state", &states, chosen, onchoose)
}

/// A filter by one of several values: each value's key and what it is called, and the key of the one chosen, if one is.
pub fn select_filter(
    label: &'static str,
    every: &'static str,
    values: &[(&str, &str)],
    chosen: &str,
    onchoose: impl Fn(String) + 'static,
) -> Html {
    let option = |key: &str, label: &str| {
        html! { <option value={key.to_owned()} selected={chosen == key}>{ label }</option> }
    };
    let values: Vec<Html> = values.iter().map(|(key, label)| option(key, label)).collect();
    let onchange = Callback::from(move |event: Event| onchoose(dom::value_of(&event)));
    html! {
        <select class="select" aria-label={label} {onchange}>{ option("", every) }{ values }</select>
    }
}

/// A filter that came with a link: what it is set to, and a way out of it. Nothing where it isn't set.
pub fn chosen_filter(live: &Live, key: &'static str, label: &'static str, value: &str) -> Html {
    if value.is_empty() {
        return html! { <span hidden=true /> };
    }
    let live = live.clone();
    let onclick = Callback::from(move |_| live.set_query(key, ""));
    html! {
        <button type="button" class="button chosen" {onclick} title={format!("{label} {value}: show all")}>
            <span class="muted">{ label }</span><bdi class="name">{ value }</bdi>{ icon(Icon::Close) }
        </button>
    }
}

fn typed(oninput: impl Fn(String) + 'static) -> Callback<InputEvent> {
    Callback::from(move |event: InputEvent| oninput(dom::value_of(&event)))
}

fn raw(look: FieldLook, value: String, oninput: Callback<InputEvent>) -> Html {
    let FieldLook { id, label, hint, error, digits, autofocus } = look;
    let note = format!("{id}-note");
    let wrong = !error.is_empty();
    html! {
        <div class={if wrong { "field wrong" } else { "field" }}>
            <label for={id}>{ label }</label>
            <input {id} {value} {oninput} {autofocus}
                type="text"
                inputmode={digits.then_some("numeric")}
                autocomplete="off" autocapitalize="none" spellcheck="false"
                aria-describedby={note.clone()} aria-invalid={wrong.then_some("true")} />
            <p id={note} class="field-note">{ if wrong { error } else { hint } }</p>
        </div>
    }
}
