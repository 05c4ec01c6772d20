//! The JSON that producers send: IDENTIFY's body, read as leniently as Go does, and that of `POST /register`, read strictly.

use std::{collections::BTreeMap, fmt, num::NonZeroU16};

use lookupd_core::{
    ChannelName, Command, ProducerInfo, TopicName,
    http::{self, Access, Anonymous, Headers, Origins, Request, Response, Target, admit},
    protocol::{Daemon, Error, Greeting, MAX_BODY_LENGTH, Output, Session},
};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::{http::check_answer, memory::within};

/// One body, read in both ways and by serde_json.
///
/// What serde_json reads, IDENTIFY reads to the same fields; what it doesn't, IDENTIFY refuses too, but for what Go is known
/// to be lenient about. `POST /register` accepts exactly what is right, and then means what IDENTIFY means.
pub fn json(body: &[u8]) {
    if body.len() > MAX_BODY_LENGTH {
        return;
    }
    let memory = MEMORY + MEMORY_PER_BYTE * body.len();
    let identified = within(memory, || identify(body));
    let announced = within(memory, || announce("/register", body));
    let registered = within(memory, || announce("/register?topic=t", body));
    for refused in [&announced, &registered] {
        if let Err(error) = refused {
            check_answer(&Response::from(error.clone()));
        }
    }

    match serde_json::from_slice::<Option<Entries>>(body) {
        Err(error) => {
            assert!(announced.is_err() && registered.is_err(), "{error}");
            let reason = error.to_string();
            let is_lenient = str::from_utf8(body).is_err() || LENIENCES.iter().any(|known| reason.contains(known));
            assert!(is_lenient || identified == Err(Error::UndecodableBody), "{error}: {identified:?}");
        }
        Ok(read) => {
            let Entries(entries) = read.unwrap_or(Entries(Vec::new()));
            let entries: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
            if let Some(expected) = as_go_reads(&entries) {
                assert_eq!(identified, expected);
            }
            let expected = as_we_ask_for(&entries);
            let announces = expected.as_ref().filter(|(_, topics)| topics.is_some());
            let registers = expected.as_ref().filter(|(_, topics)| topics.is_none());
            assert_eq!(
                announced.as_ref().ok(),
                announces.cloned().map(|(info, topics)| (info, topics.unwrap())).as_ref()
            );
            assert_eq!(registered.ok().map(|(info, _)| info), registers.map(|(info, _)| info.clone()));
        }
    }
}

const MEMORY: usize = 16 << 10;
const MEMORY_PER_BYTE: usize = 64;

/// Why serde_json refuses what Go accepts: numbers beyond any type, half a surrogate pair, nesting beyond 128.
const LENIENCES: [&str; 4] = ["number out of range", "surrogate", "unexpected end of hex escape", "recursion limit"];

type Served = BTreeMap<String, Vec<String>>;

fn identify(body: &[u8]) -> Result<ProducerInfo, Error> {
    let daemon = Daemon { broadcast_address: "b", hostname: "h", http_port: 4161, tcp_port: 4160 };
    let mut session = Session::new(Greeting::new(&daemon), REMOTE_ADDRESS);
    session.input(b"  V1IDENTIFY\n");
    session.input(&i32::try_from(body.len()).unwrap().to_be_bytes());
    session.input(body);
    match session.poll() {
        Some(Output::Request(_)) => Ok(session.producer().unwrap().clone()),
        _ => Err(session.error().unwrap().clone()),
    }
}

fn announce(target: &str, body: &[u8]) -> Result<(ProducerInfo, Served), http::Error> {
    let target = Target::parse(target.as_bytes())?;
    let access = Access::new(Anonymous::Write, None, None, None);
    let request = admit("POST", &target, &Headers::default(), &access, &Origins::default()).unwrap();
    let Request::Write(write) = request else { panic!("{request:?}") };
    match write.order(body, REMOTE_ADDRESS)?.command {
        Some(Command::Announce { info, topics, .. }) => {
            let text = |(topic, channels): (TopicName, _)| (topic.to_string(), texts(channels));
            Ok((info, topics.into_iter().map(text).collect()))
        }
        Some(Command::Register { info, .. }) => Ok((info, Served::new())),
        other => panic!("{other:?}"),
    }
}

const REMOTE_ADDRESS: &str = "127.0.0.1:5";

fn texts(names: impl IntoIterator<Item = ChannelName>) -> Vec<String> {
    names.into_iter().map(|name| name.to_string()).collect()
}

