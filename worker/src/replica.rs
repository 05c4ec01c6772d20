//! The isolate's replicas, one a cluster: they answer questions without asking the leader, as long as it granted.
//!
//! They live as long as the isolate, across requests. Nothing is borrowed across an await, and no request waits for what
//! another began: one that is cancelled never comes back, so whatever it held would stay held.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use js_sys::Date;
use lookupd_core::{
    CannotFollow, CatchUp, Cursor, Plan, Replica, Revision, Timestamp,
    http::{Read, Response, answer},
    link::ToFollower,
};
use worker::console_error;

use crate::stub::{LeaderStub, Unreachable};

/// What is to be done for a question.
pub(crate) enum Step {
    /// Send this answer.
    Answer(Response),
    /// Send this answer, and [`refresh`] the replica meanwhile.
    AnswerAndRefresh(Response),
    /// [`refresh`], then [`answer_refreshed`].
    RefreshFirst,
    /// Let the leader answer, and [`refresh`] meanwhile.
    ForwardAndLoad,
    /// Let the leader answer.
    Forward,
}

/// What is to be done for this question now. `min_revision` is what whoever asks has seen.
pub(crate) fn consult(cluster: &str, read: &Read, min_revision: Revision, now: Timestamp) -> Step {
    with_held(cluster, |held| {
        if now < held.too_large_until {
            return Step::Forward;
        }
        match held.plan(read, min_revision, now) {
            Plan::Forward if held.replica.is_refreshing(now) => Step::Forward,
            Plan::Forward => Step::ForwardAndLoad,
            // The leader answers better.
            _ if read.tells_what_was_heard() => Step::Forward,
            Plan::Answer => Step::Answer(held.answer(read, false, now)),
            Plan::AnswerAndRefresh => {
                held.replica.begin_refresh(now);
                Step::AnswerAndRefresh(held.answer(read, false, now))
            }
            Plan::RefreshFirst => Step::RefreshFirst,
        }
    })
}

/// The answer after a refresh, marked stale where that failed and the question needed it. Nothing where there is no replica.
pub(crate) fn answer_refreshed(
    cluster: &str,
    read: &Read,
    min_revision: Revision,
    refreshed: Result<(), Unreachable>,
) -> Option<Response> {
    let now = now();
    with_held(cluster, |held| {
        let is_stale = match held.plan(read, min_revision, now) {
            Plan::Forward => return None,
            Plan::Answer | Plan::AnswerAndRefresh => read.tells_what_was_heard(),
            // By now the grant may be over, but the leader was asked after this question was.
            Plan::RefreshFirst => refreshed.is_err() || held.replica.registry().revision() < min_revision,
        };
        Some(held.answer(read, is_stale, now))
    })
}

/// Asks the leader for what is missing. After it the replica is as the leader was since this began, or there is none since
/// the state is too large for one.
///
/// # Errors
/// Where the leader didn't answer, or said what can't be followed; the replica is as it was.
pub(crate) async fn refresh(leader: LeaderStub<'_>) -> Result<(), Unreachable> {
    let cluster = leader.cluster;
    let cursor = with_held(cluster, |held| {
        held.replica.begin_refresh(now());
        held.replica.cursor()
    });
    let refreshed = match ask(leader, cursor).await {
        // Another history, or a damaged one: the whole state replaces it.
        Ok(Err(CannotFollow::Gap(_) | CannotFollow::Diverged)) if cursor.is_some() => ask(leader, None).await,
        first => first,
    };
    with_held(cluster, |held| held.replica.end_refresh());
    refreshed?.map_err(|problem| {
        console_error!("what the leader answered can't be followed: {problem}");
        Unreachable
    })
}

async fn ask(leader: LeaderStub<'_>, since: Option<Cursor>) -> Result<Result<(), CannotFollow>, Unreachable> {
    let path = since.map_or_else(|| "/v1/snapshot".to_owned(), |cursor| format!("/v1/changes?since={cursor}"));
    let asked_at = now();
    let bytes = leader.catch_up(&path).await?;
    Ok(with_held(leader.cluster, |held| held.install(&bytes, leader.config.replica_max_bytes, asked_at, now())))
}

/// Where the replica stands, if there is one.
pub(crate) fn cursor(cluster: &str) -> Option<Cursor> {
    with_held(cluster, |held| held.replica.cursor())
}

/// Takes what the leader sent with its answer to a change, which was asked for at `asked_at` and led to `revision`. Where it
/// doesn't lead there, the next question refreshes first: whoever changed something sees it.
pub(crate) fn follow(leader: LeaderStub<'_>, changes: &[u8], revision: Revision, asked_at: Timestamp) {
    with_held(leader.cluster, |held| {
        let now = now();
        if !changes.is_empty()
            && let Err(problem) = held.install(changes, leader.config.replica_max_bytes, asked_at, now)
        {
            console_error!("what the leader sent along can't be followed: {problem}");
        }
        // A doorbell can't fail.
        let _ = held.replica.push(&ToFollower::Doorbell { revision }, now);
    });
}

/// The isolate's clock, which stands still while nothing is awaited.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(Date::now() as u64)
}

#[derive(Default)]
struct Held {
    replica: Replica,
    /// What it was made from. More than the state, once it was changed often; loading it again tells.
    length: usize,
    too_large_until: Timestamp,
}

fn with_held<T>(cluster: &str, act: impl FnOnce(&mut Held) -> T) -> T {
    thread_local! {
        static REPLICAS: RefCell<BTreeMap<String, Held>> = const { RefCell::new(BTreeMap::new()) };
    }
    REPLICAS.with_borrow_mut(|replicas| {
        if let Some(held) = replicas.get_mut(cluster) {
            return act(held);
        }
        // Only for clusters that exist.
        act(replicas.entry(cluster.to_owned()).or_default())
    })
}

impl Held {
    fn plan(&self, read: &Read, min_revision: Revision, now: Timestamp) -> Plan {
        let replica = &self.replica;
        let confirmation = read.confirmation(replica.registry(), replica.lifetimes(), replica.leader_now(now));
        match replica.plan(confirmation, now) {
            Plan::Answer | Plan::AnswerAndRefresh if replica.registry().revision() < min_revision => Plan::RefreshFirst,
            plan => plan,
        }
    }

    fn answer(&self, read: &Read, is_stale: bool, now: Timestamp) -> Response {
        let replica = &self.replica;
        let mut response = answer(read, replica.registry(), replica.lifetimes(), replica.leader_now(now), |_| None);
        response.describe(Some(replica.registry().revision()), replica.age(now), is_stale);
        response
    }

    fn install(
        &mut self,
        bytes: &[u8],
        max_bytes: usize,
        asked_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), CannotFollow> {
        let answer = CatchUp::decode(bytes)?;
        let length = if answer.anew { bytes.len() } else { self.length + bytes.len() };
        if length > max_bytes {
            // Loading the state anew tells how large it is now.
            let too_large_until = if answer.anew { now.plus(LARGE_FOR) } else { now };
            *self = Self { too_large_until, ..Self::default() };
            return Ok(());
        }
        if self.replica.catch_up(&answer, asked_at, now)? {
            self.length = length;
        }
        Ok(())
    }
}

/// How long a state that was too large is taken to be so.
const LARGE_FOR: Duration = Duration::from_secs(60);
