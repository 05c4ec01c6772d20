//! A countdown as a ring.

use yew::prelude::*;

use crate::{
    format,
    live::{use_live, use_now},
    view::Tombstone,
};

/// What [`Countdown`] takes.
#[derive(Properties, PartialEq)]
pub struct CountdownProps {
    /// What runs out.
    pub tombstone: Tombstone,
}

/// What is left of a tombstone: a ring that empties, and the time beside it. It runs by the leader's clock, on the one
/// tick that all of them share.
#[component]
pub fn Countdown(props: &CountdownProps) -> Html {
    let (live, local) = (use_live(), use_now());
    let now = live.store().leader_now(local);
    let Tombstone { until, .. } = props.tombstone;
    let left = format::remaining(props.tombstone.left(now));
    let dashes = format!("{:.1} 100", props.tombstone.fraction_left(now) * 100.0);
    html! {
        <span class="countdown badge hidden" title={format!("Hidden from /lookup until {}", format::time_of_day(until))}>
            <svg class="ring" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
                <circle class="ring-ground" cx="10" cy="10" r="7.5" />
                <circle class="ring-left" cx="10" cy="10" r="7.5" pathLength="100" stroke-dasharray={dashes} />
            </svg>
            <span>{ "Tombstoned" }</span>
            <span class="number">{ left }</span>
        </span>
    }
}
