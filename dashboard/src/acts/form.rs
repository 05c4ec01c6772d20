//! What is asked in a dialog: what is typed into it, and how far it is.

use lookupd_core::Timestamp;
use yew::prelude::*;

use super::{Ask, completing, confirm, create, register};
use crate::{
    answer::{Impact, Registered},
    client::Act,
    components::{FieldLook, Icon, Look, button, close_dialog, field, icon, shortcut_list, token_form},
    live::Live,
    problem::Problem,
    route::Route,
    view::Leaving,
};

/// How an act stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Not begun.
    Idle,
    /// Under way.
    Busy,
    /// It went wrong.
    Failed(Problem),
    /// The server has accepted it, and more is to come of it.
    Accepted(Leaving),
}

/// What is asked of a person, and how far that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What.
    pub ask: Ask,
    /// What is typed, in the order of the form.
    pub fields: Vec<String>,
    /// Whether it was pressed with something wrong in it.
    pub tried: bool,
    /// Whether it is being done.
    pub progress: Progress,
    /// What it would change, once the server has said.
    pub impact: Option<Result<Impact, Problem>>,
    /// When the server accepted it, by the local clock.
    pub accepted_at: Timestamp,
}

/// What happens to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Something was typed into the field at this place.
    Typed(usize, String),
    /// It was pressed with something wrong in it.
    Tried,
    /// It is being done, or couldn't be.
    Progressed(Progress),
    /// The server accepted it, at this time.
    Accepted(Leaving, Timestamp),
    /// The server said what it would change.
    Told(Result<Impact, Problem>),
    /// Once more, with another token.
    Again,
}

impl Asked {
    /// Asked, and nothing typed yet.
    pub fn new(ask: Ask) -> Self {
        let fields = match &ask {
            Ask::Create { .. } => vec![String::new()],
            Ask::Register { topic } => register::start(topic),
            Ask::Confirm(act) => confirm::to_type(act).map(|_| String::new()).into_iter().collect(),
            Ask::Token | Ask::Shortcuts => vec![],
        };
        Self { ask, fields, tried: false, progress: Progress::Idle, impact: None, accepted_at: Timestamp::default() }
    }

    /// Takes over what happened.
    pub fn take(&mut self, step: Step) {
        match step {
            Step::Typed(place, text) => {
                if let Some(field) = self.fields.get_mut(place) {
                    *field = text;
                }
            }
            Step::Tried => self.tried = true,
            Step::Progressed(progress) => self.progress = progress,
            Step::Accepted(leaving, now) => (self.progress, self.accepted_at) = (Progress::Accepted(leaving), now),
            Step::Told(impact) => self.impact = Some(impact),
            Step::Again => {
                self.impact = None;
                self.progress = Progress::Idle;
            }
        }
    }
}

/// A form at one moment, as those who draw it see it.
pub(super) struct Form<'a> {
    pub(super) live: &'a Live,
    pub(super) state: &'a Asked,
}

