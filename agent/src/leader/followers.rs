//! Those who follow the leader by a stream: what each is still to be sent, and an agent's end of the conversation.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use lookupd_core::{
    AgentId, Timestamp,
    link::{Closing, LeaderEnd, ToFollower},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// One stream.
pub(crate) type FollowerId = u64;

/// The leader's way to the stream's socket.
#[derive(Debug)]
pub(crate) struct Outbox {
    messages: mpsc::Sender<Bytes>,
    /// Dropped where the stream is closed without a reason of its own.
    closing: Option<oneshot::Sender<Closing>>,
}

/// What a socket's task is told by the leader.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// What to send, in this order.
    pub(crate) messages: mpsc::Receiver<Bytes>,
    /// Why to close, at once and whatever else is to be sent.
    pub(crate) closing: oneshot::Receiver<Closing>,
    /// Each message that came and wasn't carried out yet holds one.
    pub(crate) places: Arc<Semaphore>,
}

/// Held by a message until it was carried out.
pub(crate) type Place = OwnedSemaphorePermit;

/// A stream's two ends, and the number that it has from now on.
pub(crate) fn connect() -> (FollowerId, Outbox, Inbox) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (messages, receiver) = mpsc::channel(QUEUE_LENGTH);
    let (closing, closed) = oneshot::channel();
    let inbox = Inbox { messages: receiver, closing: closed, places: Arc::new(Semaphore::new(SAID_AT_ONCE)) };
    (NEXT.fetch_add(1, Ordering::Relaxed), Outbox { messages, closing: Some(closing) }, inbox)
}

/// So many messages wait for one follower at most. One that doesn't read so many is told to ask instead, and then closed.
const QUEUE_LENGTH: usize = 256;

/// So many of one agent's messages wait to be carried out, each of up to 1 MiB.
const SAID_AT_ONCE: usize = 16;

impl Outbox {
    /// Closes the stream.
    pub(super) fn close(mut self, closing: Closing) {
        if let Some(told) = self.closing.take() {
            // Its socket may be gone already.
            let _ = told.send(closing);
        }
    }

    /// Whether the message waits to be sent now.
    fn send(&self, message: Bytes) -> bool {
        self.messages.try_send(message).is_ok()
    }
}

/// All streams that are open.
#[derive(Default)]
pub(super) struct Followers(BTreeMap<FollowerId, Follower>);

struct Follower {
    outbox: Outbox,
    /// Where it is an agent's.
    end: Option<LeaderEnd>,
    heard_at: Timestamp,
}

impl Followers {
    /// One has come. Of its agent's other streams, the older ones are closed; where there is a newer one, this is.
    pub(super) fn add(
        &mut self,
        id: FollowerId,
        outbox: Outbox,
        end: Option<LeaderEnd>,
        beacon: &ToFollower,
        now: Timestamp,
    ) {
        if let Some(end) = &end {
            let others = self.0.iter().filter(|(_, other)| other.agent() == Some(end.agent()));
            let others: Vec<_> = others.map(|(id, other)| (*id, other.replaces(end))).collect();
            if others.iter().any(|(_, is_newer)| *is_newer) {
                return outbox.close(Closing::Replaced);
            }
            for (older, _) in others {
                self.close(older, Closing::Replaced);
            }
        }
        outbox.send(beacon.encode().into());
        self.0.insert(id, Follower { outbox, end, heard_at: now });
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// One is gone.
    pub(super) fn remove(&mut self, id: FollowerId) {
        self.0.remove(&id);
    }

    /// The leader's end of an agent's stream, as long as that is open; what is taken down of it counts as heard.
    pub(super) fn hear(&mut self, id: FollowerId, now: Timestamp) -> Option<&mut LeaderEnd> {
        let follower = self.0.get_mut(&id)?;
        follower.heard_at = now;
        follower.end.as_mut()
    }

    /// The agents that are connected, each with when it was last heard.
    pub(super) fn agents(&self) -> impl Iterator<Item = (&AgentId, Timestamp)> {
        self.0.values().filter_map(|follower| Some((follower.agent()?, follower.heard_at)))
    }

    /// Sends each the same.
    pub(super) fn publish(&mut self, messages: &[ToFollower]) {
        if messages.is_empty() || self.0.is_empty() {
            return;
        }
        let messages: Vec<Bytes> = messages.iter().map(|message| message.encode().into()).collect();
        let resync: Bytes = ToFollower::Resync.encode().into();
        let mut slow = Vec::new();
        for (id, Follower { outbox, .. }) in &self.0 {
            let has_room = outbox.messages.capacity() > messages.len();
            let sent = if has_room {
                messages.iter().all(|message| outbox.send(message.clone()))
            } else {
                outbox.send(resync.clone())
            };
            if !sent {
                slow.push(*id);
            }
        }
        slow.into_iter().for_each(|id| self.close(id, Closing::TooSlow));
    }

    /// Sends one of them something.
    pub(super) fn send(&mut self, id: FollowerId, message: &ToFollower) {
        if self.0.get(&id).is_some_and(|follower| !follower.outbox.send(message.encode().into())) {
            self.close(id, Closing::TooSlow);
        }
    }

    /// Closes one.
    pub(super) fn close(&mut self, id: FollowerId, closing: Closing) {
        if let Some(follower) = self.0.remove(&id) {
            follower.outbox.close(closing);
        }
    }
}

impl Follower {
    fn agent(&self) -> Option<&AgentId> {
        self.end.as_ref().map(LeaderEnd::agent)
    }

    fn replaces(&self, end: &LeaderEnd) -> bool {
        self.end.as_ref().is_some_and(|own| own.replaces(end))
    }
}
