//! Very many agents in one process: core's own agents, each with nsqds that are only told of, on real streams.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt as _, StreamExt as _};
use lookupd_core::link::{AgentEnd, PING, ToFollower};
use lookupd_core::protocol::Request;
use lookupd_core::{Lifetimes, Node, ProducerInfo, Timestamp, TopicName};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, interval_at, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::seed::Seed;

/// Agents that follow one leader, for as long as this value is there. Each has one nsqd, which is alive.
///
/// They do what a real agent does for its stream (`agent/src/follower`), but that they hold no replica: a thousand of those would
/// be a thousand registries in this process.
#[derive(Debug)]
pub struct Crowd {
    members: Vec<Arc<Member>>,
    leader: watch::Sender<SocketAddr>,
    /// Dropped, it ends the thread.
    _alive: watch::Sender<()>,
}

#[derive(Debug)]
struct Member {
    id: String,
    incarnation: u64,
    node: Node,
    info: ProducerInfo,
    state: Mutex<State>,
    said: Notify,
}

#[derive(Debug, Default)]
struct State {
    end: AgentEnd,
    session: u64,
    opened: u64,
    refused: u64,
}

/// How a crowd fares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Agents of which the leader knows everything.
    pub settled: usize,
    /// Streams that were opened until now.
    pub opened: u64,
    /// What the leader refused until now.
    pub refused: u64,
}

impl Crowd {
    /// Lets `count` agents connect to the leader, all at once. `lifetimes` are the leader's.
    ///
    /// # Panics
    ///
    /// When the system has no thread for them.
    pub fn come(count: usize, leader: SocketAddr, lifetimes: Lifetimes, seed: &mut Seed) -> Self {
        let members: Vec<_> = (0..count).map(|number| Arc::new(Member::new(number))).collect();
        let (leader, leads_to) = watch::channel(leader);
        let (alive, mut over) = watch::channel(());
        let tasks: Vec<_> = members.iter().map(|member| (Arc::clone(member), seed.fork())).collect();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                for (member, seed) in tasks {
                    tokio::spawn(member.live(leads_to.clone(), lifetimes, seed));
                }
                while over.changed().await.is_ok() {}
            });
        });
        Self { members, leader, _alive: alive }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Where the leader is from now on.
    pub fn lead_to(&self, leader: SocketAddr) {
        self.leader.send_replace(leader);
    }

    /// How they fare now.
    pub fn standing(&self) -> Standing {
        let mut standing = Standing::default();
        for member in &self.members {
            let state = member.state();
            standing.settled += usize::from(state.end.is_settled());
            standing.opened += state.opened;
            standing.refused += state.refused;
        }
        standing
    }

    /// What each node serves, as its nsqd said.
    pub fn announced(&self) -> BTreeMap<String, BTreeSet<String>> {
        let announced = |member: &Arc<Member>| {
            let state = member.state();
            let topics = state.end.announcement(&member.node)?.topics.keys().map(ToString::to_string).collect();
            Some((member.node.to_string(), topics))
        };
        self.members.iter().filter_map(announced).collect()
    }

    /// One of their nsqds begins to serve a topic.
    pub fn register(&self, member: usize, topic: &str) {
        let topic = TopicName::parse(topic).expect("a name");
        self.members[member].request(&Request::Register { topic, channel: None });
    }

    /// One of their nsqds serves a topic no longer.
    pub fn unregister(&self, member: usize, topic: &str) {
        let topic = TopicName::parse(topic).expect("a name");
        self.members[member].request(&Request::Unregister { topic, channel: None });
    }

    /// One of their nsqds goes, if it is there, and else comes back with nothing.
    pub fn leave_or_return(&self, member: usize) {
        let member = &self.members[member];
        let mut state = member.state();
        let session = state.session;
        if !state.end.end(session, &member.node) {
            member.identify(&mut state);
        }
        drop(state);
        member.said.notify_one();
    }
}

