//! What of following is counted for Prometheus.

use std::sync::{Arc, atomic::Ordering};

use lookupd_core::http::{Metrics, label, seconds};

use super::state::{Follower, source_of};
use crate::waiters::Waiters;

/// What is said of the state is said of the first leader's.
pub(super) fn of(followers: &[Arc<Follower>], waiters: &Waiters) -> Metrics {
    let mut metrics = Metrics::default();
    if let [first, ..] = followers {
        let agent = first.agent();
        let state = source_of(&agent, &first.clock);
        metrics = Metrics::of_registry(state.registry, state.lifetimes, state.now);
        let nsqds = agent.end().announcements().count() as u64;
        metrics.gauge("lookupd_sessions", "nsqds that are connected.", nsqds);
    }
    metrics.gauge("lookupd_waited_topics", "Topics that a /lookup waits for.", waiters.topic_count() as u64);
    for (name, kind, help, value) in PER_UPSTREAM {
        let samples = followers.iter().map(|follower| (label("upstream", follower.upstream.url()), value(follower)));
        metrics.add(name, kind, help, &samples.collect::<Vec<_>>());
    }
    metrics
}

type Metric = (&'static str, &'static str, &'static str, fn(&Follower) -> String);

const PER_UPSTREAM: [Metric; 8] = [
    (
        "lookupd_upstream_age_seconds",
        "gauge",
        "How long ago the state was last known to be the leader's.",
        |follower| follower.agent().replica().age(follower.clock.now()).map_or("NaN".into(), seconds),
    ),
    ("lookupd_upstream_connected", "gauge", "Whether the stream to the leader is open.", |follower| {
        u8::from(follower.is_connected()).to_string()
    }),
    ("lookupd_upstream_connections_total", "counter", "Streams that were opened.", |follower| {
        follower.connections.load(Ordering::Relaxed).to_string()
    }),
    ("lookupd_upstream_pending_nodes", "gauge", "Nodes that the leader is still to be told of.", |follower| {
        follower.agent().end().backlog().0.to_string()
    }),
    ("lookupd_upstream_pulls_total", "counter", "Requests for changes that came to an end.", |follower| {
        follower.pulls.subscribe().borrow().count.to_string()
    }),
    ("lookupd_upstream_settled", "gauge", "Whether the leader knows all that nsqds said.", |follower| {
        u8::from(follower.agent().end().is_settled()).to_string()
    }),
    (
        "lookupd_upstream_stale_answers_total",
        "counter",
        "Answers that were marked stale for want of the leader.",
        |follower| follower.stale_answers.load(Ordering::Relaxed).to_string(),
    ),
    ("lookupd_upstream_unanswered_messages", "gauge", "Messages that the leader hasn't answered.", |follower| {
        follower.agent().end().backlog().1.to_string()
    }),
];
