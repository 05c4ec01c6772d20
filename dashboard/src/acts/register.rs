//! A producer, announced by hand, for trying things out.

use std::num::NonZeroU16;

use lookupd_core::{ChannelName, ProducerInfo, TopicName};
use yew::prelude::*;

use super::form::Form;
use crate::{answer::Registered, client::Act, components::FieldLook, format, route::Route};

/// The fields: id and label.
const FIELDS: [(&str, &str); 8] = [
    ("topic-name", "Topic"),
    ("channel-name", "Channel (optional)"),
    ("address", "Broadcast address"),
    ("hostname", "Hostname"),
    ("tcp-port", "TCP port"),
    ("http-port", "HTTP port"),
    ("version", "Version"),
    ("zone", "Zone (optional)"),
];

/// What is in the fields at first.
pub(super) fn start(topic: &str) -> Vec<String> {
    [topic, "", "127.0.0.1", "try-out", "4150", "4151", "1.3.0", ""].map(str::to_owned).to_vec()
}

/// What is wrong with a field; empty where nothing is.
fn error(place: usize, text: &str) -> &'static str {
    match place {
        0 if TopicName::parse(text).is_err() => "Expected letters, digits and . _ - up to 64",
        1 if !text.is_empty() && ChannelName::parse(text).is_err() => "Expected letters, digits and . _ - up to 64",
        2 | 6 if text.is_empty() => "Must not be empty",
        4 | 5 if text.parse::<NonZeroU16>().is_err() => "Expected a number from 1 to 65535",
        _ => "",
    }
}

/// What the fields ask for; nothing where something is wrong with them.
fn act(fields: &[String]) -> Option<Act> {
    let [topic, channel, address, hostname, tcp_port, http_port, version, zone] = fields else { return None };
    if fields.iter().enumerate().any(|(place, text)| !error(place, text).is_empty()) {
        return None;
    }
    Some(Act::Register {
        topic: topic.clone(),
        channel: channel.clone(),
        info: Box::new(ProducerInfo {
            remote_address: "".into(),
            hostname: hostname.as_str().into(),
            broadcast_address: address.as_str().into(),
            tcp_port: tcp_port.parse().ok()?,
            http_port: http_port.parse().ok()?,
            version: version.as_str().into(),
            topology_zone: zone.as_str().into(),
            topology_region: "".into(),
        }),
    })
}

/// Asks what a producer would say of itself.
pub(super) fn view(form: &Form<'_>) -> Html {
    let field = |(place, (id, label)): (usize, (&'static str, &'static str))| {
        let wrong = if form.state.tried { error(place, &form.state.fields[place]) } else { "" };
        let look = FieldLook {
            id,
            label: label.into(),
            error: wrong.into(),
            digits: matches!(place, 4 | 5),
            autofocus: place == 0,
            ..FieldLook::default()
        };
        form.field(place, look)
    };
    let above = html! {
        <p class="muted">{ "Announces a producer over HTTP, as a service without an nsqd would. Consumers find it until its lease ends." }</p>
    };
    let fields = html! { <>{ for FIELDS.into_iter().enumerate().map(field) }</> };
    form.frame(above, fields, ("button primary", "Register"), act(&form.state.fields))
}

/// What to say once it is there, and where to go.
pub(super) fn done(act: &Act, answer: Option<&Registered>) -> (String, Option<Route>) {
    let (Act::Register { topic, .. }, Some(answer)) = (act, answer) else { return ("Registered.".into(), None) };
    let lease = format::duration(answer.lease);
    let text = format!("{} serves {topic} for {lease}, and longer if it registers again.", answer.node);
    (text, Some(Route::topic(topic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_server_takes_is_sent() {
        assert!(act(&start("orders")).is_some());
        for (place, wrong) in [(0, "no spaces"), (0, ""), (1, "*"), (2, ""), (4, "0"), (5, "65536"), (6, "")] {
            let mut fields = start("orders");
            fields[place] = wrong.into();
            assert_eq!(act(&fields), None, "{wrong:?} in {}", FIELDS[place].1);
        }
    }
}
