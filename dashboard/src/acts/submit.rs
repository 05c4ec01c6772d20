//! Doing what was asked for, once, and saying how it went.

use lookupd_core::api::Registered;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    client::Act,
    components::{Icon, TokenForm, close_dialog, icon},
    live::{Live, use_live},
    problem::Problem,
};

/// How an act stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Progress {
    /// Not begun.
    Idle,
    /// Under way.
    Busy,
    /// It went wrong.
    Failed(Problem),
}

/// How the act stands, and how to begin it. Done, it closes the dialog, says so, asks for the changes, and calls back.
#[hook]
pub(super) fn use_act(ondone: Callback<(Live, Option<Registered>)>) -> (Progress, Callback<Act>) {
    let live = use_live();
    let progress = use_state(|| Progress::Idle);
    let begin = {
        let progress = progress.clone();
        Callback::from(move |act: Act| {
            if *progress == Progress::Busy {
                return;
            }
            progress.set(Progress::Busy);
            let (live, progress, ondone) = (live.clone(), progress.setter(), ondone.clone());
            spawn_local(async move {
                match live.client().act(&act).await {
                    Ok(answer) => {
                        close_dialog();
                        live.refresh();
                        ondone.emit((live, answer));
                    }
                    Err(problem) => progress.set(Progress::Failed(problem)),
                }
            });
        })
    };
    ((*progress).clone(), begin)
}

/// What went wrong, within the dialog that asked for it; with a field for a token where that may help.
pub(super) fn failure(problem: Option<&Problem>, again: Callback<()>) -> Html {
    let content = problem.map(|problem| {
        html! {
            <>
                <div class="banner bad" role="alert">
                    { icon(Icon::Alert) }
                    <div class="banner-text"><strong>{ problem.title() }</strong><span>{ problem.advice() }</span></div>
                </div>
                <div>{ if problem.wants_token() { html! { <TokenForm ondone={again} /> } } else { html! { <span hidden=true /> } } }</div>
            </>
        }
    });
    html! { <div class="failure">{ content.unwrap_or_else(|| html! { <span hidden=true /> }) }</div> }
}
