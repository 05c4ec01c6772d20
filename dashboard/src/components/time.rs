//! What runs out. All of it runs by the leader's clock, on the one tick that the whole page shares.

use lookupd_core::Timestamp;
use yew::prelude::*;

use super::element;
use crate::{
    format,
    view::{Liveness, Tombstone},
};

/// What is left of a tombstone: a ring that empties, and the time beside it.
pub fn countdown(tombstone: &Tombstone, now: Timestamp) -> Html {
    let permille = tombstone.permille_left(now);
    let dashes = format!("{}.{} 100", permille / 10, permille % 10);
    html! {
        <span class="countdown badge hidden" title={format!("Hidden from /lookup until {}", format::time_of_day(tombstone.until))}>
            <svg class="ring" viewBox="0 0 20 20" aria-hidden="true">
                <circle class="ring-ground" cx="10" cy="10" r="7.5" />
                <circle class="ring-left" cx="10" cy="10" r="7.5" pathLength="100" stroke-dasharray={dashes} />
            </svg>
            { element("span", "", vec!["Tombstoned".into()]) }
            { element("span", "number", vec![format::remaining(tombstone.left(now)).into()]) }
        </span>
    }
}

/// Since when a producer is not heard, and what comes of it; nothing where it is heard.
pub fn silence(liveness: Liveness, now: Timestamp) -> Html {
    let said = match (liveness, format::tells_moments()) {
        (Liveness::Active, _) => return html! { <span hidden=true /> },
        (Liveness::Silent { since, until }, false) => {
            format!("for {}, inactive in {}", format::duration(now.since(since)), format::remaining(until.since(now)))
        }
        (Liveness::Silent { since, until }, true) => {
            format!("since {}, inactive at {}", format::past(since, now), format::time_of_day(until))
        }
        (Liveness::Inactive { since }, false) => format!("for {}", format::duration(now.since(since))),
        (Liveness::Inactive { since }, true) => format!("since {}", format::past(since, now)),
    };
    element("span", "muted number", vec![said.into()])
}

/// When a producer was heard last. Of one that is heard a replica knows no more than that.
pub fn last_heard(liveness: Liveness, now: Timestamp) -> String {
    liveness.since().map_or_else(|| "recently".into(), |since| format::past(since, now))
}
