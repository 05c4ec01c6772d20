//! Everybody, in one process and on one clock that nobody sees.

mod agents;
mod beside;
mod isolates;
mod leader;
mod nsqds;
mod rest;

pub(crate) use self::beside::Beside;

use std::{collections::BTreeMap, time::Duration};

use lookupd_core::{
    AgentId, Command, Cursor, FORMAT, GRANT, Leader, LeaderSettings, Lifetimes, Limits, Replica, Revision, Timestamp,
    link::{Agent, Closing},
    protocol::Request,
};

use crate::{
    checks::{Checks, Holder},
    disk::Disk,
    event::{AGENTS, Event, FOLLOWERS, ISOLATES, NSQDS, What},
    random::Random,
};

pub(crate) const BASE: u64 = 1_700_000_000_000;
pub(crate) const T_MS: u64 = 300_000;
pub(crate) const TOMBSTONE_MS: u64 = 45_000;
pub(crate) const GRANT_MS: u64 = 1_000;
pub(crate) const SETTINGS: LeaderSettings = LeaderSettings {
    lifetimes: Lifetimes {
        inactive_producer_timeout: Duration::from_millis(T_MS),
        tombstone_lifetime: Duration::from_millis(TOMBSTONE_MS),
    },
    limits: Limits { topics: 20, channels_per_topic: 10, claims: 30, agents: 10, registrations: 200 },
    grant: GRANT,
};
/// In one run of eight: so few that much is refused, and agents' claims can't be all that they announce.
const TIGHT: Limits = Limits { topics: 3, channels_per_topic: 1, claims: 5, agents: 2, registrations: 8 };
/// An object's memory is gone so long after the last event.
const HIBERNATION_MS: u64 = 10_000;
const TICK_MS: u64 = 10_000;

pub(crate) struct World {
    now: u64,
    random: Random,
    queue: BTreeMap<(u64, u64), Due>,
    queued: u64,
    pub(crate) checks: Checks,
    disk: Disk,
    leader: Option<Leader<Disk>>,
    leader_away_until: u64,
    leader_acted_at: u64,
    clock_behind: u64,
    sockets: BTreeMap<u64, Socket>,
    isolates: Vec<Isolate>,
    agents: Vec<Machine>,
    followers: Vec<Follower>,
    nsqds: Vec<Nsqd>,
    connections: u64,
    lives: u64,
    format_is_unknown: bool,
    network_is_slow: bool,
    is_resting: bool,
    settings: LeaderSettings,
}

/// The leader's side of a stream. It outlives the leader's memory.
struct Socket {
    /// `None` where no agent is at its other end.
    attachment: Option<Vec<u8>>,
    pinged_at: Timestamp,
    /// A stream delivers in order.
    arrives_at: u64,
}

struct Isolate {
    replica: Replica,
    life: u64,
    ahead_ms: u64,
}

struct Machine {
    id: AgentId,
    process: Option<Agent>,
    life: u64,
    stream: Stream,
    arrives_at: u64,
    ponged_at: u64,
    opens_at: u64,
    pulls_until: u64,
    saved: Option<Vec<Vec<u8>>>,
    is_superseded: bool,
    ahead_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Closed,
    Opening(u64),
    Open(u64),
}

struct Follower {
    replica: Replica,
    stream: Stream,
    must_pull: bool,
    opens_at: u64,
    pulls_until: u64,
}

#[derive(Default)]
struct Nsqd {
    is_alive: bool,
    hangs: bool,
    session: Option<u64>,
    serves: BTreeMap<lookupd_core::TopicName, std::collections::BTreeSet<lookupd_core::ChannelName>>,
}

/// What is on its way, or a timer.
enum Due {
    Write(Write),
    Installed { isolate: usize, life: u64, bytes: Vec<u8>, began: u64 },
    Acknowledged { revision: Revision, hides: bool, restores: u64 },
    Pull { holder: Holder, cursor: Option<Cursor>, asked: u64, read: Option<Reading> },
    Pulled { holder: Holder, bytes: Option<Vec<u8>>, asked: u64, read: Option<Reading> },
    OpenAgent { machine: usize, connection: u64, life: u64 },
    OpenFollower { follower: usize, connection: u64 },
    Opened { connection: u64 },
    Closed { connection: u64, closing: Option<Closing> },
    Up { connection: u64, bytes: Vec<u8> },
    Down { connection: u64, bytes: Vec<u8> },
    Ping { connection: u64 },
    Pong { connection: u64 },
    SocketGone { connection: u64 },
    Sweep,
    Tick,
}

