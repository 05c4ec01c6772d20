//! A new topic or channel.

use lookupd_core::{ChannelName, TopicName};
use yew::prelude::*;
use yew_router::prelude::*;

use super::submit::{Progress, failure, use_act};
use crate::{
    client::Act,
    components::{Field, close_dialog},
    route::Route,
};

#[derive(Properties, PartialEq)]
pub(super) struct CreateProps {
    /// The topic that a channel is created in.
    pub(super) topic: Option<String>,
}

/// Asks for the name and creates it.
#[component]
pub(super) fn Create(props: &CreateProps) -> Html {
    let name = use_state(String::new);
    let navigator = use_navigator();
    let done = {
        let (name, topic) = (name.clone(), props.topic.clone());
        Callback::from(move |(live, _): (crate::live::Live, _)| match &topic {
            Some(topic) => live.notify(format!("Channel {} created in {topic}.", *name)),
            None => {
                live.notify(format!("Topic {} created.", *name));
                if let Some(navigator) = &navigator {
                    navigator.push(&Route::topic(&name));
                }
            }
        })
    };
    let (progress, begin) = use_act(done);
    let valid = match props.topic {
        Some(_) => ChannelName::parse(&name).map(drop),
        None => TopicName::parse(&name).map(drop),
    };
    let error = match &valid {
        Err(reason) if !name.is_empty() => format!("Expected {reason}."),
        _ => String::new(),
    };
    let act = match props.topic.clone() {
        Some(topic) => Act::CreateChannel { topic, channel: (*name).clone() },
        None => Act::CreateTopic { topic: (*name).clone() },
    };
    let again = {
        let (begin, act) = (begin.clone(), act.clone());
        Callback::from(move |()| begin.emit(act.clone()))
    };
    let onsubmit = {
        let ready = valid.is_ok();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if ready {
                begin.emit(act.clone());
            }
        })
    };
    let oninput = {
        let name = name.clone();
        Callback::from(move |text: String| name.set(text))
    };
    let (noun, hint) = match &props.topic {
        Some(topic) => ("Channel", format!("A channel of {topic}. End it in #ephemeral to have it go with its last producer.")),
        None => ("Topic", "Up to 64 of letters, digits and . _ -. End it in #ephemeral to have it go with its last producer.".into()),
    };
    let problem = if let Progress::Failed(problem) = &progress { Some(problem) } else { None };
    html! {
        <div class="dialog-body">
            <form class="form" id="create" {onsubmit}>
                <Field id="name" label={format!("{noun} name")} value={(*name).clone()} {oninput} {hint} {error} autofocus=true />
            </form>
            { failure(problem, again) }
            <div class="form-acts">
                <button type="button" class="button" onclick={|_| close_dialog()}>{ "Cancel" }</button>
                <button type="submit" form="create" class="button primary" disabled={valid.is_err() || progress == Progress::Busy}>
                    { format!("Create {}", noun.to_lowercase()) }
                </button>
            </div>
        </div>
    }
}
