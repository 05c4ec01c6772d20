//! Asks whether to do something, and says first what it would change.

use yew::prelude::*;

use super::{Ask, consequences, form::Form, impact_lines};
use crate::{
    client::Act,
    components::{FieldLook, Icon, icon},
    format,
    route::Route,
    view::can_complete,
};

/// The name that is typed to confirm; nothing where a press will do.
pub(super) fn to_type(act: &Act) -> Option<&str> {
    match act {
        Act::DeleteTopic { topic } | Act::CompleteTombstone { topic, .. } => Some(topic),
        Act::DeleteChannel { channel, .. } => Some(channel),
        _ => None,
    }
}

/// The server's word on what the act would change, and a field for the name where something is deleted.
pub(super) fn view(form: &Form<'_>, act: &Act) -> Html {
    let typed = form.state.fields.first().map_or("", String::as_str);
    let matches = to_type(act).is_none_or(|name| name == typed);
    let known = matches!(form.state.impact, Some(Ok(_)));
    let above = html! { <>{ subject(act) }<div>{ told(form, act) }</div>{ completion(form, act) }</> };
    let fields = match to_type(act) {
        None => html! { <span hidden=true /> },
        Some(name) => {
            let error = if matches || typed.is_empty() { "" } else { "That is not its name." };
            let look = FieldLook {
                id: "typed",
                label: format!("Type {name} to confirm").into(),
                error: error.into(),
                autofocus: true,
                ..FieldLook::default()
            };
            form.field(0, look)
        }
    };
    form.frame(above, fields, ("button danger", verb(act)), (matches && known).then(|| act.clone()))
}

/// Whether the nsqd is to delete the topic too, where somebody could ask it.
fn completion(form: &Form<'_>, act: &Act) -> Html {
    let (Act::Tombstone { topic, node } | Act::CompleteTombstone { topic, node }) = act else {
        return html! { <span hidden=true /> };
    };
    if !can_complete(form.live.store().registry(), topic, node) {
        return html! { <span hidden=true /> };
    }
    let checked = matches!(act, Act::CompleteTombstone { .. });
    let (topic, node) = (topic.clone(), node.clone());
    let other = if checked { Act::Tombstone { topic, node } } else { Act::CompleteTombstone { topic, node } };
    let live = form.live.clone();
    // What that would change is asked anew.
    let onchange = Callback::from(move |_: Event| live.ask(Ask::Confirm(other.clone())));
    html! {
        <label class="check">
            <input type="checkbox" {checked} {onchange} />
            { "Also delete the topic on this nsqd. Its messages there are lost." }
        </label>
    }
}

fn told(form: &Form<'_>, act: &Act) -> Html {
    let Some(Ok(impact)) = &form.state.impact else {
        return html! {
            <div class="impact" role="status" hidden={form.state.impact.is_some()}>
                <span class="skeleton-line" /><span class="visually-hidden">{ "Asking what it would change" }</span>
            </div>
        };
    };
    let lifetimes = *form.live.store().lifetimes();
    // To be shown on this machine's clock.
    let ends = form.live.now().plus(lifetimes.tombstone_lifetime);
    let mut lines = impact_lines(impact);
    if lines.is_empty() {
        lines.push("Changes nothing".into());
    }
    html! {
        <div class="impact">
            <ul>{ for lines.into_iter().map(|line| html! { <li>{ line }</li> }) }</ul>
            <p class="muted">{ consequences(act, impact, &lifetimes, &format::time_of_day(ends)) }</p>
        </div>
    }
}

/// A node in a topic.
pub(super) fn subject_of(topic: &str, node: &str) -> Html {
    named(&[(Icon::Node, "Node", node), (Icon::Topic, "in topic", topic)])
}

fn subject(act: &Act) -> Html {
    match act {
        Act::CreateTopic { topic } | Act::DeleteTopic { topic } | Act::Register { topic, .. } => {
            named(&[(Icon::Topic, "Topic", topic)])
        }
        Act::CreateChannel { topic, channel } | Act::DeleteChannel { topic, channel } => {
            named(&[(Icon::Channel, "Channel", channel), (Icon::Topic, "of topic", topic)])
        }
        Act::Tombstone { topic, node }
        | Act::CompleteTombstone { topic, node }
        | Act::Unregister { node, topic: Some(topic) } => subject_of(topic, node),
        Act::Unregister { node, topic: None } => {
            named(&[(Icon::Node, "Node", node), (Icon::Topic, "in", "every topic")])
        }
    }
}

fn named(lines: &[(Icon, &str, &str)]) -> Html {
    let line = |(symbol, what, name): &(Icon, &str, &str)| {
        html! { <p class="subject">{ icon(*symbol) }<span class="muted">{ *what }</span><bdi class="name">{ *name }</bdi></p> }
    };
    html! { <div>{ for lines.iter().map(line) }</div> }
}

fn verb(act: &Act) -> &'static str {
    match act {
        Act::DeleteTopic { .. } => "Delete topic",
        Act::DeleteChannel { .. } => "Delete channel",
        Act::Tombstone { .. } => "Tombstone",
        Act::CompleteTombstone { .. } => "Tombstone and delete",
        Act::Unregister { .. } => "Unregister",
        _ => "Do it",
    }
}

/// What to say once it is done, and where to go from what is gone.
pub(super) fn done(act: &Act) -> (String, Option<Route>) {
    match act {
        Act::DeleteTopic { topic } => (format!("Topic {topic} deleted."), Some(Route::Topics)),
        Act::DeleteChannel { topic, channel } => {
            (format!("Channel {channel} of {topic} deleted."), Some(Route::topic(topic)))
        }
        Act::Tombstone { topic, node } | Act::CompleteTombstone { topic, node } => {
            (format!("{node} is hidden under {topic}."), None)
        }
        Act::Unregister { node, topic: Some(topic) } => (format!("{node} unregistered from {topic}."), None),
        Act::Unregister { node, topic: None } => (format!("{node} unregistered."), None),
        _ => ("Done.".into(), None),
    }
}
