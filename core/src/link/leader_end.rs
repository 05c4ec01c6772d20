//! The leader's end of an agent's stream.

use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::message::{Refused, ToFollower, ToLeader};
use crate::{
    change::{DecodeError, decode, encode},
    command::{Command, Refusal},
    leader::{Fault, Leader},
    producer::{AgentId, ClaimKey, Incarnation, Node, Via},
    store::Store,
    time::Timestamp,
};

/// What the leader keeps of one agent's stream: some 100 bytes, so that it fits a socket's attachment.
///
/// Its home opens it with [`open`](Self::open), closes every stream of that agent that it [replaces](Self::replaces), and
/// gives it each message as it came, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderEnd {
    agent: AgentId,
    incarnation: Incarnation,
    /// Which of the streams of this life it is: a later one is higher.
    connection: u64,
    /// The number of the last message.
    last: u64,
}

/// Why a stream is closed, as the WebSocket's close code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// 4000: the agent opened another one.
    Replaced,
    /// 4001: a later life of the agent is there, so this one is to stop.
    Superseded,
    /// 4002: a message is of a format that isn't read here.
    UnknownFormat,
    /// 4003: the caller has no right to say that.
    Forbidden,
    /// 4004: a message that nobody who speaks this protocol sends.
    Malformed,
    /// 4005: messages were lost or came twice.
    OutOfSequence,
    /// 4006: what is there to be read isn't, and grows too much.
    TooSlow,
    /// 4007: the registry holds no more agents.
    Full,
}

impl Closing {
    /// The WebSocket's close code.
    pub fn code(self) -> u16 {
        match self {
            Self::Replaced => 4000,
            Self::Superseded => 4001,
            Self::UnknownFormat => 4002,
            Self::Forbidden => 4003,
            Self::Malformed => 4004,
            Self::OutOfSequence => 4005,
            Self::TooSlow => 4006,
            Self::Full => 4007,
        }
    }

    /// The reason beside it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Replaced => "the agent opened another stream",
            Self::Superseded => "the agent was started again",
            Self::UnknownFormat => "a message of an unknown format",
            Self::Forbidden => "the token doesn't permit that",
            Self::Malformed => "a malformed message",
            Self::OutOfSequence => "a message is missing or came twice",
            Self::TooSlow => "what was sent isn't read",
            Self::Full => "the registry holds no more agents",
        }
    }

    /// What the close code tells; nothing where it is none of these.
    pub fn of_code(code: u16) -> Option<Self> {
        [
            Self::Replaced,
            Self::Superseded,
            Self::UnknownFormat,
            Self::Forbidden,
            Self::Malformed,
            Self::OutOfSequence,
            Self::TooSlow,
            Self::Full,
        ]
        .into_iter()
        .find(|closing| closing.code() == code)
    }
}

impl LeaderEnd {
    /// The stream that an agent has opened just now.
    ///
    /// # Errors
    /// The store's. Why it is closed again is an answer.
    pub fn open<S: Store>(
        leader: &mut Leader<S>,
        agent: AgentId,
        incarnation: Incarnation,
        connection: u64,
        now: Timestamp,
    ) -> Result<Result<Self, Closing>, S::Error> {
        Ok(hear(leader, &agent, incarnation, now)?.map(|()| Self { agent, incarnation, connection, last: 0 }))
    }

    /// Whose it is.
    pub fn agent(&self) -> &AgentId {
        &self.agent
    }

    /// Whether it takes the place of the other: the agent's later life, or its later stream.
    pub fn replaces(&self, other: &Self) -> bool {
        self.agent == other.agent && (self.incarnation, self.connection) > (other.incarnation, other.connection)
    }

