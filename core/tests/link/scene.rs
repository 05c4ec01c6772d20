//! A leader, an agent and what stands between them.

use std::{num::NonZeroU16, time::Duration};

use crate::disk::Disk;
use lookupd_core::{
    AgentId, CatchUp, ChannelName, ClaimKey, Command, GRANT, Leader, LeaderSettings, Lifetimes, Limits, Node, Outcome,
    ProducerInfo, Registry, Replica, Timestamp, TopicName, Via,
    link::{Agent, Closing, LeaderEnd, Refused, ToFollower},
    protocol::Request,
};

pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);
pub(crate) const T: Duration = Duration::from_secs(300);
pub(crate) const SETTINGS: LeaderSettings = LeaderSettings {
    lifetimes: Lifetimes { inactive_producer_timeout: T, tombstone_lifetime: Duration::from_secs(45) },
    limits: Limits::EDGE,
    grant: GRANT,
};

/// A leader, its disk and the time of all.
pub(crate) struct Scene {
    pub(crate) disk: Disk,
    pub(crate) leader: Leader<Disk>,
    pub(crate) now: Timestamp,
}

/// An agent, and the leader's end of its stream while there is one.
pub(crate) struct Side {
    pub(crate) agent: Agent,
    pub(crate) end: Option<LeaderEnd>,
    pub(crate) refused: Vec<Refused>,
    connection: u64,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(SETTINGS)
    }

    pub(crate) fn with(settings: LeaderSettings) -> Self {
        let disk = Disk::default();
        Self { leader: Leader::load(disk.clone(), settings, START).unwrap(), disk, now: START }
    }

    pub(crate) fn after(&mut self, duration: Duration) -> &mut Self {
        self.now = self.now.plus(duration);
        self
    }

    /// The leader loses its memory.
    pub(crate) fn restarted(&mut self) {
        self.leader = Leader::load(self.disk.clone(), *self.leader.settings(), self.now).unwrap();
    }

    pub(crate) fn execute(&mut self, command: &Command) -> Outcome {
        self.leader.execute(command, self.now).unwrap()
    }

    pub(crate) fn does(&mut self, command: &Command) -> bool {
        self.execute(command).changed
    }

    /// An agent in this life, connected and with all said.
    pub(crate) fn agent(&mut self, incarnation: u64) -> Side {
        let mut side = self.unconnected(incarnation, Replica::default());
        self.connects(&mut side).unwrap();
        side
    }

    pub(crate) fn unconnected(&self, incarnation: u64, replica: Replica) -> Side {
        let agent = Agent::new(agent_id(), incarnation, replica, self.now);
        Side { agent, end: None, refused: Vec::new(), connection: 0 }
    }

    /// A new stream, with everything said on it.
    pub(crate) fn connects(&mut self, side: &mut Side) -> Result<(), Closing> {
        self.opens(side)?;
        self.talk(side);
        Ok(())
    }

    /// A new stream, with nothing said on it.
    pub(crate) fn opens(&mut self, side: &mut Side) -> Result<(), Closing> {
        side.connection += 1;
        let (id, incarnation) = (side.agent.identity().0.clone(), side.agent.identity().1);
        side.agent.closed();
        side.end = Some(LeaderEnd::open(&mut self.leader, id, incarnation, side.connection, self.now).unwrap()?);
        side.agent.opened(self.now);
        Ok(())
    }

    /// Whatever either has to say is said, pushed and pulled until both are silent.
    pub(crate) fn talk(&mut self, side: &mut Side) {
        loop {
            let mut spoke = false;
            while let Some(bytes) = side.agent.poll(self.now) {
                spoke = true;
                let end = side.end.as_mut().unwrap();
                let answer = end.receive(&mut self.leader, &bytes, self.now).unwrap().unwrap();
                self.pushes_to(side);
                side.hears(&answer, self.now);
            }
            spoke |= self.pushes_to(side);
            if side.agent.must_pull() {
                spoke = true;
                self.after(Duration::from_millis(2));
                let answer = self.leader.catch_up(side.agent.cursor(), self.now).unwrap();
                side.agent.pulled(&answer, self.now.minus(Duration::from_millis(1)), self.now).unwrap();
            }
            if !spoke {
                return;
            }
        }
    }

    fn pushes_to(&mut self, side: &mut Side) -> bool {
        let pushes = self.leader.take_pushes();
        pushes.iter().for_each(|push| side.hears(push, self.now));
        !pushes.is_empty()
    }

    pub(crate) fn catch_up(&mut self, replica: &Replica) -> CatchUp {
        let answer = self.leader.catch_up(replica.cursor(), self.now).unwrap();
        CatchUp::decode(&answer.encode()).unwrap()
    }

    /// Pulls to the end at once.
    pub(crate) fn pulls(&mut self, replica: &mut Replica) -> bool {
        let answer = self.catch_up(replica);
        replica.catch_up(&answer, self.now, self.now).unwrap()
    }

    /// Whom consumers find at the leader.
    pub(crate) fn found(&self, topic: &str) -> Vec<String> {
        found(self.leader.registry(), topic, self.leader.now(self.now))
    }

    /// The timer fires, with these agents connected and heard just now.
    pub(crate) fn sweeps(&mut self, heard: &[&Side]) {
        for side in heard {
            self.leader.hear_agent(side.agent.identity().0, self.now, self.now);
        }
        self.leader.sweep_now(self.now).unwrap();
    }
}

