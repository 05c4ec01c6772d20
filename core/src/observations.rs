//! When claims were last heard: soft, the leader's own, and no part of the registry.

use alloc::{collections::BTreeMap, format, vec::Vec};
use core::time::Duration;

use xxhash_rust::xxh64::xxh64;

use crate::{
    change::{Batch, Change, DecodeError, decode, encode},
    command::Command,
    name::TopicName,
    producer::{AgentId, ClaimKey, Lifetimes, Node},
    registry::Registry,
    time::Timestamp,
};

/// How long a silent claim is kept.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// What a leader has heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observations {
    /// But for what agents announce, of which the leader hears through them.
    heard: BTreeMap<ClaimKey, Heard>,
    /// When agents were last heard. Nothing of it survives the process: its home tells it again, by the agents' connections.
    agents: BTreeMap<AgentId, Timestamp>,
    swept_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    at: Timestamp,
    /// What of it survives the process.
    saved_at: Timestamp,
}

impl Observations {
    /// Completes what the log told, which was [`learn`](Self::learn)ed, by what was saved.
    pub(crate) fn recall(&mut self, registry: &Registry, saved: Option<&[u8]>) -> Result<(), DecodeError> {
        let saved: Vec<(u64, Timestamp)> = saved.map_or(Ok(Vec::new()), decode)?;
        let mut heard_at: BTreeMap<u64, Timestamp> = BTreeMap::new();
        heard_at.extend(saved);
        for claim in registry.claims().filter(|claim| is_heard_directly(claim.key)) {
            let learned = self.last_heard(claim.key);
            let heard = learned.max(heard_at.get(&short(claim.key)).copied());
            // A claim of which nothing survived was announced at the latest by the latest batch.
            let at = heard.unwrap_or(registry.at());
            self.heard.insert(claim.key.clone(), Heard { at, saved_at: at });
        }
        Ok(())
    }

    /// What survives of what was heard, to be saved. Few bytes a claim, so that all fits one row.
    pub(crate) fn save(&mut self) -> Vec<u8> {
        let mut saved = Vec::with_capacity(self.heard.len());
        for (key, heard) in &mut self.heard {
            heard.saved_at = heard.at;
            saved.push((short(key), heard.at));
        }
        encode(&saved)
    }

    /// When the claim was last heard, as far as is known.
    pub(crate) fn last_heard(&self, key: &ClaimKey) -> Option<Timestamp> {
        self.heard.get(key).map(|heard| heard.at)
    }

    /// Takes down that the claim is heard now. Says whether too little of that would survive the process.
    pub(crate) fn hear(&mut self, key: &ClaimKey, tolerance: Duration, now: Timestamp) -> bool {
        let heard = self.heard.entry(key.clone()).or_insert(Heard { at: now, saved_at: Timestamp::default() });
        heard.at = now;
        now.since(heard.saved_at) > tolerance
    }

    /// When the agent was last heard, as far as is known.
    pub(crate) fn agent_last_heard(&self, agent: &AgentId) -> Option<Timestamp> {
        self.agents.get(agent).copied()
    }

    /// Takes down that the agent was heard then.
    pub(crate) fn hear_agent(&mut self, agent: &AgentId, at: Timestamp) {
        let heard = self.agents.entry(agent.clone()).or_default();
        *heard = at.max(*heard);
    }

    /// Takes down what a stored batch tells of its claims: it survives with the batch.
    pub(crate) fn learn(&mut self, batch: &Batch) {
        for change in &batch.changes {
            match change {
                Change::Identified { claim, .. }
                | Change::Registered { claim, .. }
                | Change::Announced { claim, .. }
                | Change::Heard { claim }
                    if is_heard_directly(claim) =>
                {
                    self.heard.insert(claim.clone(), Heard { at: batch.at, saved_at: batch.at });
                }
                Change::Left { claim } => {
                    self.heard.remove(claim);
                }
                Change::AgentForgotten { agent } => {
                    self.agents.remove(agent);
                }
                _ => {}
            }
        }
    }

