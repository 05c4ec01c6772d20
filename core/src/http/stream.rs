//! What a stream is opened with. The conversation on it is [`link`](crate::link)'s.

use alloc::{format, string::String};

use super::{
    access::Right,
    error::{Error, Parameter},
    query::Query,
    request::{invalid, since},
    target::decode,
};
use crate::{
    change::Cursor,
    producer::{AgentId, Incarnation},
};

/// A stream that is asked for: `GET /v1/stream?since=CURSOR[&agent=ID&incarnation=N&connection=N]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamOpening {
    /// Where its follower stands; nothing where it has no state yet.
    pub since: Option<Cursor>,
    /// The agent that opens it, where one does: it also speaks.
    pub agent: Option<StreamingAgent>,
}

/// Which of an agent's streams one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamingAgent {
    /// Whose.
    pub id: AgentId,
    /// The life that it is in.
    pub incarnation: Incarnation,
    /// Which stream of that life, counted.
    pub connection: u64,
}

impl StreamOpening {
    pub(super) fn parse(query: &Query<'_>) -> Result<Self, Error> {
        let since = query.get(Parameter::Since.name()).map(|_| since(query)).transpose()?;
        let Some(id) = query.get(Parameter::Agent.name()) else { return Ok(Self { since, agent: None }) };
        let id = AgentId::parse(&id).map_err(|expected| invalid(Parameter::Agent, expected, &id))?;
        let incarnation = number(query, Parameter::Incarnation, "when the agent started, in milliseconds since 1970")?;
        let connection = number(query, Parameter::Connection, "which of the agent's streams it is, counted")?;
        Ok(Self { since, agent: Some(StreamingAgent { id, incarnation, connection }) })
    }

    /// What its caller must be permitted: to follow takes less than to speak.
    pub fn right(&self) -> Right {
        if self.agent.is_some() { Right::Register } else { Right::Read }
    }
}

fn number(query: &Query<'_>, parameter: Parameter, expected: &'static str) -> Result<u64, Error> {
    let missing =
        || Error::Missing { parameter, detail: Some(format!("expected {}: {expected}", parameter.name()).into()) };
    let text = query.get(parameter.name()).ok_or_else(missing)?;
    text.parse().map_err(|_| invalid(parameter, expected, &text))
}

/// The subprotocol of a stream, for clients that have to name one: a browser's WebSocket can send no header, so it asks for
/// this one and for `bearer.TOKEN`, with the token percent-encoded.
pub const STREAM_PROTOCOL: &str = "lookupd";

/// The `Authorization` that a `Sec-WebSocket-Protocol` stands for, where it carries a token.
pub fn authorization_in(protocols: &str) -> Option<String> {
    let token = protocols.split(',').find_map(|protocol| protocol.trim().strip_prefix("bearer."))?;
    // What can't be decoded is a token that nobody has.
    let token = decode(token.as_bytes(), false).unwrap_or_default();
    Some(format!("Bearer {}", String::from_utf8_lossy(&token)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Request, Route, Target};

    fn parse(query: &str) -> Result<StreamOpening, &'static str> {
        let text = format!("/v1/stream{query}");
        let target = Target::parse(text.as_bytes()).unwrap();
        match Request::parse(Route::find("GET", &target, None).unwrap(), &target) {
            Ok(Request::Stream(opening)) => Ok(opening),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.code()),
        }
    }

    #[test]
    fn a_follower_says_where_it_stands_and_an_agent_who_it_is() {
        let follower = parse("?since=7-00000000000000ff").unwrap();
        assert_eq!(follower.since.unwrap().revision, 7);
        assert_eq!((&follower.agent, follower.right()), (&None, Right::Read));
        assert_eq!(parse("").unwrap(), StreamOpening { since: None, agent: None });
        let agent = parse("?agent=a.1&incarnation=17&connection=2").unwrap();
        let id = AgentId::parse("a.1").unwrap();
        assert_eq!(agent.right(), Right::Register);
        assert_eq!(agent.agent, Some(StreamingAgent { id, incarnation: 17, connection: 2 }));
    }

    #[test]
    fn what_is_no_cursor_agent_or_number_is_refused() {
        for (query, code) in [
            ("?since=7", "INVALID_ARG_SINCE"),
            ("?agent=", "INVALID_ARG_AGENT"),
            ("?agent=a%20b&incarnation=1&connection=1", "INVALID_ARG_AGENT"),
            ("?agent=a", "MISSING_ARG_INCARNATION"),
            ("?agent=a&incarnation=1", "MISSING_ARG_CONNECTION"),
            ("?agent=a&incarnation=-1&connection=1", "INVALID_ARG_INCARNATION"),
            ("?agent=a&incarnation=1&connection=99999999999999999999", "INVALID_ARG_CONNECTION"),
            ("?;", "INVALID_REQUEST"),
        ] {
            assert_eq!(parse(query), Err(code), "{query}");
        }
    }

    #[test]
    fn a_browsers_token_comes_as_a_subprotocol() {
        for (protocols, expected) in [
            ("lookupd, bearer.s3cret", Some("Bearer s3cret")),
            ("bearer.a%2Fb%3d,lookupd", Some("Bearer a/b=")),
            ("bearer.%zz", Some("Bearer ")),
            ("lookupd", None),
            ("", None),
        ] {
            assert_eq!(authorization_in(protocols).as_deref(), expected, "{protocols}");
        }
    }
}
