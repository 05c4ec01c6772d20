//! What keeps the replica current: a stream on which the leader pushes changes as they happen, and questions for what isn't
//! pushed, or while there is no stream. Some proxies let none through.

mod driver;
mod plan;
mod schedule;
mod socket;
mod stream;

use std::{rc::Rc, time::Duration};

use lookupd_core::{CatchUp, Cursor, Timestamp, http::Right, link::ToFollower};

pub use self::{driver::Feed, stream::Link};
use crate::problem::Problem;

/// The way between a feed and the store it feeds.
#[derive(Clone)]
pub struct Port {
    /// How the store stands. Read whenever something is to be done.
    pub standing: Rc<dyn Fn() -> Standing>,
    /// Where news goes.
    pub emit: Rc<dyn Fn(News)>,
}

/// What a feed has to know of the store it feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What to ask for changes since; nothing where all is to be asked for.
    pub cursor: Option<Cursor>,
    /// Whether something is known to be missing.
    pub is_behind: bool,
    /// After how long a producer that isn't heard is inactive: a leader's beacons come by it.
    pub timeout: Duration,
}

/// What a feed learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// An answer, and when it was asked for and came by the local clock.
    Answer {
        /// To be followed by the replica.
        answer: CatchUp,
        /// What whoever asked may do.
        right: Right,
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
    /// Something came on the stream.
    Pushed {
        /// To be taken by the replica.
        message: ToFollower,
        /// When it was here.
        now: Timestamp,
    },
    /// What was sent on the stream until then is here.
    Heard {
        /// Until when, by the local clock.
        as_of: Timestamp,
    },
    /// The stream came or went.
    Link(Link),
}