/// A command, and what comes of it on its way.
struct Write {
    isolate: usize,
    life: u64,
    command: Command,
    cursor: Option<Cursor>,
    began: u64,
    answer_lost: bool,
    twice: bool,
}

#[derive(Clone, Copy)]
struct Reading {
    began: u64,
    is_cancelled: bool,
}

/// The store failed: the object is aborted.
struct Aborted;

impl World {
    pub(crate) fn new(seed: u64, only: Option<u8>) -> Self {
        let mut world = Self {
            now: 0,
            random: Random::new(seed ^ 0x5bd1_e995),
            queue: BTreeMap::new(),
            queued: 0,
            checks: Checks::new(only),
            disk: Disk::default(),
            leader: None,
            leader_away_until: 0,
            leader_acted_at: 0,
            clock_behind: 0,
            sockets: BTreeMap::new(),
            isolates: (0..ISOLATES)
                .map(|place| Isolate { replica: Replica::default(), life: 0, ahead_ms: place as u64 * 7_000_000 })
                .collect(),
            agents: (0..AGENTS).map(|place| Machine::new(&format!("agent{place}"), place as u64 * 90_000)).collect(),
            followers: (0..FOLLOWERS).map(|_| Follower::new()).collect(),
            nsqds: (0..NSQDS).map(|_| Nsqd { is_alive: true, ..Nsqd::default() }).collect(),
            connections: 0,
            lives: 0,
            format_is_unknown: false,
            network_is_slow: false,
            is_resting: false,
            settings: if seed.is_multiple_of(8) { LeaderSettings { limits: TIGHT, ..SETTINGS } } else { SETTINGS },
        };
        for machine in 0..AGENTS {
            world.start(machine);
        }
        world.later(1, Due::Tick);
        world.later(T_MS / 3, Due::Sweep);
        world
    }

    pub(crate) fn take(&mut self, event: &Event) {
        self.pass(event.after_ms);
        match event.what.clone() {
            What::Write { isolate, command, answer_lost, twice } => {
                let Isolate { replica, life, .. } = &self.isolates[isolate];
                let (cursor, life) = (replica.cursor(), *life);
                let due = Due::Write(Write { isolate, life, command, cursor, began: self.now, answer_lost, twice });
                self.travels(due);
            }
            What::Read { isolate, needs_confirmation, cancelled } => self.read(isolate, needs_confirmation, cancelled),
            What::Register { nsqd, topic, channel } => {
                self.nsqds[nsqd].serves.entry(topic.clone()).or_default().extend(channel.clone());
                self.nsqd_asks(nsqd, &Request::Register { topic, channel });
            }
            What::Unregister { nsqd, topic, channel } => {
                match &channel {
                    None => drop(self.nsqds[nsqd].serves.remove(&topic)),
                    Some(channel) => {
                        if let Some(channels) = self.nsqds[nsqd].serves.get_mut(&topic) {
                            channels.remove(channel);
                        }
                    }
                }
                self.nsqd_asks(nsqd, &Request::Unregister { topic, channel });
            }
            What::NsqdReconnects { nsqd, overlapping } => self.nsqd_reconnects(nsqd, overlapping),
            What::NsqdStops { nsqd } => {
                self.nsqd_disconnects(nsqd);
                self.nsqds[nsqd].is_alive = false;
            }
            What::NsqdStarts { nsqd } => self.nsqds[nsqd].is_alive = true,
            What::NsqdHangs { nsqd, hangs } => self.nsqds[nsqd].hangs = hangs,
            What::AgentCrashes { agent, keeps_replica } => self.crash(agent, keeps_replica),
            What::AgentStarts { agent } => self.start(agent),
            What::TwinStarts { agent } if self.agents.len() < AGENTS + 2 => {
                let id = self.agents[agent].id.to_string();
                self.agents.push(Machine::new(&id, 5));
                self.start(self.agents.len() - 1);
            }
            What::TwinStarts { .. } | What::Nothing => {}
            What::AgentSaves { agent } => {
                let machine = &mut self.agents[agent];
                machine.saved = machine.process.as_ref().and_then(|agent| agent.replica().save());
            }
            What::StreamBreaks { agent } => self.break_stream(agent),
            What::IsolateStartsAnew { isolate } => {
                let isolate = &mut self.isolates[isolate];
                (isolate.replica, isolate.life) = (Replica::default(), isolate.life + 1);
            }
            What::LeaderEvicted => self.leader = None,
            What::LeaderRedeployed => self.abort(),
            What::LeaderAway { ms } => self.leader_away_until = self.now + ms,
            What::DiskFails(failure) => self.disk.fail_next_write(Some(failure)),
            What::BackUp => {
                self.disk.back_up();
                self.checks.back_up();
            }
            What::PutBack => {
                self.abort();
                self.disk.put_back();
                self.checks.put_back(self.now);
            }
            What::ClockStepsBack { ms } => {
                self.clock_behind += ms;
                self.checks.clock_stepped(self.now);
            }
            What::FormatUnknown(is_unknown) => self.format_is_unknown = is_unknown,
            What::NetworkSlow(is_slow) => self.network_is_slow = is_slow,
        }
        self.flush();
    }

