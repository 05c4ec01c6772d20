//! Every way in which a request fails, and the one place where that becomes a status and a body.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
};

use super::{
    access::Right,
    response::{Response, json},
};
use crate::{api, command::Refusal, time::Timestamp};

/// A parameter of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `topic`.
    Topic,
    /// `channel`.
    Channel,
    /// `node`.
    Node,
    /// `category`.
    Category,
    /// `since`.
    Since,
    /// `dry_run`.
    DryRun,
    /// `complete`.
    Complete,
    /// `agent`.
    Agent,
    /// `incarnation`.
    Incarnation,
    /// `connection`.
    Connection,
    /// `wait`.
    Wait,
    /// `at`.
    At,
    /// The header `X-Lookupd-Min-Revision`.
    MinRevision,
}

/// Why a request isn't answered as it was meant.
///
/// A `detail` is for the endpoints that are ours; nsqlookupd's say the code and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// What Go's own server refuses, in its words.
    BadRequest,
    /// The target is longer than [`MAX_TARGET_LENGTH`](super::MAX_TARGET_LENGTH).
    UriTooLong,
    /// No such path.
    NotFound,
    /// The path exists, and these methods with it.
    MethodNotAllowed {
        /// As `Allow` lists them.
        allow: &'static str,
    },
    /// The query, or the body's transfer, can't be read.
    InvalidRequest,
    /// A parameter that is needed isn't there.
    Missing {
        /// Which.
        parameter: Parameter,
        /// What it should be.
        detail: Option<Cow<'static, str>>,
    },
    /// A parameter isn't what it should be.
    Invalid {
        /// Which.
        parameter: Parameter,
        /// What it should be.
        detail: Option<Cow<'static, str>>,
    },
    /// `/lookup` of a topic that isn't there.
    TopicNotFound,
    /// A stream is a WebSocket, and none was asked for.
    UpgradeRequired,
    /// This home has no streams.
    NoStreams,
    /// Deleting a channel that isn't there.
    ChannelNotFound,
    /// A moment that isn't known any more.
    PastForgotten {
        /// Since when it is.
        since: Timestamp,
    },
    /// Who sends no token may not do this.
    Unauthorized {
        /// What was asked for.
        right: Right,
        /// Whether any token is configured that permits it.
        possible: bool,
    },
    /// A token was sent that isn't any of the configured ones.
    InvalidToken,
    /// The token that was sent doesn't permit this.
    Forbidden {
        /// What was asked for.
        right: Right,
    },
    /// A change that another site's page asked for.
    ForeignOrigin,
    /// A request that was sent to a name which isn't this home's.
    ForeignHost,
    /// The body is longer than it may be.
    BodyTooLarge {
        /// The most, in bytes.
        limit: usize,
    },
    /// The body isn't what it should be.
    InvalidBody {
        /// The field, what was expected, and what came.
        detail: String,
    },
    /// The registry holds as much as it may.
    RegistryFull(Refusal),
    /// One command would change more than is stored at once.
    CommandTooLarge(Refusal),
    /// What the command builds on isn't there any more.
    Conflict(Refusal),
    /// Nobody can ask the node's nsqd.
    NoAgent(Refusal),
    /// The registry can't be read or written. The reason belongs in the log.
    StorageFailed,
    /// There is no state yet to answer from.
    NotReady,
    /// The leader that is followed can't be asked.
    UpstreamUnreachable {
        /// Which, and why not.
        detail: String,
    },
    /// The deployment's own settings can't be used.
    Misconfigured {
        /// Which, and why not.
        detail: String,
    },
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::ChannelNotFound => Self::ChannelNotFound,
            Refusal::Full { .. } => Self::RegistryFull(refusal),
            Refusal::TooLarge { .. } => Self::CommandTooLarge(refusal),
            Refusal::UnknownClaim | Refusal::Superseded { .. } => Self::Conflict(refusal),
            Refusal::NoAgent => Self::NoAgent(refusal),
        }
    }
}

impl Error {
    /// The answer's status.
    pub fn status(&self) -> u16 {
        self.status_and_code().0
    }

