//! The leader's home: one turn at a time, hibernation, streams' other ends.

use lookupd_core::{
    ClaimKey, Command, FORMAT, Leader, Outcome, Timestamp,
    link::{Closing, LeaderEnd, MAX_MESSAGE_LENGTH, ToFollower},
};

use super::{Aborted, Due, HIBERNATION_MS, Socket, T_MS, World, Write};
use crate::disk::Disk;

impl World {
    /// One event at the leader, whole; `None` where it can't be reached or its store failed.
    pub(super) fn turn<R>(
        &mut self,
        act: impl FnOnce(&mut Leader<Disk>, Timestamp) -> Result<R, Aborted>,
    ) -> Option<R> {
        if self.now < self.leader_away_until {
            return None;
        }
        if self.now - self.leader_acted_at > HIBERNATION_MS {
            self.leader = None;
        }
        self.leader_acted_at = self.now;
        let wall = self.wall();
        let mut leader = match self.leader.take() {
            Some(leader) => leader,
            None => match Leader::load(self.disk.clone(), self.settings, wall) {
                Ok(leader) => leader,
                Err(error) => {
                    self.checks.expect(2, false, || format!("can't be loaded: {error}"));
                    return None;
                }
            },
        };
        let result = leader.sweep(wall).map_err(|_| Aborted).and_then(|()| act(&mut leader, wall));
        let result = result.and_then(|given| leader.compact(wall).map(|()| given).map_err(|_| Aborted));
        let stored = self.disk.take_news();
        self.checks.stored(&stored);
        let Ok(given) = result else {
            self.abort();
            return None;
        };
        self.checks.leader(&leader, wall, self.now);
        let pushes = leader.take_pushes();
        self.leader = Some(leader);
        let all: Vec<u64> = self.sockets.keys().copied().collect();
        for push in &pushes {
            for connection in &all {
                self.send_down(*connection, push);
            }
        }
        Some(given)
    }

    /// The object and its sockets are gone; it is loaded again when it is asked.
    pub(super) fn abort(&mut self) {
        self.leader = None;
        for connection in std::mem::take(&mut self.sockets).into_keys() {
            self.travels(Due::Closed { connection, closing: None });
        }
    }

    pub(super) fn formatted(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if self.format_is_unknown {
            bytes[0] = FORMAT as u8 + 1;
        }
        bytes
    }

    pub(super) fn send_down(&mut self, connection: u64, message: &ToFollower) {
        let bytes = self.formatted(message.encode());
        self.checks.expect(18, bytes.len() <= MAX_MESSAGE_LENGTH, || format!("a message of {} bytes", bytes.len()));
        let at = self.now + self.travel_time();
        let Some(socket) = self.sockets.get_mut(&connection) else { return };
        socket.arrives_at = socket.arrives_at.max(at);
        let ms = socket.arrives_at - self.now;
        self.later(ms, Due::Down { connection, bytes });
    }

    pub(super) fn sweep(&mut self) {
        self.later(T_MS / 3, Due::Sweep);
        let pinged: Vec<_> = self
            .sockets
            .values()
            .filter_map(|socket| {
                let end = LeaderEnd::decode(socket.attachment.as_ref()?).unwrap();
                Some((end.agent().clone(), socket.pinged_at))
            })
            .collect();
        let beacon = self.turn(|leader, wall| {
            pinged.iter().for_each(|(agent, at)| leader.hear_agent(agent, *at, wall));
            leader.sweep_now(wall).map_err(|_| Aborted)?;
            Ok(leader.beacon(wall))
        });
        let Some(beacon) = beacon else { return };
        let all: Vec<u64> = self.sockets.keys().copied().collect();
        all.into_iter().for_each(|connection| self.send_down(connection, &beacon));
    }

