//! A new topic or channel.

use lookupd_core::{ChannelName, TopicName};
use yew::prelude::*;

use super::form::Form;
use crate::{client::Act, components::FieldLook, route::Route};

/// Asks for the name.
pub(super) fn view(form: &Form<'_>, topic: Option<&str>) -> Html {
    let name = form.state.fields[0].as_str();
    let (valid, act, label, verb) = match topic {
        Some(topic) => (
            ChannelName::parse(name).map(drop),
            Act::CreateChannel { topic: topic.into(), channel: name.into() },
            "Channel name",
            "Create channel",
        ),
        None => {
            (TopicName::parse(name).map(drop), Act::CreateTopic { topic: name.into() }, "Topic name", "Create topic")
        }
    };
    let error = match &valid {
        Err(reason) if !name.is_empty() => format!("Expected {reason}."),
        _ => String::new(),
    };
    let look = FieldLook {
        id: "name",
        label: label.into(),
        hint: "Letters, digits and . _ - up to 64. One that ends in #ephemeral goes with its last producer.".into(),
        error: error.into(),
        autofocus: true,
        ..FieldLook::default()
    };
    let above =
        html! { <p class="muted" hidden={topic.is_none()}>{ "In the topic " }<bdi class="name">{ topic }</bdi></p> };
    form.frame(above, form.field(0, look), ("button primary", verb), valid.is_ok().then_some(act))
}

/// What to say once it is there, and where to go.
pub(super) fn done(act: &Act) -> (String, Option<Route>) {
    match act {
        Act::CreateChannel { topic, channel } => (format!("Channel {channel} created in {topic}."), None),
        Act::CreateTopic { topic } => (format!("Topic {topic} created."), Some(Route::topic(topic))),
        _ => ("Done.".into(), None),
    }
}