    /// The answer's `message`.
    pub fn code(&self) -> &'static str {
        self.status_and_code().1
    }

    fn status_and_code(&self) -> (u16, &'static str) {
        match self {
            Self::BadRequest => (400, "BAD_REQUEST"),
            Self::UriTooLong => (414, "URI_TOO_LONG"),
            Self::NotFound => (404, "NOT_FOUND"),
            Self::MethodNotAllowed { .. } => (405, "METHOD_NOT_ALLOWED"),
            Self::InvalidRequest => (400, "INVALID_REQUEST"),
            Self::Missing { parameter, .. } => (400, parameter.name_and_codes().1),
            Self::Invalid { parameter, .. } => (400, parameter.name_and_codes().2),
            Self::TopicNotFound => (404, "TOPIC_NOT_FOUND"),
            Self::ChannelNotFound => (404, "CHANNEL_NOT_FOUND"),
            Self::PastForgotten { .. } => (410, "PAST_FORGOTTEN"),
            Self::UpgradeRequired => (426, "UPGRADE_REQUIRED"),
            Self::NoStreams => (501, "NO_STREAMS"),
            Self::Unauthorized { .. } => (401, "UNAUTHORIZED"),
            Self::InvalidToken => (401, "INVALID_TOKEN"),
            Self::Forbidden { .. } => (403, "FORBIDDEN"),
            Self::ForeignOrigin => (403, "FOREIGN_ORIGIN"),
            Self::ForeignHost => (403, "FOREIGN_HOST"),
            Self::BodyTooLarge { .. } => (413, "BODY_TOO_LARGE"),
            Self::InvalidBody { .. } => (400, "INVALID_BODY"),
            Self::RegistryFull(_) => (507, "REGISTRY_FULL"),
            Self::CommandTooLarge(_) => (413, "COMMAND_TOO_LARGE"),
            Self::Conflict(_) => (409, "CONFLICT"),
            Self::NoAgent(_) => (409, "NO_AGENT"),
            Self::StorageFailed => (503, "STORAGE_FAILED"),
            Self::NotReady => (503, "NOT_READY"),
            Self::UpstreamUnreachable { .. } => (502, "UPSTREAM_UNREACHABLE"),
            Self::Misconfigured { .. } => (500, "MISCONFIGURED"),
        }
    }

    fn detail(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Missing { detail, .. } | Self::Invalid { detail, .. } => return detail.clone(),
            Self::UriTooLong => format!("path and query may have {} bytes", super::MAX_TARGET_LENGTH).into(),
            Self::Unauthorized { right, possible: true } => {
                format!("send the header Authorization: Bearer <{}>", right.tokens()).into()
            }
            Self::Unauthorized { right, possible: false } => format!(
                "no token is configured that permits this: set the secret {} (wrangler secret put {}) and send it as \
                 Authorization: Bearer <token>; or set the variable ANONYMOUS to {} to permit it without a token",
                right.tokens(),
                right.token(),
                right.anonymous(),
            )
            .into(),
            Self::InvalidToken => "the token sent is none of ADMIN_TOKEN, REGISTER_TOKEN, READ_TOKEN".into(),
            Self::Forbidden { right } => format!("this takes the {}", right.tokens()).into(),
            Self::ForeignOrigin => {
                "a page of another origin may change nothing, unless its origin is one of CORS_ORIGINS".into()
            }
            Self::ForeignHost => "requests to this name aren't answered: it is none of the variable HOSTS".into(),
            Self::BodyTooLarge { limit } => format!("the body may have {limit} bytes").into(),
            Self::InvalidBody { detail } | Self::UpstreamUnreachable { detail } | Self::Misconfigured { detail } => {
                detail.clone().into()
            }
            Self::RegistryFull(refusal)
            | Self::CommandTooLarge(refusal)
            | Self::Conflict(refusal)
            | Self::NoAgent(refusal) => refusal.to_string().into(),
            Self::StorageFailed => {
                "the registry can't be read or written; whether a change was stored is unknown".into()
            }
            Self::NotReady => "the registry isn't loaded yet; try again".into(),
            Self::PastForgotten { since } => format!("what was is known since {}", since.as_millis()).into(),
            Self::UpgradeRequired => "a stream is a WebSocket: send Upgrade: websocket".into(),
            Self::NoStreams => "there are no streams here: ask for /v1/changes from time to time".into(),
            Self::BadRequest
            | Self::NotFound
            | Self::MethodNotAllowed { .. }
            | Self::InvalidRequest
            | Self::TopicNotFound
            | Self::ChannelNotFound => return None,
        })
    }
}

impl From<Error> for Response {
    fn from(error: Error) -> Self {
        if error == Error::BadRequest {
            let mut response = Self::text(400, "400 Bad Request");
            response.push("Connection", "close");
            return response;
        }
        let detail = error.detail();
        let body = json(&api::Error { message: error.code(), detail: detail.as_deref() });
        let mut response = Self::json(error.status(), body);
        match error {
            Error::MethodNotAllowed { allow } => response.push("Allow", allow),
            Error::Unauthorized { .. } | Error::InvalidToken => {
                response.push("WWW-Authenticate", "Bearer realm=\"lookupd-edge\"");
            }
            Error::StorageFailed | Error::NotReady => response.push("Retry-After", "1"),
            Error::UpgradeRequired => response.push("Upgrade", "websocket"),
            _ => {}
        }
        response
    }
}

