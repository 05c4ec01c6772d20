//! Agents: who announces for others, and with whom all that falls silent.

use alloc::{collections::BTreeSet, vec, vec::Vec};

use super::{Claim, ClaimId, Registry};
use crate::{
    change::Change,
    command::{Bound, Limits, Refusal},
    producer::{AgentId, ClaimKey, Incarnation, Node},
    time::Timestamp,
};

/// One that announced something, or said that it is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Agent {
    /// Nothing before it said which.
    incarnation: Option<Incarnation>,
    silent_since: Option<Timestamp>,
    pub(super) claims: Vec<ClaimId>,
}

/// An agent as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentEntry<'a> {
    /// Which one.
    pub id: &'a AgentId,
    /// The life that it was last seen in, if it ever said.
    pub incarnation: Option<Incarnation>,
    /// When it was last heard, if it is silent.
    pub silent_since: Option<Timestamp>,
    /// How many claims it announces.
    pub claims: usize,
}

impl Registry {
    /// All agents by their id.
    pub fn agents(&self) -> impl ExactSizeIterator<Item = AgentEntry<'_>> {
        self.agents.iter().map(|(id, agent)| AgentEntry {
            id,
            incarnation: agent.incarnation,
            silent_since: agent.silent_since,
            claims: agent.claims.len(),
        })
    }

    /// One agent.
    pub fn agent(&self, id: &AgentId) -> Option<AgentEntry<'_>> {
        let (id, agent) = self.agents.get_key_value(id)?;
        let Agent { incarnation, silent_since, claims } = agent;
        Some(AgentEntry { id, incarnation: *incarnation, silent_since: *silent_since, claims: claims.len() })
    }

    /// What the agent announced in the life that it is in, and hasn't taken back.
    fn confirmed_claims(&self, agent: &AgentId) -> Vec<&ClaimKey> {
        let ids = self.agents.get(agent).into_iter().flat_map(|agent| &agent.claims);
        let mut keys: Vec<&ClaimKey> =
            ids.map(|&id| &self.claims[id as usize]).filter(|claim| claim.confirmed).map(|claim| &claim.key).collect();
        keys.sort_unstable();
        keys
    }

    /// Whether the claim's agent announced it in the life that it is in.
    pub(crate) fn is_confirmed(&self, claim: &ClaimKey) -> bool {
        self.claim(claim).is_some_and(|claim| claim.confirmed)
    }

    /// Since when nobody heard of the claim: itself, or whoever announces it.
    pub(super) fn silent_since(&self, claim: &Claim) -> Option<Timestamp> {
        let agent = claim.key.via.agent().and_then(|id| self.agents.get(id)?.silent_since);
        earlier(claim.silent_since, agent)
    }

    pub(super) fn agent_starts(
        &self,
        id: &AgentId,
        incarnation: Incarnation,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Vec<Change>, Refusal> {
        let Some(known) = self.agent(id) else {
            if self.agents.len() >= limits.agents {
                return Err(Refusal::Full { bound: Bound::Agents, limit: limits.agents });
            }
            return Ok(vec![Change::AgentStarted { agent: id.clone(), incarnation, since: at }]);
        };
        match known.incarnation {
            Some(later) if later > incarnation => Err(Refusal::Superseded { incarnation: later }),
            Some(same) if same == incarnation && known.silent_since.is_some() => {
                Ok(vec![Change::AgentHeard { agent: id.clone() }])
            }
            Some(same) if same == incarnation => Ok(vec![]),
            _ => Ok(vec![Change::AgentStarted { agent: id.clone(), incarnation, since: at }]),
        }
    }

    /// Not more than fits one batch: asked again, it goes on.
    pub(super) fn settle(&self, agent: &AgentId, nodes: &BTreeSet<Node>) -> Vec<Change> {
        let over = self.confirmed_claims(agent).into_iter().filter(|key| !nodes.contains(&key.node));
        over.take(SETTLED_AT_ONCE).map(|key| Change::Left { claim: key.clone() }).collect()
    }

    pub(super) fn sweep_agents(&self, silent: &[(AgentId, Timestamp)], gone: &[AgentId]) -> Vec<Change> {
        let is_heard = |id: &AgentId| self.agent(id).is_some_and(|agent| agent.silent_since.is_none());
        let is_bare = |id: &AgentId| self.agent(id).is_some_and(|agent| agent.claims == 0);
        let newly_silent = silent
            .iter()
            .filter(|(id, _)| is_heard(id))
            .map(|(id, since)| Change::AgentSilent { agent: id.clone(), since: *since });
        let dropped = gone.iter().filter(|id| is_bare(id)).map(|id| Change::AgentForgotten { agent: id.clone() });
        newly_silent.chain(dropped).collect()
    }

    pub(super) fn start_agent(&mut self, id: &AgentId, incarnation: Incarnation, since: Timestamp) {
        let agent = self.agents.or_default(id);
        agent.incarnation = Some(incarnation);
        // Its silence goes over to what it had announced.
        let since = earlier(agent.silent_since.take(), Some(since));
        for &id in &agent.claims {
            let claim = &mut self.claims[id as usize];
            (claim.silent_since, claim.confirmed) = (earlier(claim.silent_since, since), false);
        }
    }

    pub(super) fn set_agent_silent(&mut self, id: &AgentId, since: Option<Timestamp>) {
        if let Some(agent) = self.agents.get_mut(id) {
            agent.silent_since = since;
        }
    }

    pub(super) fn forget_agent(&mut self, id: &AgentId) {
        if self.agents.get(id).is_some_and(|agent| agent.claims.is_empty()) {
            self.agents.remove(id);
        }
    }

    /// One that never said that it is there goes with its last claim.
    pub(super) fn disown(&mut self, id: &AgentId, claim: ClaimId) {
        let Some(agent) = self.agents.get_mut(id) else { return };
        agent.claims.retain(|&other| other != claim);
        if agent.claims.is_empty() && agent.incarnation.is_none() {
            self.agents.remove(id);
        }
    }
}

/// Some 400 bytes each at most, so a batch of them stays far below what is stored at once.
const SETTLED_AT_ONCE: usize = 1_000;

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
