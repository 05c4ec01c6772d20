//! What must hold once faults have stopped and everybody had time.

use std::collections::BTreeMap;

use lookupd_core::{ClaimKey, Via};

use super::{Stream, T_MS, World};
use crate::event::{AGENTS, FOLLOWERS, ISOLATES, NSQDS};

impl World {
    /// Faults stop, and everybody has time to make progress.
    pub(crate) fn come_to_rest(&mut self) {
        (self.format_is_unknown, self.network_is_slow, self.is_resting) = (false, false, true);
        self.disk.fail_next_write(None);
        self.leader_away_until = 0;
        for nsqd in 0..NSQDS {
            // Who has stopped is still gone in every other run.
            self.nsqds[nsqd].is_alive |= self.now.is_multiple_of(2);
            self.nsqds[nsqd].hangs = false;
        }
        for machine in 0..AGENTS {
            self.start(machine);
        }
        self.pass(2 * T_MS);
        if self.checks.violation.is_some() {
            return;
        }
        let Some(cursor) = self.turn(|leader, _| Ok(leader.cursor())) else {
            return self.checks.expect(20, false, || "there is no leader".into());
        };
        for place in 0..self.agents.len() {
            let machine = &self.agents[place];
            let Some(agent) = machine.process.as_ref().filter(|_| !machine.is_superseded) else { continue };
            let (is_settled, followed) = (agent.end().is_settled(), agent.replica().cursor());
            let stream = machine.stream;
            if self.is_tight() && !matches!(stream, Stream::Open(_)) {
                continue;
            }
            self.checks.expect(20, is_settled, || format!("agent {place} isn't settled, {stream:?}"));
            self.checks
                .expect(12, followed == Some(cursor), || format!("agent {place} is at {followed:?}, not {cursor}"));
        }
        for place in 0..FOLLOWERS {
            let followed = self.followers[place].replica.cursor();
            self.checks.expect(12, followed == Some(cursor), || format!("follower {place} is at {followed:?}"));
        }
        for isolate in 0..ISOLATES {
            self.read(isolate, true, false);
        }
        self.pass(10_000);
        let cursor = self.turn(|leader, _| Ok(leader.cursor()));
        for place in 0..ISOLATES {
            let followed = self.isolates[place].replica.cursor();
            self.checks.expect(12, followed == cursor, || format!("isolate {place} is at {followed:?}"));
            let isolate = &self.isolates[place];
            let local = self.local(isolate.ahead_ms);
            let stuck = isolate.replica.is_refreshing(local);
            self.checks.expect(20, !stuck, || format!("isolate {place} refreshes for ever"));
        }
        if self.is_tight() {
            return;
        }
        // Everything is announced once more: also what was deleted, and is still served.
        self.break_all_streams();
        self.pass(60_000);
        self.compare_claims();
        // A sweep that meets an agent without a stream writes that down; so all happens between two.
        self.pass(T_MS / 3 - self.now % (T_MS / 3) + 10_000);
        let writes = self.disk.writes();
        self.checks.lately.clear();
        self.break_all_streams();
        self.pass(60_000);
        let (written, lately) = (self.disk.writes() - writes, std::mem::take(&mut self.checks.lately));
        self.checks.expect(17, written == 0, || format!("a reconnection wrote {written} times: {lately:?}"));
    }

    pub(super) fn break_all_streams(&mut self) {
        for machine in 0..self.agents.len() {
            self.break_stream(machine);
        }
    }

    pub(super) fn compare_claims(&mut self) {
        let claims = self.turn(|leader, _| {
            let registry = leader.registry();
            let all = registry.claims().filter(|claim| claim.via().agent().is_some());
            let registered = |key: &ClaimKey| -> Vec<(String, String)> {
                let found = registry.lookup_registrations(key).into_iter().skip(1);
                found.map(|found| (found.key.to_string(), found.subkey.to_string())).collect()
            };
            Ok(all
                .map(|claim| (claim.key.clone(), (claim.silent_since, registered(claim.key))))
                .collect::<BTreeMap<_, _>>())
        });
        let Some(claims) = claims else { return };
        for place in 0..self.agents.len() {
            let machine = &self.agents[place];
            let Some(agent) = machine.process.as_ref().filter(|_| !machine.is_superseded) else { continue };
            let mut expected = BTreeMap::new();
            for (node, said) in agent.end().announcements() {
                let mut registered = Vec::new();
                for (topic, channels) in &said.topics {
                    registered.push((topic.to_string(), String::new()));
                    registered.extend(channels.iter().map(|channel| (topic.to_string(), channel.to_string())));
                }
                let key = ClaimKey { node: node.clone(), via: Via::Agent(machine.id.clone()) };
                expected.insert(key, (None, registered));
            }
            let via = Via::Agent(machine.id.clone());
            let there: BTreeMap<_, _> = claims
                .iter()
                .filter(|(key, (silent, _))| key.via == via && silent.is_none())
                .map(|(key, claim)| (key.clone(), claim.clone()))
                .collect();
            self.checks
                .expect(12, there == expected, || format!("agent {place} says {expected:?}, the leader {there:?}"));
        }
    }
}
