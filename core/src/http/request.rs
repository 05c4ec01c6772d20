//! What a request asks, once its parameters are read. nsqlookupd's are checked as it checks them, in its order (nsqio/nsq,
//! `nsqlookupd/http.go`).

use alloc::{borrow::Cow, boxed::Box, format, string::String};

use super::{
    body,
    error::{Error, Parameter},
    past::PastRead,
    query::Query,
    route::Route,
    stream::StreamOpening,
    target::Target,
    wait::Wait,
};
use crate::{
    change::{Cursor, Revision},
    command::Command,
    name::{ChannelName, InvalidName, TopicName},
    producer::{ClaimKey, Node, Via},
    registry::{Category, Match, RegistrationPattern},
};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A question that any copy of the registry answers.
    Read(Read),
    /// A question that is answered once its answer changes.
    Wait(Wait),
    /// A question about the registry as it was. Only a leader knows.
    Past(PastRead),
    /// How this home fares, for Prometheus.
    Metrics,
    /// What a replica needs to follow from there, or from the beginning. Only a leader answers.
    CatchUp(Option<Cursor>),
    /// All that is held of what was, as a file. Only a leader knows.
    Log {
        /// The cluster that it is of.
        cluster: Box<str>,
    },
    /// To be told of changes from now on. Only a leader does.
    Stream(StreamOpening),
    /// A change. Only a leader carries it out.
    Write(Write),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Is anyone there?
    Ping,
    /// Which nsqlookupd is this?
    Info,
    /// All topics.
    Topics,
    /// The producers that are alive, with their topics.
    Nodes,
    /// Every registration with its producers.
    Debug,
    /// The channels of a topic.
    Channels {
        /// The topic, whether or not it could be one.
        topic: Box<str>,
    },
    /// Who serves a topic.
    Lookup {
        /// The topic, whether or not it could be one.
        topic: Box<str>,
    },
    /// Registrations by pattern.
    Registrations(RegistrationPattern),
    /// Who serves a topic, and why others seem not to.
    Explain {
        /// The topic, whether or not it could be one.
        topic: Box<str>,
    },
}

/// A change that is asked for, before its body was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Whether only to tell what it would change.
    pub dry_run: bool,
    pub(super) task: Task,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// One of nsqlookupd's own, which answers with nothing. No command where the names match nothing.
    Change(Option<Command>),
    /// `POST /register`; without a topic in the query, the body names them all.
    Register(Option<(TopicName, Option<ChannelName>)>),
    /// `POST /unregister`.
    Unregister(Command, Node),
}

impl Write {
    /// How long a body may be that is to be read; 0 where it is ignored.
    pub fn body_limit(&self) -> usize {
        match &self.task {
            Task::Register(Some(_)) => body::ONE_TOPIC_LIMIT,
            Task::Register(None) => body::ALL_TOPICS_LIMIT,
            Task::Change(_) | Task::Unregister(..) => 0,
        }
    }
}

