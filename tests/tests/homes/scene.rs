//! The worker, a network before it, and agents that follow it through that.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lookupd_tests::{Bindings, Client, Edge, Lookupd, Network, Nsq, Nsqd, Response, Session, assert_becomes, identify};

/// The edge as agents reach it.
pub(crate) struct Scene {
    pub(crate) nsq: Nsq,
    pub(crate) edge: Edge,
    pub(crate) network: Network,
}

impl Scene {
    /// `None` where something is missing and may be.
    pub(crate) fn start() -> Option<Self> {
        Self::with(Bindings::open())
    }

    pub(crate) fn with(bindings: Bindings) -> Option<Self> {
        let nsq = Nsq::find()?;
        let edge = Edge::start(&timed(bindings))?;
        let network = Network::to(edge.address());
        Some(Self { nsq, edge, network })
    }

    /// An agent that follows the edge.
    pub(crate) fn agent(&self) -> Option<Lookupd> {
        Lookupd::agent(&["-upstream", &self.network.url()])
    }

    /// One that keeps in `folder` what it is.
    pub(crate) fn durable_agent(&self, folder: &Path) -> Option<Lookupd> {
        let folder = folder.to_str().expect("a path in text");
        Lookupd::agent(&["-upstream", &self.network.url(), "-data-path", folder])
    }

    /// An nsqd that announces to this agent, with a topic of its own that it has announced.
    pub(crate) fn nsqd_with(&self, agent: &Lookupd, topic: &str) -> Nsqd {
        let nsqd = self.nsq.nsqd(&[agent.tcp()]);
        self.nsq.publish(&nsqd, topic, &["first"]);
        assert_becomes(|| agent.producers(topic), [nsqd.node()]);
        assert_becomes(|| producers(self.edge.client(), topic), [nsqd.node()]);
        nsqd
    }

    /// Starts the edge again after it was killed, where the network finds it.
    pub(crate) fn restart_edge(&mut self) {
        self.edge.restart();
        self.network.lead_to(self.edge.address());
    }
}

/// Agents come back within 2 s, and notice within 4 s that nobody is at the other end. nsqd says every 15 s that it is there,
/// and may miss that once.
pub(crate) fn timed(bindings: Bindings) -> Bindings {
    bindings.with("INACTIVE_PRODUCER_TIMEOUT", "40s")
}

/// Who serves a topic, by node, sorted; nobody where it is unknown.
pub(crate) fn producers(client: Client, topic: &str) -> Vec<String> {
    nodes(&client.get(format!("/lookup?topic={topic}")))
}

/// The nodes of a `/lookup`, sorted.
pub(crate) fn nodes(answer: &Response) -> Vec<String> {
    let json = answer.json();
    let producers = json["producers"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let node = |one: &serde_json::Value| {
        format!("{}:{}", one["broadcast_address"].as_str().unwrap_or_default(), one["http_port"])
    };
    let mut nodes: Vec<_> = producers.map(node).collect();
    nodes.sort();
    nodes
}

pub(crate) fn sorted<const N: usize>(mut nodes: [String; N]) -> [String; N] {
    nodes.sort();
    nodes
}

/// A session as nsqd holds it, every answer of which has to come within nsqd's second.
pub(crate) struct ImpatientSession(Session);

impl ImpatientSession {
    /// Connects to an agent as a node with this address and nsqd's own HTTP port.
    pub(crate) fn identified(agent: SocketAddr, host: &str) -> Self {
        let mut session = Session::open(agent);
        let answer = within_nsqds_second(|| session.identify(&identify(host).to_string()));
        assert!(answer.starts_with('{'), "{answer}");
        Self(session)
    }

    /// Sends a line that is to be answered by OK.
    pub(crate) fn say(&mut self, line: &str) {
        within_nsqds_second(|| self.0.say(line));
    }
}

/// nsqd gives up on a lookupd that takes longer.
pub(crate) fn within_nsqds_second<T>(act: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = act();
    assert!(began.elapsed() < Duration::from_secs(1), "it took {:?}", began.elapsed());
    done
}

/// One sample of `/metrics`; of those with labels the first.
pub(crate) fn metric(agent: &Lookupd, name: &str) -> String {
    let text = agent.client().get("/metrics").text();
    let mut samples = text.lines().filter_map(|line| line.split_once([' ', '{']));
    let (_, rest) = samples.find(|(found, _)| *found == name).unwrap_or_else(|| panic!("no {name} in\n{text}"));
    rest.rsplit(' ').next().unwrap_or_default().to_owned()
}

/// Whether the leader knows all that the agent's nsqds said, and nothing else.
pub(crate) fn is_settled(agent: &Lookupd) -> bool {
    metric(agent, "lookupd_upstream_settled") == "1"
}

/// Tells others that it is over, wherever this ends.
pub(crate) struct SetOnDrop<'a>(pub(crate) &'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
