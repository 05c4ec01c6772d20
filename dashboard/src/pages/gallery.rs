//! All components in all their states, for who draws them and for the tests that look at them: `/ui/components`, where the
//! feature `gallery` is on.

use std::time::Duration;

use lookupd_core::{ProducerInfo, Timestamp, Via};
use yew::prelude::*;

use super::{card, nothing, page};
use crate::{
    acts::{Ask, Asked, Progress, Step, ask_form},
    components::{
        FieldLook, Icon, Look, banner_of, button, choice, element, empty, field, liveness_badge, pill_of, plain_badge,
        producer_table, search_field, skeleton, snippet, topic_badge,
    },
    live::Live,
    prefs::Choice,
    problem::Problem,
    store::Connection,
    view::{Liveness, ProducerRow, Tombstone, TopicRow},
};

/// One of each.
pub fn gallery(live: &Live) -> Html {
    let now = live.leader_now();
    let mut asked = Asked::new(Ask::Register { topic: String::new() });
    asked.take(Step::Tried);
    asked.take(Step::Progressed(Progress::Failed(Problem::Timeout)));
    let noticing = live.clone();
    let parts = vec![
        part("Badges", badges(now)),
        part("Buttons", buttons(move || noticing.notify("Something was done.".into()))),
        part(
            "Pills",
            CONNECTIONS.map(|connection| pill_of(live, connection, false, Some(Duration::from_secs(75)))).to_vec(),
        ),
        part("Banners", vec![banner_of(live, Icon::Alert, &Problem::Unreachable, nothing())]),
        card("card flush", "Producers", nothing(), producer_table(live, "topic", &producers(now))),
        part("Fields", fields()),
        part("Choices", vec![choice(live, Choice::Theme)]),
        card("card", "A form that was refused", nothing(), ask_form(live, &asked)),
        part("Nothing there", vec![empty(Icon::Search, "No topic matches", "It says why.", nothing())]),
        skeleton(),
        snippet(live, "Snippet", "curl 'http://127.0.0.1:4161/lookup?topic=orders'".into()),
    ];
    page(nothing(), "Components", nothing(), nothing(), element("div", "page-body", parts))
}

fn part(title: &'static str, content: Vec<Html>) -> Html {
    card("card", title, nothing(), element("div", "badges", content))
}

const CONNECTIONS: [Connection; 6] = [
    Connection::Connecting,
    Connection::Live,
    Connection::Polling,
    Connection::Paused,
    Connection::Reconnecting,
    Connection::Locked,
];

/// Each way in which a producer may stand at `now`.
fn states(now: Timestamp) -> [Liveness; 3] {
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let since = Timestamp::from_millis(now.as_millis().saturating_sub(180_000));
    [Liveness::Active, Liveness::Silent { since, until: now.plus(minutes(2)) }, Liveness::Inactive { since }]
}

fn badges(now: Timestamp) -> Vec<Html> {
    let topic = |[visible, tombstoned, silent, inactive]: [usize; 4]| {
        topic_badge(&TopicRow { name: String::new(), visible, tombstoned, silent, inactive, channels: 0 })
    };
    let topics = [[1, 0, 0, 0], [1, 2, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0; 4]].map(topic);
    let mut badges = states(now).map(liveness_badge).to_vec();
    badges.extend(topics);
    badges.push(plain_badge(Icon::Clock, "Ephemeral".into()));
    badges
}

fn buttons(notify: impl Fn() + Clone + 'static) -> Vec<Html> {
    let looks = [Look::Plain, Look::Primary, Look::Danger, Look::Small];
    looks.map(|look| button(look, Icon::Check, "Say something", notify.clone())).to_vec()
}

/// In every state, with every ring, and with names as nobody should give them.
fn producers(now: Timestamp) -> Vec<ProducerRow> {
    let names = ["plain", "", "<b>&amp;\u{202e}sdrawkcab", &"long".repeat(60)].map(Box::<str>::from);
    let mut rows = Vec::new();
    for (place, seconds) in [0, 1, 20, 45].into_iter().enumerate() {
        for liveness in states(now) {
            let until = now.plus(Duration::from_secs(seconds));
            let at = Timestamp::from_millis(until.as_millis().saturating_sub(45_000));
            let name = names[place].clone();
            let info = ProducerInfo {
                remote_address: "".into(),
                hostname: name.clone(),
                broadcast_address: format!("{place}.{name}").into(),
                tcp_port: std::num::NonZeroU16::MAX,
                http_port: std::num::NonZeroU16::MIN,
                version: name.clone(),
                topology_zone: name.clone(),
                topology_region: "".into(),
            };
            let tombstone = (seconds > 0).then_some(Tombstone { at, until });
            rows.push(ProducerRow { node: info.node(), via: Via::Tcp, info, liveness, tombstone });
        }
    }
    rows
}

fn fields() -> Vec<Html> {
    let look = |id, error: &'static str| FieldLook {
        id,
        label: "Field".into(),
        hint: "What to know before.".into(),
        error: error.into(),
        ..FieldLook::default()
    };
    vec![
        search_field("Search", "", |_| ()),
        field(look("good", ""), "something", |_| ()),
        field(look("wrong", "Expected something else."), "nothing", |_| ()),
    ]
}