    pub(super) fn write_arrives(&mut self, write: Write) {
        let Write { isolate, life, command, cursor, began, answer_lost, twice } = write;
        let command = &command;
        if let Command::Leave { claim } = command {
            self.checks.left(claim);
        }
        if let Command::Register { via, info, .. } = command {
            self.checks.may_be_heard(ClaimKey { node: info.node(), via: via.clone() }, self.now);
        }
        let writes = self.disk.writes();
        let done = self.turn(|leader, wall| {
            let outcome = leader.execute(command, wall);
            match outcome {
                Ok(outcome) => {
                    let answer = leader.catch_up(cursor, wall).map_err(|_| Aborted)?;
                    Ok(Some((outcome, answer)))
                }
                Err(lookupd_core::Fault::Refused(_)) => Ok(None),
                Err(lookupd_core::Fault::NotStored(_)) => Err(Aborted),
            }
        });
        let Some(Some((outcome, answer))) = done else {
            if matches!(done, Some(None)) {
                let written = self.disk.writes() - writes;
                // What the sweep before it noticed is written all the same.
                self.checks.expect(18, written <= 3, || format!("a refusal wrote {written} times"));
            }
            return;
        };
        if let Command::Register { via, info, .. } = command {
            self.checks.heard_over_http(ClaimKey { node: info.node(), via: via.clone() }, self.now);
        }
        if twice && !matches!(command, Command::Tombstone { .. }) {
            let again = self.turn(|leader, wall| leader.execute(command, wall).map_err(|_| Aborted));
            if let Some(Outcome { changed, .. }) = again {
                self.checks.expect(15, !changed, || format!("{command:?} changed something twice"));
            }
        }
        if answer_lost {
            return;
        }
        let hides =
            matches!(command, Command::Tombstone { .. } | Command::DeleteTopic { .. } | Command::DeleteChannel { .. });
        let (bytes, ms) = (self.formatted(answer.encode()), self.travel_time());
        self.later(ms, Due::Installed { isolate, life, bytes, began });
        let hold = lookupd_core::millis(outcome.hold);
        let restores = self.checks.restores;
        self.later(ms + hold, Due::Acknowledged { revision: outcome.revision, hides, restores });
    }

    pub(super) fn open_agent(&mut self, machine: usize, connection: u64, life: u64) {
        let id = self.agents[machine].id.clone();
        let result = self.turn(|leader, wall| LeaderEnd::open(leader, id, life, connection, wall).map_err(|_| Aborted));
        match result {
            None => self.travels(Due::Closed { connection, closing: None }),
            Some(Err(closing)) => self.travels(Due::Closed { connection, closing: Some(closing) }),
            Some(Ok(end)) => {
                let others: Vec<(u64, LeaderEnd)> = self
                    .sockets
                    .iter()
                    .filter_map(|(connection, socket)| {
                        Some((*connection, LeaderEnd::decode(socket.attachment.as_ref()?).unwrap()))
                    })
                    .collect();
                if others.iter().any(|(_, other)| other.replaces(&end)) {
                    return self.travels(Due::Closed { connection, closing: Some(Closing::Replaced) });
                }
                for (replaced, _) in others.into_iter().filter(|(_, other)| end.replaces(other)) {
                    self.sockets.remove(&replaced);
                    self.travels(Due::Closed { connection: replaced, closing: Some(Closing::Replaced) });
                }
                self.accept(connection, Some(end.encode()));
            }
        }
    }

    pub(super) fn accept(&mut self, connection: u64, attachment: Option<Vec<u8>>) {
        let arrives_at = self.now + self.travel_time();
        self.sockets.insert(connection, Socket { attachment, pinged_at: self.wall(), arrives_at });
        self.later(arrives_at - self.now, Due::Opened { connection });
    }

    /// What its heartbeats told goes over to the leader, while that remembers.
    pub(super) fn socket_gone(&mut self, connection: u64) {
        let Some(Socket { attachment: Some(attachment), pinged_at, .. }) = self.sockets.remove(&connection) else {
            return;
        };
        let wall = self.wall();
        if let Some(leader) = &mut self.leader {
            leader.hear_agent(LeaderEnd::decode(&attachment).unwrap().agent(), pinged_at, wall);
        }
    }

    pub(super) fn up(&mut self, connection: u64, bytes: &[u8]) {
        let Some(attachment) = self.sockets.get(&connection).and_then(|socket| socket.attachment.clone()) else {
            return;
        };
        let mut end = LeaderEnd::decode(&attachment).unwrap();
        let answer = self.turn(|leader, wall| end.receive(leader, bytes, wall).map_err(|_| Aborted));
        match answer {
            None if self.sockets.contains_key(&connection) => {
                // Away: the stream breaks.
                self.sockets.remove(&connection);
                self.travels(Due::Closed { connection, closing: None });
            }
            None => {}
            Some(Ok(answer)) => {
                if let Some(socket) = self.sockets.get_mut(&connection) {
                    socket.attachment = Some(end.encode());
                }
                self.send_down(connection, &answer);
                // Delivered twice, it is refused and does nothing.
                if self.random.once_in(16) {
                    let cursor = self.leader.as_ref().map(Leader::cursor);
                    let again = self.turn(|leader, wall| end.receive(leader, bytes, wall).map_err(|_| Aborted));
                    let is_same = self.leader.as_ref().map(Leader::cursor) == cursor;
                    self.checks.expect(15, again.is_none() || is_same, || "a second delivery wrote something".into());
                }
            }
            Some(Err(closing)) => {
                self.sockets.remove(&connection);
                self.travels(Due::Closed { connection, closing: Some(closing) });
            }
        }
    }
}
