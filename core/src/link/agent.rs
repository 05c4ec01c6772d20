//! The whole agent: its nsqds on one side, its leader on the other, and what it answers in between.

use alloc::{collections::BTreeSet, string::String, vec::Vec};
use core::{mem, time::Duration};

use super::{
    agent_end::AgentEnd,
    message::{Refused, ToFollower},
    sessions::SessionId,
};
use crate::{
    change::{Batch, CatchUp, Change, Cursor, DecodeError},
    name::TopicName,
    producer::{AgentId, ClaimKey, Incarnation, Lifetimes, Node, ProducerInfo, Via},
    protocol::Request,
    registry::{Registry, Touched},
    replica::{CannotFollow, Replica},
    time::Timestamp,
};

/// An agent that follows a leader.
///
/// It answers nsqd from what nsqd said, whatever becomes of the leader; and everyone else from its replica with that laid
/// over it, so that what was said here shows here at once, also while the leader is away.
///
/// Its home calls, beside what [`AgentEnd`] asks of it: [`pulled`](Self::pulled) with each answer of `/v1/changes`, which it asks
/// for whenever [`must_pull`](Self::must_pull) says so and when a stream was opened.
#[derive(Clone, Debug)]
pub struct Agent {
    id: AgentId,
    incarnation: Incarnation,
    started_at: Timestamp,
    end: AgentEnd,
    replica: Replica,
    /// The replica's state with what is said here laid over it.
    view: Registry,
    missed: Missed,
    touched: Touched,
    completions: Vec<Completion>,
}

/// A tombstone that is to be completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Whose nsqd, by what it says of itself.
    pub info: ProducerInfo,
    /// The topic that it is to delete.
    pub topic: TopicName,
}

/// What the leader is to be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missed {
    Nothing,
    /// What happened before then, whether or not an answer to an earlier request tells.
    Changes {
        known_at: Timestamp,
    },
    /// Changes don't follow on the state.
    Everything {
        known_at: Timestamp,
    },
}

impl Agent {
    /// One that starts now, with the replica that an earlier life saved or an empty one. What that life announced counts as
    /// silent from now on: consumers go on finding it while its nsqds come back.
    pub fn new(id: AgentId, incarnation: Incarnation, replica: Replica, now: Timestamp) -> Self {
        let view = Registry::default();
        let end = AgentEnd::default();
        let missed = Missed::Changes { known_at: Timestamp::default() };
        let touched = Touched::All;
        let completions = Vec::new();
        let mut agent = Self { id, incarnation, started_at: now, end, replica, view, missed, touched, completions };
        agent.lay_all_over();
        agent
    }

    /// Which one it is, and in which life.
    pub fn identity(&self) -> (&AgentId, Incarnation) {
        (&self.id, self.incarnation)
    }

    /// What it answers from.
    pub fn registry(&self) -> &Registry {
        &self.view
    }

    /// What the leader said, as it said it.
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// What its nsqds said, and what of that the leader knows.
    pub fn end(&self) -> &AgentEnd {
        &self.end
    }

    /// [`AgentEnd::identify`].
    pub fn identify(&mut self, session: SessionId, info: &ProducerInfo, now: Timestamp) {
        let claim = self.claim(info.node());
        self.end.identify(session, info.clone(), now);
        self.lay_over(&Change::Identified { claim: claim.clone(), info: info.clone() });
        self.lay_over(&Change::Heard { claim });
    }

    /// [`AgentEnd::request`].
    pub fn request(&mut self, session: SessionId, node: &Node, request: &Request, now: Timestamp) -> bool {
        let was_complete = self.end.announcement(node).is_some_and(|said| said.complete);
        if !self.end.request(session, node, request, now) {
            return false;
        }
        let claim = self.claim(node.clone());
        match request {
            Request::Register { topic, channel } => {
                let topics = Vec::from([(topic.clone(), channel.iter().cloned().collect())]);
                self.lay_over(&Change::Registered { claim: claim.clone(), topics });
            }
            Request::Unregister { topic, channel } => {
                let (topic, channel) = (topic.clone(), channel.clone());
                self.lay_over(&Change::Unregistered { claim: claim.clone(), topic, channel });
            }
            Request::Identify | Request::Ping => {}
        }
        self.lay_over(&Change::Heard { claim });
        if self.end.announcement(node).is_some_and(|said| said.complete) && !was_complete {
            self.lay_over_announcement(node);
        }
        true
    }

