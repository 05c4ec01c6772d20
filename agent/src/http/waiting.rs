//! `/lookup?wait=`: an answer that is held back until it is news.

use std::pin::pin;

use futures_util::FutureExt as _;
use lookupd_core::{
    Revision,
    http::{Error, Response, Wait},
};
use tokio::time::{Instant, sleep_until};

use crate::{
    role::{Asked, Look, Role},
    serving::{Stopping, stopped},
};

/// The answer once it is another than was seen, or as it is when the wait is over or the daemon stops.
///
/// # Errors
/// As every question's.
pub(super) async fn serve(
    mut wait: Wait,
    min_revision: Revision,
    role: &Role,
    asked: Asked<'_>,
    stopping: &mut Stopping,
) -> Result<Response, Error> {
    let deadline = Instant::now() + wait.within;
    let waiter = role.waiters().join(&wait.topic);
    let mut is_missed = false;
    loop {
        // Before it is looked, so that nothing that happens meanwhile is missed.
        let mut changed = pin!(waiter.changed());
        let had_seen = wait.has_seen();
        let Look { mut response, revision, lasts } = role.look(&wait, min_revision, asked).await?;
        // Without a revision it is an error, which isn't waited for to change.
        let is_news = revision.is_none_or(|revision| wait.is_news(&mut response, revision));
        let now = Instant::now();
        let happened = changed.as_mut().now_or_never().is_some();
        if is_news || now >= deadline || is_missed {
            return Ok(response);
        }
        if happened {
            // During the first look, which may take a while: then it may be what was looked at already.
            is_missed = !had_seen;
            continue;
        }
        tokio::select! {
            () = &mut changed => {}
            () = sleep_until(lasts.map_or(deadline, |lasts| deadline.min(now + lasts))) => {}
            () = stopped(stopping) => return Ok(response),
        }
    }
}
