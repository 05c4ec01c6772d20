//! What of following is counted for Prometheus.

use std::{sync::atomic::Ordering, time::Duration};

use lookupd_core::http::{Metrics, label, seconds};

use super::Follower;

pub(super) fn of(follower: &Follower) -> Metrics {
    let (agent, now) = (follower.agent(), follower.clock.now());
    let replica = agent.replica();
    let mut metrics = Metrics::of_registry(agent.registry(), agent.lifetimes(), replica.leader_now(now));
    let nsqds = agent.end().announcements().count() as u64;
    metrics.gauge("lookupd_sessions", "nsqds that are connected.", nsqds);
    let waited = follower.waiters.topic_count() as u64;
    metrics.gauge("lookupd_waited_topics", "Topics that a /lookup waits for.", waited);
    let upstream = label("upstream", follower.upstream.url());
    let mut add = |name, kind, help, value: u64| metrics.add(name, kind, help, &[(&upstream, value)]);
    let is_connected = follower.is_connected().into();
    add("lookupd_upstream_connected", "gauge", "Whether the stream to the leader is open.", is_connected);
    let is_settled = agent.end().is_settled().into();
    add("lookupd_upstream_settled", "gauge", "Whether the leader knows all that nsqds said.", is_settled);
    let (nodes, messages) = agent.end().backlog();
    add("lookupd_upstream_pending_nodes", "gauge", "Nodes that the leader is still to be told of.", nodes as u64);
    add("lookupd_upstream_unanswered_messages", "gauge", "Messages that it hasn't answered.", messages as u64);
    let connections = follower.connections.load(Ordering::Relaxed);
    add("lookupd_upstream_connections_total", "counter", "Streams that were opened.", connections);
    let pulls = follower.pulls.subscribe().borrow().count;
    add("lookupd_upstream_pulls_total", "counter", "Requests for changes that came to an end.", pulls);
    let age = replica.age(now).map_or("NaN".into(), |age: Duration| seconds(age));
    let help = "How long ago the state was last known to be the leader's.";
    metrics.add("lookupd_upstream_age_seconds", "gauge", help, &[(&upstream, age)]);
    metrics
}