    /// [`AgentEnd::end`].
    pub fn end_session(&mut self, session: SessionId, node: &Node) {
        if self.end.end(session, node) {
            self.lay_over(&Change::Left { claim: self.claim(node.clone()) });
        }
    }

    /// [`AgentEnd::tick`].
    pub fn tick(&mut self, now: Timestamp) {
        for (node, since) in self.end.tick(self.replica.lifetimes(), now) {
            let since = self.replica.leader_now(since);
            self.lay_over(&Change::Silent { claim: self.claim(node), since });
        }
    }

    /// [`AgentEnd::opened`]. The leader is asked for what happened before.
    pub fn opened(&mut self, now: Timestamp) {
        self.end.opened();
        self.missed = self.missed.or_changes(now);
    }

    /// [`AgentEnd::closed`].
    pub fn closed(&mut self) {
        self.end.closed();
    }

    /// [`AgentEnd::poll`].
    pub fn poll(&mut self, now: Timestamp) -> Option<Vec<u8>> {
        self.end.poll(now)
    }

    /// Takes a message of the stream. Gives what the leader won't do, to be logged.
    ///
    /// # Errors
    /// [`DecodeError`] for what isn't read here: the state stays as it is, and the stream is closed.
    pub fn heard(&mut self, bytes: &[u8], now: Timestamp) -> Result<Option<Refused>, DecodeError> {
        let message = ToFollower::decode(bytes)?;
        match self.replica.push(&message, now) {
            Ok(true) => {
                if let ToFollower::Batch { bytes, .. } = &message {
                    self.follow(&Batch::decode(bytes)?, now);
                }
            }
            Ok(false) => {}
            Err(CannotFollow::Undecodable(error)) => return Err(error),
            Err(CannotFollow::Gap(_) | CannotFollow::Diverged) => self.missed = self.missed.or_changes(now),
        }
        Ok(self.end.heard(&message))
    }

    /// Whether the leader is to be asked for changes.
    pub fn must_pull(&self) -> bool {
        self.missed != Missed::Nothing || self.replica.is_behind()
    }

    /// What to ask for changes since; everything where there is nothing yet, or where changes can't be followed.
    pub fn cursor(&self) -> Option<Cursor> {
        match self.missed {
            Missed::Everything { .. } => None,
            Missed::Nothing | Missed::Changes { .. } => self.replica.cursor(),
        }
    }

    /// Follows the answer to a request that began at `asked_at`. Says whether the state changed.
    ///
    /// # Errors
    /// [`CannotFollow`]: nothing of it was taken over; ask for everything.
    pub fn pulled(&mut self, answer: &CatchUp, asked_at: Timestamp, now: Timestamp) -> Result<bool, CannotFollow> {
        let before = self.replica.registry().revision();
        let changed = match self.replica.catch_up(answer, asked_at, now) {
            Ok(changed) => changed,
            Err(reason) => {
                self.missed = Missed::Everything { known_at: now };
                return Err(reason);
            }
        };
        self.missed = self.missed.after(asked_at);
        if changed && answer.anew {
            self.lay_all_over();
        } else if changed {
            for bytes in &answer.batches {
                let batch = Batch::decode(bytes)?;
                if batch.revision > before {
                    self.follow(&batch, now);
                }
            }
        }
        Ok(changed)
    }

    /// How long producers and tombstones live, as the leader says.
    pub fn lifetimes(&self) -> &Lifetimes {
        self.replica.lifetimes()
    }

    /// Which topics' answers may have become others since this was asked last.
    pub fn take_touched(&mut self) -> Touched {
        mem::take(&mut self.touched)
    }

    /// The tombstones that nsqds which are connected here are to complete, asked for since this was asked last. Of each the
    /// home tells what became of it by [`completed`](Self::completed).
    pub fn take_completions(&mut self) -> Vec<Completion> {
        mem::take(&mut self.completions)
    }