/// An object's fields in their order, repeated ones too.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Which bodies of IDENTIFY nsqlookupd accepts, and as what. `None` for a zero of which serde_json doesn't tell how it was
/// written.
fn as_go_reads(entries: &[(&str, &Value)]) -> Option<Result<ProducerInfo, Error>> {
    let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
    let mut ports: BTreeMap<&str, i64> = BTreeMap::new();
    for (key, value) in entries {
        let key: String = key
            .chars()
            .map(|c| {
                if c == 'ſ' {
                    's'
                } else if c == '\u{212a}' {
                    'k'
                } else {
                    c
                }
            })
            .collect();
        let is_field = |field: &&&str| field.eq_ignore_ascii_case(&key);
        if let Some(field) = TEXTS.iter().find(is_field) {
            match value {
                Value::Null => {}
                Value::String(text) => drop(texts.insert(field, text)),
                _ => return Some(Err(Error::UndecodableBody)),
            }
        } else if let Some(field) = PORTS.iter().find(is_field) {
            match value {
                Value::Null => {}
                Value::Number(number) if number.as_f64() == Some(0.0) && !number.is_u64() => return None,
                Value::Number(number) => match number.as_i64() {
                    Some(number) => drop(ports.insert(field, number)),
                    None => return Some(Err(Error::UndecodableBody)),
                },
                _ => return Some(Err(Error::UndecodableBody)),
            }
        }
    }
    let text = |field| texts.get(field).copied().unwrap_or_default();
    let number = |field| ports.get(field).copied().unwrap_or_default();
    if text("broadcast_address").is_empty()
        || text("version").is_empty()
        || number("tcp_port") == 0
        || number("http_port") == 0
    {
        return Some(Err(Error::MissingFields));
    }
    for field in PORTS {
        let value = number(field);
        if !(1..=65_535).contains(&value) {
            return Some(Err(Error::BadPort { field, value }));
        }
    }
    for field in KEPT {
        let limit = limit(field);
        if text(field).len() > limit {
            return Some(Err(Error::TextTooLong { field, limit }));
        }
    }
    let port = |field| u16::try_from(number(field)).unwrap();
    Some(Ok(producer(text, port)))
}

/// Which bodies of `POST /register` are right, and what they announce: the producer, and its topics where it names them.
fn as_we_ask_for(entries: &[(&str, &Value)]) -> Option<(ProducerInfo, Option<Served>)> {
    let mut fields: BTreeMap<&str, &Value> = BTreeMap::new();
    for (key, value) in entries {
        let is_known = *key == "topics" || PORTS.contains(key) || KEPT.contains(key);
        if is_known && fields.insert(key, value).is_some() {
            return None;
        }
    }
    let mut ports: BTreeMap<&str, u16> = BTreeMap::new();
    for field in PORTS {
        let port = fields.get(field)?.as_u64().and_then(|port| u16::try_from(port).ok())?;
        ports.insert(field, NonZeroU16::new(port)?.get());
    }
    for field in KEPT {
        let is_needed = matches!(field, "broadcast_address" | "version");
        match fields.get(field) {
            Some(Value::String(text)) if text.len() <= limit(field) && !(is_needed && text.is_empty()) => {}
            None if !is_needed => {}
            _ => return None,
        }
    }
    let topics = match fields.get("topics") {
        None => None,
        Some(Value::Object(topics)) => Some(
            topics
                .iter()
                .map(|(topic, channels)| {
                    let channels = channels.as_array()?.iter().map(|name| ChannelName::parse(name.as_str()?).ok());
                    let channels: std::collections::BTreeSet<ChannelName> = channels.collect::<Option<_>>()?;
                    Some((TopicName::parse(topic).ok()?.to_string(), texts(channels)))
                })
                .collect::<Option<Served>>()?,
        ),
        Some(_) => return None,
    };
    let text = |field| fields.get(field).and_then(|value| value.as_str()).unwrap_or_default();
    Some((producer(text, |field| ports[field]), topics))
}

fn producer<'a>(text: impl Fn(&'static str) -> &'a str, port: impl Fn(&'static str) -> u16) -> ProducerInfo {
    let port = |field| NonZeroU16::new(port(field)).unwrap();
    ProducerInfo {
        remote_address: REMOTE_ADDRESS.into(),
        hostname: text("hostname").into(),
        broadcast_address: text("broadcast_address").into(),
        tcp_port: port("tcp_port"),
        http_port: port("http_port"),
        version: text("version").into(),
        topology_zone: text("topology_zone").into(),
        topology_region: text("topology_region").into(),
    }
}

/// The fields that are texts, for IDENTIFY.
const TEXTS: [&str; 6] =
    ["remote_address", "hostname", "broadcast_address", "version", "topology_zone", "topology_region"];

/// Those of them that are kept, in the order in which they are judged.
const KEPT: [&str; 5] = ["hostname", "broadcast_address", "version", "topology_zone", "topology_region"];

const PORTS: [&str; 2] = ["tcp_port", "http_port"];

/// As the project's list of differences has it, 22.
fn limit(field: &str) -> usize {
    if field == "broadcast_address" { 255 } else { 1_024 }
}