    /// Does what a message says, stores it, and tells the answer.
    ///
    /// # Errors
    /// The store's. Why the stream is closed is an answer; whatever was said under earlier numbers is done.
    pub fn receive<S: Store>(
        &mut self,
        leader: &mut Leader<S>,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<Result<ToFollower, Closing>, S::Error> {
        let (sequence, message) = match ToLeader::decode(bytes) {
            Ok(message) => message,
            Err(DecodeError::UnknownFormat(_)) => return Ok(Err(Closing::UnknownFormat)),
            Err(DecodeError::Damaged) => return Ok(Err(Closing::Malformed)),
        };
        if sequence != self.last + 1 {
            return Ok(Err(Closing::OutOfSequence));
        }
        // A life that ended may still have something on its way.
        if let Err(closing) = hear(leader, &self.agent, self.incarnation, now)? {
            return Ok(Err(closing));
        }
        let node = message.node();
        let done = self.carry_out(leader, message, now)?;
        self.last = sequence;
        Ok(Ok(match done {
            Ok(()) => ToFollower::Acknowledged { through: sequence },
            Err(refusal) => ToFollower::Refused(Refused::new(sequence, node, refusal)),
        }))
    }

    /// # Errors
    /// The store's. A refusal is an answer.
    fn carry_out<S: Store>(
        &self,
        leader: &mut Leader<S>,
        message: ToLeader,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, S::Error> {
        let via = Via::Agent(self.agent.clone());
        let claim = |node: Node| ClaimKey { node, via: via.clone() };
        let commands = match message {
            ToLeader::Announce { info, topics, complete, silent } => {
                let claim = claim(info.node());
                let silence = silent.map(|age| Command::silence(Vec::from([(claim.clone(), since(leader, age, now))])));
                let mut commands = if complete {
                    Vec::from([Command::Announce { via: via.clone(), info, topics }])
                } else {
                    let update = Command::Update { claim: claim.clone(), unregister: Vec::new(), register: topics };
                    Vec::from([Command::Identify { via: via.clone(), info }, update])
                };
                if silence.is_some() && commands.iter().all(|command| leader.would_only_hear(&claim, command, now)) {
                    commands.clear();
                }
                commands.extend(silence);
                commands
            }
            ToLeader::Update { node, unregister, register } => {
                Vec::from([Command::Update { claim: claim(node), unregister, register }])
            }
            ToLeader::Leave { node } => Vec::from([Command::Leave { claim: claim(node) }]),
            ToLeader::Silent { node, age } => {
                Vec::from([Command::silence(Vec::from([(claim(node), since(leader, age, now))]))])
            }
            ToLeader::Completed { node, topic, problem } => {
                Vec::from([Command::EndCompletion { claim: claim(node), topic, problem }])
            }
            ToLeader::Settled { nodes } => {
                return self.settle(leader, &Command::Settle { agent: self.agent.clone(), nodes }, now);
            }
        };
        for command in commands {
            match leader.execute(&command, now) {
                Ok(_) => {}
                Err(Fault::Refused(refusal)) => return Ok(Err(refusal)),
                Err(Fault::NotStored(error)) => return Err(error),
            }
        }
        Ok(Ok(()))
    }

    fn settle<S: Store>(
        &self,
        leader: &mut Leader<S>,
        settle: &Command,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, S::Error> {
        loop {
            match leader.execute(settle, now) {
                Ok(outcome) if outcome.changed => {}
                Ok(_) => return Ok(Ok(())),
                Err(Fault::Refused(refusal)) => return Ok(Err(refusal)),
                Err(Fault::NotStored(error)) => return Err(error),
            }
        }
    }

    /// As it is kept beside a socket.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }
}

/// Takes down that the agent is there, in this life.
fn hear<S: Store>(
    leader: &mut Leader<S>,
    agent: &AgentId,
    incarnation: Incarnation,
    now: Timestamp,
) -> Result<Result<(), Closing>, S::Error> {
    match leader.execute(&Command::StartAgent { agent: agent.clone(), incarnation }, now) {
        Ok(_) => {
            leader.hear_agent(agent, now, now);
            Ok(Ok(()))
        }
        Err(Fault::Refused(Refusal::Superseded { .. })) => Ok(Err(Closing::Superseded)),
        Err(Fault::Refused(_)) => Ok(Err(Closing::Full)),
        Err(Fault::NotStored(error)) => Err(error),
    }
}

fn since<S: Store>(leader: &Leader<S>, age: Duration, now: Timestamp) -> Timestamp {
    leader.now(now).minus(age)
}