    // Time and the network.

    fn pass(&mut self, ms: u64) {
        let until = self.now + ms;
        while let Some((&(at, number), _)) = self.queue.first_key_value()
            && at <= until
            && self.checks.violation.is_none()
        {
            self.now = self.now.max(at);
            let due = self.queue.remove(&(at, number)).unwrap();
            self.happens(due);
            self.flush();
        }
        self.now = until;
    }

    fn later(&mut self, ms: u64, due: Due) {
        self.queued += 1;
        self.queue.insert((self.now + ms, self.queued), due);
    }

    fn travel_time(&mut self) -> u64 {
        if self.network_is_slow && self.random.once_in(2) {
            self.random.below(3_000)
        } else {
            1 + self.random.below(30)
        }
    }

    fn travels(&mut self, due: Due) {
        let ms = self.travel_time();
        self.later(ms, due);
    }

    fn is_lost(&mut self) -> bool {
        !self.is_resting && self.random.once_in(25)
    }

    fn local(&self, ahead_ms: u64) -> Timestamp {
        Timestamp::from_millis(BASE - 600_000 + ahead_ms + self.now)
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(BASE + self.now - self.clock_behind.min(BASE))
    }

    fn happens(&mut self, due: Due) {
        match due {
            Due::Write(write) => self.write_arrives(write),
            Due::Installed { isolate, life, bytes, began } => self.install(isolate, life, &bytes, began),
            Due::Acknowledged { revision, hides, restores } => {
                if restores == self.checks.restores {
                    self.checks.acknowledged(revision, hides, self.now);
                }
            }
            Due::Pull { holder, cursor, asked, read } => {
                let answer = self.turn(|leader, wall| leader.catch_up(cursor, wall).map_err(|_| Aborted));
                let bytes = answer.filter(|_| !self.is_lost()).map(|mut answer| {
                    if let Some(last) =
                        answer.batches.last_mut().filter(|_| self.format_is_unknown && self.now.is_multiple_of(2))
                    {
                        last[0] = FORMAT as u8 + 1;
                        return answer.encode();
                    }
                    self.formatted(answer.encode())
                });
                match bytes {
                    Some(bytes) => self.travels(Due::Pulled { holder, bytes: Some(bytes), asked, read }),
                    None => self.later(2_000, Due::Pulled { holder, bytes: None, asked, read }),
                }
            }
            Due::Pulled { holder, bytes, asked, read } => self.pulled(holder, bytes, asked, read),
            Due::OpenAgent { machine, connection, life } => self.open_agent(machine, connection, life),
            Due::OpenFollower { follower, connection } => {
                if self.turn(|_, _| Ok(())).is_some() {
                    self.accept(connection, None);
                } else {
                    self.followers[follower].stream = Stream::Closed;
                }
            }
            Due::Opened { connection } => self.opened(connection),
            Due::Closed { connection, closing } => self.closed(connection, closing),
            Due::Up { connection, bytes } => self.up(connection, &bytes),
            Due::Down { connection, bytes } => self.down(connection, &bytes),
            Due::Ping { connection } => {
                let wall = self.wall();
                if let Some(socket) = self.sockets.get_mut(&connection) {
                    socket.pinged_at = wall;
                    self.travels(Due::Pong { connection });
                }
            }
            Due::Pong { connection } => {
                let now = self.now;
                if let Some(machine) = self.agents.iter_mut().find(|machine| machine.stream == Stream::Open(connection))
                {
                    machine.ponged_at = now;
                }
            }
            Due::SocketGone { connection } => self.socket_gone(connection),
            Due::Sweep => self.sweep(),
            Due::Tick => self.tick(),
        }
    }
}
