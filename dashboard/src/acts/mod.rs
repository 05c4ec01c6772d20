//! What a person can have done, and what is asked before it is.

mod confirm;
mod create;
mod impact;
mod register;
mod submit;

use yew::prelude::*;

pub use impact::{consequences, impact_lines};

use self::{confirm::Confirm, create::Create, register::Register};
use crate::{
    client::Act,
    components::{Dialog, TokenForm, close_dialog},
    live::use_live,
};

/// What is asked of a person.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// The name of a new topic, or of a new channel in this one.
    Create {
        /// The topic that a channel is created in.
        topic: Option<String>,
    },
    /// What a producer says of itself, and what it serves.
    Register {
        /// The topic to begin with; may be empty.
        topic: String,
    },
    /// Whether to do this, seeing what it would change.
    Confirm(Act),
    /// A token.
    Token,
}

/// The dialog of whatever is asked.
#[component]
pub fn AskDialog() -> Html {
    let live = use_live();
    let onclose = {
        let live = live.clone();
        Callback::from(move |()| live.settle())
    };
    let dialog = live.asked().map(|ask| {
        let title = title(&ask);
        let content = match ask {
            Ask::Create { topic } => html! { <Create {topic} /> },
            Ask::Register { topic } => html! { <Register {topic} /> },
            Ask::Confirm(act) => html! { <Confirm {act} /> },
            Ask::Token => html! { <div class="dialog-body"><TokenForm ondone={|()| close_dialog()} /></div> },
        };
        html! { <Dialog key={title} {title} {onclose}>{ content }</Dialog> }
    });
    html! { <div class="dialog-place">{ dialog.unwrap_or_else(|| html! { <span hidden=true /> }) }</div> }
}

fn title(ask: &Ask) -> &'static str {
    match ask {
        Ask::Create { topic: None } => "Create a topic",
        Ask::Create { topic: Some(_) } => "Create a channel",
        Ask::Register { .. } => "Register a producer",
        Ask::Token => "Enter a token",
        Ask::Confirm(act) => match act {
            Act::DeleteTopic { .. } => "Delete this topic?",
            Act::DeleteChannel { .. } => "Delete this channel?",
            Act::Tombstone { .. } => "Tombstone this producer?",
            Act::Unregister { .. } => "Unregister this producer?",
            _ => "Do this?",
        },
    }
}
