//! Everything that the dashboard knows, and how it comes to know it.
//!
//! [`Store::update`] is the one place where state changes: events in, state out; it reads no clock and asks nobody. It
//! works in place, since a copy of a large registry with every change would cost more than the change.

mod past;
mod recent;

use std::time::Duration;

use lookupd_core::{
    CannotFollow, CatchUp, Cursor, Lifetimes, LogFile, Registry, Replica, Timestamp, http::Right, link::ToFollower,
};

use self::recent::Told;
pub use self::{
    past::{BARS, Past, TALLEST},
    recent::{Listed, Recent},
};
use crate::{
    feed::{Link, News, Standing},
    problem::Problem,
};

/// What happens to the store.
#[derive(Clone, Debug)]
pub enum Event {
    /// The feed learnt something.
    News(News),
    /// Nobody looks at the page, or somebody does again.
    Hidden(bool),
    /// A person stopped the feed, or let it go on.
    Held(bool),
    /// A person made the list of events stand still, or lets it go on.
    EventsHeld(bool),
    /// A person wants to see everything as of this moment; or as it is now.
    Travelled(Option<Timestamp>),
    /// The server told the cluster's log, or didn't.
    Logged(Result<Box<LogFile>, Problem>),
    /// A person opened a log from a file of this name; it is shown until it is closed.
    Opened(String, Box<LogFile>),
    /// The file was closed.
    Closed,
    /// Time goes by, by the local clock.
    Tick(Timestamp),
}

/// How the feed is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// Nothing came yet, or the stream is on its way.
    #[default]
    Connecting,
    /// Changes come as they happen.
    Live,
    /// There is no stream: asking every few seconds, and answered.
    Polling,
    /// Not asking: nobody looks, or somebody stopped it.
    Paused,
    /// The last question failed; asking again.
    Reconnecting,
    /// The server wants a token before it says anything.
    Locked,
}

/// Everything that the dashboard knows.
#[derive(Debug, Default)]
pub struct Store {
    replica: Replica,
    recent: Recent,
    /// Which moment is asked for, where that isn't now.
    wanted: Option<Timestamp>,
    past: Option<Past>,
    /// Why the server's log isn't there.
    no_log: Option<Problem>,
    /// What the server said last that whoever looks may do.
    right: Right,
    problem: Option<Problem>,
    retry_at: Option<Timestamp>,
    anew: bool,
    /// When something came that doesn't lead on from here.
    doubted_at: Option<Timestamp>,
    link: Link,
    /// Until when nothing that was pushed is missing.
    heard_until: Timestamp,
    hidden: bool,
    held: bool,
    /// How the feed has been doing since when, and what was said of it last.
    steady: (Connection, Timestamp),
    said: Connection,
    now: Timestamp,
    epoch: u64,
    next_boundary: Option<Timestamp>,
}

impl Store {
    /// Takes an event over. Says whether anything but the time changed.
    pub fn update(&mut self, event: Event) -> bool {
        match event {
            Event::News(News::Answer { answer, right, asked_at, now }) => {
                self.right = right;
                self.now = self.now.max(now);
                self.follow(&answer, asked_at, now);
                true
            }
            Event::News(News::Failed { problem, retry_at }) => {
                if problem.wants_token() {
                    self.right = Right::Open;
                }
                self.problem = Some(problem);
                self.retry_at = Some(retry_at);
                true
            }
            Event::News(News::Pushed { message, now }) => {
                self.now = self.now.max(now);
                self.take(&message, now)
            }
            Event::News(News::Heard { as_of }) => {
                if !self.is_behind() {
                    self.heard_until = as_of;
                }
                false
            }
            Event::News(News::Link(link)) => std::mem::replace(&mut self.link, link) != link,
            Event::Hidden(hidden) => std::mem::replace(&mut self.hidden, hidden) != hidden,
            Event::Held(held) => std::mem::replace(&mut self.held, held) != held,
            Event::EventsHeld(held) => self.recent.hold(held),
            Event::Travelled(wanted) => {
                self.travel(wanted);
                true
            }
            Event::Logged(told) => {
                match (told, self.wanted, &self.past) {
                    (Ok(log), Some(wanted), None) => self.look_into(Some(Past::new(*log, None, wanted))),
                    (Ok(log), None, None) => {
                        let past = Past::new(*log, None, Timestamp::from_millis(u64::MAX));
                        self.recent.fill(past.recent(), past.registry().revision());
                    }
                    (Err(problem), _, None) => self.no_log = Some(problem),
                    // A file may be open by now.
                    (_, _, Some(_)) => {}
                }
                true
            }
            Event::Opened(name, log) => {
                self.wanted = None;
                let until = log.exported_at;
                self.look_into(Some(Past::new(*log, Some(name), until)));
                true
            }
            Event::Closed => {
                self.wanted = None;
                self.look_into(None);
                true
            }
            Event::Tick(now) => {
                self.now = now;
                self.settle(now);
                self.pass_boundary()
            }
        }
    }

