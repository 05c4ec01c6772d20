//! What a consumer sees now, and why.

use lookupd_core::api::{Explain, Explained, Verdict};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::head;
use crate::{
    components::{CopyButton, Empty, Field, Icon, Link, Snippet, icon, skeleton, use_query},
    dom, format,
    live::{use_live, use_now},
    problem::Problem,
    route::{Route, encode},
    view::{Order, TOPIC_COLUMNS, find_topics, topic_rows},
};

/// An answer, as far as it came.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Waiting,
    Came { explain: Box<Explain>, lookup: String },
    Failed(Problem),
}

/// Asks the server as a consumer would, and shows each producer with the reason why it is listed or left out.
#[component]
pub fn Lookup() -> Html {
    let live = use_live();
    let (query, set) = use_query();
    let topic = query.get("topic").to_owned();
    let epoch = live.store().epoch();
    let answer = use_state(|| Answer::Waiting);
    let attempt = use_state(|| 0_u32);
    let latest = use_mut_ref(|| 0_u32);
    {
        let (live, answer, latest) = (live.clone(), answer.setter(), latest);
        // What is registered changed, or something ended: asked again, with the last answer in view until then.
        use_effect_with((topic.clone(), epoch, *attempt), move |(topic, _, _)| {
            let number = latest.borrow().wrapping_add(1);
            latest.replace(number);
            if topic.is_empty() {
                return;
            }
            let topic = topic.clone();
            spawn_local(async move {
                let asked = ask(&live, &topic).await;
                // An answer that was overtaken is dropped.
                if *latest.borrow() == number {
                    answer.set(asked);
                }
            });
        });
    }
    let oninput = {
        let set = set.clone();
        Callback::from(move |text: String| set.emit(("topic", text.trim().to_owned())))
    };
    let suggestions = suggestions(&live, &topic);
    let again = {
        let attempt = attempt.clone();
        Callback::from(move |_| attempt.set(*attempt + 1))
    };
    let content = match &*answer {
        _ if topic.is_empty() => html! {
            <section class="card">
                <Empty symbol={Icon::Search} title="Which topic?">
                    <p>{ "Enter a topic to see whom a consumer would connect to, and why anyone is left out." }</p>
                </Empty>
            </section>
        },
        Answer::Came { explain, lookup } if explain.topic == topic => answered(&live, explain, lookup),
        Answer::Failed(problem) => html! {
            <section class="card">
                <Empty symbol={Icon::Alert} title={problem.title()}>
                    <p>{ problem.advice() }</p>
                    <button type="button" class="button" onclick={again}>{ icon(Icon::Refresh) }{ "Try again" }</button>
                </Empty>
            </section>
        },
        _ => skeleton(5),
    };
    html! {
        <div class="page">
            { head("Lookup tester", html! { <p class="muted">{ "What a consumer that asks now would be told." }</p> }, html! {}) }
            <section class="card lookup-form">
                <Field id="topic" label="Topic" value={topic.clone()} {oninput} />
                <div class="chips" aria-label="Topics that match">
                    { for suggestions.into_iter().map(|name| {
                        let (set, chosen) = (set.clone(), name.clone());
                        let onclick = Callback::from(move |_| set.emit(("topic", chosen.clone())));
                        html! { <button key={name.clone()} type="button" class="chip name" {onclick}>{ name }</button> }
                    }) }
                </div>
            </section>
            <div>{ content }</div>
        </div>
    }
}

async fn ask(live: &crate::live::Live, topic: &str) -> Answer {
    let explain = match live.client().explain(topic).await {
        Ok((explain, _)) => explain,
        Err(problem) => return Answer::Failed(problem),
    };
    match live.client().lookup(topic).await {
        Ok(lookup) => Answer::Came { explain: Box::new(explain), lookup },
        Err(problem) => Answer::Failed(problem),
    }
}

/// A few topics that contain what is typed, but for the one that is it.
fn suggestions(live: &crate::live::Live, typed: &str) -> Vec<String> {
    let store = live.store();
    if store.registry().topic(typed).is_some() {
        return Vec::new();
    }
    let rows = topic_rows(store.registry(), store.lifetimes(), store.now());
    let found = find_topics(&rows, typed, None, Order::parse("", &TOPIC_COLUMNS));
    found.into_iter().take(8).map(|place| rows[place].name.clone()).collect()
}

