//! The agent's end of its stream.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    string::String,
    vec,
    vec::Vec,
};
use core::{mem, time::Duration};

use super::{
    message::{Refused, ToFollower, ToLeader},
    sessions::{Announcement, Session, SessionId, Sessions},
};
use crate::{
    name::{ChannelName, TopicName},
    producer::{Lifetimes, Node, ProducerInfo},
    protocol::Request,
    time::Timestamp,
};

/// What an agent's nsqds have said, and what of that its leader is still to be told.
///
/// An nsqd is answered from here, whatever becomes of the leader. Its home calls:
///
/// 1. [`identify`](Self::identify), [`request`](Self::request) and [`end`](Self::end) for what happens on nsqds' connections,
///    [`tick`](Self::tick) from time to time.
/// 2. [`opened`](Self::opened) and [`closed`](Self::closed) for the stream, [`heard`](Self::heard) for each message on it.
/// 3. After any of these [`poll`](Self::poll) until it gives nothing more, and sends what it gives.
///
/// What waits to be said is one entry a node, however much happened: the latest. A stream that breaks takes with it what was
/// said and not acknowledged; the next one begins by saying everything, which is why nothing has to be remembered of it.
/// Everything but what was [deleted](Self::deleted) meanwhile.
#[derive(Clone, Debug, Default)]
pub struct AgentEnd {
    sessions: Sessions,
    stream: Option<Stream>,
    /// What came of completions, to be said on this stream or the next.
    completed: VecDeque<ToLeader>,
}

#[derive(Clone, Debug, Default)]
struct Stream {
    pending: BTreeMap<Node, Pending>,
    /// Pieces of one announcement, which follow each other.
    outbox: VecDeque<ToLeader>,
    /// Numbers said and not answered, the oldest first, each with whom it was about.
    unanswered: VecDeque<(u64, Option<Node>)>,
    last: u64,
    settling: Settling,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Settling {
    #[default]
    Due,
    Said(u64),
    Done,
}

/// What is to be said of a node. That it left is seen by its having no session, and where there is nothing else to say it is
/// whether it is heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Pending {
    /// What it has said since it was last spoken of.
    update: Update,
    /// All that its session says.
    announce: bool,
}

/// First what it serves no longer, then what it serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Update {
    unregister: BTreeSet<(TopicName, Option<ChannelName>)>,
    register: BTreeMap<TopicName, BTreeSet<ChannelName>>,
}

impl AgentEnd {
    /// An nsqd has said who it is: it speaks for its node from now on, and has said nothing else yet.
    pub fn identify(&mut self, session: SessionId, info: ProducerInfo, now: Timestamp) {
        let node = info.node();
        self.sessions.identify(session, info, now);
        self.tell(&node, |pending| pending.announce = true);
    }

    /// An nsqd wants something. `false` where nobody speaks for the node any more: then its connection is to be closed, and
    /// whoever is really there says everything anew. A connection that was superseded is answered as the other one would be.
    pub fn request(&mut self, session: SessionId, node: &Node, request: &Request, now: Timestamp) -> bool {
        let Some(held) = self.sessions.get_mut(node) else { return false };
        let speaks = held.hear(session, now);
        let was_silent = speaks && mem::take(&mut held.is_silent);
        match request {
            Request::Identify => {}
            Request::Ping if speaks && !mem::replace(&mut held.said.complete, true) => {
                self.tell(node, |pending| pending.announce = true);
            }
            Request::Ping => {}
            Request::Register { topic, channel } => {
                held.register(topic, channel.as_ref());
                self.tell(node, |pending| pending.update.register(topic, channel.as_ref()));
            }
            Request::Unregister { topic, channel } => {
                held.unregister(topic, channel.as_ref());
                self.tell(node, |pending| pending.update.unregister(topic, channel.as_ref()));
            }
        }
        if was_silent {
            self.tell(node, |_| ());
        }
        true
    }

    /// An nsqd's connection has ended. Says whether its node is gone with it: not where a later one speaks for the node.
    pub fn end(&mut self, session: SessionId, node: &Node) -> bool {
        let gone = self.sessions.end(session, node);
        if gone {
            self.tell(node, |_| ());
        }
        gone
    }

