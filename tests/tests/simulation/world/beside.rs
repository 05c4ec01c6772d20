//! Without faults, everybody beside a plain nsqlookupd.

use super::{World, nsqds::agent_of};
use crate::{
    checks::Violation,
    event::{AGENTS, Event, ISOLATES, NSQDS, What, nsqd_info},
    nsqlookupd::{Answers, Client, Nsqlookupd},
};

/// A run in which nothing fails. That the leader loses its memory is no fault: it may at any time.
pub(crate) struct Beside {
    world: World,
    nsqlookupd: Nsqlookupd,
    /// Of each nsqd, which connection it had when that was looked at last.
    sessions: [Option<u64>; NSQDS],
}

impl Beside {
    pub(crate) fn new(seed: u64) -> Self {
        let mut world = World::new(seed, Some(21));
        world.is_resting = true;
        world.settings = super::SETTINGS;
        let mut beside = Self { world, nsqlookupd: Nsqlookupd::default(), sessions: [None; NSQDS] };
        beside.settle();
        beside
    }

    /// Takes the event, where it isn't a fault, and waits until all know.
    pub(crate) fn take(&mut self, event: &Event) {
        let mut event = event.clone();
        match &mut event.what {
            What::Write { answer_lost, twice, .. } => (*answer_lost, *twice) = (false, false),
            What::NsqdReconnects { overlapping, .. } => *overlapping = false,
            What::Register { .. }
            | What::Unregister { .. }
            | What::Read { .. }
            | What::NsqdStops { .. }
            | What::NsqdStarts { .. }
            | What::IsolateStartsAnew { .. }
            | What::LeaderEvicted => {}
            _ => return,
        }
        self.world.pass(event.after_ms);
        self.connections();
        match &event.what {
            What::Write { command, .. } => self.nsqlookupd.http(command, self.world.now),
            What::Register { nsqd, topic, channel } if self.sessions[*nsqd].is_some() => {
                self.nsqlookupd.register(&client(*nsqd), topic, channel.as_deref());
            }
            What::Unregister { nsqd, topic, channel } if self.sessions[*nsqd].is_some() => {
                self.nsqlookupd.unregister(&client(*nsqd), topic, channel.as_deref());
            }
            _ => {}
        }
        event.after_ms = 0;
        self.world.take(&event);
        self.settle();
        for isolate in 0..ISOLATES {
            self.world.read(isolate, true, false);
        }
        self.world.pass(200);
        self.compare();
    }

    fn settle(&mut self) {
        self.world.pass(12_000);
        self.connections();
    }

    /// Whoever connected says what it serves; whoever is gone is gone with it.
    fn connections(&mut self) {
        for nsqd in 0..NSQDS {
            let (before, now) = (self.sessions[nsqd], self.world.nsqds[nsqd].session);
            if before == now {
                continue;
            }
            self.sessions[nsqd] = now;
            self.nsqlookupd.disconnect(&client(nsqd));
            if now.is_none() {
                continue;
            }
            self.nsqlookupd.identify(&client(nsqd), None);
            for (topic, channels) in &self.world.nsqds[nsqd].serves {
                self.nsqlookupd.register(&client(nsqd), topic, None);
                for channel in channels {
                    self.nsqlookupd.register(&client(nsqd), topic, Some(channel));
                }
            }
        }
    }

    fn compare(&mut self) {
        let wall = self.world.wall();
        if let Some(answers) = self.world.turn(|leader, _| Ok(Answers::of(leader.registry(), leader.now(wall)))) {
            self.expect("the leader", answers);
        }
        for place in 0..ISOLATES {
            let isolate = &self.world.isolates[place];
            let now = isolate.replica.leader_now(self.world.local(isolate.ahead_ms));
            let answers = Answers::of(isolate.replica.registry(), now);
            self.expect(&format!("isolate {place}"), answers);
        }
        for place in 0..AGENTS {
            let machine = &self.world.agents[place];
            let Some(agent) = &machine.process else { continue };
            let now = agent.replica().leader_now(self.world.local(machine.ahead_ms));
            let answers = Answers::of(agent.registry(), now);
            self.expect(&format!("agent {place}"), answers);
        }
    }

    fn expect(&mut self, who: &str, answers: Answers) {
        let now = self.world.now;
        let doubtful = self.nsqlookupd.doubtful(now);
        let theirs = self.nsqlookupd.answers(now).without(&doubtful);
        let ours = answers.without(&doubtful);
        self.world.checks.expect(21, ours == theirs, || format!("{who} at {now}: {ours:?}, and nsqlookupd {theirs:?}"));
    }

    /// What was broken, if anything.
    pub(crate) fn violation(&self) -> Option<Violation> {
        self.world.checks.violation.clone()
    }
}

fn client(nsqd: usize) -> Client {
    (nsqd_info(nsqd, false).node().to_string(), format!("agent{}", agent_of(nsqd)))
}
