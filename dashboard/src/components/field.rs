//! Fields of forms.

use yew::prelude::*;

use super::{Icon, icon};
use crate::dom;

/// What [`Field`] takes.
#[derive(Properties, PartialEq)]
pub struct FieldProps {
    /// Its id in the page.
    pub id: AttrValue,
    /// What goes into it.
    pub label: AttrValue,
    /// What is in it.
    pub value: AttrValue,
    /// Called with each change.
    pub oninput: Callback<String>,
    /// What to know before filling it in.
    #[prop_or_default]
    pub hint: AttrValue,
    /// What is wrong with it; empty where nothing is.
    #[prop_or_default]
    pub error: AttrValue,
    /// `text`, `password`, …
    #[prop_or(AttrValue::Static("text"))]
    pub kind: AttrValue,
    /// The keyboard to offer.
    #[prop_or_default]
    pub inputmode: AttrValue,
    /// Whether the focus starts here.
    #[prop_or_default]
    pub autofocus: bool,
}

/// A labelled field with a hint, and what is wrong with it.
#[component]
pub fn Field(props: &FieldProps) -> Html {
    let note = format!("{}-note", props.id);
    let oninput = {
        let oninput = props.oninput.clone();
        Callback::from(move |event: InputEvent| oninput.emit(dom::value_of(&event)))
    };
    let wrong = !props.error.is_empty();
    html! {
        <div class={classes!("field", wrong.then_some("wrong"))}>
            <label for={props.id.clone()}>{ props.label.clone() }</label>
            <input
                id={props.id.clone()}
                type={props.kind.clone()}
                value={props.value.clone()}
                inputmode={(!props.inputmode.is_empty()).then(|| props.inputmode.clone())}
                autofocus={props.autofocus}
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-describedby={note.clone()}
                aria-invalid={wrong.then_some("true")}
                {oninput}
            />
            <p id={note} class="field-note">{ if wrong { props.error.clone() } else { props.hint.clone() } }</p>
        </div>
    }
}

/// What [`SearchField`] takes.
#[derive(Properties, PartialEq)]
pub struct SearchFieldProps {
    /// What it searches.
    pub label: AttrValue,
    /// What is searched for.
    pub value: AttrValue,
    /// Called with each change.
    pub oninput: Callback<String>,
}

/// A field that filters while one types.
#[component]
pub fn SearchField(props: &SearchFieldProps) -> Html {
    let oninput = {
        let oninput = props.oninput.clone();
        Callback::from(move |event: InputEvent| oninput.emit(dom::value_of(&event)))
    };
    html! {
        <div class="search" role="search">
            { icon(Icon::Search) }
            <input
                type="search"
                aria-label={props.label.clone()}
                placeholder={props.label.clone()}
                value={props.value.clone()}
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                {oninput}
            />
        </div>
    }
}
