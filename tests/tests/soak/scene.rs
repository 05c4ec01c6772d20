//! The edge with a crowd of agents, and a few real ones with real nsqds behind a network.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use lookupd_core::Lifetimes;
use lookupd_tests::{
    Bindings, Client, Crowd, Directory, Edge, Lookupd, Network, Nsq, Nsqd, Request, Seed, resident_bytes,
};

pub(crate) struct Scene {
    pub(crate) edge: Edge,
    pub(crate) crowd: Crowd,
    /// What lies between the real agents and the edge.
    pub(crate) network: Network,
    pub(crate) agents: Vec<RealAgent>,
    timeout: Duration,
    redeployments: u64,
}

/// A real agent with a real nsqd.
pub(crate) struct RealAgent {
    pub(crate) agent: Lookupd,
    pub(crate) nsqd: Nsqd,
    _folder: Directory,
}

/// How many bytes the processes hold.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    pub(crate) workerd: u64,
    agents: Vec<u64>,
}

impl Scene {
    /// `None` where something is missing and may be.
    pub(crate) fn start(agents: usize, timeout: Duration, seed: &mut Seed) -> Option<Self> {
        let nsq = Nsq::find()?;
        let edge = Edge::start(&bindings(timeout))?;
        let network = Network::to(edge.address());
        let real = (0..REAL_AGENTS).map(|number| RealAgent::start(&nsq, &network, number)).collect::<Option<_>>()?;
        let lifetimes = Lifetimes { inactive_producer_timeout: timeout, ..Lifetimes::default() };
        let crowd = Crowd::come(agents, edge.address(), lifetimes, seed);
        Some(Self { edge, crowd, network, agents: real, timeout, redeployments: 0 })
    }

    /// Kills the edge, and starts it again with the same data.
    pub(crate) fn restart_edge(&mut self) {
        self.edge.restart();
        self.lead_everyone();
    }

    /// Replaces the worker by another version with the same data.
    pub(crate) fn redeploy(&mut self) {
        self.redeployments += 1;
        let lifetime = format!("{}ms", 45_000 - self.redeployments);
        self.edge.redeploy(&bindings(self.timeout).with("TOMBSTONE_LIFETIME", &lifetime));
        self.lead_everyone();
    }

    fn lead_everyone(&self) {
        self.network.lead_to(self.edge.address());
        self.crowd.lead_to(self.edge.address());
    }

    /// Waits until the leader knows everything of every agent; says how long that took.
    pub(crate) fn until_all_are_there(&self) -> Duration {
        let began = Instant::now();
        while !self.are_all_there() {
            assert!(began.elapsed() < PATIENCE, "{:?} of {} are back", self.crowd.standing(), self.crowd.len());
            thread::sleep(BETWEEN_LOOKS);
        }
        began.elapsed()
    }

    fn are_all_there(&self) -> bool {
        // The streams first: an agent that hasn't noticed yet that its stream is gone takes itself for settled.
        let Some(text) = metrics(self.edge.client()) else { return false };
        let streams = text.lines().find_map(|line| line.strip_prefix("lookupd_streams{by=\"agent\"} "));
        streams.is_some_and(|streams| streams.parse() == Ok(self.crowd.len() + self.agents.len()))
            && self.crowd.standing().settled == self.crowd.len()
            && self.agents.iter().all(RealAgent::is_settled)
    }

    /// What agents announced is what the leader lists, and so do the real agents.
    pub(crate) fn assert_equal(&self) {
        let began = Instant::now();
        let clients = self.agents.iter().map(|real| real.agent.client()).chain([self.edge.client()]);
        for client in clients {
            loop {
                let expected = self.crowd.announced();
                let listed = listed(&client.get("/nodes").json());
                let differs = expected.iter().find(|(node, topics)| listed.get(*node) != Some(topics));
                let is_there = |real: &RealAgent| listed.contains_key(&real.nsqd.node());
                if differs.is_none()
                    && listed.len() == expected.len() + self.agents.len()
                    && self.agents.iter().all(is_there)
                {
                    break;
                }
                let (there, known) = (expected.len() + self.agents.len(), listed.len());
                assert!(began.elapsed() < PATIENCE, "{known} of {there} nodes, and {differs:?}");
                thread::sleep(BETWEEN_LOOKS);
            }
        }
    }

    pub(crate) fn memory(&self) -> Memory {
        let agents = self.agents.iter().map(|real| resident_bytes(real.agent.pid())).collect();
        Memory { workerd: resident_bytes(self.edge.pid()), agents }
    }
}

impl RealAgent {
    fn start(nsq: &Nsq, network: &Network, number: usize) -> Option<Self> {
        let folder = Directory::new();
        let path = folder.path().to_str().expect("a path in text");
        let agent = Lookupd::agent(&["-upstream", &network.url(), "-data-path", path])?;
        let nsqd = nsq.nsqd(&[agent.tcp()]);
        nsq.publish(&nsqd, READ_TOPIC, &[&format!("of {number}")]);
        Some(Self { agent, nsqd, _folder: folder })
    }

    fn is_settled(&self) -> bool {
        let Some(text) = metrics(self.agent.client()) else { return false };
        let is = |name: &str, value: &str| {
            text.lines().any(|line| line.starts_with(name) && line.rsplit(' ').next() == Some(value))
        };
        is("lookupd_upstream_settled", "1") && is("lookupd_sessions", "1")
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: &u64| format!("{:.1}", *bytes as f64 / f64::from(1 << 20));
        let agents: Vec<_> = self.agents.iter().map(mib).collect();
        write!(f, "memory in MiB: workerd {}, real agents {}", mib(&self.workerd), agents.join(", "))
    }
}

/// Nothing where there is no answer: a leader that a thousand agents come to at once is busy for a while.
fn metrics(client: Client) -> Option<String> {
    client.try_send(&Request::get("/metrics")).ok().filter(|answer| answer.status == 200).map(|answer| answer.text())
}

fn bindings(timeout: Duration) -> Bindings {
    Bindings::open().with("INACTIVE_PRODUCER_TIMEOUT", &format!("{}s", timeout.as_secs()))
}

fn listed(nodes: &serde_json::Value) -> BTreeMap<String, BTreeSet<String>> {
    let producers = nodes["producers"].as_array().into_iter().flatten();
    let of = |producer: &serde_json::Value| {
        let topics = producer["topics"].as_array().into_iter().flatten();
        let topics = topics.map(|topic| topic.as_str().unwrap_or_default().to_owned()).collect();
        let address = producer["broadcast_address"].as_str().unwrap_or_default();
        (format!("{address}:{}", producer["http_port"]), topics)
    };
    producers.map(of).collect()
}

/// What readers look for: every real agent's nsqd serves it, and lives throughout.
pub(crate) const READ_TOPIC: &str = "read";

pub(crate) const REAL_AGENTS: usize = 3;

/// On a machine that is busy with more than this.
const PATIENCE: Duration = Duration::from_secs(180);

const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
