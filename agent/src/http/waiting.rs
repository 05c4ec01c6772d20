//! `/lookup?wait=`: an answer that is held back until it is news.

use std::time::Duration;

use lookupd_core::http::{Error, Response, Wait, answer};
use tokio::time::{Instant, sleep_until};

use crate::{
    leader::Leadership,
    serving::{Stopping, stopped},
};

/// The answer once it is another than was seen, or as it is when the wait is over or the daemon stops.
///
/// # Errors
/// As every question's.
pub(super) async fn serve(mut wait: Wait, leadership: &Leadership, stopping: &mut Stopping) -> Result<Response, Error> {
    let deadline = Instant::now() + wait.within;
    let waiter = leadership.waiters().join(&wait.topic);
    loop {
        // Before it is looked, so that nothing that happens meanwhile is missed.
        let changed = waiter.changed();
        let Look { response, is_news, lasts } = look(&mut wait, leadership).await?;
        let now = Instant::now();
        if is_news || now >= deadline {
            return Ok(response);
        }
        tokio::select! {
            () = changed => {}
            () = sleep_until(lasts.map_or(deadline, |lasts| deadline.min(now + lasts))) => {}
            () = stopped(stopping) => return Ok(response),
        }
    }
}

/// The answer as of one moment.
struct Look {
    response: Response,
    is_news: bool,
    /// For how long time alone makes it no other, where it ever does.
    lasts: Option<Duration>,
}

async fn look(wait: &mut Wait, leadership: &Leadership) -> Result<Look, Error> {
    let looked = leadership.read(|leader, now| {
        let (registry, lifetimes) = (leader.registry(), &leader.settings().lifetimes);
        let mut response = answer(&wait.read(), registry, lifetimes, now, |_| None);
        response.push("X-Lookupd-Revision", registry.revision().to_string());
        let is_news = wait.is_news(&mut response, registry.revision());
        let changes_at = registry.topic(&wait.topic).and_then(|topic| topic.changes_at(lifetimes, now));
        Look { response, is_news, lasts: changes_at.map(|at| at.since(now)) }
    });
    looked.await
}
