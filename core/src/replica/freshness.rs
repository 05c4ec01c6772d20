//! When a replica that answers others may do so by itself, and when the leader is asked first.

use core::time::Duration;

use super::Replica;
use crate::time::Timestamp;

/// What to do for one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Answer from the replica.
    Answer,
    /// Answer from the replica, and [refresh](Replica::begin_refresh) it meanwhile.
    AnswerAndRefresh,
    /// Refresh, then answer; where the leader can't be reached, answer all the same and say that it is stale.
    RefreshFirst,
    /// There is nothing to answer from: let the leader answer this one, and load meanwhile.
    Forward,
}

/// Whether an answer may be given without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// While the grant lasts it may.
    Granted,
    /// It says that there is nothing, or nsqd relies on it to lose no message: the leader is asked first, so that what was
    /// registered just now is found, but not more than four times a second.
    Needed,
}

/// The refresh under way. A deadline and no lock: a request that is cancelled never comes back to release one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Refreshing {
    until: Timestamp,
}

impl Replica {
    /// What to do for a question now. Where it says to refresh, [`begin_refresh`](Self::begin_refresh).
    pub fn plan(&self, confirmation: Confirmation, now: Timestamp) -> Plan {
        let Some(proof) = self.proof else { return Plan::Forward };
        let age = now.since(proof.asked_at);
        match confirmation {
            _ if now >= proof.fresh_until || now < proof.asked_at || self.is_behind() => Plan::RefreshFirst,
            Confirmation::Needed if age >= CONFIRMED_FOR => Plan::RefreshFirst,
            _ if proof.fresh_until.since(now) < proof.fresh_until.since(proof.asked_at) / 2
                && !self.is_refreshing(now) =>
            {
                Plan::AnswerAndRefresh
            }
            _ => Plan::Answer,
        }
    }

    /// Whether the leader is being asked: another request needn't, unless it has to wait for the answer.
    pub fn is_refreshing(&self, now: Timestamp) -> bool {
        let Refreshing { until } = self.refreshing;
        // A wait longer than any we set means that the clock stepped back.
        now < until && until.since(now) <= REFRESHED_WITHIN
    }

    /// Takes down that the leader is being asked now.
    pub fn begin_refresh(&mut self, now: Timestamp) {
        self.refreshing = Refreshing { until: now.plus(REFRESHED_WITHIN) };
    }

    /// Takes down that it was asked, whatever came of it.
    pub fn end_refresh(&mut self) {
        self.refreshing = Refreshing::default();
    }
}

/// How long the leader may take before another request asks too.
const REFRESHED_WITHIN: Duration = Duration::from_secs(2);

/// How long what the leader confirmed counts as confirmed.
const CONFIRMED_FOR: Duration = Duration::from_millis(250);
