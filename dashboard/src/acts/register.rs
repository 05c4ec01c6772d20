//! A producer, announced by hand, for trying things out.

use std::{num::NonZeroU16, time::Duration};

use lookupd_core::{ChannelName, TopicName, api::Identify};
use yew::prelude::*;
use yew_router::prelude::*;

use super::submit::{Progress, failure, use_act};
use crate::{
    client::Act,
    components::{Field, close_dialog},
    format,
    live::Live,
    route::Route,
};

#[derive(Properties, PartialEq)]
pub(super) struct RegisterProps {
    /// The topic to begin with; may be empty.
    pub(super) topic: String,
}

/// What is in the fields.
#[derive(Clone, Debug, PartialEq)]
struct Form {
    topic: String,
    channel: String,
    address: String,
    hostname: String,
    tcp_port: String,
    http_port: String,
    version: String,
    zone: String,
}

impl Form {
    fn new(topic: &str) -> Self {
        Self {
            topic: topic.into(),
            channel: String::new(),
            address: "127.0.0.1".into(),
            hostname: "try-out".into(),
            tcp_port: "4150".into(),
            http_port: "4151".into(),
            version: "1.3.0".into(),
            zone: String::new(),
        }
    }

    /// What is wrong with each field, in the order of the form; empty where nothing is.
    fn errors(&self) -> [String; 7] {
        let name = |valid: bool| if valid { String::new() } else { "Expected up to 64 of letters, digits and . _ -".into() };
        let port = |text: &str| match text.parse::<NonZeroU16>() {
            Ok(_) => String::new(),
            Err(_) => "Expected a number from 1 to 65535".into(),
        };
        let some = |text: &str| if text.is_empty() { "Must not be empty".into() } else { String::new() };
        [
            name(TopicName::parse(&self.topic).is_ok()),
            name(self.channel.is_empty() || ChannelName::parse(&self.channel).is_ok()),
            some(&self.address),
            port(&self.tcp_port),
            port(&self.http_port),
            String::new(),
            some(&self.version),
        ]
    }

    fn act(&self) -> Option<Act> {
        if self.errors().iter().any(|error| !error.is_empty()) {
            return None;
        }
        Some(Act::Register {
            topic: self.topic.clone(),
            channel: self.channel.clone(),
            identify: Box::new(Identify {
                broadcast_address: self.address.clone(),
                hostname: self.hostname.clone(),
                tcp_port: self.tcp_port.parse().ok()?,
                http_port: self.http_port.parse().ok()?,
                version: self.version.clone(),
                topology_zone: self.zone.clone(),
                topology_region: String::new(),
                topics: None,
            }),
        })
    }
}

/// Asks what a producer would say of itself, and says it.
#[component]
pub(super) fn Register(props: &RegisterProps) -> Html {
    let form = use_state(|| Form::new(&props.topic));
    let tried = use_state(|| false);
    let navigator = use_navigator();
    let done = {
        let topic = form.topic.clone();
        Callback::from(move |(live, answer): (Live, Option<lookupd_core::api::Registered>)| {
            if let Some(answer) = answer {
                let lease = format::duration(Duration::from_millis(answer.lease_ms));
                live.notify(format!("{} serves {topic} for {lease}, or longer if it registers again.", answer.node));
            }
            if let Some(navigator) = &navigator {
                navigator.push(&Route::topic(&topic));
            }
        })
    };
    let (progress, begin) = use_act(done);
    let act = form.act();
    let again = {
        let (begin, act) = (begin.clone(), act.clone());
        Callback::from(move |()| act.iter().for_each(|act| begin.emit(act.clone())))
    };
    let onsubmit = {
        let tried = tried.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            tried.set(true);
            act.iter().for_each(|act| begin.emit(act.clone()));
        })
    };
    let set = |change: fn(&mut Form, String)| {
        let form = form.clone();
        Callback::from(move |text: String| {
            let mut next = (*form).clone();
            change(&mut next, text);
            form.set(next);
        })
    };
    let [topic, channel, address, tcp_port, http_port, _, version] =
        if *tried { form.errors() } else { Default::default() };
    let problem = if let Progress::Failed(problem) = &progress { Some(problem) } else { None };
    html! {
        <div class="dialog-body">
            <p class="muted">{ "Announces a producer over HTTP, as a service without an nsqd would. It is found until its lease ends." }</p>
            <form class="form grid" id="register" {onsubmit}>
                <Field id="r-topic" label="Topic" value={form.topic.clone()} error={topic} oninput={set(|form, text| form.topic = text)} autofocus=true />
                <Field id="r-channel" label="Channel (optional)" value={form.channel.clone()} error={channel} oninput={set(|form, text| form.channel = text)} />
                <Field id="r-address" label="Broadcast address" value={form.address.clone()} error={address} oninput={set(|form, text| form.address = text)} />
                <Field id="r-hostname" label="Hostname" value={form.hostname.clone()} oninput={set(|form, text| form.hostname = text)} />
                <Field id="r-tcp" label="TCP port" value={form.tcp_port.clone()} error={tcp_port} inputmode="numeric" oninput={set(|form, text| form.tcp_port = text)} />
                <Field id="r-http" label="HTTP port" value={form.http_port.clone()} error={http_port} inputmode="numeric" oninput={set(|form, text| form.http_port = text)} />
                <Field id="r-version" label="Version" value={form.version.clone()} error={version} oninput={set(|form, text| form.version = text)} />
                <Field id="r-zone" label="Zone (optional)" value={form.zone.clone()} oninput={set(|form, text| form.zone = text)} />
            </form>
            { failure(problem, again) }
            <div class="form-acts">
                <button type="button" class="button" onclick={|_| close_dialog()}>{ "Cancel" }</button>
                <button type="submit" form="register" class="button primary" disabled={progress == Progress::Busy}>{ "Register" }</button>
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_server_takes_is_sent() {
        let form = Form::new("orders");
        assert!(form.act().is_some());
        for wrong in [
            Form { topic: "no spaces".into(), ..form.clone() },
            Form { channel: "*".into(), ..form.clone() },
            Form { tcp_port: "0".into(), ..form.clone() },
            Form { http_port: "65536".into(), ..form.clone() },
            Form { version: String::new(), ..form.clone() },
            Form { address: String::new(), ..form },
        ] {
            assert_eq!(wrong.act(), None, "{wrong:?}");
        }
    }
}
