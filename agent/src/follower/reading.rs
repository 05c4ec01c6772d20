//! How a question is answered: from memory while the leader's grant lasts, after it was asked where that matters, and from
//! memory all the same where it can't be.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use lookupd_core::{
    Confirmation, Cursor, Plan, Revision,
    http::{Error, Read, Response, Right, Source, answer_from_all},
    link::Agent,
};
use tokio::time::{Instant, timeout_at};

use super::{
    clock::Clock,
    state::{Follower, source_of},
};

/// Answers by what the leaders said, within [`CONFIRMED_WITHIN`]. `min_revision` is what whoever asks has seen, where there is
/// one leader: of several, nobody knows whose it is.
pub(super) async fn answer_promptly(followers: &[Arc<Follower>], read: &Read, min_revision: Revision) -> Response {
    let min_revision = if let [_] = followers { min_revision } else { 0 };
    let confirmed = join_all(followers.iter().map(|follower| confirm(follower, read, min_revision))).await;
    for (follower, _) in followers.iter().zip(&confirmed).filter(|(_, confirmed)| !**confirmed) {
        follower.stale_answers.fetch_add(1, Ordering::Relaxed);
    }
    answer(followers, read, !confirmed.into_iter().all(|confirmed| confirmed))
}

/// The answer where nobody can be asked: marked stale, if there is anything to answer from.
pub(super) fn answer_stale(followers: &[Arc<Follower>], read: &Read) -> Response {
    for follower in followers {
        follower.stale_answers.fetch_add(1, Ordering::Relaxed);
    }
    answer(followers, read, true)
}

/// What brings a replica from there to what is known here, marked stale; nothing where nothing is. No more than to read can be
/// done meanwhile.
pub(super) fn catch_up(follower: &Follower, since: Option<Cursor>) -> Option<Response> {
    let (agent, now) = (follower.agent(), follower.clock.now());
    let known = agent.replica().hand_on(since, now)?;
    let mut response = Response::bytes(known.encode());
    response.describe(Some(known.cursor.revision), agent.replica().age(now), true);
    response.tell_right(Right::Read);
    Some(response)
}

/// Sees to it that what is known here may be answered from, as far as that takes a moment. Says whether it may: then it shows
/// everything that the leader acknowledged longer ago than it grants.
async fn confirm(follower: &Follower, read: &Read, min_revision: Revision) -> bool {
    let began = follower.clock.now();
    let deadline = Instant::now() + CONFIRMED_WITHIN;
    let mut pulls = follower.pulls.subscribe();
    loop {
        let pulled = *pulls.borrow_and_update();
        let is_asked = pulled.followed.is_some_and(|asked_at| asked_at >= began);
        if is_confirmed(follower, read, min_revision, is_asked) {
            return true;
        }
        follower.pulls.refresh();
        if is_asked || !pulled.is_prompt {
            return false;
        }
        if timeout_at(deadline, pulls.changed()).await.is_err() {
            follower.pulls.give_up();
            return false;
        }
    }
}

/// Whether what is known here may be answered from now. `is_asked` tells whether the leader was asked since the question came.
fn is_confirmed(follower: &Follower, read: &Read, min_revision: Revision, is_asked: bool) -> bool {
    let agent = follower.agent();
    let replica = agent.replica();
    let may_answer = match replica.plan(confirmation(&agent, read, &follower.clock), follower.clock.now()) {
        Plan::Answer => true,
        Plan::AnswerAndRefresh => {
            follower.pulls.refresh();
            true
        }
        // By now the grant may be over, but the leader was asked after this question was.
        Plan::RefreshFirst => is_asked,
        Plan::Forward => false,
    };
    may_answer && replica.registry().revision() >= min_revision
}

fn answer(followers: &[Arc<Follower>], read: &Read, is_stale: bool) -> Response {
    let agents: Vec<_> = followers.iter().map(|follower| (follower.agent(), &follower.clock)).collect();
    // Without a state, only what was said here is known: those who said it are found, but of nothing else is it known whether
    // there is any.
    if agents.iter().any(|(agent, _)| !agent.replica().is_loaded())
        && agents.iter().all(|(agent, clock)| confirmation(agent, read, clock) == Confirmation::Needed)
    {
        return Error::NotReady.into();
    }
    let sources: Vec<Source<'_>> = agents.iter().map(|(agent, clock)| source_of(agent, clock)).collect();
    let mut response = answer_from_all(read, &sources);
    // As old as the oldest; of several, each has revisions of its own.
    let ages: Option<Vec<_>> = agents.iter().map(|(agent, clock)| agent.replica().age(clock.now())).collect();
    let revision = match &agents[..] {
        [(agent, _)] => agent.replica().cursor().map(|cursor| cursor.revision),
        _ => None,
    };
    response.describe(revision, ages.and_then(|ages| ages.into_iter().max()), is_stale);
    response
}

fn confirmation(agent: &Agent, read: &Read, clock: &Clock) -> Confirmation {
    let Source { registry, lifetimes, now } = source_of(agent, clock);
    read.confirmation(registry, lifetimes, now)
}

/// How long a question waits for the leader. Consumers give an answer two seconds, nsqd one.
const CONFIRMED_WITHIN: Duration = Duration::from_millis(500);