    /// The registry as last heard, or as it was at the moment that is shown.
    pub fn registry(&self) -> &Registry {
        self.past.as_ref().map_or(self.replica.registry(), Past::registry)
    }

    /// What happened of late, or until the moment that is shown.
    pub fn recent(&self) -> &Recent {
        self.past.as_ref().map_or(&self.recent, Past::recent)
    }

    /// How long producers and tombstones live.
    pub fn lifetimes(&self) -> &Lifetimes {
        self.past.as_ref().map_or(self.replica.lifetimes(), |past| &past.log().lifetimes)
    }

    /// Whether there is anything to show.
    pub fn is_loaded(&self) -> bool {
        self.past.is_some() || (self.wanted.is_none() && self.replica.is_loaded())
    }

    /// The past that is shown, where one is.
    pub fn past(&self) -> Option<&Past> {
        self.past.as_ref()
    }

    /// Whether what is shown is from a file, and no server has to do with it.
    pub fn is_offline(&self) -> bool {
        self.past.as_ref().is_some_and(|past| past.file().is_some())
    }

    /// Which moment of the server's log is asked for; nothing for now.
    pub fn wanted(&self) -> Option<Timestamp> {
        self.wanted
    }

    /// Why the server's log can't be shown.
    pub fn no_log(&self) -> Option<&Problem> {
        self.no_log.as_ref()
    }

    /// Whether whoever looks may do this. It is the server that refuses; here nothing is offered that it would refuse, and
    /// nothing at all in the past.
    pub fn may(&self, right: Right) -> bool {
        right <= self.right && self.past.is_none() && self.wanted.is_none()
    }

    /// What to ask for changes since: nothing where all is to be asked for anew.
    pub fn cursor(&self) -> Option<Cursor> {
        self.replica.cursor().filter(|_| !self.anew)
    }

    /// What the feed has to know.
    pub fn standing(&self) -> Standing {
        let timeout = self.replica.lifetimes().inactive_producer_timeout;
        Standing { cursor: self.cursor(), is_behind: self.is_behind(), timeout }
    }

    /// The leader's clock, which stands still where the past is shown.
    pub fn now(&self) -> Timestamp {
        self.leader_now(self.now)
    }

    /// The leader's clock at a moment of the local one, or the moment that is shown.
    pub fn leader_now(&self, local: Timestamp) -> Timestamp {
        self.past.as_ref().map_or_else(|| self.present(local), Past::time)
    }

    /// The leader's clock at a moment of the local one, whatever is shown.
    pub fn present(&self, local: Timestamp) -> Timestamp {
        self.replica.leader_now(local)
    }

    /// How old what is shown is, at a moment of the local clock: since it was asked for, or since nothing that was pushed
    /// is missing.
    pub fn age(&self, local: Timestamp) -> Option<Duration> {
        self.replica.age(local).map(|age| age.min(local.since(self.heard_until)))
    }

