//! Asking the leader for changes: one request at a time, however many want its answer.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lookupd_core::{CannotFollow, CatchUp, Timestamp};
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

use super::{state::Follower, upstream::Authorization};
use crate::serving::{Stopping, stopped};

/// Who wants the leader to be asked, and what came of it.
pub(super) struct Pulls {
    wanted: Notify,
    is_asking: AtomicBool,
    pulled: watch::Sender<Pulled>,
}

/// What came of the requests until now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pulled {
    /// How many were answered or given up.
    pub(super) count: u64,
    /// How many of them came to nothing.
    pub(super) failed: u64,
    /// When the newest began that was answered with something that could be followed.
    pub(super) followed: Option<Timestamp>,
    /// Whether the leader seems to be there, so that an answer may be waited for.
    pub(super) is_prompt: bool,
}

impl Default for Pulls {
    fn default() -> Self {
        let pulled = Pulled { count: 0, failed: 0, followed: None, is_prompt: true };
        Self { wanted: Notify::new(), is_asking: AtomicBool::new(false), pulled: watch::Sender::new(pulled) }
    }
}

impl Pulls {
    /// Has the leader be asked, by a request that begins after this.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Has the leader be asked, unless it is being asked already.
    pub(super) fn refresh(&self) {
        if !self.is_asking.load(Ordering::Relaxed) {
            self.want();
        }
    }

    /// What came of them, from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<Pulled> {
        self.pulled.subscribe()
    }

    /// Takes down that the leader seems to be away: nobody waits for it until it answers.
    pub(super) fn give_up(&self) {
        self.pulled.send_modify(|pulled| pulled.is_prompt = false);
    }

    fn tell(&self, followed: Option<Timestamp>) {
        self.is_asking.store(false, Ordering::Relaxed);
        self.pulled.send_modify(|pulled| {
            pulled.count += 1;
            pulled.failed += u64::from(followed.is_none());
            pulled.followed = followed.or(pulled.followed);
            pulled.is_prompt = followed.is_some();
        });
    }
}

/// Asks the leader whenever somebody wants it, until the daemon stops.
pub(super) async fn run(follower: &Follower, mut stopping: Stopping) {
    let mut last_problem = None;
    loop {
        let pulled = tokio::select! {
            pulled = async {
                follower.pulls.wanted.notified().await;
                follower.pulls.is_asking.store(true, Ordering::Relaxed);
                pull(follower).await
            } => pulled,
            () = stopped(&mut stopping) => return,
        };
        follower.pulls.tell(pulled.as_ref().ok().copied());
        // It may have told how often to be heard.
        follower.said.notify_one();
        let problem = pulled.err();
        if let Some(problem) = &problem {
            if last_problem.as_ref() != Some(problem) {
                tracing::warn!("UPSTREAM({}): changes can't be asked for: {problem}", follower.upstream.url());
            }
            tokio::select! {
                () = sleep(PAUSE_AFTER_FAILURE) => {}
                () = stopped(&mut stopping) => return,
            }
        } else if follower.agent().must_pull() {
            // Something happened while the answer was on its way.
            follower.pulls.want();
        }
        last_problem = problem;
    }
}

/// Asks once; and for everything, where what leads on from here can't be followed. Gives when the request began.
///
/// # Errors
/// What went wrong, in a sentence. The state is as it was.
async fn pull(follower: &Follower) -> Result<Timestamp, String> {
    match pull_once(follower).await? {
        Err(CannotFollow::Gap(_) | CannotFollow::Diverged) => {
            pull_once(follower).await?.map_err(|problem| format!("what it says can't be followed: {problem}"))
        }
        pulled => pulled.map_err(|problem| format!("what it says can't be followed: {problem}")),
    }
}

async fn pull_once(follower: &Follower) -> Result<Result<Timestamp, CannotFollow>, String> {
    let (cursor, asked_at) = (follower.agent().cursor(), follower.clock.now());
    let target = cursor.map_or_else(|| "/v1/snapshot".into(), |cursor| format!("/v1/changes?since={cursor}"));
    let answer = follower.upstream.ask("GET", target.as_bytes(), Authorization::Own, Vec::new()).await;
    let answer = answer.map_err(|unreachable| unreachable.to_string())?;
    if answer.status != 200 {
        return Err(answer.to_string());
    }
    if answer.header("X-Lookupd-Stale").is_some() {
        return Err("it follows a leader itself, and can't reach that".into());
    }
    Ok(CatchUp::decode(&answer.body).map_err(CannotFollow::Undecodable).and_then(|catch_up| {
        follower.change(|agent| agent.pulled(&catch_up, asked_at, follower.clock.now()))?;
        Ok(asked_at)
    }))
}

const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
