//! Everything that a daemon shows of its registry.

use std::collections::{BTreeMap, BTreeSet};

use lookupd_tests::{Connection, Request, Response, comparable_with_clients};
use serde_json::Value;

/// The names of topics that a scenario uses, but for invalid ones.
pub(crate) const TOPICS: [&str; 7] = ["t", "u", "e#ephemeral", "f#ephemeral", "A.b_c-9", LONG, LONG_EPHEMERAL];
/// The names of channels.
pub(crate) const CHANNELS: [&str; 5] = ["c", "d", "x#ephemeral", "y#ephemeral", LONG];
/// A name of 64 characters.
pub(crate) const LONG: &str = "0123456789012345678901234567890123456789012345678901234567890123";
/// Another one.
pub(crate) const LONG_EPHEMERAL: &str = "012345678901234567890123456789012345678901234567890123#ephemeral";

/// A node as both daemons' users name it, but that brackets around an address are no part of it.
pub(crate) type Node = (String, i64);

/// What one daemon answers to every question about its registry.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// Question and answer, in a form that can be compared.
    pub(crate) answers: Vec<(String, String)>,
    /// As `/topics` lists them.
    pub(crate) topics: BTreeSet<String>,
    /// Topics with their channels, as `/channels` lists them.
    pub(crate) channels: BTreeSet<(String, String)>,
    /// As `/nodes` lists them.
    pub(crate) producers: Vec<Producer>,
    /// Topic, channel (or nothing) and client of every registration in `/debug`.
    pub(crate) served: BTreeSet<(String, String, String)>,
}

/// An entry of `/nodes`.
#[derive(Debug, Clone)]
pub(crate) struct Producer {
    /// Whose connection announces it.
    pub(crate) client: String,
    /// Its node.
    pub(crate) node: Node,
    /// `broadcast_address:http_port`, as nsqlookupd joins them.
    pub(crate) node_text: String,
    /// What it says of itself.
    pub(crate) says: Vec<Value>,
    /// Its topics, and whether each is tombstoned.
    pub(crate) topics: BTreeMap<String, bool>,
}

/// Asks all the questions at once.
pub(crate) fn ask(connection: &mut Connection) {
    let requests: Vec<u8> = questions().flat_map(|question| Request::get(question).bytes().to_vec()).collect();
    connection.write(&requests).expect("a daemon takes requests");
}

/// Reads the answers to [`ask`]. `client` names the client with an address.
pub(crate) fn answered(connection: &mut Connection, add_topology: bool, client: impl Fn(&str) -> String) -> State {
    let mut state = State::default();
    for question in questions() {
        let answer = connection.read_answer(b"GET").unwrap_or_else(|error| panic!("{question}: {error}"));
        state.learn(&question, &answer, &client);
        let body = comparable_with_clients(&answer.text(), add_topology, &client);
        state.answers.push((question, format!("{} {body}", answer.status)));
    }
    state
}

fn questions() -> impl Iterator<Item = String> {
    let of_all = ["/topics", "/nodes", "/debug"].map(str::to_owned);
    let of_one = TOPICS.into_iter().flat_map(|topic| {
        let topic = topic.replace('#', "%23");
        [format!("/channels?topic={topic}"), format!("/lookup?topic={topic}")]
    });
    of_all.into_iter().chain(of_one)
}

impl State {
    /// Whether the client's connection announces anything.
    pub(crate) fn producer_of(&self, client: &str) -> Option<&Producer> {
        self.producers.iter().find(|producer| producer.client == client)
    }

    /// Topics and nodes of all tombstones.
    pub(crate) fn tombstones(&self) -> impl Iterator<Item = (&String, &Producer)> {
        self.producers.iter().flat_map(|producer| {
            producer.topics.iter().filter(|(_, tombstoned)| **tombstoned).map(move |(topic, _)| (topic, producer))
        })
    }

    fn learn(&mut self, question: &str, answer: &Response, client: &impl Fn(&str) -> String) {
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return };
        if question == "/topics" {
            self.topics = texts(&body["topics"]).collect();
        } else if let Some(topic) = question.strip_prefix("/channels?topic=") {
            let topic = topic.replace("%23", "#");
            self.channels.extend(texts(&body["channels"]).map(|channel| (topic.clone(), channel)));
        } else if question == "/nodes" {
            self.producers = list(&body["producers"]).map(|producer| Producer::read(producer, client)).collect();
        } else if question == "/debug" {
            for (key, producers) in body.as_object().into_iter().flatten() {
                let mut parts = key.split(':').skip(1).map(str::to_owned);
                let (topic, channel) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                for producer in list(producers) {
                    let client = client(producer["id"].as_str().unwrap_or_default());
                    self.served.insert((topic.clone(), channel.clone(), client));
                }
            }
        }
    }
}

impl Producer {
    fn read(entry: &Value, client: &impl Fn(&str) -> String) -> Self {
        let text = |key: &str| entry[key].as_str().unwrap_or_default();
        let address = text("broadcast_address");
        let http_port = entry["http_port"].as_i64().unwrap_or_default();
        let tombstones = list(&entry["tombstones"]).map(|tombstoned| tombstoned == &Value::Bool(true));
        Self {
            client: client(text("remote_address")),
            node: node(address, http_port),
            node_text: format!("{address}:{http_port}"),
            says: ["hostname", "broadcast_address", "tcp_port", "http_port", "version"]
                .map(|key| entry[key].clone())
                .to_vec(),
            topics: texts(&entry["topics"]).zip(tombstones).collect(),
        }
    }
}

/// The node of an address and a port.
pub(crate) fn node(mut address: &str, http_port: i64) -> Node {
    while address.len() > 2
        && let Some(inside) = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
    {
        address = inside;
    }
    (address.to_owned(), http_port)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn texts(value: &Value) -> impl Iterator<Item = String> {
    list(value).filter_map(Value::as_str).map(str::to_owned)
}
