//! The form in a dialog: what is typed into it, doing what was asked for, once, and saying how it went.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{Ask, confirm, create, register};
use crate::{
    answer::{Impact, Registered},
    client::Act,
    components::{FieldLook, Icon, TokenForm, close_dialog, field, icon},
    live::Live,
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

/// What one asks, and what it would change, as far as the server has said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    /// What is typed, in the order of the form.
    pub(super) fields: Vec<String>,
    /// Whether it was pressed with something wrong in it.
    pub(super) tried: bool,
    pub(super) progress: Progress,
    pub(super) impact: Option<Result<Impact, Problem>>,
    attempt: u32,
}

/// What happens to it.
pub(super) enum Step {
    /// Something was typed into the field at this place.
    Typed(usize, String),
    /// It was pressed with something wrong in it.
    Tried,
    /// It is being done, or couldn't be.
    Progressed(Progress),
    /// The server said what it would change.
    Told(Result<Impact, Problem>),
    /// Once more, with another token.
    Again,
}

impl State {
    fn new(fields: Vec<String>) -> Self {
        Self { fields, tried: false, progress: Progress::Idle, impact: None, attempt: 0 }
    }

    fn after(mut self, step: Step) -> Self {
        match step {
            Step::Typed(place, text) => {
                if let Some(field) = self.fields.get_mut(place) {
                    *field = text;
                }
            }
            Step::Tried => self.tried = true,
            Step::Progressed(progress) => self.progress = progress,
            Step::Told(impact) => self.impact = Some(impact),
            Step::Again => {
                self.attempt += 1;
                self.impact = None;
                self.progress = Progress::Idle;
            }
        }
        self
    }
}

impl Reducible for State {
    type Action = Step;

    fn reduce(self: Rc<Self>, step: Step) -> Rc<Self> {
        Rc::new((*self).clone().after(step))
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct AskFormProps {
    pub(super) live: Live,
    pub(super) ask: Ask,
}

/// A form at one moment, as those who draw it see it.
pub(super) struct Form<'a> {
    pub(super) live: &'a Live,
    pub(super) state: &'a State,
    dispatch: UseReducerDispatcher<State>,
}

impl Form<'_> {
    /// The field at this place.
    pub(super) fn field(&self, place: usize, look: FieldLook) -> Html {
        let dispatch = self.dispatch.clone();
        field(look, &self.state.fields[place], move |text| dispatch.dispatch(Step::Typed(place, text)))
    }

    /// The form in its frame: above it what is asked, below it what went wrong and its buttons. `act` is what to do when
    /// it is submitted; nothing as long as something is wrong with it, and then a form of many fields says what.
    pub(super) fn frame(&self, above: Html, fields: Html, (main, verb): (&'static str, &'static str), act: Option<Act>) -> Html {
        let many = self.state.fields.len() > 1;
        let disabled = self.state.progress == Progress::Busy || act.is_none() && !many;
        let problem = match (&self.state.progress, &self.state.impact) {
            (Progress::Failed(problem), _) | (_, Some(Err(problem))) => Some(problem),
            _ => None,
        };
        let onsubmit = {
            let (live, dispatch) = (self.live.clone(), self.dispatch.clone());
            Callback::from(move |event: SubmitEvent| {
                event.prevent_default();
                match &act {
                    Some(act) if !disabled => begin(&live, &dispatch, act.clone()),
                    Some(_) => {}
                    None => dispatch.dispatch(Step::Tried),
                }
            })
        };
        let class = if many { "form grid" } else { "form" };
        let cancel = Callback::from(|_| close_dialog());
        html! {
            <div class="dialog-body">
                { above }
                <form {class} id="ask" {onsubmit}>{ fields }</form>
                { self.failure(problem) }
                <div class="form-acts">
                    <button type="button" class="button" onclick={cancel} autofocus={self.state.fields.is_empty()}>{ "Cancel" }</button>
                    <button type="submit" form="ask" class={main} {disabled}>{ verb }</button>
                </div>
            </div>
        }
    }

