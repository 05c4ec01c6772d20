//! A question that waits until its answer changes: consumers learn at once, not at the next poll.

use alloc::{boxed::Box, string::ToString};
use core::time::Duration;

use super::{
    error::{Error, Parameter},
    query::Query,
    request::{Read, invalid, since},
    response::Response,
};
use crate::{
    change::{Check, Cursor, Revision},
    time::parse_duration,
};

/// `GET /lookup?topic=T&wait=30s[&since=CURSOR]`: answered as soon as the answer is another than whoever asks has seen, or
/// when the wait is over.
///
/// What was seen is told by the header `X-Lookupd-Cursor` of an earlier answer. It stands for that answer, not for a place in
/// a history: it is the same again after a change and its opposite, and at every home. Without it, what counts as seen is the
/// answer at the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The topic, whether or not it could be one.
    pub topic: Box<str>,
    /// How long to wait at most.
    pub within: Duration,
    seen: Option<Check>,
}

/// The longest wait: proxies and clients give up on requests that take longer.
pub const MAX_WAIT: Duration = Duration::from_secs(60);

/// The header of an answer's cursor.
pub const CURSOR: &str = "X-Lookupd-Cursor";

impl Wait {
    /// Reads `wait` and `since`; nothing where there is no `wait`.
    pub(super) fn parse(query: &Query<'_>, topic: &str) -> Result<Option<Self>, Error> {
        let Some(text) = query.get(Parameter::Wait.name()) else { return Ok(None) };
        let within = parse_duration(&text).ok().filter(|within| *within <= MAX_WAIT);
        let within = within.ok_or_else(|| invalid(Parameter::Wait, "a duration of at most 60s, such as 30s", &text))?;
        let seen = query.get(Parameter::Since.name()).map(|_| since(query)).transpose()?;
        Ok(Some(Self { topic: topic.into(), within, seen: seen.map(|cursor| cursor.check) }))
    }

    /// What is asked.
    pub fn read(&self) -> Read {
        Read::Lookup { topic: self.topic.clone() }
    }

    /// Whether whoever asks has told what was seen, or an answer was looked at since.
    pub fn has_seen(&self) -> bool {
        self.seen.is_some()
    }

    /// Whether this answer, of a registry at that revision, is another than the one that was seen; the first one is what was
    /// seen, where nothing else is. Marks it with its cursor.
    pub fn is_news(&mut self, response: &mut Response, revision: Revision) -> bool {
        let check = Check::default().next(&response.body);
        response.push(CURSOR, Cursor { revision, check }.to_string());
        *self.seen.get_or_insert(check) != check
    }

    /// As [`is_news`](Self::is_news), of an answer that somebody else marked with this cursor. What is no cursor is news.
    pub fn is_news_at(&mut self, cursor: &str) -> bool {
        Cursor::parse(cursor).map_or(true, |Cursor { check, .. }| *self.seen.get_or_insert(check) != check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Request, Route, Target};

    fn parse(query: &str) -> Result<Request, Error> {
        let text = alloc::format!("/lookup?{query}");
        let target = Target::parse(text.as_bytes()).unwrap();
        Request::parse(Route::find("GET", &target, None).unwrap(), &target)
    }

    #[test]
    fn a_wait_is_bounded_and_told_in_durations() {
        let within = |query| match parse(query) {
            Ok(Request::Wait(wait)) => Ok(wait.within),
            Ok(Request::Read(_)) => Ok(Duration::MAX),
            Ok(other) => panic!("{query}: {other:?}"),
            Err(error) => Err((error.status(), error.code())),
        };
        for (query, expected) in [
            ("topic=t&wait=30s", Ok(Duration::from_secs(30))),
            ("topic=t&wait=0", Ok(Duration::ZERO)),
            ("topic=t&wait=1m&since=7-00000000000000ff", Ok(MAX_WAIT)),
            // Without a wait, what else stands there means nothing, as at nsqlookupd.
            ("topic=t&since=x", Ok(Duration::MAX)),
            ("topic=t&Wait=x", Ok(Duration::MAX)),
            ("wait=30s", Err((400, "MISSING_ARG_TOPIC"))),
            ("topic=t&wait", Err((400, "INVALID_ARG_WAIT"))),
            ("topic=t&wait=30", Err((400, "INVALID_ARG_WAIT"))),
            ("topic=t&wait=-1s", Err((400, "INVALID_ARG_WAIT"))),
            ("topic=t&wait=60.001s", Err((400, "INVALID_ARG_WAIT"))),
            ("topic=t&wait=9999999h", Err((400, "INVALID_ARG_WAIT"))),
            ("topic=t&wait=1s&since=7", Err((400, "INVALID_ARG_SINCE"))),
            ("topic=t&wait=1s&since", Err((400, "INVALID_ARG_SINCE"))),
        ] {
            assert_eq!(within(query), expected, "{query}");
        }
        let body = Response::from(parse("topic=t&wait=1d").unwrap_err()).body;
        let detail = r#""detail":"expected a duration of at most 60s, such as 30s, got \"1d\""}"#;
        assert!(core::str::from_utf8(&body).unwrap().ends_with(detail), "{body:?}");
    }

    #[test]
    fn an_answer_is_news_to_whoever_saw_another() {
        let wait = |query| match parse(query) {
            Ok(Request::Wait(wait)) => wait,
            other => panic!("{other:?}"),
        };
        let answer = |body: &str| Response::json(200, body.into());
        let (mut one, mut other) = (answer("one"), answer("other"));
        let mut first = wait("topic=t&wait=1s");
        assert!(!first.is_news(&mut one, 3), "nothing was seen before");
        assert!(first.is_news(&mut other, 4));
        assert!(first.is_news_at(other.header(CURSOR).unwrap()) && !first.is_news_at(one.header(CURSOR).unwrap()));
        assert!(first.is_news_at("none"));
        let cursor = one.header(CURSOR).unwrap();
        assert!(cursor.starts_with("3-"), "{cursor}");
        let mut second = wait(&alloc::format!("topic=t&wait=1s&since={cursor}"));
        assert!(!second.is_news(&mut one.clone(), 9), "at whatever revision");
        assert!(second.is_news(&mut other, 9));
        assert!(!second.is_news(&mut one, 10), "and it may come back");
    }
}