impl Form<'_> {
    /// The field at this place.
    pub(super) fn field(&self, place: usize, look: FieldLook) -> Html {
        let live = self.live.clone();
        field(look, &self.state.fields[place], move |text| live.step(Step::Typed(place, text)))
    }

    /// The form in its frame: above it what is asked, below it what went wrong and its buttons. `act` is what to do when
    /// it is submitted; nothing as long as something is wrong with it, and then a form of many fields says what.
    pub(super) fn frame(
        &self,
        above: Html,
        fields: Html,
        (main, verb): (&'static str, &'static str),
        act: Option<Act>,
    ) -> Html {
        let many = self.state.fields.len() > 1;
        let disabled = self.state.progress == Progress::Busy || act.is_none() && !many;
        let may = self.live.may(self.state.ask.right());
        let problem = match (&self.state.progress, &self.state.impact) {
            (Progress::Failed(problem), _) | (_, Some(Err(problem))) => Some(problem.clone()),
            // It was permitted when it was asked.
            _ if !may => Some(self.live.store().problem().cloned().unwrap_or(Problem::Forbidden { detail: None })),
            _ => None,
        };
        let onsubmit = {
            let live = self.live.clone();
            Callback::from(move |event: SubmitEvent| {
                event.prevent_default();
                match &act {
                    _ if !may => {}
                    Some(act) if !disabled => live.perform(act.clone()),
                    Some(_) => {}
                    None => live.step(Step::Tried),
                }
            })
        };
        let class = if many { "form grid" } else { "form" };
        let cancel = Callback::from(|_| close_dialog());
        html! {
            <div class="dialog-body">
                { above }
                <form {class} id="ask" {onsubmit}>{ fields }</form>
                { self.failure(problem.as_ref()) }
                <div class="form-acts">
                    <button type="button" class="button" onclick={cancel} autofocus={self.state.fields.is_empty()}>{ "Cancel" }</button>
                    { may.then(|| html! { <button type="submit" form="ask" class={main} {disabled}>{ verb }</button> }) }
                </div>
            </div>
        }
    }

    /// What went wrong, with a field for a token where that may help.
    fn failure(&self, problem: Option<&Problem>) -> Html {
        let content = match problem {
            None => html! { <span hidden=true /> },
            Some(problem) => {
                let live = self.live.clone();
                let was_tried = matches!(self.state.progress, Progress::Failed(_));
                let way_on = if problem.wants_token() {
                    token_form(self.live, move || live.step(Step::Again))
                } else if was_tried {
                    // By the form's own button.
                    html! { <span hidden=true /> }
                } else {
                    button(Look::Small, Icon::Refresh, "Ask again", move || live.step(Step::Again))
                };
                html! {
                    <>
                        <div class="banner bad" role="alert">
                            { icon(Icon::Alert) }
                            <div class="banner-text"><strong>{ problem.title() }</strong><span>{ problem.advice_once(was_tried) }</span></div>
                        </div>
                        <div>{ way_on }</div>
                    </>
                }
            }
        };
        html! { <div class="failure">{ content }</div> }
    }
}

/// Whatever is asked, as a form.
pub fn ask_form(live: &Live, state: &Asked) -> Html {
    if let Progress::Accepted(leaving) = &state.progress {
        return completing::view(live, state, leaving);
    }
    let form = Form { live, state };
    match &state.ask {
        Ask::Create { topic } => create::view(&form, topic.as_deref()),
        Ask::Register { .. } => register::view(&form),
        Ask::Confirm(act) => confirm::view(&form, act),
        Ask::Token => html! { <div class="dialog-body">{ token_form(live, close_dialog) }</div> },
        Ask::Shortcuts => html! { <div class="dialog-body">{ shortcut_list() }</div> },
    }
}

/// What to say once an act is done, and where to go.
pub fn done(act: &Act, answer: Option<&Registered>) -> (String, Option<Route>) {
    match act {
        Act::Register { .. } => register::done(act, answer),
        Act::CreateTopic { .. } | Act::CreateChannel { .. } => create::done(act),
        _ => confirm::done(act),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_stays_through_all_that_happens() {
        let refused = || Problem::Unauthorized { detail: None };
        let mut asked = Asked::new(Ask::Confirm(Act::DeleteTopic { topic: "orders".into() }));
        for step in [
            Step::Typed(0, "ord".into()),
            Step::Typed(9, "nowhere".into()),
            Step::Tried,
            Step::Told(Err(refused())),
            Step::Progressed(Progress::Failed(refused())),
        ] {
            asked.take(step);
        }
        assert_eq!((&asked.fields[..], asked.tried), (&["ord".to_owned()][..], true));
        asked.take(Step::Again);
        assert_eq!((asked.progress, asked.impact), (Progress::Idle, None));
        assert_eq!(asked.fields, ["ord"]);
    }
}
