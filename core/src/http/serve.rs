//! A request carried through by whoever holds the leader.

use alloc::vec::Vec;

use super::{
    answer::answer,
    body,
    error::{Error, Parameter},
    log::log,
    request::{Request, Task, Write},
    response::{Response, json},
};
use crate::{
    api,
    command::Command,
    leader::{Fault, Leader},
    producer::{ClaimKey, Node, Via},
    registry::{Fact, Impact},
    store::Store,
    time::{Timestamp, millis},
};

/// A change that is asked for, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What to decide; nothing where its names can match nothing.
    pub command: Option<Command>,
    /// Whether only to tell what it would change.
    pub dry_run: bool,
    answer: Answer,
}

/// What whoever asked is told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Nothing,
    Registered(Node),
    Unregistered(Node),
}

impl Write {
    /// Whether a body of that many bytes may be read. Ask it of `Content-Length` before reading, and of the count while
    /// reading; a body that is ignored may be of any length.
    ///
    /// # Errors
    /// [`Error::BodyTooLarge`].
    pub fn check_length(&self, length: u64) -> Result<(), Error> {
        let limit = self.body_limit();
        if limit > 0 && length > limit as u64 { Err(Error::BodyTooLarge { limit }) } else { Ok(()) }
    }

    /// Completes what is asked with the request's body, and with who sent it, as `ip:port` or whatever of that is known.
    ///
    /// # Errors
    /// [`Error::BodyTooLarge`] and every error of a body.
    pub fn order(self, body: &[u8], remote_address: &str) -> Result<Order, Error> {
        self.check_length(body.len() as u64)?;
        let (command, answer) = match self.task {
            Task::Change(command) => (command, Answer::Nothing),
            Task::Unregister(command, node) => (Some(command), Answer::Unregistered(node)),
            Task::Register(in_query) => {
                let (info, in_body) = body::read(body, remote_address)?;
                let (node, via) = (info.node(), Via::Http);
                let command = match (in_query, in_body) {
                    (Some((topic, channel)), None) => Command::Register { via, info, topic, channel },
                    (None, Some(topics)) => Command::Announce { via, info, topics },
                    (Some(_), Some(_)) => {
                        let detail = "topics: expected none beside topic= in the query".into();
                        return Err(Error::InvalidBody { detail });
                    }
                    (None, None) => {
                        let detail = "expected topic= in the query, or topics in the body".into();
                        return Err(Error::Missing { parameter: Parameter::Topic, detail: Some(detail) });
                    }
                };
                (Some(command), Answer::Registered(node))
            }
        };
        Ok(Order { command, dry_run: self.dry_run, answer })
    }
}

/// Answers a request from the leader itself, once it was [admitted](super::admit). The body counts for a [`Write`] alone.
///
/// # Errors
/// What went wrong with the disk, for the log. Whoever asked gets [`Error::StorageFailed`]; the leader may be behind its
/// disk, so drop it and load another.
pub fn serve<S: Store>(
    request: Request,
    body: &[u8],
    remote_address: &str,
    leader: &mut Leader<S>,
    now: Timestamp,
) -> Result<Response, S::Error> {
    match leader.sweep(now) {
        Err(Fault::NotStored(error)) => return Err(error),
        // What is taken down only makes room.
        Err(Fault::Refused(_)) | Ok(()) => {}
    }
    let now = leader.now(now);
    match request {
        Request::Read(read) => {
            let last_heard = |claim: &ClaimKey| leader.last_heard(claim);
            Ok(answer(&read, leader.registry(), &leader.settings().lifetimes, now, last_heard))
        }
        // Whoever can wait does so itself.
        Request::Wait(mut wait) => {
            let mut response = answer(&wait.read(), leader.registry(), &leader.settings().lifetimes, now, |_| None);
            wait.is_news(&mut response, leader.registry().revision());
            Ok(response)
        }
        Request::Past(asked) => {
            leader.past(asked.time(now)).map(|past| asked.answer(&past, &leader.settings().lifetimes))
        }
        Request::Log { cluster } => {
            leader.history().map(|history| log(&history, &cluster, &leader.settings().lifetimes, now))
        }
        Request::Stream(_) => Ok(Error::NoStreams.into()),
        // Its home knows more, and answers itself.
        Request::Metrics => Ok(Error::NotFound.into()),
        Request::CatchUp(since) => leader.catch_up(since, now).map(|catch_up| Response::bytes(catch_up.encode())),
        Request::Write(write) => match write.order(body, remote_address) {
            Ok(order) => carry_out(order, leader, now),
            Err(error) => Ok(error.into()),
        },
    }
}

fn carry_out<S: Store>(order: Order, leader: &mut Leader<S>, now: Timestamp) -> Result<Response, S::Error> {
    let Order { command, dry_run, answer } = order;
    if dry_run {
        let changes = command
            .map_or(Ok(api::Changes::default()), |command| leader.rehearse(&command, now).map(api::Changes::from));
        let revision = leader.registry().revision();
        return Ok(match changes {
            Ok(changes) => Response::json(200, json(&api::DryRun { dry_run, revision, changes })),
            Err(refusal) => Error::from(refusal).into(),
        });
    }
    let new = match &answer {
        Answer::Registered(node) => leader.registry().producer(&over_http(node)).is_none(),
        _ => false,
    };
    let outcome = match command.map(|command| leader.execute(&command, now)) {
        None => return Ok(Response::done()),
        Some(Ok(outcome)) => outcome,
        Some(Err(Fault::Refused(refusal))) => return Ok(Error::from(refusal).into()),
        Some(Err(Fault::NotStored(error))) => return Err(error),
    };
    let lifetimes = &leader.settings().lifetimes;
    let mut response = match answer {
        Answer::Nothing => Response::done(),
        Answer::Registered(node) => Response::json(
            200,
            json(&api::Registered {
                node,
                new,
                changed: outcome.changed,
                lease_ms: millis(lifetimes.lease()),
                interval_ms: millis(lifetimes.heartbeat_interval()),
                revision: outcome.revision,
            }),
        ),
        Answer::Unregistered(node) => {
            let unregistered = api::Unregistered { node, changed: outcome.changed, revision: outcome.revision };
            Response::json(200, json(&unregistered))
        }
    };
    response.hold = outcome.hold;
    Ok(response)
}

fn over_http(node: &Node) -> ClaimKey {
    ClaimKey { node: node.clone(), via: Via::Http }
}

impl From<Impact> for api::Changes {
    fn from(impact: Impact) -> Self {
        let mut changes = Self::default();
        for (facts, is_added) in [(impact.added, true), (impact.removed, false)] {
            for fact in facts {
                match fact {
                    Fact::Topic(topic) => side(&mut changes.topics, is_added).push(topic),
                    Fact::Channel(topic, channel) => {
                        side(&mut changes.channels, is_added).push(api::ChannelPath { topic, channel });
                    }
                    Fact::Producer(claim) => side(&mut changes.producers, is_added).push(claim),
                    Fact::Registration(ClaimKey { node, via }, topic, channel) => {
                        let path = api::RegistrationPath { node, via, topic, channel };
                        side(&mut changes.registrations, is_added).push(path);
                    }
                    Fact::Tombstone(topic, node, _) => {
                        side(&mut changes.tombstones, is_added).push(api::TombstonePath { topic, node });
                    }
                }
            }
        }
        changes
    }
}

fn side<T>(difference: &mut api::Difference<T>, is_added: bool) -> &mut Vec<T> {
    if is_added { &mut difference.added } else { &mut difference.removed }
}
