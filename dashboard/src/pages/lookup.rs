//! What a consumer sees now, and why.

use lookupd_core::api::Verdict;
use wasm_bindgen::JsValue;
use yew::prelude::*;

use super::{card, nothing, page};
use crate::{
    answer::{Explain, Explained},
    components::{FieldLook, Icon, Look, badge, button, copy_button, empty, field, name_link, skeleton, snippet},
    dom, format,
    live::Live,
    route::{Route, encode},
    view::{Order, TOPIC_COLUMNS, find_topics},
};

/// Asks the server as a consumer would, and shows each producer with the reason why it is listed or left out.
pub fn lookup(live: &Live) -> Html {
    let topic = live.query().get("topic").to_owned();
    let content = match live.lookup() {
        _ if topic.is_empty() => {
            let why = "Enter a topic to see whom a consumer would connect to, and why anyone is left out.";
            html! { <section class="card">{ empty(Icon::Search, "Which topic?", why, nothing()) }</section> }
        }
        Some(Ok(answer)) if answer.explain.topic == topic => answered(live, &answer.explain, &answer.lookup),
        Some(Err(problem)) => {
            let asking = live.clone();
            let again = button(Look::Plain, Icon::Refresh, "Try again", move || asking.ask_lookup_again());
            html! {
                <section class="card">
                    { empty(Icon::Alert, problem.title(), "", html! { <>{ problem.advice() }{ again }</> }) }
                </section>
            }
        }
        _ => skeleton(),
    };
    let typing = live.clone();
    let look = FieldLook { id: "topic", label: "Topic".into(), ..FieldLook::default() };
    let content = html! {
        <>
            <section class="card lookup-form">
                { field(look, &topic, move |text| typing.set_query("topic", text.trim())) }
                { suggestions(live, &topic) }
            </section>
            <div class="page-body">{ content }</div>
        </>
    };
    let below = html! { <p class="muted">{ "What a consumer that asks now would be told." }</p> };
    page(nothing(), "Lookup tester", below, nothing(), content)
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

fn answered(live: &Live, explain: &Explain, lookup: &str) -> Html {
    let visible = explain.producers.iter().filter(|producer| producer.verdict == Verdict::Visible).count();
    let left_out = explain.producers.len() - visible;
    let summary = match (explain.exists, visible) {
        (false, _) => "There is no such topic".to_owned(),
        (true, 0) => "Nobody to connect to".to_owned(),
        (true, _) => format!("A consumer connects to {}", format::counted(visible, "producer")),
    };
    let why = match (explain.exists, explain.producers.is_empty()) {
        (false, _) => {
            "/lookup answers 404, and consumers ask again later. It appears with the first producer that registers it."
        }
        (true, _) => "The topic is known, so /lookup answers 200 with an empty list.",
    };
    let verdicts = if explain.producers.is_empty() {
        empty(Icon::Node, "No producer serves it", why, nothing())
    } else {
        html! { <ul class="verdicts">{ for explain.producers.iter().map(|producer| verdict(live, producer)) }</ul> }
    };
    let parsed = js_sys::JSON::parse(lookup);
    let pretty = parsed
        .and_then(|value| js_sys::JSON::stringify_with_replacer_and_space(&value, &JsValue::NULL, &2.into()))
        .map_or_else(|_| lookup.to_owned(), String::from);
    let origin = format!("{}{}", dom::origin(), live.base().api);
    let curl = format!("curl '{origin}/lookup?topic={}'", encode(&explain.topic));
    let go = format!(
        "consumer, _ := nsq.NewConsumer(\"{}\", \"channel\", nsq.NewConfig())\nconsumer.AddHandler(handler)\nconsumer.ConnectToNSQLookupd(\"{origin}\")",
        explain.topic
    );
    let out = html! {
        <span class="muted number" hidden={left_out == 0}>{ format!("{} left out", format::count(left_out)) }</span>
    };
    let json = html! { <pre class="json" tabindex="0" role="group" aria-label="JSON"><code>{ pretty }</code></pre> };
    html! {
        <>
            { card("card flush", summary, out, verdicts) }
            { card("card", "The answer of /lookup", copy_button(live, lookup.to_owned(), "Copy JSON"), json) }
            <div class="snippets">{ snippet(live, "curl", curl) }{ snippet(live, "go-nsq", go) }</div>
        </>
    }
}

/// One producer with its verdict, and the reason in a sentence.
fn verdict(live: &Live, producer: &Explained) -> Html {
    let now = live.leader_now();
    let (class, symbol, word) = match producer.verdict {
        Verdict::Visible => ("badge good", Icon::Check, "Listed"),
        Verdict::Inactive => ("badge bad", Icon::Off, "Left out: inactive"),
        Verdict::Tombstoned => ("badge hidden", Icon::Hidden, "Left out: tombstoned"),
        Verdict::Superseded => ("badge plain", Icon::Copy, "Left out: superseded"),
    };
    let unheard = producer.silent_since.map(|since| format::duration(now.since(since)));
    let reason = match (producer.verdict, unheard) {
        (Verdict::Visible, None) => "It is heard, and nothing hides it.".into(),
        (Verdict::Visible, Some(time)) => {
            let left = producer.inactive_at.map(|until| format::remaining(until.since(now))).unwrap_or_default();
            format!("Not heard for {time}; left out in {left} unless it is.")
        }
        (Verdict::Inactive, time) => format!("Not heard for {}.", time.unwrap_or_else(|| "too long".into())),
        (Verdict::Tombstoned, _) => match producer.tombstoned_until {
            Some(until) => {
                let left = format::remaining(until.since(now));
                format!("Hidden for another {left}, until {}.", format::time_of_day(until))
            }
            None => "Hidden by a tombstone.".into(),
        },
        (Verdict::Superseded, _) => {
            let via = producer.superseded_by.clone().unwrap_or_default();
            format!("The same node is listed as announced via {via}, which is newer.")
        }
    };
    let Explained { node, via, .. } = producer;
    html! {
        <li key={format!("{node} {via}")}>
            <span class="pair">
                { name_link(live, &Route::node(node), node) }
                <span class="muted">{ "via " }<bdi>{ via }</bdi></span>
            </span>
            { badge(class, symbol, word.into()) }
            <span class="reason muted number">{ reason }</span>
        </li>
    }
}
