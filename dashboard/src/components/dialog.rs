//! A dialog above the page.

use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::{Icon, button::square};
use crate::{dom, live::Live};

/// The browser's own modal dialog: Esc closes it, the page behind it is inert, and the focus goes back to where it was.
/// Closed, however that came about, it settles what was asked.
pub fn dialog(live: &Live, title: &'static str, content: Html) -> Html {
    let live = live.clone();
    let onclose = Callback::from(move |_: Event| live.settle());
    let close = Callback::from(|_| close_dialog());
    html! {
        <dialog key={title} class="dialog" aria-labelledby="dialog-title" {onclose}>
            <div class="dialog-head">
                <h2 id="dialog-title">{ title }</h2>
                { square("button quiet square", close, Icon::Close, "Close".into()) }
            </div>
            { content }
        </dialog>
    }
}

/// Opens the dialog that was just rendered, if there is one.
pub fn open_dialog() {
    if let Some(dialog) = find("dialog:not([open])") {
        // It fails only where the dialog is open already.
        let _ = dialog.show_modal();
    }
}

/// Closes the open dialog, which gives the focus back before the dialog is taken out of the page.
pub fn close_dialog() {
    if let Some(dialog) = find("dialog[open]") {
        dialog.close();
    }
}

fn find(selector: &str) -> Option<HtmlDialogElement> {
    dom::document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}
