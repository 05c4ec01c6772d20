//! What this process is: the leader, or a follower of one elsewhere. Those who talk to it needn't know.

use std::time::Duration;

use lookupd_core::{
    ClaimKey, Node, Revision,
    http::{self, Read, Response, Target, Wait, answer},
};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    follower::Following,
    leader::{Ask, Leadership, SessionId, Verdict},
    waiters::Waiters,
};

/// Clones are the same one.
#[derive(Clone)]
pub(crate) enum Role {
    Leader(Leadership),
    Follower(Following),
}

/// What of a request a leader elsewhere is told beside its body.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a Target<'a>,
    /// The caller's: nobody is lent this process's own right.
    pub(crate) authorization: Option<&'a str>,
}

/// The answer to a question that is waited for, as of one moment.
pub(crate) struct Look {
    pub(crate) response: Response,
    /// Of which state it is; nothing where there is none to answer from.
    pub(crate) revision: Option<Revision>,
    /// For how long time alone makes it no other, where it ever does.
    pub(crate) lasts: Option<Duration>,
}

impl Role {
    /// Carries a session's request out, and says so to `answers`.
    pub(crate) async fn ask(&self, session: SessionId, ask: Ask, answers: &mpsc::UnboundedSender<Verdict>) {
        match self {
            Self::Leader(leadership) => leadership.ask(session, ask, answers).await,
            Self::Follower(following) => following.ask(session, &ask, answers),
        }
    }

    /// The session's connection has ended.
    pub(crate) async fn end(&self, session: SessionId, node: Node) {
        match self {
            Self::Leader(leadership) => leadership.end(session, node).await,
            Self::Follower(following) => following.end(session, &node),
        }
    }

    /// Answers a question. `min_revision` is what whoever asks has seen.
    ///
    /// # Errors
    /// [`http::Error::StorageFailed`] where there is no state because the disk failed.
    pub(crate) async fn read(
        &self,
        read: &Read,
        min_revision: Revision,
        asked: Asked<'_>,
    ) -> Result<Response, http::Error> {
        match self {
            Self::Leader(leadership) => {
                let answered = leadership.read(|leader, now| {
                    let last_heard = |claim: &ClaimKey| leader.last_heard(claim);
                    answer(read, leader.registry(), &leader.settings().lifetimes, now, last_heard)
                });
                answered.await
            }
            Self::Follower(following) => Ok(following.read(read, min_revision, asked).await),
        }
    }

    /// What a question that waits is answered now.
    ///
    /// # Errors
    /// As of [`read`](Self::read).
    pub(crate) async fn look(
        &self,
        wait: &Wait,
        min_revision: Revision,
        asked: Asked<'_>,
    ) -> Result<Look, http::Error> {
        match self {
            Self::Leader(leadership) => {
                let looked = leadership.read(|leader, now| {
                    let (registry, lifetimes) = (leader.registry(), &leader.settings().lifetimes);
                    let mut response = answer(&wait.read(), registry, lifetimes, now, |_| None);
                    response.push("X-Lookupd-Revision", registry.revision().to_string());
                    let changes_at = registry.topic(&wait.topic).and_then(|topic| topic.changes_at(lifetimes, now));
                    let lasts = changes_at.map(|at| at.since(now));
                    Look { response, revision: Some(registry.revision()), lasts }
                });
                looked.await
            }
            Self::Follower(following) => {
                let response = following.read(&wait.read(), min_revision, asked).await;
                let revision = match response.header("X-Lookupd-Revision") {
                    Some(text) => text.parse().ok(),
                    // Of several leaders there is none, but there is an answer.
                    None => (response.status < 500).then_some(0),
                };
                Ok(Look { response, revision, lasts: following.changes_within(&wait.topic) })
            }
        }
    }

    /// Who is to be woken by what changes.
    pub(crate) fn waiters(&self) -> &Waiters {
        match self {
            Self::Leader(leadership) => leadership.waiters(),
            Self::Follower(following) => following.waiters(),
        }
    }

    /// Answers a request that only the leader can, or how this process fares.
    pub(crate) async fn serve(
        &self,
        request: http::Request,
        asked: Asked<'_>,
        body: Vec<u8>,
        remote_address: String,
    ) -> Response {
        match self {
            Self::Leader(leadership) => {
                let request = match request {
                    http::Request::Past(asked) => return leadership.answer_past(asked).await,
                    http::Request::Log { cluster } => return leadership.answer_log(cluster).await,
                    request => request,
                };
                let response = leadership.serve(request, body, remote_address).await;
                sleep(response.hold).await;
                response
            }
            Self::Follower(following) => match request {
                http::Request::Metrics => following.metrics().into(),
                http::Request::CatchUp(since) => following.catch_up(since, asked).await,
                http::Request::Write(write) => match write.order(&body, "") {
                    Ok(_) => following.forward_change(asked, &body).await,
                    // What is wrong with it is found here.
                    Err(error) => error.into(),
                },
                _ => following.forward(asked).await,
            },
        }
    }
}