    /// The leader deleted this topic, or this channel of it: a stream that is opened later says of it nothing any more, until
    /// an nsqd registers it again.
    pub fn deleted(&mut self, topic: &TopicName, channel: Option<&ChannelName>) {
        self.sessions.iter_mut().for_each(|(_, session)| session.deleted(topic, channel));
    }

    /// The node's nsqd was asked to delete the topic, which came to this: the leader is told why it didn't, where it didn't.
    pub fn completed(&mut self, node: Node, topic: TopicName, problem: Option<String>) {
        // Of so many that nobody is told of, the oldest are forgotten.
        if self.completed.len() >= MAX_COMPLETED {
            self.completed.pop_front();
        }
        self.completed.push_back(ToLeader::Completed { node, topic, problem });
    }

    /// Looks for nsqds of which nothing is heard, though their connections are there. Gives those of which that is new, with
    /// the time they were last heard.
    pub fn tick(&mut self, lifetimes: &Lifetimes, now: Timestamp) -> Vec<(Node, Timestamp)> {
        let limit = lifetimes.inactive_producer_timeout / 2;
        let mut silent = Vec::new();
        for (node, session) in self.sessions.iter_mut() {
            if !session.is_silent && now.since(session.heard_at()) > limit {
                session.is_silent = true;
                silent.push((node.clone(), session.heard_at()));
            }
        }
        for (node, _) in &silent {
            self.tell(node, |_| ());
        }
        silent
    }

    /// A stream to the leader is there: everything is said on it from the beginning.
    pub fn opened(&mut self) {
        let announced = Pending { announce: true, ..Pending::default() };
        let pending = self.sessions.iter().map(|(node, _)| (node.clone(), announced.clone())).collect();
        self.stream = Some(Stream { pending, ..Stream::default() });
    }

    /// It is gone, and what was said on it and not acknowledged with it.
    pub fn closed(&mut self) {
        self.stream = None;
    }

    /// What the leader says to the agent itself; the rest is for its replica. Gives what the leader won't do, to be logged.
    pub fn heard(&mut self, message: &ToFollower) -> Option<Refused> {
        match message {
            ToFollower::Acknowledged { through } => {
                self.answered(*through);
                None
            }
            ToFollower::Refused(refused) => {
                self.answered(refused.sequence);
                if let Some(node) = refused.node.clone().filter(|_| refused.is_unknown) {
                    // It was forgotten there, which an announcement mends.
                    if self.sessions.get(&node).is_some() {
                        self.tell(&node, |pending| pending.announce = true);
                    }
                    return None;
                }
                Some(refused.clone())
            }
            _ => None,
        }
    }

    /// The next message to send, as it is sent.
    pub fn poll(&mut self, now: Timestamp) -> Option<Vec<u8>> {
        let stream = self.stream.as_mut()?;
        if stream.unanswered.len() >= MAX_UNANSWERED {
            return None;
        }
        while stream.outbox.is_empty()
            && let Some((node, pending)) = stream.pending.pop_first()
        {
            stream.outbox = messages(&node, pending, self.sessions.get(&node), now).into();
        }
        let message = match stream.outbox.pop_front() {
            Some(message) => message,
            None if stream.settling == Settling::Due => {
                stream.settling = Settling::Said(stream.last + 1);
                ToLeader::Settled { nodes: self.sessions.nodes() }
            }
            None => self.completed.pop_front()?,
        };
        stream.last += 1;
        stream.unanswered.push_back((stream.last, message.node()));
        Some(message.encode(stream.last))
    }

    /// Whether the leader knows everything that was said here, and nothing that wasn't.
    pub fn is_settled(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| {
            stream.settling == Settling::Done
                && stream.pending.is_empty()
                && stream.outbox.is_empty()
                && stream.unanswered.is_empty()
        })
    }

    /// What each connected nsqd has said.
    pub fn announcements(&self) -> impl Iterator<Item = (&Node, &Announcement)> {
        self.sessions.iter().map(|(node, session)| (node, &session.said))
    }

    /// What the nsqd of this node has said, where one is connected.
    pub fn announcement(&self, node: &Node) -> Option<&Announcement> {
        self.sessions.get(node).map(|session| &session.said)
    }

    /// How much the leader is still to be told: nodes that wait, and messages that it hasn't answered.
    pub fn backlog(&self) -> (usize, usize) {
        self.stream.as_ref().map_or((0, 0), |stream| (stream.pending.len(), stream.unanswered.len()))
    }

    fn answered(&mut self, through: u64) {
        let Some(stream) = &mut self.stream else { return };
        for node in stream.answered(through) {
            if !stream.is_unanswered(&node)
                && let Some(session) = self.sessions.get_mut(&node)
            {
                session.acknowledged();
            }
        }
    }

    fn tell(&mut self, node: &Node, what: impl FnOnce(&mut Pending)) {
        if let Some(stream) = &mut self.stream {
            what(stream.pending.entry(node.clone()).or_default());
        }
    }
}

