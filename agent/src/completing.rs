//! `--complete-tombstones`: what a tombstone begins is finished at the nsqd itself, as an operator does by hand who deletes a
//! topic from one node (nsqio/nsq, `nsqadmin/http.go`, `tombstoneNodeForTopicHandler`).

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Collected, Empty, Limited};
use hyper::{
    Request, StatusCode, Uri,
    http::uri::{Authority, Scheme},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use lookupd_core::{ProducerInfo, TopicName};
use tokio::time::timeout;

use crate::follower::cause_of;

/// The way to the nsqds that are connected here; none where this agent is to leave them alone.
pub(crate) struct Completing(Option<Client<HttpConnector, Empty<Bytes>>>);

impl Completing {
    pub(crate) fn new(is_enabled: bool) -> Self {
        let client = || {
            let mut http = HttpConnector::new();
            http.set_connect_timeout(Some(PATIENCE));
            // It is asked once in a long while, by a connection of its own.
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(http)
        };
        Self(is_enabled.then(client))
    }

    /// Has an nsqd that is connected here delete the topic, with all that waits in it there. Gives why it didn't.
    ///
    /// It is asked where it says itself that it is, and nowhere else: redirects aren't followed.
    pub(crate) async fn complete(&self, nsqd: &ProducerInfo, topic: &TopicName) -> Option<String> {
        let deleted = match &self.0 {
            None => Err("the agent that it is connected to was started without --complete-tombstones".into()),
            Some(client) => timeout(PATIENCE, delete(client, nsqd, topic))
                .await
                .unwrap_or_else(|_| Err(format!("its nsqd doesn't answer within {PATIENCE:?}"))),
        };
        let node = nsqd.node();
        match &deleted {
            Ok(()) => tracing::info!("COMPLETE({node}): deleted topic {topic}, as was asked with its tombstone"),
            Err(problem) => tracing::warn!("COMPLETE({node}): topic {topic} isn't deleted: {problem}"),
        }
        deleted.err()
    }
}

async fn delete(
    client: &Client<HttpConnector, Empty<Bytes>>,
    nsqd: &ProducerInfo,
    topic: &TopicName,
) -> Result<(), String> {
    let node = nsqd.node().to_string();
    let authority = Authority::try_from(&*node).ok().filter(|authority| !authority.as_str().contains('@'));
    // Of what a topic is made of, a URI minds only this.
    let target = format!("/topic/delete?topic={}", topic.replace('#', "%23"));
    let uri = authority.and_then(|authority| {
        Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(target).build().ok()
    });
    let request = uri.and_then(|uri| Request::post(uri).body(Empty::new()).ok());
    let request = request.ok_or_else(|| format!("{node} is no address of an nsqd"))?;
    let answer =
        client.request(request).await.map_err(|error| format!("its nsqd can't be asked: {}", cause_of(&error)))?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
    let body = body.map(Collected::to_bytes).unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::NOT_FOUND if body.contains("TOPIC_NOT_FOUND") => Ok(()),
        _ => {
            let told: String = body.chars().filter(|character| !character.is_control()).take(LONGEST_TOLD).collect();
            Err(format!("its nsqd answers {}: {}", status.as_u16(), told.trim()))
        }
    }
}

/// nsqd closes the topic's channels before it answers.
const PATIENCE: Duration = Duration::from_secs(5);

/// nsqd says a few words.
const LONGEST_ANSWER: usize = 4 << 10;

/// As many characters of them are told.
const LONGEST_TOLD: usize = 200;
