//! The way through time: a bar over every page while that shows the past.

use lookupd_core::Timestamp;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{Icon, Look, button, element, icon, square};
use crate::{
    format,
    live::Live,
    store::{BARS, Past, TALLEST},
};

/// Begins to look back, from where one is. Nothing while one does.
pub fn travel_button(live: &Live) -> Html {
    let store = live.store();
    if store.past().is_some() || store.wanted().is_some() || !store.is_loaded() {
        return html! { <span hidden=true /> };
    }
    to_moment(live, Icon::History, "Look back in time", Some(live.present()))
}

/// Which moment is shown, of which log, and the way to others; nothing while the page shows the present.
pub fn travel_bar(live: &Live) -> Html {
    let store = live.store();
    let past = store.past();
    let Some(time) = past.map(Past::time).or(store.wanted()) else { return html! { <span hidden=true /> } };
    let (leave, ago) = match past.filter(|past| past.file().is_some()) {
        Some(past) => ("Close the file", format!("{} before the export", since(past.log().exported_at, time))),
        None => ("Back to now", format!("{} ago", since(live.present(), time))),
    };
    let leaving = live.clone();
    let text = vec![
        element("strong", "number", vec![format!("As of {}", format::time_of_day(time)).into()]),
        element("span", "number", vec![ago.clone().into()]),
        element("span", "", vec![note(past, store.wanted()).into()]),
    ];
    let head = vec![
        icon(Icon::History),
        element("p", "travel-text", text),
        button(Look::Small, Icon::Close, leave, move || leaving.travel(None)),
    ];
    let mut lines = vec![element("div", "travel-head", head)];
    if let Some(past) = past {
        let way = vec![
            to_moment(live, Icon::Left, "Previous change", past.previous()),
            slider(live, past, &ago),
            to_moment(live, Icon::Right, "Next change", past.next()),
        ];
        lines.push(element("div", "travel-way", way));
    }
    html! { <section class="travel" aria-label="Time travel">{ lines }</section> }
}

/// A button that leads to a moment; it stays where there is none, so that the focus does.
fn to_moment(live: &Live, symbol: Icon, label: &'static str, to: Option<Timestamp>) -> Html {
    let live = live.clone();
    let press = Callback::from(move |_| {
        if to.is_some() {
            live.travel(to);
        }
    });
    square("button quiet square", press, symbol, label.into())
}

fn slider(live: &Live, past: &Past, ago: &str) -> Html {
    let sliding = live.clone();
    let oninput = Callback::from(move |event: InputEvent| {
        if let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) {
            // To parse it here would weigh 8 KB.
            sliding.travel(Some(Timestamp::from_millis(input.value_as_number() as u64)));
        }
    });
    let [min, max, value] = [past.from(), past.until(), past.time()].map(|time| time.as_millis().to_string());
    html! {
        <div class="travel-track">
            <svg class="travel-picture" viewBox={format!("0 0 {BARS} {TALLEST}")} preserveAspectRatio="none" aria-hidden="true">
                <path d={past.picture().to_owned()} />
            </svg>
            <input type="range" {min} {max} step="any" {value} aria-label="Moment"
                aria-valuetext={format!("{}, {ago}", format::time_of_day(past.time()))} {oninput} />
        </div>
    }
}

fn since(later: Timestamp, time: Timestamp) -> String {
    format::duration(later.since(time))
}

fn note(past: Option<&Past>, wanted: Option<Timestamp>) -> String {
    let Some(past) = past else { return "Asking for the log".into() };
    match past.file() {
        // A file may be called anything: its name is set apart, whatever its direction.
        Some(file) => {
            format!("Cluster {}, from the file \u{2068}{file}\u{2069}. No server is asked.", past.log().cluster)
        }
        None if wanted.is_some_and(|wanted| wanted < past.from()) => {
            "What was before isn't kept: this is the first moment that is.".into()
        }
        None => String::new(),
    }
}
