//! A cluster's log as a file: saved, and opened again.

use wasm_bindgen::JsCast;
use web_sys::{DragEvent, FileList, HtmlInputElement};
use yew::prelude::*;

use super::{Icon, Look, alert, button, icon};
use crate::live::Live;

/// Saves the cluster's log, and opens one.
pub fn log_buttons(live: &Live) -> Html {
    let saving = live.clone();
    html! {
        <div class="act-group">
            { button(Look::Small, Icon::Download, "Export the log", move || saving.save_log()) }
            { open_button(live) }
        </div>
    }
}

/// Opens a log. A file that is dropped anywhere on the page does the same.
pub fn open_button(live: &Live) -> Html {
    let live = live.clone();
    let onchange = Callback::from(move |event: web_sys::Event| {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        open(&live, input.files());
        // The same file can be chosen once more.
        input.set_value("");
    });
    html! {
        <label class="button small file">
            { icon(Icon::Upload) }{ "Open a log file" }
            <input type="file" class="visually-hidden" accept=".ndjson,.jsonl,application/x-ndjson" {onchange} />
        </label>
    }
}

/// Opens a log that is dropped anywhere on the page.
pub fn open_dropped(live: &Live, event: &web_sys::Event) {
    // Else the browser would show the file in place of the page.
    event.prevent_default();
    if let Some(dropped) = event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer) {
        open(live, dropped.files());
    }
}

fn open(live: &Live, files: Option<FileList>) {
    if let Some(file) = files.and_then(|files| files.get(0)) {
        live.open_log(&file);
    }
}

/// Says why a file isn't shown, until that is dismissed.
pub fn refused(live: &Live) -> Html {
    let Some(refused) = live.refused() else { return html! { <span hidden=true /> } };
    let dismissing = live.clone();
    let dismiss = button(Look::Small, Icon::Close, "Dismiss", move || dismissing.dismiss_refused());
    let title = format!("\u{2068}{}\u{2069} can't be used", refused.name);
    alert(title, refused.reason, dismiss)
}