impl Request {
    /// Reads the parameters of a route that was found in the target. Those that it doesn't know are ignored.
    ///
    /// # Errors
    /// Every [`Error`] with status 400 but that of a body.
    pub fn parse(route: Route, target: &Target<'_>) -> Result<Self, Error> {
        let query = target.query;
        match route {
            // These look at no query at all, so none is wrong.
            Route::Ping => return Ok(Self::Read(Read::Ping)),
            Route::Info => return Ok(Self::Read(Read::Info)),
            Route::Topics => return Self::of_all(Read::Topics, query),
            Route::Nodes => return Self::of_all(Read::Nodes, query),
            Route::Debug => return Self::of_all(Read::Debug, query),
            Route::Snapshot => return Ok(Self::CatchUp(None)),
            Route::Log => return Ok(Self::Log { cluster: target.cluster.unwrap_or(DEFAULT_CLUSTER).into() }),
            Route::Metrics => return Ok(Self::Metrics),
            _ => {}
        }
        let query = Query::parse(query.unwrap_or_default())?;
        if route.method() == "POST" {
            let task = Task::parse(route, &query)?;
            return Ok(Self::Write(Write { dry_run: said(&query, Parameter::DryRun)?, task }));
        }
        let read = match route {
            Route::Channels => Read::Channels { topic: needed(&query, Parameter::Topic, None)?.into() },
            Route::Lookup => {
                let topic = needed(&query, Parameter::Topic, None)?;
                if let Some(wait) = Wait::parse(&query, &topic)? {
                    if let Some(text) = query.get(Parameter::At.name()) {
                        return Err(invalid(Parameter::At, "none beside wait=", &text));
                    }
                    return Ok(Self::Wait(wait));
                }
                Read::Lookup { topic: topic.into() }
            }
            Route::Registrations => Read::Registrations(pattern(&query)?),
            Route::Stream => return StreamOpening::parse(&query).map(Self::Stream),
            Route::Changes => return since(&query).map(|cursor| Self::CatchUp(Some(cursor))),
            // Only Explain is left.
            _ => Read::Explain { topic: needed(&query, Parameter::Topic, Some("the topic to explain"))?.into() },
        };
        Self::read(read, &query)
    }

    /// A question without parameters: a moment counts where one can be read, and nothing else is wrong.
    fn of_all(read: Read, query: Option<&[u8]>) -> Result<Self, Error> {
        match Query::parse(query.unwrap_or_default()) {
            Ok(query) => Self::read(read, &query),
            Err(_) => Ok(Self::Read(read)),
        }
    }

    fn read(read: Read, query: &Query<'_>) -> Result<Self, Error> {
        Ok(PastRead::of(read, query)?.map_or_else(Self::Read, Self::Past))
    }
}

/// The cluster of bare paths.
pub const DEFAULT_CLUSTER: &str = "default";

impl Task {
    fn parse(route: Route, query: &Query<'_>) -> Result<Self, Error> {
        Ok(Self::Change(match route {
            Route::CreateTopic => Some(Command::CreateTopic { topic: valid_topic(query)? }),
            Route::DeleteTopic => {
                // An invalid name matches no topic. nsqlookupd takes `*` for all of them; we don't.
                let topic = needed(query, Parameter::Topic, None)?;
                TopicName::parse(&topic).ok().map(|topic| Command::DeleteTopic { topic })
            }
            Route::TombstoneTopic => {
                let topic = needed(query, Parameter::Topic, None)?;
                let node = needed(query, Parameter::Node, None)?;
                let completes = said(query, Parameter::Complete)?;
                match (TopicName::parse(&topic), Node::parse(&node)) {
                    (Ok(topic), Ok(node)) if completes => Some(Command::CompleteTombstone { topic, node }),
                    (Ok(topic), Ok(node)) => Some(Command::Tombstone { topic, node }),
                    _ => None,
                }
            }
            Route::CreateChannel => {
                let (topic, channel) = (valid_topic(query)?, valid_channel(query)?);
                Some(Command::CreateChannel { topic, channel })
            }
            Route::DeleteChannel => {
                let (topic, channel) = (valid_topic(query)?, valid_channel(query)?);
                Some(Command::DeleteChannel { topic, channel })
            }
            Route::Register => return served(query).map(Self::Register),
            // Only Unregister is left.
            _ => {
                let node = needed(query, Parameter::Node, Some(NODE_EXPECTED))?;
                let node = Node::parse(&node).map_err(|_| invalid(Parameter::Node, NODE_EXPECTED, &node))?;
                let claim = ClaimKey { node: node.clone(), via: Via::Http };
                let command = match served(query)? {
                    Some((topic, channel)) => Command::Unregister { claim, topic, channel },
                    None => Command::Leave { claim },
                };
                return Ok(Self::Unregister(command, node));
            }
        }))
    }
}

const NODE_EXPECTED: &str = "broadcast_address:http_port";

