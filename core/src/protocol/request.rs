//! What a client asks of the registry.

use crate::{
    command::Command,
    name::{ChannelName, TopicName},
    producer::{ClaimKey, ProducerInfo, Via},
};

/// What a session's client asks for: its home is to carry it out, and to say what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// It has said who it is, which [`Session::producer`](super::Session::producer) tells from now on. The first request of
    /// any session that makes one.
    Identify,
    /// It is alive.
    Ping,
    /// It serves the topic, and this channel of it.
    Register {
        /// The topic.
        topic: TopicName,
        /// The channel.
        channel: Option<ChannelName>,
    },
    /// It serves this channel no longer; without one, neither the topic nor any of its channels.
    Unregister {
        /// The topic.
        topic: TopicName,
        /// The channel.
        channel: Option<ChannelName>,
    },
}

impl Request {
    /// The request as a leader takes it: from this producer, announced in this way.
    ///
    /// PING becomes [`Command::Identify`] with what is known already, which changes nothing but that the producer was
    /// heard.
    pub fn into_command(self, producer: &ProducerInfo, via: &Via) -> Command {
        let via = via.clone();
        match self {
            Self::Identify | Self::Ping => Command::Identify { via, info: producer.clone() },
            Self::Register { topic, channel } => Command::Register { via, info: producer.clone(), topic, channel },
            Self::Unregister { topic, channel } => {
                Command::Unregister { claim: ClaimKey { node: producer.node(), via }, topic, channel }
            }
        }
    }
}