    /// Whether it is time to look for what fell silent: a third of the timeout after the last look, so that silence is
    /// noticed before it makes a difference. Also where the clock stepped back.
    pub(crate) fn is_sweep_due(&self, lifetimes: &Lifetimes, now: Timestamp) -> bool {
        self.swept_at.is_none_or(|at| now < at || now.since(at) >= lifetimes.sweep_interval())
    }

    /// What to tell the registry now, in commands small enough to be stored.
    ///
    /// `hears_agents` says whether every agent that is there was taken down as heard. Only then anything is said of agents:
    /// their heartbeats don't come here by themselves.
    pub(crate) fn sweep(
        &mut self,
        registry: &Registry,
        lifetimes: &Lifetimes,
        hears_agents: bool,
        now: Timestamp,
    ) -> Vec<Command> {
        self.swept_at = Some(now);
        let mut found = Silence::default();
        for claim in registry.claims() {
            match claim.silent_since {
                Some(since) if now.since(since) > RETENTION => found.gone.push(claim.key.clone()),
                None if is_heard_directly(claim.key) => {
                    let heard_at = self.last_heard(claim.key).unwrap_or(registry.at());
                    if now.since(heard_at) > lifetimes.inactive_producer_timeout / 2 {
                        found.silent.push((claim.key.clone(), heard_at));
                    }
                }
                _ => {}
            }
        }
        let mut heard_again = Vec::new();
        for agent in registry.agents().filter(|_| hears_agents) {
            let heard_at = self.agent_last_heard(agent.id);
            let is_heard = heard_at.is_some_and(|at| now.since(at) <= lifetimes.inactive_producer_timeout / 5);
            match agent.silent_since {
                // It said nothing else since, so it didn't notice.
                Some(since) if is_heard && heard_at > Some(since) => {
                    let id = agent.id.clone();
                    heard_again
                        .extend(agent.incarnation.map(|incarnation| Command::StartAgent { agent: id, incarnation }));
                }
                Some(since) if now.since(since) > RETENTION => found.gone_agents.push(agent.id.clone()),
                None if !is_heard => found.silent_agents.push((agent.id.clone(), heard_at.unwrap_or(now))),
                _ => {}
            }
        }
        let ended = registry
            .tombstones()
            .filter(|(topic, node, at)| !lifetimes.is_tombstoned(Some(*at), now) && !registry.node_serves(node, topic))
            .map(|(topic, node, _)| (topic.clone(), node.clone()));
        found.ended = ended.collect();
        heard_again.extend(found.into_commands());
        heard_again
    }
}

/// What a sweep found.
#[derive(Default)]
struct Silence {
    silent: Vec<(ClaimKey, Timestamp)>,
    silent_agents: Vec<(AgentId, Timestamp)>,
    gone: Vec<ClaimKey>,
    gone_agents: Vec<AgentId>,
    ended: Vec<(TopicName, Node)>,
}

impl Silence {
    fn into_commands(mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        loop {
            let command = Command::Sweep {
                silent: some_of(&mut self.silent),
                silent_agents: some_of(&mut self.silent_agents),
                gone: some_of(&mut self.gone),
                gone_agents: some_of(&mut self.gone_agents),
                ended: some_of(&mut self.ended),
            };
            if command == Command::NOTHING_TO_SWEEP {
                return commands;
            }
            commands.push(command);
        }
    }
}

fn some_of<T>(found: &mut Vec<T>) -> Vec<T> {
    let rest = found.len().saturating_sub(SWEPT_AT_ONCE);
    found.split_off(rest)
}

/// Of each kind. Some 400 bytes each at most, so a batch of all stays below what is stored at once.
const SWEPT_AT_ONCE: usize = 500;

/// Whether it is announced to the leader itself, by who would say so again.
fn is_heard_directly(key: &ClaimKey) -> bool {
    key.via.agent().is_none()
}

/// Stands for a claim where its names would take too much room. Two claims that share it would only be taken for heard
/// together.
fn short(key: &ClaimKey) -> u64 {
    xxh64(format!("{} {}", key.node, key.via).as_bytes(), 0)
}
