//! The few things that the dashboard asks of the browser itself.

use gloo_timers::callback::Timeout;
use js_sys::Array;
use lookupd_core::Timestamp;
use wasm_bindgen::JsCast;
use web_sys::{Blob, Document, History, HtmlElement, Url, VisibilityState, Window};

/// The window.
#[expect(clippy::expect_used, reason = "the dashboard runs in a page, which has a window and a document")]
pub fn window() -> Window {
    web_sys::window().expect("a window")
}

/// The document.
#[expect(clippy::expect_used, reason = "the dashboard runs in a page, which has a window and a document")]
pub fn document() -> Document {
    window().document().expect("a document")
}

/// The page's history of addresses.
#[expect(clippy::expect_used, reason = "only documents that are gone have no history")]
pub fn history() -> History {
    window().history().expect("a history")
}

/// The path of the address.
pub fn path() -> String {
    window().location().pathname().unwrap_or_default()
}

/// The query of the address, with its `?`.
pub fn search() -> String {
    window().location().search().unwrap_or_default()
}

/// Scheme, host and port of the address.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// The same for a WebSocket: `ws` for `http`, `wss` for `https`.
pub fn stream_origin() -> String {
    format!("ws{}", origin().strip_prefix("http").unwrap_or_default())
}

/// Goes to another page of this origin.
pub fn visit(path: &str) {
    let _ = window().location().assign(path);
}

/// The browser's first language, as it names it.
pub fn language() -> String {
    window().navigator().language().unwrap_or_default()
}

/// Loads the page again.
pub fn reload() {
    let _ = window().location().reload();
}

/// The local clock.
pub fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}

/// Has the browser save a text as a file of this name.
pub fn save(name: &str, text: &str) {
    let Ok(blob) = Blob::new_with_str_sequence(&Array::of1(&text.into())) else { return };
    let Ok(url) = Url::create_object_url_with_blob(&blob) else { return };
    if let Ok(link) = document().create_element("a") {
        let _ = link.set_attribute("href", &url);
        let _ = link.set_attribute("download", name);
        link.unchecked_ref::<HtmlElement>().click();
    }
    // Browsers may read it only after the click.
    Timeout::new(SAVED_MS, move || drop(Url::revoke_object_url(&url))).forget();
}

/// How long what is saved is kept for the browser to read.
const SAVED_MS: u32 = 60_000;

/// Whether nobody sees the page.
pub fn is_hidden() -> bool {
    document().visibility_state() == VisibilityState::Hidden
}

/// Calls back once, before the next frame is drawn.
pub fn before_next_frame(callback: impl FnOnce() + 'static) {
    let callback = wasm_bindgen::closure::Closure::once_into_js(callback);
    // It fails only where a window is gone, and then nothing is drawn any more.
    let _ = window().request_animation_frame(callback.unchecked_ref());
}

/// Moves the focus to the element of this id, if there is one, without scrolling to it.
pub fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.focus_with_options(&options);
    }
}

/// The key that was pressed, where it may be a shortcut: alone, outside whatever is typed into, and in the page itself.
pub fn bare_key(event: &web_sys::KeyboardEvent) -> Option<String> {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let typing =
        target.and_then(|element| element.closest("input, select, textarea, [contenteditable]").ok().flatten());
    let is_held = event.ctrl_key() || event.alt_key() || event.meta_key() || event.repeat() || event.is_composing();
    let asked = document().query_selector("dialog[open]").ok().flatten();
    let is_free = !is_held && !event.default_prevented() && typing.is_none() && asked.is_none();
    is_free.then(|| event.key())
}

/// Leads to the page's search, if it has one, with what is there ready to be typed over.
pub fn focus_search() {
    let field = document().query_selector("main input[type=search], main #topic").ok().flatten();
    if let Some(field) = field.and_then(|field| field.dyn_into::<web_sys::HtmlInputElement>().ok()) {
        let _ = field.focus();
        field.select();
    }
}

/// The text of the field that an event happened on.
pub fn value_of(event: &web_sys::Event) -> String {
    let target = event.target();
    let input = target.as_ref().and_then(|target| target.dyn_ref::<web_sys::HtmlInputElement>());
    let select = target.as_ref().and_then(|target| target.dyn_ref::<web_sys::HtmlSelectElement>());
    input.map(web_sys::HtmlInputElement::value).or(select.map(web_sys::HtmlSelectElement::value)).unwrap_or_default()
}

/// The text of the field of this id.
pub fn value_by_id(id: &str) -> String {
    let field =
        document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlInputElement>().ok());
    field.map(|field| field.value()).unwrap_or_default()
}
