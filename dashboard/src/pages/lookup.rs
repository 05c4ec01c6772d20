//! What a consumer sees now, and why.

use lookupd_core::api::Verdict;
use wasm_bindgen::JsValue;
use yew::prelude::*;

use super::{card, empty_card, nothing, page};
use crate::{
    components::{FieldLook, Icon, badge, copy_button, element, empty, field, name_link, snippet},
    dom, format,
    live::Live,
    route::Route,
    view::{Judged, Liveness, Order, TOPIC_COLUMNS, find_topics, judged, lookup_body, snippets},
};

/// Answers as the server would, and shows each producer with the reason why it is listed or left out.
pub fn lookup(live: &Live) -> Html {
    let topic = live.query().get("topic").to_owned();
    let content = if topic.is_empty() {
        let why = "Enter a topic to see whom a consumer would connect to, and why anyone is left out.";
        empty_card(Icon::Search, "Which topic?", why, nothing())
    } else {
        answered(live, &topic)
    };
    let typing = live.clone();
    let look = FieldLook { id: "topic", label: "Topic".into(), ..FieldLook::default() };
    let asked =
        vec![field(look, &topic, move |text| typing.set_query("topic", text.trim())), suggestions(live, &topic)];
    let content = vec![element("section", "card lookup-form", asked), content];
    let below = element("p", "muted", vec!["What a consumer that asks now would be told.".into()]);
    page(nothing(), "Lookup tester", below, nothing(), element("div", "page-body", content))
}

/// A few topics that contain what is typed; none where it is one.
fn suggestions(live: &Live, typed: &str) -> Html {
    let rows = live.topics();
    let mut found = Vec::new();
    if live.store().registry().topic(typed).is_none() {
        found = find_topics(&rows, typed, None, Order::parse("", &TOPIC_COLUMNS));
    }
    let chips = found.into_iter().take(8).map(|place| {
        let (live, name) = (live.clone(), rows[place].name.clone());
        let (onclick, label) = {
            let chosen = name.clone();
            (Callback::from(move |_| live.set_query("topic", &chosen)), name)
        };
        html! { <button key={label.clone()} type="button" class="chip name" {onclick}>{ label }</button> }
    });
    html! { <div class="chips" role="group" aria-label="Suggestions">{ for chips }</div> }
}

fn answered(live: &Live, topic: &str) -> Html {
    let (producers, body) = {
        let store = live.store();
        let (registry, lifetimes, now) = (store.registry(), store.lifetimes(), store.now());
        let producers = registry.topic(topic).map(|entry| judged(&entry, lifetimes, now));
        (producers, lookup_body(registry, topic, lifetimes, now))
    };
    let exists = producers.is_some();
    let producers = producers.unwrap_or_default();
    let visible = producers.iter().filter(|producer| producer.verdict == Verdict::Visible).count();
    let left_out = producers.len() - visible;
    let summary = match (exists, visible) {
        (false, _) => "There is no such topic".to_owned(),
        (true, 0) => "Nobody to connect to".to_owned(),
        (true, _) => format!("A consumer connects to {}", format::counted(visible, "producer")),
    };
    let why = if exists {
        "The topic is known, so /lookup answers 200 with an empty list."
    } else {
        "/lookup answers 404, and consumers ask again later. It appears with the first producer that registers it."
    };
    let verdicts = if producers.is_empty() {
        empty(Icon::Node, "No producer serves it", why, nothing())
    } else {
        element("ul", "verdicts", producers.iter().map(|producer| verdict(live, producer)).collect())
    };
    let parsed = js_sys::JSON::parse(&body);
    let pretty = parsed
        .and_then(|value| js_sys::JSON::stringify_with_replacer_and_space(&value, &JsValue::NULL, &2.into()))
        .map_or_else(|_| body.clone(), String::from);
    let out = if left_out == 0 { String::new() } else { format!("{} left out", format::count(left_out)) };
    let out = element("span", "muted number", vec![out.into()]);
    let json = html! { <pre class="json" tabindex="0" role="group" aria-label="JSON"><code>{ pretty }</code></pre> };
    let lines = snippets(&dom::origin(), &live.base().api, topic);
    let parts = vec![
        card("card flush", summary, out, verdicts),
        card("card", "The answer of /lookup", copy_button(live, body, "Copy JSON"), json),
        element("div", "snippets", lines.into_iter().map(|(title, lines)| snippet(live, title, lines)).collect()),
    ];
    element("div", "page-body", parts)
}

/// One producer with its verdict, and the reason in a sentence.
fn verdict(live: &Live, producer: &Judged) -> Html {
    let now = live.leader_now();
    let Judged { node, via, verdict, liveness, tombstone, superseded_by } = producer;
    let (class, symbol, word) = match verdict {
        Verdict::Visible => ("badge good", Icon::Check, "Listed"),
        Verdict::Inactive => ("badge bad", Icon::Off, "Left out: inactive"),
        Verdict::Tombstoned => ("badge hidden", Icon::Hidden, "Left out: tombstoned"),
        Verdict::Superseded => ("badge plain", Icon::Copy, "Left out: superseded"),
    };
    let reason = match (verdict, liveness) {
        (Verdict::Inactive, Liveness::Silent { since, .. } | Liveness::Inactive { since }) => {
            format!("Last heard {}.", format::past(*since, now))
        }
        (Verdict::Visible, Liveness::Silent { since, until }) => {
            let left = format::remaining(until.since(now));
            format!("Last heard {}; left out in {left} unless it is heard.", format::past(*since, now))
        }
        (Verdict::Visible | Verdict::Inactive, _) => "It is heard, and nothing hides it.".into(),
        (Verdict::Tombstoned, _) => tombstone.as_ref().map_or_else(String::new, |tombstone| {
            let left = format::remaining(tombstone.left(now));
            format!("Hidden for another {left}, until {}.", format::time_of_day(tombstone.until))
        }),
        (Verdict::Superseded, _) => superseded_by
            .as_ref()
            .map_or_else(String::new, |via| format!("The same node is listed as announced via {via}, which is newer.")),
    };
    let announced = element("span", "muted", vec!["via ".into(), element("bdi", "", vec![via.to_string().into()])]);
    let who = element("span", "pair", vec![name_link(live, &Route::node(node), node), announced]);
    let why = element("span", "reason muted number", vec![reason.into()]);
    html! { <li key={format!("{node} {via}")}>{ who }{ badge(class, symbol, word.into()) }{ why }</li> }
}