fn needed<'a>(query: &Query<'a>, parameter: Parameter, expected: Option<&'static str>) -> Result<Cow<'a, str>, Error> {
    let detail = expected.map(|expected| format!("expected {}: {expected}", parameter.name()).into());
    query.get(parameter.name()).ok_or(Error::Missing { parameter, detail })
}

fn valid_topic(query: &Query<'_>) -> Result<TopicName, Error> {
    let topic = needed(query, Parameter::Topic, None)?;
    TopicName::parse(&topic).map_err(|_| Error::Invalid { parameter: Parameter::Topic, detail: None })
}

fn valid_channel(query: &Query<'_>) -> Result<ChannelName, Error> {
    let channel = needed(query, Parameter::Channel, None)?;
    ChannelName::parse(&channel).map_err(|_| Error::Invalid { parameter: Parameter::Channel, detail: None })
}

/// The topic that one of our own endpoints is about, if any, and the channel of it, if any.
fn served(query: &Query<'_>) -> Result<Option<(TopicName, Option<ChannelName>)>, Error> {
    let channel = query.get("channel");
    let Some(topic) = query.get("topic") else {
        return match channel {
            Some(_) => Err(Error::Missing {
                parameter: Parameter::Topic,
                detail: Some("a channel is told with its topic".into()),
            }),
            None => Ok(None),
        };
    };
    let topic = TopicName::parse(&topic).map_err(|expected| invalid(Parameter::Topic, expected, &topic))?;
    let channel = channel.map(|name| {
        ChannelName::parse(&name).map_err(|expected: InvalidName| invalid(Parameter::Channel, expected, &name))
    });
    Ok(Some((topic, channel.transpose()?)))
}

fn pattern(query: &Query<'_>) -> Result<RegistrationPattern, Error> {
    let expected = "client, topic or channel";
    let category = needed(query, Parameter::Category, Some(expected))?;
    let category = Category::parse(&category).ok_or_else(|| invalid(Parameter::Category, expected, &category))?;
    let part = |name| query.get(name).map_or(Match::Any, |text| Match::parse(&text));
    Ok(RegistrationPattern { category, key: part("key"), subkey: part("subkey") })
}

pub(super) fn since(query: &Query<'_>) -> Result<Cursor, Error> {
    let text = needed(query, Parameter::Since, Some("the cursor that an earlier answer gave"))?;
    Cursor::parse(&text).map_err(|expected| invalid(Parameter::Since, expected, &text))
}

/// The revision that the header `X-Lookupd-Min-Revision` demands of an answer: what whoever asks has seen.
///
/// # Errors
/// [`Error::Invalid`] for what is none.
pub fn min_revision(header: &str) -> Result<Revision, Error> {
    header.trim().parse().map_err(|_| invalid(Parameter::MinRevision, "the revision of an earlier answer", header))
}

/// Whether that is meant. A word that may mean either is refused: performing what was meant as a rehearsal would be the worst
/// answer.
fn said(query: &Query<'_>, parameter: Parameter) -> Result<bool, Error> {
    match query.get(parameter.name()).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("" | "true" | "1") => Ok(true),
        Some(other) => Err(invalid(parameter, "true or false", other)),
    }
}

pub(super) fn invalid(parameter: Parameter, expected: impl core::fmt::Display, came: &str) -> Error {
    Error::Invalid { parameter, detail: Some(format!("expected {expected}, got {}", shown(came)).into()) }
}