impl Parameter {
    /// As it is written in a query.
    pub fn name(self) -> &'static str {
        self.name_and_codes().0
    }

    /// Its name, and the codes for where it is missing and invalid.
    fn name_and_codes(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Topic => ("topic", "MISSING_ARG_TOPIC", "INVALID_ARG_TOPIC"),
            Self::Channel => ("channel", "MISSING_ARG_CHANNEL", "INVALID_ARG_CHANNEL"),
            Self::Node => ("node", "MISSING_ARG_NODE", "INVALID_ARG_NODE"),
            Self::Category => ("category", "MISSING_ARG_CATEGORY", "INVALID_ARG_CATEGORY"),
            Self::Since => ("since", "MISSING_ARG_SINCE", "INVALID_ARG_SINCE"),
            Self::DryRun => ("dry_run", "MISSING_ARG_DRY_RUN", "INVALID_ARG_DRY_RUN"),
            Self::Complete => ("complete", "MISSING_ARG_COMPLETE", "INVALID_ARG_COMPLETE"),
            Self::Agent => ("agent", "MISSING_ARG_AGENT", "INVALID_ARG_AGENT"),
            Self::Incarnation => ("incarnation", "MISSING_ARG_INCARNATION", "INVALID_ARG_INCARNATION"),
            Self::MinRevision => ("X-Lookupd-Min-Revision", "MISSING_MIN_REVISION", "INVALID_MIN_REVISION"),
            Self::Wait => ("wait", "MISSING_ARG_WAIT", "INVALID_ARG_WAIT"),
            Self::At => ("at", "MISSING_ARG_AT", "INVALID_ARG_AT"),
            Self::Connection => ("connection", "MISSING_ARG_CONNECTION", "INVALID_ARG_CONNECTION"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Bound;

    #[test]
    fn every_error_has_its_status_code_and_body() {
        let full = Refusal::Full { bound: Bound::Topics, limit: 3 };
        for (error, status, body) in [
            (Error::NotFound, 404, r#"{"message":"NOT_FOUND"}"#),
            (Error::MethodNotAllowed { allow: "GET, OPTIONS" }, 405, r#"{"message":"METHOD_NOT_ALLOWED"}"#),
            (Error::InvalidRequest, 400, r#"{"message":"INVALID_REQUEST"}"#),
            (Error::TopicNotFound, 404, r#"{"message":"TOPIC_NOT_FOUND"}"#),
            (Refusal::ChannelNotFound.into(), 404, r#"{"message":"CHANNEL_NOT_FOUND"}"#),
            (Error::Missing { parameter: Parameter::Topic, detail: None }, 400, r#"{"message":"MISSING_ARG_TOPIC"}"#),
            (
                Error::Invalid { parameter: Parameter::Node, detail: Some("host:port".into()) },
                400,
                r#"{"message":"INVALID_ARG_NODE","detail":"host:port"}"#,
            ),
            (
                Error::BodyTooLarge { limit: 9 },
                413,
                r#"{"message":"BODY_TOO_LARGE","detail":"the body may have 9 bytes"}"#,
            ),
            (Error::UriTooLong, 414, r#"{"message":"URI_TOO_LONG","detail":"path and query may have 65536 bytes"}"#),
            (
                Error::Forbidden { right: Right::Register },
                403,
                r#"{"message":"FORBIDDEN","detail":"this takes the REGISTER_TOKEN or ADMIN_TOKEN"}"#,
            ),
            (Error::InvalidBody { detail: "EOF".into() }, 400, r#"{"message":"INVALID_BODY","detail":"EOF"}"#),
            (
                Error::NoStreams,
                501,
                r#"{"message":"NO_STREAMS","detail":"there are no streams here: ask for /v1/changes from time to time"}"#,
            ),
            (Error::NotReady, 503, r#"{"message":"NOT_READY","detail":"the registry isn't loaded yet; try again"}"#),
            (full.into(), 507, r#"{"message":"REGISTRY_FULL","detail":"the registry holds at most 3 topics"}"#),
            (
                Refusal::TooLarge { limit: 5 }.into(),
                413,
                r#"{"message":"COMMAND_TOO_LARGE","detail":"one command changes at most 5 bytes"}"#,
            ),
        ] {
            let response = Response::from(error);
            assert_eq!(response.status, status, "{body}");
            assert_eq!(str::from_utf8(&response.body).unwrap(), body);
            assert_eq!(response.header("Content-Type"), Some("application/json; charset=utf-8"));
            assert_eq!(response.header("X-Nsq-Content-Type"), Some("nsq; version=1.0"));
        }
    }

    #[test]
    fn what_go_itself_refuses_is_refused_in_its_words() {
        let response = Response::from(Error::BadRequest);
        assert_eq!((response.status, &response.body[..]), (400, &b"400 Bad Request"[..]));
        assert_eq!(response.header("Content-Type"), Some("text/plain; charset=utf-8"));
        assert_eq!(response.header("Connection"), Some("close"));
        assert_eq!(response.header("X-Nsq-Content-Type"), None);
    }

    #[test]
    fn who_may_not_is_told_what_would_help() {
        let refused = |right, possible| Response::from(Error::Unauthorized { right, possible });
        let response = refused(Right::Register, false);
        assert_eq!(response.status, 401);
        assert_eq!(response.header("WWW-Authenticate"), Some("Bearer realm=\"lookupd-edge\""));
        let text = |response: Response| String::from_utf8(response.body).unwrap();
        let body = text(response);
        for part in ["\"UNAUTHORIZED\"", "wrangler secret put REGISTER_TOKEN", "ANONYMOUS to write"] {
            assert!(body.contains(part), "{body} lacks {part}");
        }
        assert!(text(refused(Right::Read, true)).contains("Bearer \\u003cREAD_TOKEN"));
        assert!(text(Error::Forbidden { right: Right::Admin }.into()).contains("ADMIN_TOKEN"));
    }
}
