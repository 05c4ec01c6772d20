//! A dialog above the page.

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::{Icon, button::square};
use crate::dom;

/// What [`Dialog`] takes.
#[derive(Properties, PartialEq)]
pub struct DialogProps {
    /// What it is about.
    pub title: &'static str,
    /// Called once it is closed, however that came about.
    pub onclose: Callback<()>,
    /// What is in it.
    pub children: Html,
}

/// The browser's own modal dialog: Esc closes it, the page behind it is inert, and the focus goes back to where it was.
#[component]
pub fn Dialog(props: &DialogProps) -> Html {
    let node = use_node_ref();
    {
        let (node, onclose) = (node.clone(), props.onclose.clone());
        use_effect_with((), move |()| {
            let listener = node.cast::<HtmlDialogElement>().map(|dialog| {
                // It fails only where the dialog is open already.
                let _ = dialog.show_modal();
                EventListener::new(&dialog, "close", move |_| onclose.emit(()))
            });
            move || drop(listener)
        });
    }
    let close = Callback::from(|_| close_dialog());
    html! {
        <dialog ref={node} class="dialog" aria-labelledby="dialog-title">
            <div class="dialog-head">
                <h2 id="dialog-title">{ props.title }</h2>
                { square("button quiet square", close, Icon::Close, "Close".into()) }
            </div>
            { props.children.clone() }
        </dialog>
    }
}

/// Closes the open dialog, which gives the focus back before the dialog is taken out of the page.
pub fn close_dialog() {
    let open = dom::document().query_selector("dialog[open]").ok().flatten();
    if let Some(dialog) = open.and_then(|element| element.dyn_into::<HtmlDialogElement>().ok()) {
        dialog.close();
    }
}