/// What came, as a person is shown it: quoted, and not all of it where it is long.
pub(super) fn shown(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(80).collect();
    let rest = if characters.next().is_some() { "…" } else { "" };
    format!("{start:?}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: &str, target: &str) -> Result<Request, Error> {
        let target = Target::parse(target.as_bytes()).unwrap();
        Request::parse(Route::find(method, &target, None).unwrap(), &target)
    }

    fn code(method: &str, target: &str) -> &'static str {
        parse(method, target).map_or_else(|error| error.code(), |_| "ok")
    }

    fn topic(name: &str) -> TopicName {
        TopicName::parse(name).unwrap()
    }

    fn channel(name: &str) -> ChannelName {
        ChannelName::parse(name).unwrap()
    }

    #[test]
    fn nsqlookupds_parameters_are_checked_in_its_order() {
        let long = String::from("x").repeat(65);
        for (method, target, expected) in [
            ("GET", "/lookup", "MISSING_ARG_TOPIC"),
            ("GET", "/lookup?", "MISSING_ARG_TOPIC"),
            ("GET", "/lookup?Topic=t", "MISSING_ARG_TOPIC"),
            ("GET", "/lookup?%zz", "INVALID_REQUEST"),
            ("GET", "/lookup?topic=t;", "INVALID_REQUEST"),
            ("GET", "/lookup?topic=", "ok"),
            ("GET", "/lookup?topic", "ok"),
            ("GET", "/lookup?topic=*", "ok"),
            ("GET", "/channels", "MISSING_ARG_TOPIC"),
            ("GET", "/channels?%", "INVALID_REQUEST"),
            ("GET", "/channels?topic", "ok"),
            ("GET", "/ping?%zz", "ok"),
            ("GET", "/info?;", "ok"),
            ("GET", "/topics?%zz", "ok"),
            ("GET", "/nodes?;", "ok"),
            ("GET", "/debug?%zz", "ok"),
            ("POST", "/topic/create", "MISSING_ARG_TOPIC"),
            ("POST", "/topic/create?;", "INVALID_REQUEST"),
            ("POST", "/topic/create?topic", "INVALID_ARG_TOPIC"),
            ("POST", "/topic/create?topic=a$", "INVALID_ARG_TOPIC"),
            ("POST", "/topic/create?topic=%ff", "INVALID_ARG_TOPIC"),
            ("POST", &format!("/topic/create?topic={long}"), "INVALID_ARG_TOPIC"),
            ("POST", &format!("/topic/create?topic={}", &long[1..]), "ok"),
            ("POST", "/topic/delete", "MISSING_ARG_TOPIC"),
            ("POST", "/topic/delete?%zz", "INVALID_REQUEST"),
            ("POST", "/topic/delete?topic=$", "ok"),
            ("POST", "/topic/tombstone", "MISSING_ARG_TOPIC"),
            ("POST", "/topic/tombstone?node=a:1", "MISSING_ARG_TOPIC"),
            ("POST", "/topic/tombstone?topic=$", "MISSING_ARG_NODE"),
            ("POST", "/topic/tombstone?topic=$&node", "ok"),
            ("POST", "/channel/create?channel=c", "MISSING_ARG_TOPIC"),
            ("POST", "/channel/create?topic=$", "INVALID_ARG_TOPIC"),
            ("POST", "/channel/create?topic=t", "MISSING_ARG_CHANNEL"),
            ("POST", "/channel/create?topic=t&channel=$", "INVALID_ARG_CHANNEL"),
            ("POST", "/channel/delete", "MISSING_ARG_TOPIC"),
            ("POST", "/channel/delete?topic=$&channel=$", "INVALID_ARG_TOPIC"),
            ("POST", "/channel/delete?topic=t", "MISSING_ARG_CHANNEL"),
            ("POST", "/channel/delete?topic=t&channel=", "INVALID_ARG_CHANNEL"),
            ("POST", "/channel/delete?topic=t&channel=c", "ok"),
        ] {
            assert_eq!(code(method, target), expected, "{method} {target}");
            if expected != "ok" {
                let body = crate::http::Response::from(parse(method, target).unwrap_err()).body;
                assert_eq!(body, format!("{{\"message\":\"{expected}\"}}").as_bytes(), "no detail: {target}");
            }
        }
    }

    #[test]
    fn a_demanded_revision_is_a_number() {
        assert_eq!(min_revision(" 17 "), Ok(17));
        for bad in ["", "-1", "x", "1.5", "99999999999999999999"] {
            assert_eq!(min_revision(bad).map_err(|error| error.code()), Err("INVALID_MIN_REVISION"), "{bad}");
        }
    }

    #[test]
    fn our_own_parameters_are_checked_with_a_reason() {
        for (method, target, expected, reason) in [
            ("POST", "/register?channel=c", "MISSING_ARG_TOPIC", "with its topic"),
            ("POST", "/register?topic=", "INVALID_ARG_TOPIC", "1 to 64 characters"),
            ("POST", "/register?topic=t&channel=a%20b", "INVALID_ARG_CHANNEL", "got \\\"a b\\\""),
            ("POST", "/register?;", "INVALID_REQUEST", ""),
            ("POST", "/unregister", "MISSING_ARG_NODE", "broadcast_address:http_port"),
            ("POST", "/unregister?node=a", "INVALID_ARG_NODE", "got \\\"a\\\""),
            ("POST", "/unregister?node=a:0", "INVALID_ARG_NODE", "got"),
            ("POST", "/unregister?node=a:1&channel=c", "MISSING_ARG_TOPIC", "with its topic"),
            ("POST", "/unregister?node=a:1&topic=*", "INVALID_ARG_TOPIC", "1 to 64"),
            ("POST", "/unregister?node=a:1&topic=t&channel=", "INVALID_ARG_CHANNEL", "1 to 64"),
            ("GET", "/registrations", "MISSING_ARG_CATEGORY", "client, topic or channel"),
            ("GET", "/registrations?category=*", "INVALID_ARG_CATEGORY", "got \\\"*\\\""),
            ("GET", "/v1/explain", "MISSING_ARG_TOPIC", "topic: the topic"),
            ("GET", "/v1/explain?%zz", "INVALID_REQUEST", ""),
            ("GET", "/v1/changes", "MISSING_ARG_SINCE", "cursor"),
            ("GET", "/v1/changes?since=7", "INVALID_ARG_SINCE", "got \\\"7\\\""),
        ] {
            let response = crate::http::Response::from(parse(method, target).expect_err(target));
            let body = String::from_utf8(response.body).unwrap();
            assert!(body.contains(&format!("\"{expected}\"")) && body.contains(reason), "{target}: {body}");
            assert_eq!(response.status, 400, "{target}");
        }
    }

    #[test]
    fn a_request_becomes_what_is_asked() {
        let change = |command| Request::Write(Write { dry_run: false, task: Task::Change(command) });
        let node = Node::parse("[::1]:4151").unwrap();
        let claim = ClaimKey { node: node.clone(), via: Via::Http };
        let unregister =
            |command| Request::Write(Write { dry_run: false, task: Task::Unregister(command, node.clone()) });
        let register = |served| Request::Write(Write { dry_run: false, task: Task::Register(served) });
        let cursor = Cursor::parse("7-00000000000000ff").unwrap();
        let find = |category, key, subkey| {
            let pattern = RegistrationPattern { category, key: Match::parse(key), subkey: Match::parse(subkey) };
            Request::Read(Read::Registrations(pattern))
        };
        for (method, target, expected) in [
            ("GET", "/ping", Request::Read(Read::Ping)),
            ("GET", "/info", Request::Read(Read::Info)),
            ("GET", "/topics", Request::Read(Read::Topics)),
            ("GET", "/nodes", Request::Read(Read::Nodes)),
            ("GET", "/debug", Request::Read(Read::Debug)),
            ("GET", "/lookup?topic=t", Request::Read(Read::Lookup { topic: "t".into() })),
            ("GET", "/channels?topic=a+b", Request::Read(Read::Channels { topic: "a b".into() })),
            ("GET", "/v1/explain?topic=t", Request::Read(Read::Explain { topic: "t".into() })),
            ("GET", "/v1/snapshot", Request::CatchUp(None)),
            ("GET", "/v1/log?%zz", Request::Log { cluster: "default".into() }),
            ("GET", "/clusters/west/v1/log", Request::Log { cluster: "west".into() }),
            ("GET", "/v1/changes?since=7-00000000000000ff", Request::CatchUp(Some(cursor))),
            ("GET", "/registrations?category=topic", find(Category::Topic, "*", "*")),
            ("GET", "/registrations?category=channel&key=t&subkey=", find(Category::Channel, "t", "")),
            (
                "POST",
                "/topic/create?topic=t#ephemeral",
                change(Some(Command::CreateTopic { topic: topic("t#ephemeral") })),
            ),
            ("POST", "/topic/delete?topic=t", change(Some(Command::DeleteTopic { topic: topic("t") }))),
            ("POST", "/topic/delete?topic=*", change(None)),
            ("POST", "/topic/tombstone?topic=*&node=a:1", change(None)),
            ("POST", "/topic/tombstone?topic=t&node=a", change(None)),
            (
                "POST",
                "/topic/tombstone?topic=t&node=::1:4151&complete=true",
                change(Some(Command::CompleteTombstone { topic: topic("t"), node: node.clone() })),
            ),
            (
                "POST",
                "/topic/tombstone?topic=t&node=::1:4151",
                change(Some(Command::Tombstone { topic: topic("t"), node: node.clone() })),
            ),
            (
                "POST",
                "/channel/create?topic=t&channel=c",
                change(Some(Command::CreateChannel { topic: topic("t"), channel: channel("c") })),
            ),
            (
                "POST",
                "/channel/delete?topic=t&channel=c",
                change(Some(Command::DeleteChannel { topic: topic("t"), channel: channel("c") })),
            ),
            ("POST", "/register", register(None)),
            ("POST", "/register?topic=t", register(Some((topic("t"), None)))),
            ("POST", "/register?topic=t&channel=c", register(Some((topic("t"), Some(channel("c")))))),
            ("POST", "/unregister?node=[::1]:4151", unregister(Command::Leave { claim: claim.clone() })),
            (
                "POST",
                "/unregister?node=[::1]:4151&topic=t",
                unregister(Command::Unregister { claim: claim.clone(), topic: topic("t"), channel: None }),
            ),
            (
                "POST",
                "/unregister?node=[::1]:4151&topic=t&channel=c",
                unregister(Command::Unregister { claim, topic: topic("t"), channel: Some(channel("c")) }),
            ),
        ] {
            assert_eq!(parse(method, target), Ok(expected), "{method} {target}");
        }
    }

    #[test]
    fn a_body_is_bounded_before_it_is_read() {
        for (target, expected) in [
            ("/register?topic=t", 64 << 10),
            ("/register", 1 << 20),
            ("/unregister?node=a:1", 0),
            ("/topic/create?topic=t", 0),
        ] {
            let Ok(Request::Write(write)) = parse("POST", target) else { panic!("{target}") };
            assert_eq!(write.body_limit(), expected, "{target}");
        }
    }

    #[test]
    fn a_rehearsal_is_asked_for_in_plain_words() {
        let base = "topic=t&channel=c&node=a:1";
        for route in [
            "/topic/create",
            "/topic/delete",
            "/topic/tombstone",
            "/channel/create",
            "/channel/delete",
            "/register",
            "/unregister",
        ] {
            for (parameter, expected) in [
                ("", Some(false)),
                ("&dry_run", Some(true)),
                ("&dry_run=", Some(true)),
                ("&dry_run=true", Some(true)),
                ("&dry_run=1", Some(true)),
                ("&dry_run=false", Some(false)),
                ("&dry_run=0", Some(false)),
                ("&dry_run=True", None),
                ("&dry_run=yes", None),
                ("&dry_run=1&dry_run=0", Some(true)),
                ("&Dry_run=1", Some(false)),
            ] {
                let target = format!("{route}?{base}{parameter}");
                match (parse("POST", &target), expected) {
                    (Ok(Request::Write(write)), Some(expected)) => assert_eq!(write.dry_run, expected, "{target}"),
                    (Err(error), None) => assert_eq!(error.code(), "INVALID_ARG_DRY_RUN", "{target}"),
                    (other, _) => panic!("{target}: {other:?}"),
                }
            }
        }
    }
}