    /// What went wrong, with a field for a token where that may help.
    fn failure(&self, problem: Option<&Problem>) -> Html {
        let content = match problem {
            None => html! { <span hidden=true /> },
            Some(problem) => {
                let dispatch = self.dispatch.clone();
                let again = Callback::from(move |()| dispatch.dispatch(Step::Again));
                let token = if problem.wants_token() {
                    html! { <TokenForm live={self.live.clone()} ondone={again} /> }
                } else {
                    html! { <span hidden=true /> }
                };
                html! {
                    <>
                        <div class="banner bad" role="alert">
                            { icon(Icon::Alert) }
                            <div class="banner-text"><strong>{ problem.title() }</strong><span>{ problem.advice() }</span></div>
                        </div>
                        <div>{ token }</div>
                    </>
                }
            }
        };
        html! { <div class="failure">{ content }</div> }
    }
}

/// Whatever is asked, as a form.
#[component]
pub(super) fn AskForm(AskFormProps { live, ask }: &AskFormProps) -> Html {
    let state = use_reducer(|| {
        State::new(match ask {
            Ask::Create { .. } => vec![String::new()],
            Ask::Register { topic } => register::start(topic),
            Ask::Confirm(act) => confirm::to_type(act).map(|_| String::new()).into_iter().collect(),
            Ask::Token => vec![],
        })
    });
    {
        let (live, dispatch, ask) = (live.clone(), state.dispatcher(), ask.clone());
        // What it would change: once, and again with another token.
        use_effect_with(state.attempt, move |_| {
            if let Ask::Confirm(act) = ask {
                spawn_local(async move { dispatch.dispatch(Step::Told(live.client().dry_run(&act).await)) });
            }
        });
    }
    let form = Form { live, state: &state, dispatch: state.dispatcher() };
    match ask {
        Ask::Create { topic } => create::view(&form, topic.as_deref()),
        Ask::Register { .. } => register::view(&form),
        Ask::Confirm(act) => confirm::view(&form, act),
        Ask::Token => html! {
            <div class="dialog-body"><TokenForm live={live.clone()} ondone={|()| close_dialog()} /></div>
        },
    }
}

fn begin(live: &Live, dispatch: &UseReducerDispatcher<State>, act: Act) {
    dispatch.dispatch(Step::Progressed(Progress::Busy));
    let (live, dispatch) = (live.clone(), dispatch.clone());
    spawn_local(async move {
        match live.client().act(&act).await {
            Ok(answer) => {
                close_dialog();
                live.refresh();
                done(&live, &act, answer.as_ref());
            }
            Err(problem) => dispatch.dispatch(Step::Progressed(Progress::Failed(problem))),
        }
    });
}

fn done(live: &Live, act: &Act, answer: Option<&Registered>) {
    let (text, to) = match act {
        Act::Register { .. } => register::done(act, answer),
        Act::CreateTopic { .. } | Act::CreateChannel { .. } => create::done(act),
        _ => confirm::done(act),
    };
    live.notify(text);
    if let Some(route) = to {
        live.go(route, crate::route::Query::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_stays_through_all_that_happens() {
        let refused = || Problem::Unauthorized { detail: None };
        let state = State::new(vec![String::new(), "b".into()])
            .after(Step::Typed(0, "a".into()))
            .after(Step::Typed(9, "nowhere".into()))
            .after(Step::Tried)
            .after(Step::Told(Err(refused())))
            .after(Step::Progressed(Progress::Failed(refused())));
        assert_eq!((&state.fields[..], state.tried), (&["a".to_owned(), "b".to_owned()][..], true));
        let again = state.after(Step::Again);
        assert_eq!((again.progress, again.impact, again.attempt), (Progress::Idle, None, 1));
        assert_eq!(again.fields, ["a", "b"]);
    }
}
