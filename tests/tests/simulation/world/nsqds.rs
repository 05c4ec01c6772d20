//! The nsqds beside the agents.

use lookupd_core::{ClaimKey, Via, protocol::Request};

use super::{Nsqd, World};
use crate::event::{AGENTS, nsqd_info};

impl World {
    pub(super) fn nsqd_connects(&mut self, nsqd: usize) {
        let local = self.local(self.agents[agent_of(nsqd)].ahead_ms);
        self.connections += 1;
        let session = self.connections;
        let Some(agent) = &mut self.agents[agent_of(nsqd)].process else { return };
        agent.identify(session, &nsqd_info(nsqd, false), local);
        self.nsqds[nsqd].session = Some(session);
        // It says what it serves a moment later.
        self.flush();
        for (topic, channels) in self.nsqds[nsqd].serves.clone() {
            self.nsqd_asks(nsqd, &Request::Register { topic: topic.clone(), channel: None });
            for channel in channels {
                self.nsqd_asks(nsqd, &Request::Register { topic: topic.clone(), channel: Some(channel) });
            }
        }
        self.nsqd_asks(nsqd, &Request::Ping);
    }

    pub(super) fn nsqd_asks(&mut self, nsqd: usize, request: &Request) {
        let local = self.local(self.agents[agent_of(nsqd)].ahead_ms);
        let Nsqd { is_alive: true, hangs: false, session: Some(session), .. } = self.nsqds[nsqd] else { return };
        let Some(agent) = &mut self.agents[agent_of(nsqd)].process else { return };
        if !agent.request(session, &nsqd_info(nsqd, false).node(), request, local) {
            self.nsqds[nsqd].session = None;
        }
    }

    pub(super) fn nsqd_disconnects(&mut self, nsqd: usize) {
        let Some(session) = self.nsqds[nsqd].session.take() else { return };
        self.end_session(nsqd, session);
        let via = Via::Agent(self.agents[agent_of(nsqd)].id.clone());
        self.checks.left(&ClaimKey { node: nsqd_info(nsqd, false).node(), via });
    }

    pub(super) fn end_session(&mut self, nsqd: usize, session: u64) {
        if let Some(agent) = &mut self.agents[agent_of(nsqd)].process {
            agent.end_session(session, &nsqd_info(nsqd, false).node());
        }
    }

    pub(super) fn nsqd_reconnects(&mut self, nsqd: usize, overlapping: bool) {
        if !self.nsqds[nsqd].is_alive || self.nsqds[nsqd].hangs {
            return;
        }
        if !overlapping {
            self.nsqd_disconnects(nsqd);
            return self.nsqd_connects(nsqd);
        }
        let Some(old) = self.nsqds[nsqd].session else { return };
        self.nsqd_connects(nsqd);
        self.end_session(nsqd, old);
        let machine = &self.agents[agent_of(nsqd)];
        let node = nsqd_info(nsqd, false).node();
        let key = ClaimKey { node: node.clone(), via: Via::Agent(machine.id.clone()) };
        if let Some(agent) = &machine.process {
            let is_there = agent.end().announcement(&node).is_some() && agent.registry().producer(&key).is_some();
            self.checks.expect(14, is_there, || format!("an older connection's end removed {key:?}"));
        }
    }
}

pub(super) fn agent_of(nsqd: usize) -> usize {
    nsqd % AGENTS
}