    /// [`AgentEnd::completed`].
    pub fn completed(&mut self, node: Node, topic: TopicName, problem: Option<String>) {
        self.end.completed(node, topic, problem);
    }

    fn claim(&self, node: Node) -> ClaimKey {
        ClaimKey { node, via: Via::Agent(self.id.clone()) }
    }

    /// Takes over what the leader decided; but of nodes that are connected here, this agent knows better.
    fn follow(&mut self, batch: &Batch, now: Timestamp) {
        // What was asked long ago, or of an earlier life, may be done: whoever asked saw that, or asks again.
        let age = self.replica.leader_now(now).since(batch.at);
        let asked_of_us = age <= COMPLETED_WITHIN.min(now.since(self.started_at));
        let Self { id, end, view, touched, completions, .. } = self;
        for change in &batch.changes {
            touched.add(change, view);
            match change {
                Change::TopicDeleted { topic } => end.deleted(topic, None),
                Change::ChannelDeleted { topic, channel } => end.deleted(topic, Some(channel)),
                Change::CompletionAsked { topic, node } if asked_of_us => {
                    let said = end.announcement(node);
                    completions.extend(said.map(|said| Completion { info: said.info.clone(), topic: topic.clone() }));
                }
                _ => {}
            }
        }
        let knows_better = |change: &Change| match change.claim() {
            Some(ClaimKey { node, via }) => via.agent() == Some(id) && end.announcement(node).is_some(),
            None => change.agent() == Some(id),
        };
        view.follow(batch, |change| !knows_better(change));
        for change in batch.changes.iter().filter(|change| knows_better(change)) {
            // Also what was deleted, and registered again meanwhile.
            if let Change::Registered { claim, topics } | Change::Announced { claim, topics, .. } = change
                && let Some(said) = end.announcement(&claim.node)
            {
                let topics = topics.iter().filter_map(|(topic, channels)| said.of(topic, channels)).collect();
                view.lay_over(&Change::Registered { claim: claim.clone(), topics });
            }
        }
    }

    fn lay_all_over(&mut self) {
        self.view = self.replica.registry().clone();
        self.touched = Touched::All;
        let (agent, incarnation) = (self.id.clone(), self.incarnation);
        self.view.lay_over(&if self.view.agent(&agent).is_some_and(|known| known.incarnation == Some(incarnation)) {
            Change::AgentHeard { agent }
        } else {
            Change::AgentStarted { agent, incarnation, since: self.replica.leader_now(self.started_at) }
        });
        let nodes: BTreeSet<Node> = self.end.announcements().map(|(node, _)| node.clone()).collect();
        for node in nodes {
            self.lay_over_announcement(&node);
        }
    }

    fn lay_over(&mut self, change: &Change) {
        self.touched.add(change, &self.view);
        self.view.lay_over(change);
    }

    fn lay_over_announcement(&mut self, node: &Node) {
        let Some(said) = self.end.announcement(node).cloned() else { return };
        let claim = self.claim(node.clone());
        let topics = said.topics.into_iter().map(|(topic, channels)| (topic, channels.into_iter().collect())).collect();
        if said.complete {
            let announced = self.view.revision();
            self.lay_over(&Change::Announced { claim, info: said.info, announced, topics });
        } else {
            self.lay_over(&Change::Identified { claim: claim.clone(), info: said.info });
            self.lay_over(&Change::Heard { claim: claim.clone() });
            self.lay_over(&Change::Registered { claim, topics });
        }
    }
}

/// A tombstone that was to be completed isn't any more after this: nobody waits for it, and what has come to the topic since wasn't
/// meant.
const COMPLETED_WITHIN: Duration = Duration::from_secs(60);

impl Missed {
    fn or_changes(self, known_at: Timestamp) -> Self {
        match self {
            Self::Everything { .. } => Self::Everything { known_at },
            Self::Nothing | Self::Changes { .. } => Self::Changes { known_at },
        }
    }

    /// What is left of it after the answer to a request that began then.
    fn after(self, asked_at: Timestamp) -> Self {
        match self {
            Self::Changes { known_at } | Self::Everything { known_at } if asked_at < known_at => self,
            _ => Self::Nothing,
        }
    }
}