impl Side {
    pub(crate) fn hears(&mut self, message: &ToFollower, now: Timestamp) {
        self.refused.extend(self.agent.heard(&message.encode(), now).unwrap());
    }

    /// An nsqd connects, says what it serves, and that this is all.
    pub(crate) fn nsqd(&mut self, session: u64, address: &str, served: &[&str], now: Timestamp) {
        self.agent.identify(session, &info(address), now);
        for names in served {
            self.asks(session, address, &register(names), now);
        }
        self.asks(session, address, &Request::Ping, now);
    }

    pub(crate) fn asks(&mut self, session: u64, address: &str, request: &Request, now: Timestamp) {
        assert!(self.agent.request(session, &node(address), request, now));
    }

    pub(crate) fn leaves(&mut self, session: u64, address: &str) {
        self.agent.end_session(session, &node(address));
    }

    /// Whom consumers find at the agent.
    pub(crate) fn found(&self, topic: &str, now: Timestamp) -> Vec<String> {
        found(self.agent.registry(), topic, self.agent.replica().leader_now(now))
    }

    /// The agent's next message.
    pub(crate) fn says(&mut self, now: Timestamp) -> Vec<u8> {
        self.agent.poll(now).unwrap()
    }
}

pub(crate) fn found(registry: &Registry, name: &str, now: Timestamp) -> Vec<String> {
    let Some(topic) = registry.topic(name) else { return vec!["no such topic".into()] };
    topic.visible(&SETTINGS.lifetimes, now).map(|found| found.node().broadcast_address().to_string()).collect()
}

pub(crate) fn agent_id() -> AgentId {
    AgentId::parse("x").unwrap()
}

pub(crate) fn via_agent() -> Via {
    Via::Agent(agent_id())
}

pub(crate) fn claim(address: &str) -> ClaimKey {
    ClaimKey { node: node(address), via: via_agent() }
}

pub(crate) fn topic(name: &str) -> TopicName {
    TopicName::parse(name).unwrap()
}

pub(crate) fn names(text: &str) -> (TopicName, Option<ChannelName>) {
    match text.split_once(' ') {
        None => (topic(text), None),
        Some((name, channel)) => (topic(name), Some(ChannelName::parse(channel).unwrap())),
    }
}

/// `text` is a topic, or a topic and a channel.
pub(crate) fn register(text: &str) -> Request {
    let (topic, channel) = names(text);
    Request::Register { topic, channel }
}

pub(crate) fn unregister(text: &str) -> Request {
    let (topic, channel) = names(text);
    Request::Unregister { topic, channel }
}

pub(crate) fn register_over_http(address: &str, text: &str) -> Command {
    let (topic, channel) = names(text);
    Command::Register { via: Via::Http, info: info(address), topic, channel }
}

pub(crate) fn tombstone(name: &str, address: &str) -> Command {
    Command::Tombstone { topic: topic(name), node: node(address) }
}

pub(crate) fn delete(name: &str) -> Command {
    Command::DeleteTopic { topic: topic(name) }
}

pub(crate) fn node(address: &str) -> Node {
    info(address).node()
}

pub(crate) fn info(address: &str) -> ProducerInfo {
    ProducerInfo {
        remote_address: "10.0.0.9:5".into(),
        hostname: "host".into(),
        broadcast_address: address.into(),
        tcp_port: NonZeroU16::new(4150).unwrap(),
        http_port: NonZeroU16::new(4151).unwrap(),
        version: "1.3.0".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    }
}
