//! The leader as a whole, with its disk and a replica.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU16,
    time::Duration,
};

use lookupd_core::{
    AgentId, ChannelName, ClaimKey, Command, Fact, Fault, GRANT, Leader, LeaderSettings, Lifetimes, Limits, Node,
    ProducerInfo, Replica, Timestamp, TopicName, Via,
};

use crate::{
    disk::{Disk, Failure},
    state::{Described, check},
};

/// Steps, a byte each, and behind it what the step needs: commands, time, writes that fail, restarts, compactions.
///
/// What is refused changes nothing, a rehearsal tells what will happen and nothing else, a write that failed happened whole or
/// not at all, and what was acknowledged is there after every restart and at every replica.
pub fn leader(script: &[u8]) {
    let mut story = Story::new();
    let mut script = Script(script);
    for _ in 0..MOST_STEPS {
        match script.next() {
            None => break,
            Some(step) => story.take(step, &mut script),
        }
    }
    story.restarts();
    story.is_followed();
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

struct Story {
    disk: Disk,
    leader: Leader<Disk>,
    clock: Timestamp,
    replica: Replica,
    /// The replica's own, which never falls.
    replica_clock: Timestamp,
    outgrew: bool,
}

impl Story {
    fn new() -> Self {
        let (disk, clock) = (Disk::default(), Timestamp::from_millis(1_700_000_000_000));
        Self {
            leader: Leader::load(disk.clone(), SETTINGS, clock).unwrap(),
            disk,
            clock,
            replica: Replica::default(),
            replica_clock: Timestamp::default(),
            outgrew: false,
        }
    }

    fn take(&mut self, step: u8, script: &mut Script<'_>) {
        match step % 16 {
            0 => self.clock = self.clock.plus(script.time()),
            1 => self.clock = self.clock.minus(script.time()),
            2 => self.disk.fail_next_write(Failure::BeforeItStores),
            3 => self.disk.fail_next_write(Failure::AfterItStored),
            4 => self.restarts(),
            5 => self.is_followed(),
            6 if step >= 128 => self.hears_an_agent(script),
            6 if step < 32 => self.compacts(),
            6 => self.is_followed(),
            _ => {
                let command = script.command(step);
                self.carries_out(&command);
            }
        }
    }

    fn carries_out(&mut self, command: &Command) {
        self.sweeps();
        let revision = self.leader.registry().revision();
        let before = Described::of(self.leader.registry());
        let facts = facts(&self.leader);
        let rehearsed = self.leader.rehearse(command, self.clock);
        assert_eq!(Described::of(self.leader.registry()), before, "a rehearsal changes nothing");
        match self.leader.execute(command, self.clock) {
            Ok(outcome) => {
                assert_eq!(outcome.revision, self.leader.registry().revision());
                assert_eq!(outcome.changed, outcome.revision == revision + 1);
                let impact = rehearsed.unwrap();
                let now = self::facts(&self.leader);
                assert_eq!(as_text(impact.added), now.difference(&facts).cloned().collect(), "added by {command:?}");
                assert_eq!(
                    as_text(impact.removed),
                    facts.difference(&now).cloned().collect(),
                    "removed by {command:?}"
                );
                check(self.leader.registry(), self.leader.cursor());
            }
            Err(Fault::Refused(refusal)) => {
                assert_eq!(rehearsed.err(), Some(refusal));
                assert_eq!(Described::of(self.leader.registry()), before, "what is refused changes nothing");
                assert_eq!(self.leader.registry().revision(), revision);
            }
            Err(Fault::NotStored(_)) => {
                self.loads();
                let now = self.leader.registry().revision();
                assert!(now == revision || now == revision + 1, "{revision} {now}");
                assert!(now > revision || Described::of(self.leader.registry()) == before, "not half stored");
            }
        }
    }

    fn sweeps(&mut self) {
        while self.leader.sweep(self.clock).is_err() {
            self.loads();
        }
    }

    fn restarts(&mut self) {
        let before = (self.leader.cursor(), check(self.leader.registry(), self.leader.cursor()));
        self.loads();
        assert_eq!((self.leader.cursor(), Described::of(self.leader.registry())), before, "a restart changes nothing");
    }

    fn loads(&mut self) {
        self.leader = Leader::load(self.disk.clone(), SETTINGS, self.clock).unwrap();
    }

    /// Once, since it takes long, a log that is worth compacting: a producer says a few things of a length that no home
    /// would let it, and then nothing special.
    fn compacts(&mut self) {
        if !self.outgrew {
            self.outgrew = true;
            for hostname in ["x".repeat(100 << 10), "y".repeat(100 << 10), "x".repeat(100 << 10), "h".into()] {
                let info = ProducerInfo { hostname: hostname.into(), ..producer("n") };
                if let Err(Fault::NotStored(_)) =
                    self.leader.execute(&Command::Identify { via: Via::Http, info }, self.clock)
                {
                    self.loads();
                }
            }
        }
        if self.leader.compact(self.clock).is_err() {
            self.loads();
        }
    }

    fn hears_an_agent(&mut self, script: &mut Script<'_>) {
        self.leader.hear_agent(&script.agent(), self.clock, self.clock);
        while self.leader.sweep_now(self.clock).is_err() {
            self.loads();
        }
    }

    fn is_followed(&mut self) {
        let answer = self.leader.catch_up(self.replica.cursor(), self.clock).unwrap();
        self.replica.catch_up(&answer, self.replica_clock, self.replica_clock).unwrap();
        self.replica_clock = self.replica_clock.plus(Duration::from_millis(1));
        assert_eq!(self.replica.cursor(), Some(self.leader.cursor()));
        let described = Described::of(self.leader.registry());
        assert_eq!(Described::of(self.replica.registry()), described, "a replica holds the same");
    }
}

/// What there is, told as rehearsals tell it.
fn facts(leader: &Leader<Disk>) -> BTreeSet<String> {
    let registry = leader.registry();
    let mut facts = Vec::new();
    for topic in registry.topics() {
        facts.push(Fact::Topic(topic.name().clone()));
        facts.extend(topic.producers().map(|p| Fact::Registration(p.key.clone(), topic.name().clone(), None)));
        for channel in topic.channels() {
            facts.push(Fact::Channel(topic.name().clone(), channel.clone()));
            let producers = topic.channel_producers(channel).unwrap();
            facts.extend(
                producers.map(|p| Fact::Registration(p.key.clone(), topic.name().clone(), Some(channel.clone()))),
            );
        }
    }
    facts.extend(registry.claims().map(|claim| Fact::Producer(claim.key.clone())));
    facts.extend(registry.tombstones().map(|(topic, node, at)| Fact::Tombstone(topic.clone(), node.clone(), at)));
    as_text(facts)
}

fn as_text(facts: impl IntoIterator<Item = Fact>) -> BTreeSet<String> {
    facts.into_iter().map(|fact| format!("{fact:?}")).collect()
}

/// Choices, a byte each; zeros beyond the end.
struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.next().unwrap_or(0)) % choices.len()]
    }

    /// From a second to days.
    fn time(&mut self) -> Duration {
        let (factor, unit) = (self.next().unwrap_or(0), self.one_of(&[1, 60, 3_600]));
        Duration::from_secs(u64::from(factor) * unit)
    }

    fn command(&mut self, step: u8) -> Command {
        match step % 16 {
            7 => Command::CreateTopic { topic: self.topic() },
            8 => Command::DeleteTopic { topic: self.topic() },
            9 => Command::CreateChannel { topic: self.topic(), channel: self.channel() },
            10 => Command::DeleteChannel { topic: self.topic(), channel: self.channel() },
            11 => Command::Tombstone { topic: self.topic(), node: self.node() },
            12 if step < 128 => Command::Identify { via: self.via(), info: self.info() },
            12 => Command::Leave { claim: self.claim() },
            13 if step < 128 => {
                let topics = self.topics();
                Command::Announce { via: self.via(), info: self.info(), topics }
            }
            13 => {
                let unregister = 0..self.one_of(&[0, 1, 2]);
                let unregister = unregister.map(|_| (self.topic(), self.some_channel())).collect();
                Command::Update { claim: self.claim(), unregister, register: self.topics() }
            }
            14 if step < 32 => {
                let incarnation = self.one_of(&[1, 2, 3]);
                Command::StartAgent { agent: self.agent(), incarnation }
            }
            14 if step < 64 => {
                let nodes = 0..self.one_of(&[0, 1, 2]);
                let nodes = nodes.map(|_| self.node()).collect();
                Command::Settle { agent: self.agent(), nodes }
            }
            14 => {
                let (topic, channel) = (self.topic(), self.some_channel());
                Command::Unregister { claim: self.claim(), topic, channel }
            }
            _ => {
                let (topic, channel) = (self.topic(), self.some_channel());
                Command::Register { via: self.via(), info: self.info(), topic, channel }
            }
        }
    }

    fn topic(&mut self) -> TopicName {
        TopicName::parse(self.one_of(&["a", "b", "c", "d", "e#ephemeral", "f#ephemeral"])).unwrap()
    }

    fn channel(&mut self) -> ChannelName {
        ChannelName::parse(self.one_of(&["a", "b", "c", "e#ephemeral"])).unwrap()
    }

    fn topics(&mut self) -> BTreeMap<TopicName, BTreeSet<ChannelName>> {
        let topics = 0..self.one_of(&[0, 1, 2, 3]);
        let topics = topics.map(|_| {
            let channels = 0..self.one_of(&[0, 1, 2]);
            (self.topic(), channels.map(|_| self.channel()).collect())
        });
        topics.collect()
    }

    fn some_channel(&mut self) -> Option<ChannelName> {
        (self.one_of(&[0, 1]) == 1).then(|| self.channel())
    }

    fn via(&mut self) -> Via {
        match self.one_of(&[0, 1, 2]) {
            0 => Via::Http,
            1 => Via::Tcp,
            _ => Via::Agent(self.agent()),
        }
    }

    fn agent(&mut self) -> AgentId {
        AgentId::parse(self.one_of(&["x", "y", "z"])).unwrap()
    }

    fn info(&mut self) -> ProducerInfo {
        let version = self.one_of(&["1", "2"]);
        ProducerInfo { version: version.into(), ..producer(self.one_of(&["n", "m", "::1"])) }
    }

    fn node(&mut self) -> Node {
        self.info().node()
    }

    fn claim(&mut self) -> ClaimKey {
        ClaimKey { node: self.node(), via: self.via() }
    }
}

fn producer(broadcast_address: &str) -> ProducerInfo {
    let port = NonZeroU16::new(4151).unwrap();
    ProducerInfo {
        remote_address: "127.0.0.1:5".into(),
        hostname: "h".into(),
        broadcast_address: broadcast_address.into(),
        tcp_port: port,
        http_port: port,
        version: "1".into(),
        topology_zone: "".into(),
        topology_region: "".into(),
    }
}
