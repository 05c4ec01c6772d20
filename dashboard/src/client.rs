//! The public HTTP API, as the dashboard calls it. It has no other way to the server.

use std::{rc::Rc, time::Duration};

use js_sys::Uint8Array;
use lookupd_core::{
    CatchUp, ProducerInfo,
    http::{RIGHT, Right},
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Request, RequestCache, RequestInit, Response};

use crate::{
    answer::{Impact, Registered},
    dom,
    json::{Json, quote},
    prefs,
    problem::Problem,
    route::encode,
};

/// How long an answer may take.
const DEADLINE_MS: u32 = 10_000;

/// And a log, which may have many megabytes.
const LOG_DEADLINE_MS: u32 = 120_000;

/// The API of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    prefix: Rc<str>,
}

/// Something that a person may ask the server to change.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// A topic comes.
    CreateTopic {
        /// Its name.
        topic: String,
    },
    /// A topic goes.
    DeleteTopic {
        /// Its name.
        topic: String,
    },
    /// A channel comes.
    CreateChannel {
        /// The topic it is in.
        topic: String,
        /// Its name.
        channel: String,
    },
    /// A channel goes.
    DeleteChannel {
        /// The topic it is in.
        topic: String,
        /// Its name.
        channel: String,
    },
    /// A node is hidden under a topic.
    Tombstone {
        /// The topic.
        topic: String,
        /// Who.
        node: String,
    },
    /// The same, and its nsqd deletes the topic.
    CompleteTombstone {
        /// The topic.
        topic: String,
        /// Whose nsqd.
        node: String,
    },
    /// A producer announces itself.
    Register {
        /// The topic it serves.
        topic: String,
        /// And the channel; may be empty.
        channel: String,
        /// What it says of itself.
        info: Box<ProducerInfo>,
    },
    /// A producer that was announced over HTTP takes its leave, of one topic or altogether.
    Unregister {
        /// Who.
        node: String,
        /// The topic; all of them without it.
        topic: Option<String>,
    },
}

impl Act {
    /// What one has to be permitted for it.
    pub fn right(&self) -> Right {
        match self {
            Self::Register { .. } | Self::Unregister { .. } => Right::Register,
            _ => Right::Admin,
        }
    }

    /// Path and query.
    pub fn path(&self) -> String {
        match self {
            Self::CreateTopic { topic } => format!("/topic/create?topic={}", encode(topic)),
            Self::DeleteTopic { topic } => format!("/topic/delete?topic={}", encode(topic)),
            Self::CreateChannel { topic, channel } => {
                format!("/channel/create?topic={}&channel={}", encode(topic), encode(channel))
            }
            Self::DeleteChannel { topic, channel } => {
                format!("/channel/delete?topic={}&channel={}", encode(topic), encode(channel))
            }
            Self::Tombstone { topic, node } => {
                format!("/topic/tombstone?topic={}&node={}", encode(topic), encode(node))
            }
            Self::CompleteTombstone { topic, node } => {
                format!("/topic/tombstone?topic={}&node={}&complete=true", encode(topic), encode(node))
            }
            Self::Register { topic, channel, .. } if channel.is_empty() => format!("/register?topic={}", encode(topic)),
            Self::Register { topic, channel, .. } => {
                format!("/register?topic={}&channel={}", encode(topic), encode(channel))
            }
            Self::Unregister { node, topic: None } => format!("/unregister?node={}", encode(node)),
            Self::Unregister { node, topic: Some(topic) } => {
                format!("/unregister?node={}&topic={}", encode(node), encode(topic))
            }
        }
    }

    fn body(&self) -> Option<String> {
        match self {
            Self::Register { info, .. } => Some(body(info)),
            _ => None,
        }
    }
}

/// What a replica is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What brings it up to date.
    pub answer: CatchUp,
    /// How old that is, where it is from a copy whose leader can't be reached.
    pub stale: Option<Duration>,
    /// What whoever asked may do.
    pub right: Right,
}