impl Member {
    fn new(number: usize) -> Self {
        let host = format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
        let port = 4151.try_into().expect("a port");
        let info = ProducerInfo {
            remote_address: format!("{host}:50000").into(),
            hostname: format!("nsqd-{number}").into(),
            broadcast_address: host.into(),
            tcp_port: 4150.try_into().expect("a port"),
            http_port: port,
            version: "1.3.0".into(),
            topology_zone: "".into(),
            topology_region: "".into(),
        };
        let member = Self {
            id: format!("crowd-{number}"),
            incarnation: now().as_millis(),
            node: info.node(),
            info,
            state: Mutex::default(),
            said: Notify::new(),
        };
        member.identify(&mut member.state());
        for topic in [format!("topic-{}", number % 50), format!("own-{number}")] {
            member.request(&Request::Register { topic: TopicName::parse(&topic).expect("a name"), channel: None });
        }
        member
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn identify(&self, state: &mut State) {
        state.session += 1;
        let session = state.session;
        state.end.identify(session, self.info.clone(), now());
        state.end.request(session, &self.node, &Request::Ping, now());
    }

    fn request(&self, request: &Request) {
        let mut state = self.state();
        let session = state.session;
        state.end.request(session, &self.node, request, now());
        drop(state);
        self.said.notify_one();
    }

    async fn live(self: Arc<Self>, leader: watch::Receiver<SocketAddr>, lifetimes: Lifetimes, mut seed: Seed) {
        for connection in 1_u64.. {
            let address = *leader.borrow();
            let opened = timeout(TIME_TO_OPEN, self.open(address, connection)).await;
            if let Ok(Some(socket)) = opened {
                {
                    let mut state = self.state();
                    state.opened += 1;
                    state.end.opened();
                }
                self.converse(socket, &lifetimes).await;
                self.state().end.closed();
            }
            // As agents come back: at random, so that they don't meet the leader all at once.
            let spread = lifetimes.inactive_producer_timeout / 20;
            sleep(spread.mul_f64(seed.below(1_000) as f64 / 1_000.0)).await;
        }
    }

    async fn open(&self, leader: SocketAddr, connection: u64) -> Option<WebSocketStream<TcpStream>> {
        let Self { id, incarnation, .. } = self;
        let url = format!("ws://{leader}/v1/stream?agent={id}&incarnation={incarnation}&connection={connection}");
        let stream = TcpStream::connect(leader).await.ok()?;
        stream.set_nodelay(true).ok()?;
        client_async(url, stream).await.ok().map(|(socket, _)| socket)
    }

    /// Until the stream ends.
    async fn converse(&self, mut socket: WebSocketStream<TcpStream>, lifetimes: &Lifetimes) {
        let timeout = lifetimes.inactive_producer_timeout;
        let mut ticks = interval_at(Instant::now() + timeout / 20, timeout / 20);
        let mut heard_at = Instant::now();
        loop {
            loop {
                let message = self.state().end.poll(now());
                let Some(message) = message else { break };
                if socket.send(Message::binary(message)).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(Message::Binary(bytes))) => {
                        let Ok(message) = ToFollower::decode(&bytes) else { return };
                        let mut state = self.state();
                        let refused = state.end.heard(&message).is_some();
                        state.refused += u64::from(refused);
                    }
                    Some(Ok(Message::Text(_))) => heard_at = Instant::now(),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => {}
                },
                () = self.said.notified() => {}
                _ = ticks.tick() => {
                    if heard_at.elapsed() > timeout / 10 {
                        return;
                    }
                    // Its nsqd says that it is there, too.
                    self.request(&Request::Ping);
                    self.state().end.tick(lifetimes, now());
                    if socket.send(Message::text(PING)).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(lookupd_core::millis(since))
}

/// A leader that a thousand agents ask at once, on a machine that is busy, answers within less.
const TIME_TO_OPEN: Duration = Duration::from_secs(30);