impl Stream {
    /// Gives whom it was about.
    fn answered(&mut self, through: u64) -> BTreeSet<Node> {
        let answered = self.unanswered.partition_point(|(sequence, _)| *sequence <= through);
        let nodes = self.unanswered.drain(..answered).filter_map(|(_, node)| node).collect();
        if let Settling::Said(sequence) = self.settling
            && sequence <= through
        {
            self.settling = Settling::Done;
        }
        nodes
    }

    /// Whether something is said of the node, or is to be, that the leader hasn't answered.
    fn is_unanswered(&self, node: &Node) -> bool {
        self.pending.contains_key(node)
            || self.outbox.iter().any(|message| message.node().as_ref() == Some(node))
            || self.unanswered.iter().any(|(_, other)| other.as_ref() == Some(node))
    }
}

impl Update {
    fn register(&mut self, topic: &TopicName, channel: Option<&ChannelName>) {
        self.register.entry(topic.clone()).or_default().extend(channel.cloned());
    }

    fn unregister(&mut self, topic: &TopicName, channel: Option<&ChannelName>) {
        match channel {
            None => drop(self.register.remove(topic)),
            Some(channel) => {
                if let Some(channels) = self.register.get_mut(topic) {
                    channels.remove(channel);
                }
            }
        }
        self.unregister.insert((topic.clone(), channel.cloned()));
    }
}

/// So many messages may be on their way at once.
const MAX_UNANSWERED: usize = 64;

/// So many reports wait for a stream.
const MAX_COMPLETED: usize = 64;

/// An announcement that is longer goes in pieces, of which each only adds: a piece can't take the others back. It leaves room
/// within a message, and within what is stored at once; all topics that the edge holds, with names of 30 bytes, are shorter.
const MAX_ANNOUNCED: usize = 768 << 10;

fn messages(node: &Node, pending: Pending, session: Option<&Session>, now: Timestamp) -> Vec<ToLeader> {
    let Pending { update: Update { unregister, mut register }, announce } = pending;
    if announce || session.is_none() {
        // The announcement says it, or nobody needs to know any more. What was taken off by request must still be said so.
        register.clear();
    }
    let mut messages = Vec::new();
    let is_heard = !announce && session.is_some_and(|session| !session.is_silent);
    if !unregister.is_empty() || !register.is_empty() || is_heard {
        let unregister = unregister.into_iter().collect();
        messages.push(ToLeader::Update { node: node.clone(), unregister, register });
    }
    match session {
        None => messages.push(ToLeader::Leave { node: node.clone() }),
        Some(session) => {
            let silent = session.is_silent.then(|| now.since(session.heard_at()));
            if announce {
                messages.extend(announcement(&session.said, silent));
            } else if let Some(age) = silent {
                messages.push(ToLeader::Silent { node: node.clone(), age });
            }
        }
    }
    messages
}

fn announcement(said: &Announcement, silent: Option<Duration>) -> impl Iterator<Item = ToLeader> {
    let Announcement { info, topics, complete } = said;
    let mut pieces = vec![BTreeMap::new()];
    let mut length = 0;
    for (topic, channels) in topics {
        let more = topic.len() + channels.iter().map(|channel| channel.len() + 2).sum::<usize>() + 8;
        if length + more > MAX_ANNOUNCED {
            pieces.push(BTreeMap::new());
            length = 0;
        }
        length += more;
        if let Some(piece) = pieces.last_mut() {
            piece.insert(topic.clone(), channels.clone());
        }
    }
    let complete = *complete && pieces.len() == 1;
    pieces.into_iter().map(move |topics| ToLeader::Announce { info: info.clone(), topics, complete, silent })
}
