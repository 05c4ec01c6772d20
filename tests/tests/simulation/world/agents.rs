//! Agents on their machines, and those who only follow.

use lookupd_core::{
    AgentId, ClaimKey, Replica, Timestamp, Via,
    link::{Agent, Closing, MAX_MESSAGE_LENGTH, ToFollower},
    protocol::Request,
};

use super::{BASE, Due, Follower, Machine, Nsqd, SETTINGS, Stream, T_MS, TICK_MS, TIGHT, World, nsqds::agent_of};
use crate::{
    checks::Holder,
    event::{NSQDS, nsqd_info},
};

impl World {
    pub(super) fn start(&mut self, place: usize) {
        self.lives += 1;
        let local = self.local(self.agents[place].ahead_ms);
        let life = self.lives;
        let machine = &mut self.agents[place];
        if machine.process.is_some() || machine.is_superseded {
            return;
        }
        let saved = machine.saved.as_ref().and_then(|parts| Replica::restore(parts, SETTINGS.lifetimes, local).ok());
        let agent = Agent::new(machine.id.clone(), life, saved.unwrap_or_default(), local);
        (machine.life, machine.stream, machine.opens_at, machine.pulls_until) = (life, Stream::Closed, self.now, 0);
        machine.process = Some(agent);
    }

    pub(super) fn crash(&mut self, place: usize, keeps_replica: bool) {
        if !keeps_replica {
            self.agents[place].saved = None;
        }
        let via = Via::Agent(self.agents[place].id.clone());
        if self.agents[place].process.take().is_none() {
            return;
        }
        self.break_stream(place);
        let nsqds = (0..NSQDS).filter(|nsqd| agent_of(*nsqd) == place);
        for nsqd in nsqds.clone() {
            self.nsqds[nsqd].session = None;
        }
        self.checks.agent_ended(nsqds.map(|nsqd| ClaimKey { node: nsqd_info(nsqd, false).node(), via: via.clone() }));
    }

    pub(super) fn break_stream(&mut self, place: usize) {
        let opens_at = self.now + self.random.below(15_000);
        let machine = &mut self.agents[place];
        let (Stream::Open(connection) | Stream::Opening(connection)) = machine.stream else { return };
        (machine.stream, machine.opens_at) = (Stream::Closed, opens_at);
        if let Some(agent) = &mut machine.process {
            agent.closed();
        }
        // The other side learns of it late.
        let ms = self.random.below(30_000);
        self.later(ms, Due::SocketGone { connection });
    }

    pub(super) fn opened(&mut self, connection: u64) {
        for place in 0..self.agents.len() {
            let local = self.local(self.agents[place].ahead_ms);
            let machine = &mut self.agents[place];
            if machine.stream == Stream::Opening(connection)
                && let Some(agent) = &mut machine.process
            {
                agent.opened(local);
                (machine.stream, machine.ponged_at, machine.arrives_at) =
                    (Stream::Open(connection), self.now, self.now);
            }
        }
        for follower in self.followers.iter_mut().filter(|follower| follower.stream == Stream::Opening(connection)) {
            (follower.stream, follower.must_pull) = (Stream::Open(connection), true);
        }
    }

    pub(super) fn closed(&mut self, connection: u64, closing: Option<Closing>) {
        let streams = [Stream::Opening(connection), Stream::Open(connection)];
        let opens_at = self.now + self.random.below(15_000);
        for machine in self.agents.iter_mut().filter(|machine| streams.contains(&machine.stream)) {
            (machine.stream, machine.opens_at) = (Stream::Closed, opens_at);
            machine.is_superseded |= closing == Some(Closing::Superseded);
            if let Some(agent) = &mut machine.process {
                agent.closed();
            }
        }
        for follower in self.followers.iter_mut().filter(|follower| streams.contains(&follower.stream)) {
            (follower.stream, follower.opens_at) = (Stream::Closed, opens_at);
        }
    }

    pub(super) fn down(&mut self, connection: u64, bytes: &[u8]) {
        if let Some(place) = self.agents.iter().position(|machine| machine.stream == Stream::Open(connection)) {
            let machine = &mut self.agents[place];
            let (ahead_ms, life, opens_at) = (machine.ahead_ms, machine.life, self.now + 60_000);
            let local = Timestamp::from_millis(BASE - 600_000 + ahead_ms + self.now);
            let Some(agent) = &mut machine.process else { return };
            let before = agent.replica().cursor();
            if agent.heard(bytes, local).is_err() {
                let is_same = agent.replica().cursor() == before;
                self.checks.expect(22, is_same, || "a message that isn't read changed something".into());
                agent.closed();
                (machine.stream, machine.opens_at) = (Stream::Closed, opens_at);
                self.later(1_000, Due::SocketGone { connection });
            }
            if let Some(agent) = &self.agents[place].process {
                self.checks.replica(Holder::Agent(place, life), agent.replica());
            }
            return;
        }
        let local = self.local(0);
        for place in 0..self.followers.len() {
            let follower = &mut self.followers[place];
            if follower.stream != Stream::Open(connection) {
                continue;
            }
            match ToFollower::decode(bytes) {
                Ok(message) => follower.must_pull |= follower.replica.push(&message, local).is_err(),
                Err(_) => {
                    (follower.stream, follower.opens_at) = (Stream::Closed, self.now + 60_000);
                    self.queued += 1;
                    self.queue.insert((self.now + 1_000, self.queued), Due::SocketGone { connection });
                }
            }
            self.checks.replica(Holder::Follower(place), &self.followers[place].replica);
        }
    }

