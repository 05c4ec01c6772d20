//! What keeps the replica current. Polling today; a stream that pushes changes takes its place behind the same [`Feed`],
//! with polling to fall back on.

mod poll;
mod schedule;

use std::rc::Rc;

use lookupd_core::{CatchUp, Cursor, Timestamp};

pub use poll::Polling;

use crate::problem::Problem;

/// A running feed; it ends when it is dropped.
pub trait Feed {
    /// Asks at once: something was changed from here, or a person wants to know.
    fn refresh(&self);

    /// Stops asking, or goes on and asks at once.
    fn set_paused(&self, paused: bool);
}

/// The way between a feed and the store it feeds.
#[derive(Clone)]
pub struct Port {
    /// Where the store is: what to ask for changes since. Read when asking.
    pub cursor: Rc<dyn Fn() -> Option<Cursor>>,
    /// Where news goes.
    pub emit: Rc<dyn Fn(News)>,
}

/// What a feed learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// An answer, and when it was asked for and came by the local clock.
    Answer {
        /// To be followed by the replica.
        answer: CatchUp,
        /// When its request began.
        asked_at: Timestamp,
        /// When it was here.
        now: Timestamp,
    },
    /// No answer; the feed asks again by itself at that time.
    Failed {
        /// Why.
        problem: Problem,
        /// When it asks again.
        retry_at: Timestamp,
    },
}
