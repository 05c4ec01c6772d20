//! A question about the registry as it was.

use alloc::string::ToString;
use core::time::Duration;

use super::{
    answer::answer,
    error::{Error, Parameter},
    query::Query,
    request::{Read, invalid},
    response::Response,
};
use crate::{
    past::{NoSuchPast, Past},
    producer::Lifetimes,
    time::{Timestamp, parse_duration},
};

/// Any question with `at=MOMENT`: milliseconds since 1970, or how long ago, as in `-10m`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRead {
    /// What is asked.
    pub read: Read,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Time(Timestamp),
    Ago(Duration),
}

impl PastRead {
    /// Makes a question one about the past, where its query says so.
    pub(super) fn of(read: Read, query: &Query<'_>) -> Result<Result<Self, Read>, Error> {
        let Some(text) = query.get(Parameter::At.name()) else { return Ok(Err(read)) };
        let at = match text.strip_prefix('-') {
            Some(ago) => parse_duration(ago).ok().map(At::Ago),
            None => text.parse().ok().map(|millis| At::Time(Timestamp::from_millis(millis))),
        };
        let at = at.ok_or_else(|| invalid(Parameter::At, EXPECTED, &text))?;
        Ok(Ok(Self { read, at }))
    }

    /// The moment, which is never after now.
    pub fn time(&self, now: Timestamp) -> Timestamp {
        match self.at {
            At::Time(time) => time.min(now),
            At::Ago(ago) => now.minus(ago),
        }
    }

    /// The answer as it was then, with the header `X-Lookupd-Revision`. Takes as long as loading a leader.
    pub fn answer(&self, past: &Past, lifetimes: &Lifetimes) -> Response {
        match past.replay() {
            Ok(registry) => {
                let mut response = answer(&self.read, &registry, lifetimes, past.time(), |_| None);
                response.push("X-Lookupd-Revision", registry.revision().to_string());
                response
            }
            Err(NoSuchPast::Forgotten(since)) => Error::PastForgotten { since }.into(),
            Err(NoSuchPast::Broken(_)) => Error::StorageFailed.into(),
        }
    }
}

const EXPECTED: &str = "milliseconds since 1970, or how long ago, as in -10m";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Request, Route, Target};

    fn parse(target: &str) -> Result<Request, &'static str> {
        let target = Target::parse(target.as_bytes()).unwrap();
        let parsed = Request::parse(Route::find("GET", &target, None).unwrap(), &target);
        parsed.map_err(|error| error.code())
    }

    #[test]
    fn every_question_can_be_asked_of_a_moment() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        for question in [
            "/topics?",
            "/nodes?",
            "/debug?",
            "/lookup?topic=t&",
            "/channels?topic=t&",
            "/registrations?category=topic&",
            "/v1/explain?topic=t&",
        ] {
            let time = |at: &str| match parse(&[question, at].concat()) {
                Ok(Request::Past(past)) => Ok(past.time(now)),
                Ok(Request::Read(_)) => Err("now"),
                Ok(other) => panic!("{other:?}"),
                Err(code) => Err(code),
            };
            assert_eq!(time("at=1699999999999"), Ok(now.minus(Duration::from_millis(1))), "{question}");
            assert_eq!(time("at=-10m"), Ok(now.minus(Duration::from_secs(600))));
            assert_eq!(time("at=-0"), Ok(now));
            assert_eq!(time("at=1700000000001"), Ok(now), "what is to come isn't known");
            assert_eq!(time("At=1"), Err("now"));
            for bad in ["at", "at=", "at=x", "at=1.5", "at=-x", "at=--1s", "at=99999999999999999999"] {
                assert_eq!(time(bad), Err("INVALID_ARG_AT"), "{question}{bad}");
            }
        }
    }

    #[test]
    fn what_looks_at_no_query_takes_any_as_before() {
        for target in ["/topics?%zz", "/nodes?;", "/debug?at=1;"] {
            assert!(matches!(parse(target), Ok(Request::Read(_))), "{target}");
        }
        assert!(matches!(parse("/ping?at=1"), Ok(Request::Read(Read::Ping))));
        assert_eq!(parse("/lookup?topic=t&wait=1s&at=1"), Err("INVALID_ARG_AT"));
    }
}