    /// Sends what is to be sent, and asks for what is missing.
    pub(super) fn flush(&mut self) {
        for place in 0..self.agents.len() {
            let local = self.local(self.agents[place].ahead_ms);
            while let Stream::Open(connection) = self.agents[place].stream
                && let Some(bytes) = self.agents[place].process.as_mut().and_then(|agent| agent.poll(local))
            {
                let at = self.now + self.travel_time();
                let machine = &mut self.agents[place];
                machine.arrives_at = machine.arrives_at.max(at);
                let (ms, backlog) = (
                    machine.arrives_at - self.now,
                    machine.process.as_ref().map_or((0, 0), |agent| agent.end().backlog()),
                );
                self.checks.expect(
                    18,
                    bytes.len() <= MAX_MESSAGE_LENGTH && backlog.0 <= NSQDS && backlog.1 <= 64,
                    || format!("{} bytes are sent, {backlog:?} wait", bytes.len()),
                );
                self.later(ms, Due::Up { connection, bytes });
            }
            let machine = &mut self.agents[place];
            let Some(agent) = machine.process.as_ref().filter(|_| !machine.is_superseded) else { continue };
            if agent.must_pull() && self.now >= machine.pulls_until && matches!(machine.stream, Stream::Open(_)) {
                machine.pulls_until = self.now + 10_000;
                let (holder, cursor) = (Holder::Agent(place, machine.life), agent.cursor());
                self.travels(Due::Pull { holder, cursor, asked: self.now, read: None });
            }
        }
        for place in 0..self.followers.len() {
            let follower = &mut self.followers[place];
            let behind = follower.must_pull || follower.replica.is_behind();
            if behind && self.now >= follower.pulls_until && matches!(follower.stream, Stream::Open(_)) {
                follower.pulls_until = self.now + 10_000;
                let cursor = if follower.must_pull { None } else { follower.replica.cursor() };
                self.travels(Due::Pull { holder: Holder::Follower(place), cursor, asked: self.now, read: None });
            }
        }
    }

    pub(super) fn tick(&mut self) {
        self.later(TICK_MS, Due::Tick);
        for nsqd in 0..NSQDS {
            let Nsqd { is_alive, hangs, session, .. } = self.nsqds[nsqd];
            match session {
                _ if !is_alive || hangs => {}
                None => self.nsqd_connects(nsqd),
                Some(_) => self.nsqd_asks(nsqd, &Request::Ping),
            }
        }
        for place in 0..self.agents.len() {
            self.tick_agent(place);
        }
        for place in 0..self.followers.len() {
            let (now, follower) = (self.now, &mut self.followers[place]);
            if follower.stream == Stream::Closed && now >= follower.opens_at {
                self.connections += 1;
                follower.stream = Stream::Opening(self.connections);
                let due = Due::OpenFollower { follower: place, connection: self.connections };
                self.travels(due);
            }
        }
        self.note_the_settled();
    }

    pub(super) fn tick_agent(&mut self, place: usize) {
        let local = self.local(self.agents[place].ahead_ms);
        let machine = &mut self.agents[place];
        let Some(agent) = machine.process.as_mut().filter(|_| !machine.is_superseded) else { return };
        agent.tick(local);
        match machine.stream {
            Stream::Open(_) if self.now - machine.ponged_at > T_MS / 10 => self.break_stream(place),
            Stream::Open(connection) => self.travels(Due::Ping { connection }),
            // It isn't answered, as where the leader was away.
            Stream::Opening(_) if self.now > machine.opens_at + 30_000 => machine.stream = Stream::Closed,
            Stream::Opening(_) => {}
            Stream::Closed if self.now >= machine.opens_at => {
                self.connections += 1;
                machine.opens_at = self.now;
                machine.stream = Stream::Opening(self.connections);
                let due = Due::OpenAgent { machine: place, connection: self.connections, life: machine.life };
                self.travels(due);
            }
            Stream::Closed => {}
        }
    }

    pub(super) fn is_tight(&self) -> bool {
        self.settings.limits == TIGHT
    }

    pub(super) fn note_the_settled(&mut self) {
        if self.is_tight() {
            return;
        }
        for nsqd in 0..NSQDS {
            let Nsqd { is_alive, hangs, session, .. } = self.nsqds[nsqd];
            let machine = &self.agents[agent_of(nsqd)];
            let Some(agent) = machine.process.as_ref().filter(|_| is_alive && !hangs && session.is_some()) else {
                continue;
            };
            let is_known = matches!(machine.stream, Stream::Open(connection) if self.sockets.contains_key(&connection));
            if is_known && self.now >= self.leader_away_until && agent.end().is_settled() {
                let key = ClaimKey { node: nsqd_info(nsqd, false).node(), via: Via::Agent(machine.id.clone()) };
                self.checks.settled(key, self.now, machine.life);
            }
        }
    }
}

impl Machine {
    pub(super) fn new(id: &str, ahead_ms: u64) -> Self {
        Self {
            id: AgentId::parse(id).unwrap(),
            process: None,
            life: 0,
            stream: Stream::Closed,
            arrives_at: 0,
            ponged_at: 0,
            opens_at: 0,
            pulls_until: 0,
            saved: None,
            is_superseded: false,
            ahead_ms,
        }
    }
}

impl Follower {
    pub(super) fn new() -> Self {
        Self { replica: Replica::default(), stream: Stream::Closed, must_pull: true, opens_at: 0, pulls_until: 0 }
    }
}
