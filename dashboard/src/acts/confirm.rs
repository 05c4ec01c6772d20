//! Asks whether to do something, and says first what it would change.

use lookupd_core::api::DryRun;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::{
    consequences, impact_lines,
    submit::{Progress, failure, use_act},
};
use crate::{
    client::Act,
    components::{Field, Icon, close_dialog, icon},
    format,
    live::{Live, use_live, use_now},
    problem::Problem,
    route::Route,
};

#[derive(Properties, PartialEq)]
pub(super) struct ConfirmProps {
    /// What to do.
    pub(super) act: Act,
}

/// The server's word on what the act would change, a field for the name where something is deleted, and the act.
#[component]
pub(super) fn Confirm(props: &ConfirmProps) -> Html {
    let (live, local) = (use_live(), use_now());
    let navigator = use_navigator();
    let impact = use_state(|| None::<Result<DryRun, Problem>>);
    let attempt = use_state(|| 0);
    let typed = use_state(String::new);
    {
        let (live, impact) = (live.clone(), impact.setter());
        use_effect_with((props.act.clone(), *attempt), move |(act, _)| {
            impact.set(None);
            let act = act.clone();
            spawn_local(async move { impact.set(Some(live.client().dry_run(&act).await)) });
        });
    }
    let done = {
        let act = props.act.clone();
        Callback::from(move |(live, _): (Live, _)| {
            live.notify(said(&act));
            if let Some(navigator) = &navigator {
                match &act {
                    Act::DeleteTopic { .. } => navigator.push(&Route::Topics),
                    Act::DeleteChannel { topic, .. } => navigator.push(&Route::topic(topic)),
                    _ => {}
                }
            }
        })
    };
    let (progress, begin) = use_act(done);
    let to_type = match &props.act {
        Act::DeleteTopic { topic } => Some(topic.clone()),
        Act::DeleteChannel { channel, .. } => Some(channel.clone()),
        _ => None,
    };
    let matches = to_type.as_ref().is_none_or(|name| *name == *typed);
    let known = matches!(*impact, Some(Ok(_)));
    let ready = matches && known && progress != Progress::Busy;
    let onsubmit = {
        let (begin, act) = (begin.clone(), props.act.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if ready {
                begin.emit(act.clone());
            }
        })
    };
    let oninput = {
        let typed = typed.clone();
        Callback::from(move |text: String| typed.set(text))
    };
    let again = Callback::from(move |()| attempt.set(*attempt + 1));
    let problem = match (&progress, &*impact) {
        (Progress::Failed(problem), _) | (_, Some(Err(problem))) => Some(problem),
        _ => None,
    };
    let told = match &*impact {
        None => html! { <div class="impact" role="status"><span class="skeleton-line" /><span class="visually-hidden">{ "Asking what it would change" }</span></div> },
        Some(Err(_)) => html! { <span hidden=true /> },
        Some(Ok(answer)) => {
            let store = live.store();
            let ends = store.leader_now(local).plus(store.lifetimes().tombstone_lifetime);
            let lines = impact_lines(&answer.changes);
            let nothing = lines.is_empty();
            html! {
                <div class="impact">
                    <ul>
                        { for lines.into_iter().map(|line| html! { <li>{ line }</li> }) }
                        <li hidden={!nothing}>{ "Changes nothing: it is so already." }</li>
                    </ul>
                    <p class="muted">{ consequences(&props.act, &answer.changes, store.lifetimes(), &format::time_of_day(ends)) }</p>
                </div>
            }
        }
    };
    let error = if matches || typed.is_empty() { "" } else { "That is not its name." };
    html! {
        <div class="dialog-body">
            { subject(&props.act) }
            <div>{ told }</div>
            <form class="form" id="confirm" {onsubmit}>
                <div hidden={to_type.is_none()}>
                    <Field id="typed" label={format!("Type {} to confirm", to_type.clone().unwrap_or_default())}
                        value={(*typed).clone()} {oninput} {error} autofocus={to_type.is_some()} />
                </div>
            </form>
            { failure(problem, again) }
            <div class="form-acts">
                <button type="button" class="button" onclick={|_| close_dialog()} autofocus={to_type.is_none()}>{ "Cancel" }</button>
                <button type="submit" form="confirm" class="button danger" disabled={!ready}>
                    { verb(&props.act) }
                </button>
            </div>
        </div>
    }
}

fn subject(act: &Act) -> Html {
    let line = |symbol, what: &'static str, name: &str| html! {
        <p class="subject">{ icon(symbol) }<span class="muted">{ what }</span><bdi class="name">{ name.to_owned() }</bdi></p>
    };
    match act {
        Act::CreateTopic { topic } | Act::DeleteTopic { topic } => line(Icon::Topic, "Topic", topic),
        Act::CreateChannel { topic, channel } | Act::DeleteChannel { topic, channel } => html! {
            <>{ line(Icon::Channel, "Channel", channel) }{ line(Icon::Topic, "of topic", topic) }</>
        },
        Act::Tombstone { topic, node } | Act::Unregister { node, topic: Some(topic) } => html! {
            <>{ line(Icon::Node, "Node", node) }{ line(Icon::Topic, "in topic", topic) }</>
        },
        Act::Unregister { node, topic: None } => html! {
            <>{ line(Icon::Node, "Node", node) }{ line(Icon::Topic, "in", "every topic") }</>
        },
        Act::Register { topic, .. } => line(Icon::Topic, "Topic", topic),
    }
}

fn verb(act: &Act) -> &'static str {
    match act {
        Act::DeleteTopic { .. } => "Delete topic",
        Act::DeleteChannel { .. } => "Delete channel",
        Act::Tombstone { .. } => "Tombstone",
        Act::Unregister { .. } => "Unregister",
        _ => "Do it",
    }
}

fn said(act: &Act) -> String {
    match act {
        Act::DeleteTopic { topic } => format!("Topic {topic} deleted."),
        Act::DeleteChannel { topic, channel } => format!("Channel {channel} of {topic} deleted."),
        Act::Tombstone { topic, node } => format!("{node} is hidden under {topic}."),
        Act::Unregister { node, topic: Some(topic) } => format!("{node} unregistered from {topic}."),
        Act::Unregister { node, topic: None } => format!("{node} unregistered."),
        _ => "Done.".into(),
    }
}
