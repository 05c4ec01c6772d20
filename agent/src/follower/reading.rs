//! How a question is answered: from memory while the leader's grant lasts, after it was asked where that matters, and from
//! memory all the same where it can't be.

use std::time::Duration;

use lookupd_core::{
    Confirmation, Plan, Revision, Timestamp,
    http::{Error, Read, Response, answer},
    link::Agent,
};
use tokio::time::{Instant, timeout_at};

use super::Follower;

/// Answers by what the leader said, within [`CONFIRMED_WITHIN`]. `min_revision` is what whoever asks has seen.
pub(super) async fn answer_promptly(follower: &Follower, read: &Read, min_revision: Revision) -> Response {
    let began = follower.clock.now();
    let deadline = Instant::now() + CONFIRMED_WITHIN;
    let mut pulls = follower.pulls.subscribe();
    loop {
        let pulled = *pulls.borrow_and_update();
        let is_asked = pulled.followed.is_some_and(|asked_at| asked_at >= began);
        if let Some(response) = consult(follower, read, min_revision, is_asked) {
            return response;
        }
        follower.pulls.refresh();
        // At the beginning there is no stream, and yet the leader may be there.
        let is_reachable = pulled.is_prompt && (follower.is_connected() || pulled.count == 0);
        if is_asked || !is_reachable {
            return answer_stale(follower, read);
        }
        if timeout_at(deadline, pulls.changed()).await.is_err() {
            follower.pulls.give_up();
            return answer_stale(follower, read);
        }
    }
}

/// The answer where nobody can be asked: marked stale, if there is anything to answer from.
pub(super) fn answer_stale(follower: &Follower, read: &Read) -> Response {
    let (agent, now) = (follower.agent(), follower.clock.now());
    // Without a state, only what was said here is known: those who said it are found, but of nothing else is it known whether
    // there is any.
    if !agent.replica().is_loaded() && confirmation(&agent, read, now) == Confirmation::Needed {
        return Error::NotReady.into();
    }
    answer_from(&agent, read, true, now)
}

/// The answer, unless the leader has to be asked first. `is_asked` tells whether it was since the question came.
fn consult(follower: &Follower, read: &Read, min_revision: Revision, is_asked: bool) -> Option<Response> {
    let (agent, now) = (follower.agent(), follower.clock.now());
    let replica = agent.replica();
    let plan = replica.plan(confirmation(&agent, read, now), now);
    let is_answer = match plan {
        Plan::Answer => true,
        Plan::AnswerAndRefresh => {
            follower.pulls.refresh();
            true
        }
        // By now the grant may be over, but the leader was asked after this question was.
        Plan::RefreshFirst => is_asked,
        Plan::Forward => false,
    };
    let is_answer = is_answer && replica.registry().revision() >= min_revision;
    is_answer.then(|| answer_from(&agent, read, false, now))
}

fn confirmation(agent: &Agent, read: &Read, now: Timestamp) -> Confirmation {
    read.confirmation(agent.registry(), agent.lifetimes(), agent.replica().leader_now(now))
}

fn answer_from(agent: &Agent, read: &Read, is_stale: bool, now: Timestamp) -> Response {
    let replica = agent.replica();
    let mut response = answer(read, agent.registry(), agent.lifetimes(), replica.leader_now(now), |_| None);
    response.describe(replica.registry().revision(), replica.age(now), is_stale);
    response
}

/// How long a question waits for the leader. Consumers give an answer two seconds, nsqd one.
const CONFIRMED_WITHIN: Duration = Duration::from_millis(500);