    /// What went wrong last, if nothing went well since.
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// When the feed asks again, by the local clock, after something went wrong.
    pub fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at.filter(|_| self.problem.is_some())
    }

    /// Whether the feed is to rest.
    pub fn is_paused(&self) -> bool {
        self.hidden || self.held
    }

    /// Whether a person stopped the feed.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Changes whenever what is computed from registry and clock may come out otherwise: with a new revision, and when
    /// some silence or tombstone ends. What is computed can be kept as long as this stays.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How the feed is doing.
    pub fn connection(&self) -> Connection {
        match &self.problem {
            _ if self.is_paused() => Connection::Paused,
            Some(problem) if problem.wants_token() => Connection::Locked,
            Some(_) if self.replica.is_loaded() => Connection::Reconnecting,
            None if self.replica.is_loaded() => match self.link {
                Link::Open => Connection::Live,
                Link::Opening => Connection::Connecting,
                Link::Closed => Connection::Polling,
            },
            Some(_) | None => Connection::Connecting,
        }
    }

    /// How the feed is doing, for who has it read aloud: it follows [`connection`](Self::connection) once that has stayed
    /// for some seconds.
    pub fn said(&self) -> Connection {
        self.said
    }

    fn settle(&mut self, now: Timestamp) {
        let connection = self.connection();
        let (steady, since) = self.steady;
        if connection != steady {
            self.steady = (connection, now);
        } else if now.since(since) >= SETTLED {
            self.said = connection;
        }
    }

    fn is_behind(&self) -> bool {
        self.anew || self.doubted_at.is_some() || self.replica.is_behind()
    }

    fn take(&mut self, message: &ToFollower, now: Timestamp) -> bool {
        let lifetimes = *self.replica.lifetimes();
        let told = match message {
            ToFollower::Batch { bytes, .. } => Some(Told::by_push(bytes, self.replica.registry())),
            _ => None,
        };
        match self.replica.push(message, now) {
            Ok(changed) => {
                // Of a batch that is here already it tells nothing.
                if let Some(told) = told {
                    self.recent.take(told);
                }
                let is_proof = matches!(message, ToFollower::Beacon { cursor, .. } if self.cursor() == Some(*cursor));
                let is_mended = is_proof && self.problem.take().is_some();
                let is_new = changed || lifetimes != *self.replica.lifetimes();
                if is_new {
                    self.begin_epoch();
                }
                is_new || is_mended
            }
            Err(reason) => {
                self.doubted_at = Some(now);
                match reason {
                    CannotFollow::Undecodable(error) => self.problem = Some(Problem::undecodable(&error)),
                    CannotFollow::Gap(_) | CannotFollow::Diverged => return false,
                }
                true
            }
        }
    }

    fn follow(&mut self, answer: &CatchUp, asked_at: Timestamp, now: Timestamp) {
        let lifetimes = *self.replica.lifetimes();
        let loaded = self.replica.is_loaded();
        let told = Told::by_answer(answer, self.replica.registry(), loaded);
        match self.replica.catch_up(answer, asked_at, now) {
            Ok(changed) => {
                if changed {
                    self.recent.take(told);
                }
                self.problem = None;
                self.retry_at = None;
                self.anew = false;
                // What was asked before the doubt doesn't settle it.
                self.doubted_at = self.doubted_at.filter(|at| asked_at < *at);
                if changed || !loaded || lifetimes != *self.replica.lifetimes() {
                    self.begin_epoch();
                }
            }
            // What is here stays, and the next question asks for all of it.
            Err(reason) => {
                self.problem = Some(match reason {
                    CannotFollow::Undecodable(error) => Problem::undecodable(&error),
                    CannotFollow::Gap(_) | CannotFollow::Diverged => Problem::Garbled { detail: reason.to_string() },
                });
                self.anew = true;
            }
        }
    }

    fn travel(&mut self, wanted: Option<Timestamp>) {
        self.no_log = None;
        match (&mut self.past, wanted) {
            (Some(past), Some(wanted)) => {
                past.show(wanted);
                self.begin_epoch();
            }
            (Some(past), None) if past.file().is_some() => return,
            (_, None) => self.look_into(None),
            (None, Some(_)) => {}
        }
        self.wanted = wanted.filter(|_| !self.is_offline());
    }

    fn look_into(&mut self, past: Option<Past>) {
        self.past = past;
        self.no_log = None;
        self.begin_epoch();
    }

    fn pass_boundary(&mut self) -> bool {
        if self.next_boundary.is_none_or(|boundary| self.present(self.now) < boundary) {
            return false;
        }
        self.begin_epoch();
        true
    }

    fn begin_epoch(&mut self) {
        self.epoch += 1;
        self.next_boundary = self.boundary();
    }

    /// When, by the leader's clock, the next silence becomes inactivity or the next tombstone ends.
    fn boundary(&self) -> Option<Timestamp> {
        let (now, Lifetimes { inactive_producer_timeout, tombstone_lifetime }) =
            (self.now(), *self.replica.lifetimes());
        // Active to the very millisecond: inactive from the next.
        let silence = inactive_producer_timeout.saturating_add(Duration::from_millis(1));
        let silences = self.replica.registry().claims().filter_map(|claim| claim.silent_since);
        let tombstones = self.replica.registry().tombstones().map(|(_, _, at)| at.plus(tombstone_lifetime));
        silences.map(|since| since.plus(silence)).chain(tombstones).filter(|moment| *moment > now).min()
    }
}

/// How long the feed has to do as it does before that is read aloud: a stream that is back at once is no news.
const SETTLED: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