impl Client {
    /// The API below this prefix: empty or `/clusters/NAME`.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    /// What stands before every path.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What brings a replica up to date.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn catch_up(&self, path: &str) -> Result<Told, Problem> {
        let response = self.send("GET", path, None).await?;
        let header = |name| response.headers().get(name).ok().flatten();
        // Whatever stands between may answer with a page of its own, and its first byte is no format's number.
        if header("Content-Type").as_deref() != Some("application/octet-stream") {
            return Err(Problem::Garbled { detail: "this is something else".into() });
        }
        let answer = CatchUp::decode(&body_of(&response).await?);
        let age = || header("X-Lookupd-Age").and_then(|age| age.parse().ok()).unwrap_or(0);
        let stale = header("X-Lookupd-Stale").map(|_| Duration::from_millis(age()));
        // A leader of an earlier release doesn't say, and refuses what may not be done.
        let right = header(RIGHT).and_then(|right| Right::parse(&right)).unwrap_or(Right::Admin);
        Ok(Told { answer: answer.map_err(|error| Problem::undecodable(&error))?, stale, right })
    }

    /// The cluster's log, as a file.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn log(&self) -> Result<String, Problem> {
        let response = self.send_within(LOG_DEADLINE_MS, "GET", "/v1/log", None).await?;
        let kind = response.headers().get("Content-Type").ok().flatten();
        if kind.as_deref() != Some("application/x-ndjson") {
            return Err(Problem::Garbled { detail: "this is something else".into() });
        }
        text_of(&response).await
    }

    /// Whether there is such an API.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn ping(&self) -> Result<(), Problem> {
        self.send("GET", "/ping", None).await.map(drop)
    }

    /// What the act would change. Nothing is changed.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn dry_run(&self, act: &Act) -> Result<Impact, Problem> {
        let response = self.send("POST", &format!("{}&dry_run=true", act.path()), act.body()).await?;
        read(&text_of(&response).await?, Impact::read)
    }

    /// Does it.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn act(&self, act: &Act) -> Result<Option<Registered>, Problem> {
        let response = self.send("POST", &act.path(), act.body()).await?;
        match act {
            Act::Register { .. } => read(&text_of(&response).await?, Registered::read).map(Some),
            _ => Ok(None),
        }
    }

    async fn send(&self, method: &str, path: &str, body: Option<String>) -> Result<Response, Problem> {
        self.send_within(DEADLINE_MS, method, path, body).await
    }

    async fn send_within(
        &self,
        deadline_ms: u32,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<Response, Problem> {
        let init = RequestInit::new();
        init.set_method(method);
        init.set_cache(RequestCache::NoStore);
        init.set_signal(Some(&AbortSignal::timeout_with_u32(deadline_ms)));
        if let Some(body) = body {
            init.set_body(&JsValue::from_str(&body));
        }
        let url = format!("{}{path}", self.prefix);
        let request = Request::new_with_str_and_init(&url, &init).map_err(|_| Problem::Unreachable)?;
        if let Some(token) = prefs::token() {
            // A token that can't stand in a header can't be right either: the server says so.
            let _ = request.headers().set("Authorization", &format!("Bearer {token}"));
        }
        let response = JsFuture::from(dom::window().fetch_with_request(&request)).await;
        let response: Response = response.map_err(|error| broken_off(&error))?.unchecked_into();
        if response.ok() {
            return Ok(response);
        }
        let status = response.status();
        let retry_after = response.headers().get("Retry-After").ok().flatten().unwrap_or_default();
        let text = text_of(&response).await.unwrap_or_default();
        Err(Problem::of_answer(status, &text, &retry_after))
    }
}

async fn body_of(response: &Response) -> Result<Vec<u8>, Problem> {
    let buffer = response.array_buffer().map_err(|_| Problem::Unreachable)?;
    let buffer = JsFuture::from(buffer).await.map_err(|error| broken_off(&error))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

async fn text_of(response: &Response) -> Result<String, Problem> {
    let text = response.text().map_err(|_| Problem::Unreachable)?;
    let text = JsFuture::from(text).await.map_err(|error| broken_off(&error))?;
    Ok(text.as_string().unwrap_or_default())
}

fn read<T>(text: &str, read: impl Fn(&Json) -> Option<T>) -> Result<T, Problem> {
    let json = Json::parse(text).ok_or_else(|| Problem::Garbled { detail: "this is no JSON".into() })?;
    read(&json).ok_or_else(|| Problem::Garbled { detail: "something is missing in it".into() })
}

/// The body of `POST /register` with a topic in the query.
fn body(info: &ProducerInfo) -> String {
    format!(
        r#"{{"broadcast_address":{},"hostname":{},"tcp_port":{},"http_port":{},"version":{},"topology_zone":{},"topology_region":{}}}"#,
        quote(&info.broadcast_address),
        quote(&info.hostname),
        info.tcp_port,
        info.http_port,
        quote(&info.version),
        quote(&info.topology_zone),
        quote(&info.topology_region),
    )
}

fn broken_off(error: &JsValue) -> Problem {
    let name = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.name())).unwrap_or_default();
    if name == "TimeoutError" { Problem::Timeout } else { Problem::Unreachable }
}

#[cfg(test)]
mod tests {
    use lookupd_core::api::Identify;

    use super::*;

    #[test]
    fn a_producer_is_announced_as_core_writes_it() {
        let info = ProducerInfo {
            remote_address: "".into(),
            hostname: "a \"quoted\" \u{202e}\n".into(),
            broadcast_address: "::1".into(),
            tcp_port: 4150.try_into().unwrap(),
            http_port: 4151.try_into().unwrap(),
            version: "1".into(),
            topology_zone: "z".into(),
            topology_region: "".into(),
        };
        let identify = Identify {
            broadcast_address: info.broadcast_address.to_string(),
            hostname: info.hostname.to_string(),
            tcp_port: info.tcp_port,
            http_port: info.http_port,
            version: info.version.to_string(),
            topology_zone: info.topology_zone.to_string(),
            topology_region: String::new(),
            topics: None,
        };
        let written: serde_json::Value = serde_json::from_str(&body(&info)).unwrap();
        assert_eq!(written, serde_json::to_value(&identify).unwrap());
    }

    #[test]
    fn names_are_encoded_into_paths() {
        let topic = || "foo#ephemeral".to_owned();
        for (act, path) in [
            (Act::DeleteTopic { topic: topic() }, "/topic/delete?topic=foo%23ephemeral"),
            (
                Act::CreateChannel { topic: topic(), channel: "c&d".into() },
                "/channel/create?topic=foo%23ephemeral&channel=c%26d",
            ),
            (
                Act::Tombstone { topic: topic(), node: "[::1]:4151".into() },
                "/topic/tombstone?topic=foo%23ephemeral&node=%5B%3A%3A1%5D%3A4151",
            ),
            (
                Act::CompleteTombstone { topic: topic(), node: "a:1".into() },
                "/topic/tombstone?topic=foo%23ephemeral&node=a%3A1&complete=true",
            ),
            (Act::Unregister { node: "a:1".into(), topic: None }, "/unregister?node=a%3A1"),
        ] {
            assert_eq!(act.path(), path);
        }
    }
}
