//! A tombstone that an nsqd was asked to complete: each step as it happens.

use yew::prelude::*;

use super::form::Asked;
use crate::{
    components::{Icon, close_dialog, icon},
    live::Live,
    view::{Leaving, StepState},
};

/// What each step is.
const STEPS: [&str; 4] = [
    "Hidden from consumers",
    "The agent beside it is asked",
    "nsqd has deleted the topic",
    "The producer has left the topic",
];

/// The steps, until the person has seen enough.
pub(super) fn view(live: &Live, asked: &Asked, leaving: &Leaving) -> Html {
    let waited = live.now().since(asked.accepted_at);
    let steps = {
        let store = live.store();
        leaving.steps(store.registry(), store.recent().all(), waited)
    };
    let failed = steps.iter().any(|step| matches!(step, StepState::Failed(_)));
    let lines = steps.iter().zip(STEPS).map(|(step, what)| {
        let (class, symbol, state, why) = match step {
            StepState::Done => ("step done", Icon::Check, "done", ""),
            StepState::Failed(why) => ("step failed", Icon::Alert, "failed", &**why),
            StepState::Waiting if failed => ("step", Icon::Off, "not done", ""),
            StepState::Waiting => ("step", Icon::Clock, "waiting", ""),
        };
        html! {
            <li {class}>
                { icon(symbol) }
                <span>{ what }<span class="visually-hidden">{ format!(": {state}") }</span><bdi class="step-why">{ why.to_owned() }</bdi></span>
            </li>
        }
    });
    let close = Callback::from(|_| close_dialog());
    html! {
        <div class="dialog-body">
            { super::confirm::subject_of(&leaving.topic, &leaving.node) }
            <div role="status"><ol class="steps">{ for lines }</ol></div>
            <p class="muted" hidden={!failed}>
                { "The topic is still on this nsqd, and consumers find it again when the tombstone ends. Delete it there by hand." }
            </p>
            <div class="form-acts"><button type="button" class="button" onclick={close}>{ "Close" }</button></div>
        </div>
    }
}
