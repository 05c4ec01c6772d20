//! What can go wrong between the dashboard and the server, and what a person can do about it.

use std::{fmt, time::Duration};

use lookupd_core::DecodeError;

use crate::{format, json::Json};

/// Why a request did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nothing answered.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// Whoever answers has a copy, and can't reach the leader either.
    LeaderAway,
    /// The server wants a token, or another one.
    Unauthorized {
        /// What it said.
        detail: Option<String>,
    },
    /// The token may not do this.
    Forbidden {
        /// What it said.
        detail: Option<String>,
    },
    /// Any other answer that is no success.
    Refused {
        /// HTTP's.
        status: u16,
        /// The server's code, where it gave one.
        code: Option<String>,
        /// What it said.
        detail: Option<String>,
        /// How long it asked to wait; nothing where it didn't.
        retry_after: Duration,
    },
    /// Something of a format that this page doesn't read: the server is of another release.
    UnknownFormat,
    /// A success that can't be read.
    Garbled {
        /// Why.
        detail: String,
    },
}

impl Problem {
    /// Reads an answer that is no success. What isn't the API's own JSON is left out: it may be anything. `retry_after` is the
    /// header, of which a date counts for nothing.
    pub fn of_answer(status: u16, body: &str, retry_after: &str) -> Self {
        let error = Json::parse(body);
        let read = |key| error.as_ref().and_then(|error| error.get(key).text());
        let (code, detail) = (read("message"), read("detail"));
        match status {
            401 => Self::Unauthorized { detail },
            403 => Self::Forbidden { detail },
            _ => {
                let retry_after = Duration::from_secs(retry_after.trim().parse().unwrap_or(0));
                Self::Refused { status, code, detail, retry_after }
            }
        }
    }

    /// What can't be decoded.
    pub fn undecodable(error: &DecodeError) -> Self {
        match error {
            DecodeError::UnknownFormat(_) => Self::UnknownFormat,
            DecodeError::Damaged => Self::Garbled { detail: "its changes are damaged".into() },
        }
    }

    /// Whether another token may help.
    pub fn wants_token(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::Forbidden { .. })
    }

    /// How long the server asked to wait before it is asked again.
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => Duration::ZERO,
        }
    }

    /// What exactly, and what to do, where nobody tries again by himself. `was_tried` tells whether something was to be
    /// changed, which may have happened all the same.
    pub fn advice_once(&self, was_tried: bool) -> String {
        match self {
            Self::Unreachable | Self::Timeout if was_tried => {
                "Whether it was done isn't known: look first, and try again.".into()
            }
            Self::Unreachable | Self::Timeout => "Nothing was changed.".into(),
            Self::Refused { retry_after, .. } if !retry_after.is_zero() => {
                format!("{}. Try again in {}.", self.advice(), format::duration(*retry_after))
            }
            _ => self.advice(),
        }
    }

    /// In a few words.
    pub fn title(&self) -> String {
        match self {
            Self::Unreachable => "The server can't be reached".into(),
            Self::Timeout => "The server did not answer in time".into(),
            Self::LeaderAway => "The server can't reach its leader".into(),
            Self::Unauthorized { .. } => "The server asks for a token".into(),
            Self::Forbidden { .. } => "This token may not do that".into(),
            Self::Refused { status: 404, .. } => "The server doesn't know that".into(),
            Self::Refused { status: 429, .. } => "The server asks for patience".into(),
            Self::Refused { status: 507, .. } => "The registry is full".into(),
            Self::Refused { status: 500.., .. } => "The server failed".into(),
            Self::Refused { .. } => "The server refused".into(),
            Self::UnknownFormat => "The server is of another release than this page".into(),
            Self::Garbled { .. } => "The server's answer can't be read".into(),
        }
    }

    /// What exactly, and what to do.
    pub fn advice(&self) -> String {
        match self {
            Self::Unreachable => "Is it running, and is this machine online? Trying again all the while.".into(),
            Self::LeaderAway => "It shows what it knows. Trying again all the while.".into(),
            Self::Timeout => "It may be busy, or the way to it is slow. Trying again all the while.".into(),
            Self::Unauthorized { detail } | Self::Forbidden { detail } => {
                detail.clone().unwrap_or_else(|| "Enter a token that may do this.".into())
            }
            Self::Refused { status, code, detail, .. } => {
                let code = code.as_deref().unwrap_or("no reason given");
                match detail {
                    Some(detail) => format!("{status} {code}: {detail}"),
                    None => format!("{status} {code}"),
                }
            }
            Self::UnknownFormat => "What it says can't be read here. Reload the page to get the server's own.".into(),
            Self::Garbled { detail } => format!("Expected the API of lookupd-edge: {detail}."),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.title(), self.advice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_for_what_a_person_can_do() {
        let full = Problem::of_answer(507, r#"{"message":"REGISTRY_FULL","detail":"at most 20000 topics"}"#, "");
        assert_eq!(full.title(), "The registry is full");
        assert_eq!(full.advice(), "507 REGISTRY_FULL: at most 20000 topics");
        let token = Problem::of_answer(401, r#"{"message":"UNAUTHORIZED","detail":"set ADMIN_TOKEN"}"#, "");
        assert!(token.wants_token());
        assert_eq!(token.advice(), "set ADMIN_TOKEN");
        for (status, title) in [
            (403, "This token may not do that"),
            (404, "The server doesn't know that"),
            (409, "The server refused"),
            (500, "The server failed"),
            (503, "The server failed"),
        ] {
            assert_eq!(Problem::of_answer(status, "", "").title(), title);
        }
    }

    #[test]
    fn a_page_of_html_is_not_shown() {
        let problem = Problem::of_answer(502, "<html><script>alert(1)</script></html>", "");
        assert_eq!(problem.advice(), "502 no reason given");
    }

    #[test]
    fn how_long_a_server_asks_to_wait_is_kept_and_told() {
        for (header, seconds, told) in [
            ("30", 30, "429 no reason given. Try again in 30 s."),
            (" 7 ", 7, "429 no reason given. Try again in 7 s."),
            ("", 0, "429 no reason given"),
            ("Thu, 26 Nov 2026 02:00:00 GMT", 0, "429 no reason given"),
            ("-1", 0, "429 no reason given"),
        ] {
            let problem = Problem::of_answer(429, "", header);
            assert_eq!(problem.retry_after(), Duration::from_secs(seconds), "{header}");
            assert_eq!(problem.advice_once(true), told);
        }
    }

    #[test]
    fn an_act_that_was_not_answered_may_be_done() {
        for problem in [Problem::Unreachable, Problem::Timeout] {
            assert!(problem.advice_once(true).contains("isn't known"));
            assert_eq!(problem.advice_once(false), "Nothing was changed.");
            assert!(!problem.advice_once(true).contains("all the while"), "nobody does");
        }
    }
}