fn answered(live: &crate::live::Live, explain: &Explain, lookup: &str) -> Html {
    let visible = explain.producers.iter().filter(|producer| producer.verdict == Verdict::Visible).count();
    let left_out = explain.producers.len() - visible;
    let summary = if !explain.exists {
        "There is no such topic: /lookup answers 404, and consumers ask again later.".to_owned()
    } else if visible == 0 {
        "Nobody to connect to.".to_owned()
    } else {
        format!("A consumer connects to {}.", format::counted(visible, "producer"))
    };
    let parsed = js_sys::JSON::parse(lookup);
    let pretty = parsed
        .and_then(|value| js_sys::JSON::stringify_with_replacer_and_space(&value, &wasm_bindgen::JsValue::NULL, &2.into()))
        .map_or_else(|_| lookup.to_owned(), String::from);
    let origin = format!("{}{}", dom::window().location().origin().unwrap_or_default(), live.base().api);
    let curl = format!("curl '{origin}/lookup?topic={}'", encode(&explain.topic));
    let go = format!(
        "consumer, _ := nsq.NewConsumer({:?}, \"channel\", nsq.NewConfig())\nconsumer.AddHandler(handler)\nconsumer.ConnectToNSQLookupd(\"{origin}\")",
        explain.topic
    );
    html! {
        <>
            <section class="card flush" aria-labelledby="verdicts">
                <div class="card-head">
                    <h2 id="verdicts" class="card-title">{ summary }</h2>
                    <span class="muted number" hidden={left_out == 0}>{ format!("{} left out", format::count(left_out)) }</span>
                </div>
                <ul class="verdicts">
                    { for explain.producers.iter().map(|producer| html! {
                        <Verdicted key={format!("{} {}", producer.node, producer.via)} producer={producer.clone()} />
                    }) }
                </ul>
                <div hidden={!explain.exists || !explain.producers.is_empty()}>
                    <Empty symbol={Icon::Node} title="No producer serves this topic">
                        <p>{ "The topic is known, so /lookup answers 200 with an empty list." }</p>
                    </Empty>
                </div>
                <div hidden={explain.exists}>
                    <Empty symbol={Icon::Topic} title="There is no such topic">
                        <p>{ "It appears with the first producer that registers it." }</p>
                    </Empty>
                </div>
            </section>
            <section class="card" aria-labelledby="answer">
                <div class="card-head">
                    <h2 id="answer" class="card-title">{ "The answer of /lookup" }</h2>
                    <CopyButton text={lookup.to_owned()} label="Copy JSON" />
                </div>
                <pre class="json" tabindex="0" aria-labelledby="answer"><code>{ pretty }</code></pre>
            </section>
            <div class="snippets">
                <Snippet title="curl" text={curl} />
                <Snippet title="go-nsq" text={go} />
            </div>
        </>
    }
}

#[derive(Properties, PartialEq)]
struct VerdictedProps {
    producer: Explained,
}

/// One producer with its verdict, and the reason in a sentence.
#[component]
fn Verdicted(VerdictedProps { producer }: &VerdictedProps) -> Html {
    let (live, local) = (use_live(), use_now());
    let now = live.store().leader_now(local);
    let (tone, symbol, word) = match producer.verdict {
        Verdict::Visible => ("good", Icon::Check, "Listed"),
        Verdict::Inactive => ("bad", Icon::Off, "Left out: inactive"),
        Verdict::Tombstoned => ("hidden", Icon::Hidden, "Left out: tombstoned"),
        Verdict::Superseded => ("plain", Icon::Copy, "Left out: superseded"),
    };
    let reason = match (producer.verdict, producer.silent_since_at, producer.tombstoned_until_at) {
        (Verdict::Visible, Some(since), _) => match producer.inactive_at {
            Some(until) => format!(
                "Not heard for {}; left out in {} unless it is.",
                format::duration(now.since(since)),
                format::remaining(until.since(now))
            ),
            None => format!("Not heard for {}.", format::duration(now.since(since))),
        },
        (Verdict::Visible, None, _) => "It is heard, and nothing hides it.".into(),
        (Verdict::Inactive, Some(since), _) => format!("Not heard for {}.", format::duration(now.since(since))),
        (Verdict::Inactive, None, _) => "Not heard for too long.".into(),
        (Verdict::Tombstoned, _, Some(until)) => {
            format!("Hidden for another {}, until {}.", format::remaining(until.since(now)), format::time_of_day(until))
        }
        (Verdict::Tombstoned, _, None) => "Hidden by a tombstone.".into(),
        (Verdict::Superseded, _, _) => match &producer.superseded_by {
            Some(via) => format!("The same node is listed as announced via {via}, which is newer."),
            None => "The same node is listed as announced in another way.".into(),
        },
    };
    html! {
        <li>
            <span class="pair">
                <Link to={Route::node(&producer.node.to_string())} class="name">{ producer.node.to_string() }</Link>
                <span class="muted">{ "via " }<bdi>{ producer.via.to_string() }</bdi></span>
            </span>
            <span class={classes!("badge", tone)}>{ icon(symbol) }<span>{ word }</span></span>
            <span class="reason muted number">{ reason }</span>
        </li>
    }
}
