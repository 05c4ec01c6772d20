//! What the leader alone answers, passed on by the caller's own right: this agent lends nobody its own.

use std::time::Duration;

use hyper::{HeaderMap, header};
use lookupd_core::http::{Error, RIGHT, Response, SERVER, Target};

use super::{
    state::Follower,
    upstream::{Answer, Authorization, Connection, Unreachable},
};
use crate::role::Asked;

impl Follower {
    /// Has the leader answer.
    ///
    /// # Errors
    /// Why it doesn't.
    pub(super) async fn forward(&self, asked: Asked<'_>, body: Vec<u8>) -> Result<Response, Error> {
        let Asked { method, target, authorization } = asked;
        let authorization = Authorization::Caller(authorization);
        let answered = self.upstream.ask(method, &path_and_query(target), authorization, body).await;
        answered.map(passed_back).map_err(|unreachable| {
            let is_in_doubt = method == "POST" && unreachable.may_have_arrived;
            self.tell(&unreachable, if is_in_doubt { "; whether it was carried out is unknown" } else { "" })
        })
    }

    /// Has the leader carry out a change. Whoever asked for it sees it here when he is answered.
    ///
    /// # Errors
    /// Why it doesn't.
    pub(super) async fn forward_change(&self, asked: Asked<'_>, body: Vec<u8>) -> Result<Response, Error> {
        let response = self.forward(asked, body).await?;
        self.caught_up(PATIENCE_WITH_PULLS).await;
        Ok(response)
    }

    /// Has the leader open a stream for the caller, by the caller's handshake: the answer to that, and the connection.
    ///
    /// # Errors
    /// The finished answer, where there is none.
    pub(super) async fn relay(
        &self,
        asked: Asked<'_>,
        handshake: HeaderMap,
    ) -> Result<(Response, Connection), Response> {
        let Asked { target, authorization, .. } = asked;
        let authorization = Authorization::Caller(authorization);
        match self.upstream.upgrade(&path_and_query(target), authorization, handshake).await {
            Ok(Ok((headers, connection))) => {
                let mut response = passed_back(Answer { status: 101, headers, body: Default::default() });
                response.push("Connection", "Upgrade");
                response.push("Upgrade", "websocket");
                Ok((response, connection))
            }
            Ok(Err(answer)) => Err(passed_back(answer)),
            Err(unreachable) => Err(self.tell(&unreachable, "").into()),
        }
    }

    fn tell(&self, unreachable: &Unreachable, doubt: &str) -> Error {
        Error::UpstreamUnreachable { detail: format!("{}: {unreachable}{doubt}", self.upstream.url()) }
    }
}

/// The leader's answer as whoever asked here gets it.
fn passed_back(answer: Answer) -> Response {
    let mut response = Response {
        status: answer.status,
        headers: vec![("Server", SERVER.into())],
        body: Vec::new(),
        hold: Duration::ZERO,
    };
    for name in PASSED_BACK {
        if let Some(value) = answer.header(name) {
            response.push(name, value.to_owned());
        }
    }
    response.body = answer.body.into();
    response
}

/// Those of an answer's headers that mean something.
const PASSED_BACK: [&str; 11] = [
    "Content-Type",
    "Content-Disposition",
    "X-Nsq-Content-Type",
    "WWW-Authenticate",
    "Retry-After",
    "X-Lookupd-Revision",
    "X-Lookupd-Age",
    "X-Lookupd-Stale",
    RIGHT,
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Protocol",
];

fn path_and_query(target: &Target<'_>) -> Vec<u8> {
    let query = target.query.map(|query| [b"?", query].concat()).unwrap_or_default();
    [target.path, &query].concat()
}

/// What a caller's handshake says of the WebSocket itself, but for extensions, which two agree on alone.
pub(crate) fn handshake_of(headers: &HeaderMap) -> HeaderMap {
    let names = [header::SEC_WEBSOCKET_KEY, header::SEC_WEBSOCKET_VERSION, header::SEC_WEBSOCKET_PROTOCOL];
    names.into_iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect()
}

/// How long whoever changed something waits for it to be seen here.
const PATIENCE_WITH_PULLS: Duration = Duration::from_secs(2);
