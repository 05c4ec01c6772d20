//! Both ends of an agent's stream.

use std::{num::NonZeroU16, time::Duration};

use lookupd_core::{
    AgentId, Command, GRANT, Leader, LeaderSettings, Lifetimes, Limits, ProducerInfo, Replica, Timestamp, TopicName,
    Via,
    link::{Agent, LeaderEnd, ToFollower, ToLeader},
};

use crate::{
    disk::Disk,
    state::{Described, check},
};

/// Steps, each a byte of what, two of how long, and so many bytes: said to a leader by an agent, as they are or under the right
/// number, or said to an agent, as they are or as what the leader really pushes.
///
/// A leader and an agent that only heard the messages that were accepted are in the same state; what another announced stays as
/// it was; and an agent that asks for what it missed holds what the leader holds.
pub fn link(script: &[u8]) {
    let mut story = Story::new();
    let mut rest = script;
    for _ in 0..MOST_STEPS {
        let [step, low, high, behind @ ..] = rest else { break };
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(behind.len());
        let (bytes, behind) = behind.split_at(length);
        story.take(*step, bytes);
        rest = behind;
    }
    story.ends();
}

const MOST_STEPS: usize = 64;

const SETTINGS: LeaderSettings = LeaderSettings {
    lifetimes: Lifetimes {
        inactive_producer_timeout: Duration::from_secs(300),
        tombstone_lifetime: Duration::from_secs(45),
    },
    limits: Limits { topics: 4, channels_per_topic: 3, claims: 4, agents: 2, registrations: 12 },
    grant: GRANT,
};

/// A leader with the nearer end of an agent's stream.
struct Near {
    leader: Leader<Disk>,
    end: LeaderEnd,
}

impl Near {
    fn new(now: Timestamp) -> Self {
        let mut leader = Leader::load(Disk::default(), SETTINGS, now).unwrap();
        let topic = TopicName::parse("t").unwrap();
        leader.execute(&Command::Register { via: Via::Http, info: info(), topic, channel: None }, now).unwrap();
        let end = open(&mut leader, 1, now);
        leader.take_pushes();
        Self { leader, end }
    }
}

struct Story {
    near: Near,
    /// The same, as far as messages are accepted.
    near_twin: Near,
    /// How many were, on this stream.
    accepted: u64,
    connection: u64,
    bystander: String,
    far: Agent,
    /// The same, as far as messages are accepted.
    far_twin: Agent,
    pushed: Vec<ToFollower>,
    now: Timestamp,
}

impl Story {
    fn new() -> Self {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let (near, far) = (Near::new(now), Agent::new(id(), 1, Replica::default(), now));
        let mut story = Self {
            bystander: bystander(&near.leader),
            near,
            near_twin: Near::new(now),
            accepted: 0,
            connection: 1,
            far_twin: far.clone(),
            far,
            pushed: Vec::new(),
            now,
        };
        story.is_followed();
        story
    }

    fn take(&mut self, step: u8, bytes: &[u8]) {
        self.now = self.now.plus(Duration::from_millis(u64::from(step >> 3) * 100));
        match step % 8 {
            0 | 1 => self.leader_hears(bytes),
            2 | 3 => {
                // No mutation would count them.
                let Ok((_, message)) = ToLeader::decode(bytes) else { return self.leader_hears(bytes) };
                self.leader_hears(&message.encode(self.accepted + 1));
            }
            4 => self.agent_hears(bytes),
            5 => {
                if let Some(message) = self.pushed.pop() {
                    self.agent_hears(&message.encode());
                }
            }
            6 => self.is_followed(),
            _ => self.reopens(),
        }
    }

    fn leader_hears(&mut self, bytes: &[u8]) {
        let before = Described::of(self.near.leader.registry());
        // As it lies in a socket's attachment.
        self.near.end = LeaderEnd::decode(&self.near.end.encode()).unwrap();
        let Near { leader, end } = &mut self.near;
        match end.receive(leader, bytes, self.now).unwrap() {
            Ok(answer) => {
                self.accepted += 1;
                let Near { leader, end } = &mut self.near_twin;
                assert_eq!(end.receive(leader, bytes, self.now).unwrap().as_ref(), Ok(&answer));
                match &answer {
                    ToFollower::Acknowledged { through } => assert_eq!(*through, self.accepted),
                    ToFollower::Refused(refused) => assert_eq!(refused.sequence, self.accepted),
                    other => panic!("{other:?} is no answer"),
                }
                self.pushed.extend(self.near.leader.take_pushes().into_iter().chain([answer]));
                check(self.near.leader.registry(), self.near.leader.cursor());
            }
            Err(closing) => {
                assert_eq!(Described::of(self.near.leader.registry()), before, "{closing:?} changes nothing");
                self.reopens();
            }
        }
        assert_eq!(bystander(&self.near.leader), self.bystander, "another's claim is nobody else's");
    }

    fn agent_hears(&mut self, bytes: &[u8]) {
        let before = (Described::of(self.far.registry()), Described::of(self.far.replica().registry()));
        if let Ok(refused) = self.far.heard(bytes, self.now) {
            assert_eq!(self.far_twin.heard(bytes, self.now), Ok(refused));
        } else {
            let after = (Described::of(self.far.registry()), Described::of(self.far.replica().registry()));
            assert_eq!(after, before, "what can't be read changes nothing");
        }
    }

    /// The agent asks for what is missing.
    fn is_followed(&mut self) {
        let answer = self.near.leader.catch_up(self.far.cursor(), self.now).unwrap();
        self.pushed.clear();
        for agent in [&mut self.far, &mut self.far_twin] {
            // A batch that nobody sent may have been followed: then all is asked for.
            if agent.pulled(&answer, self.now, self.now).is_err() {
                let whole = self.near.leader.catch_up(None, self.now).unwrap();
                agent.pulled(&whole, self.now, self.now).unwrap();
            }
            assert_eq!(agent.replica().cursor(), Some(self.near.leader.cursor()));
            let described = Described::of(self.near.leader.registry());
            assert_eq!(Described::of(agent.replica().registry()), described, "an agent holds the same");
        }
    }

    fn reopens(&mut self) {
        self.connection += 1;
        self.accepted = 0;
        for Near { leader, end } in [&mut self.near, &mut self.near_twin] {
            *end = open(leader, self.connection, self.now);
        }
    }

    fn ends(mut self) {
        let near = [&self.near, &self.near_twin].map(|near| Described::of(near.leader.registry()));
        assert_eq!(near[0], near[1], "the state is what the accepted messages lead to");
        let far = [&self.far, &self.far_twin].map(|agent| Described::of(agent.registry()));
        assert_eq!(far[0], far[1], "and so is an agent's");
        self.is_followed();
    }
}

fn open(leader: &mut Leader<Disk>, connection: u64, now: Timestamp) -> LeaderEnd {
    LeaderEnd::open(leader, id(), 1, connection, now).unwrap().unwrap()
}

/// What the other producer announced.
fn bystander(leader: &Leader<Disk>) -> String {
    let registry = leader.registry();
    let claim = registry.claims().find(|claim| *claim.via() == Via::Http).unwrap();
    format!("{claim:?} {:?}", registry.lookup_registrations(claim.key))
}

fn id() -> AgentId {
    AgentId::parse("x").unwrap()
}

fn info() -> ProducerInfo {
    let port = NonZeroU16::new(4151).unwrap();
    ProducerInfo {
        remote_address: "127.0.0.1:5".into(),
        hostname: "h".into(),
        broadcast_address: "::1".into(),
        tcp_port: port,
        http_port: port,
        version: "1".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    }
}
