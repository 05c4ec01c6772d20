//! What a person can have done, and what is asked before it is.

mod completing;
mod confirm;
mod create;
mod form;
mod impact;
mod register;

use lookupd_core::http::Right;
use yew::prelude::*;

pub use form::{Asked, Progress, Step, ask_form, done};
pub use impact::{consequences, impact_lines};

use crate::{client::Act, components::dialog, live::Live};

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
    /// Nothing: it says which keys do what.
    Shortcuts,
}

impl Ask {
    /// What one has to be permitted to be asked this.
    pub fn right(&self) -> Right {
        match self {
            Self::Create { .. } => Right::Admin,
            Self::Register { .. } => Right::Register,
            Self::Confirm(act) => act.right(),
            Self::Token | Self::Shortcuts => Right::Open,
        }
    }
}

/// The dialog of whatever is asked.
pub fn ask_dialog(live: &Live) -> Html {
    match live.asked() {
        None => html! { <span hidden=true /> },
        Some(asked) => dialog(live, title(&asked.ask), ask_form(live, &asked)),
    }
}

fn title(ask: &Ask) -> &'static str {
    match ask {
        Ask::Create { topic: None } => "Create a topic",
        Ask::Create { topic: Some(_) } => "Create a channel",
        Ask::Register { .. } => "Register a producer",
        Ask::Token => "Enter a token",
        Ask::Shortcuts => "Keyboard shortcuts",
        Ask::Confirm(act) => match act {
            Act::DeleteTopic { .. } => "Delete this topic?",
            Act::DeleteChannel { .. } => "Delete this channel?",
            Act::Tombstone { .. } | Act::CompleteTombstone { .. } => "Tombstone this producer?",
            Act::Unregister { .. } => "Unregister this producer?",
            _ => "Do this?",
        },
    }
}
