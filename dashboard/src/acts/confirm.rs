//! Asks whether to do something, and says first what it would change.

use yew::prelude::*;

use super::{consequences, form::Form, impact_lines};
use crate::{
    client::Act,
    components::{FieldLook, Icon, icon},
    format,
    route::Route,
};

/// The name that is typed to confirm; nothing where a press will do.
pub(super) fn to_type(act: &Act) -> Option<&str> {
    match act {
        Act::DeleteTopic { topic } => Some(topic),
        Act::DeleteChannel { channel, .. } => Some(channel),
        _ => None,
    }
}

/// The server's word on what the act would change, and a field for the name where something is deleted.
pub(super) fn view(form: &Form<'_>, act: &Act) -> Html {
    let typed = form.state.fields.first().map_or("", String::as_str);
    let matches = to_type(act).is_none_or(|name| name == typed);
    let known = matches!(form.state.impact, Some(Ok(_)));
    let above = html! { <>{ subject(act) }<div>{ told(form, act) }</div></> };
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

fn subject(act: &Act) -> Html {
    let lines: Vec<(Icon, &str, &str)> = match act {
        Act::CreateTopic { topic } | Act::DeleteTopic { topic } | Act::Register { topic, .. } => {
            vec![(Icon::Topic, "Topic", topic)]
        }
        Act::CreateChannel { topic, channel } | Act::DeleteChannel { topic, channel } => {
            vec![(Icon::Channel, "Channel", channel), (Icon::Topic, "of topic", topic)]
        }
        Act::Tombstone { topic, node } | Act::Unregister { node, topic: Some(topic) } => {
            vec![(Icon::Node, "Node", node), (Icon::Topic, "in topic", topic)]
        }
        Act::Unregister { node, topic: None } => vec![(Icon::Node, "Node", node), (Icon::Topic, "in", "every topic")],
    };
    let line = |(symbol, what, name): (Icon, &str, &str)| {
        html! { <p class="subject">{ icon(symbol) }<span class="muted">{ what }</span><bdi class="name">{ name }</bdi></p> }
    };
    html! { <div>{ for lines.into_iter().map(line) }</div> }
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

/// What to say once it is done, and where to go from what is gone.
pub(super) fn done(act: &Act) -> (String, Option<Route>) {
    match act {
        Act::DeleteTopic { topic } => (format!("Topic {topic} deleted."), Some(Route::Topics)),
        Act::DeleteChannel { topic, channel } => {
            (format!("Channel {channel} of {topic} deleted."), Some(Route::topic(topic)))
        }
        Act::Tombstone { topic, node } => (format!("{node} is hidden under {topic}."), None),
        Act::Unregister { node, topic: Some(topic) } => (format!("{node} unregistered from {topic}."), None),
        Act::Unregister { node, topic: None } => (format!("{node} unregistered."), None),
        _ => ("Done.".into(), None),
    }
}
