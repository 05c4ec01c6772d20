//! The body of `POST /register`: what nsqd sends with IDENTIFY, read strictly, each mistake named by its field.
//!
//! nsqlookupd reads the same JSON from its TCP connections more leniently (nsqio/nsq, `nsqlookupd/lookup_protocol_v1.go`);
//! whoever writes it by hand is better served by being told.

use alloc::{
    borrow::Cow,
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, num::NonZeroU16};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};

use super::{
    error::{Error, Parameter},
    request::shown,
};
use crate::{
    name::{ChannelName, TopicName},
    producer::{ADDRESS_LIMIT, IDENTIFY_LIMIT, ProducerInfo, TEXT_LIMIT, kept_of_remote_address},
};

/// The longest body that announces one topic, in bytes.
pub(super) const ONE_TOPIC_LIMIT: usize = IDENTIFY_LIMIT;

/// The longest body that announces a whole node, in bytes: what one batch may hold.
pub(super) const ALL_TOPICS_LIMIT: usize = 1 << 20;

/// All that a node serves.
pub(super) type Served = BTreeMap<TopicName, BTreeSet<ChannelName>>;

/// Reads a body; the second part is there where it names topics.
///
/// # Errors
/// [`Error::InvalidBody`], or [`Error::Invalid`] for a topic's or channel's name.
pub(super) fn read(body: &[u8], remote_address: &str) -> Result<(ProducerInfo, Option<Served>), Error> {
    let fields: Fields<'_> =
        serde_json::from_slice(body).map_err(|error| Error::InvalidBody { detail: error.to_string() })?;
    let info = ProducerInfo {
        remote_address: kept_of_remote_address(remote_address).into(),
        hostname: text("hostname", fields.hostname.unwrap_or_default(), TEXT_LIMIT)?,
        broadcast_address: needed_text("broadcast_address", fields.broadcast_address, ADDRESS_LIMIT)?,
        tcp_port: needed_port("tcp_port", fields.tcp_port)?,
        http_port: needed_port("http_port", fields.http_port)?,
        version: needed_text("version", fields.version, TEXT_LIMIT)?,
        topology_zone: text("topology_zone", fields.topology_zone.unwrap_or_default(), TEXT_LIMIT)?,
        topology_region: text("topology_region", fields.topology_region.unwrap_or_default(), TEXT_LIMIT)?,
    };
    let served = fields.topics.map(served).transpose()?;
    Ok((info, served))
}

fn wrong(field: &str, expected: impl fmt::Display) -> Error {
    Error::InvalidBody { detail: format!("{field}: expected {expected}") }
}

fn text(field: &str, value: Cow<'_, str>, limit: usize) -> Result<Box<str>, Error> {
    if value.len() > limit {
        return Err(wrong(field, format_args!("at most {limit} bytes, got {}", value.len())));
    }
    Ok(value.into())
}

fn needed_text(field: &str, value: Option<Cow<'_, str>>, limit: usize) -> Result<Box<str>, Error> {
    match value {
        None => Err(wrong(field, "a text, and it is missing")),
        Some(value) if value.is_empty() => Err(wrong(field, "a text, got an empty one")),
        Some(value) => text(field, value, limit),
    }
}

fn needed_port(field: &str, value: Option<Port>) -> Result<NonZeroU16, Error> {
    value.map(|Port(port)| port).ok_or_else(|| wrong(field, "a port from 1 to 65535, and it is missing"))
}

fn served(topics: BTreeMap<Cow<'_, str>, Vec<Cow<'_, str>>>) -> Result<Served, Error> {
    let invalid = |parameter, name: &str, expected: &dyn fmt::Display| Error::Invalid {
        parameter,
        detail: Some(format!("topics: expected {expected}, got {}", shown(name)).into()),
    };
    let mut served = Served::new();
    for (topic, channels) in topics {
        let topic = TopicName::parse(&topic).map_err(|expected| invalid(Parameter::Topic, &topic, &expected))?;
        let channels = channels
            .iter()
            .map(|name| ChannelName::parse(name).map_err(|expected| invalid(Parameter::Channel, name, &expected)));
        served.insert(topic, channels.collect::<Result<_, _>>()?);
    }
    Ok(served)
}

/// The body as it stands there. Read by hand, because a derived reader doesn't name the field that has the wrong type.
#[derive(Default)]
struct Fields<'a> {
    hostname: Option<Cow<'a, str>>,
    broadcast_address: Option<Cow<'a, str>>,
    tcp_port: Option<Port>,
    http_port: Option<Port>,
    version: Option<Cow<'a, str>>,
    topology_zone: Option<Cow<'a, str>>,
    topology_region: Option<Cow<'a, str>>,
    topics: Option<BTreeMap<Cow<'a, str>, Vec<Cow<'a, str>>>>,
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with broadcast_address, hostname, tcp_port, http_port and version")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key::<String>()? {
            let map = &mut map;
            match &*name {
                "hostname" => set(&name, &mut fields.hostname, map)?,
                "broadcast_address" => set(&name, &mut fields.broadcast_address, map)?,
                "tcp_port" => set(&name, &mut fields.tcp_port, map)?,
                "http_port" => set(&name, &mut fields.http_port, map)?,
                "version" => set(&name, &mut fields.version, map)?,
                "topology_zone" => set(&name, &mut fields.topology_zone, map)?,
                "topology_region" => set(&name, &mut fields.topology_region, map)?,
                "topics" => set(&name, &mut fields.topics, map)?,
                // nsqd may say more of itself one day.
                _ => {
                    map.next_value::<Ignored>()?;
                }
            }
        }
        Ok(fields)
    }
}

fn set<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    name: &str,
    field: &mut Option<T>,
    map: &mut A,
) -> Result<(), A::Error> {
    if field.is_some() {
        return Err(A::Error::custom(format_args!("{name}: given twice")));
    }
    *field = Some(map.next_value().map_err(|error| A::Error::custom(format_args!("{name}: {error}")))?);
    Ok(())
}

/// A port as JSON has it. Its own type, so that whatever else comes is told the range.
struct Port(NonZeroU16);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(PortVisitor)
    }
}

struct PortVisitor;

impl Visitor<'_> for PortVisitor {
    type Value = Port;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a port from 1 to 65535")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Port, E> {
        let port = u16::try_from(value).ok().and_then(NonZeroU16::new).map(Port);
        port.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }
}

/// Any value at all, but no deeper than serde_json's recursion limit, which its own ignored values escape.
struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Ignored {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self, A::Error> {
        while values.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<Self, A::Error> {
        while values.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api;

    const WHOLE: &str =
        r#"{"broadcast_address":"b","hostname":"h","tcp_port":4150,"http_port":4151,"version":"1.3.0"}"#;

    fn code_and_detail(body: &str) -> (&'static str, String) {
        match read(body.as_bytes(), "r").expect_err(body) {
            Error::InvalidBody { detail } => ("INVALID_BODY", detail),
            Error::Invalid { parameter: Parameter::Topic, detail } => ("INVALID_ARG_TOPIC", detail.unwrap().into()),
            Error::Invalid { parameter: Parameter::Channel, detail } => ("INVALID_ARG_CHANNEL", detail.unwrap().into()),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn what_nsqd_sends_is_read() {
        let (info, served) = read(WHOLE.as_bytes(), "1.2.3.4:5").unwrap();
        assert_eq!(served, None);
        assert_eq!(info.node().to_string(), "b:4151");
        assert_eq!((&*info.hostname, &*info.version, info.tcp_port.get()), ("h", "1.3.0", 4150));
        assert_eq!((&*info.remote_address, &*info.topology_zone), ("1.2.3.4:5", ""));

        let more =
            WHOLE.replace('{', r#"{"remote_address":5,"new":[{}],"topology_zone":"z\u00e9","topology_region":"r","#);
        let (info, _) = read(more.as_bytes(), "r").unwrap();
        assert_eq!((&*info.remote_address, &*info.topology_zone, &*info.topology_region), ("r", "zé", "r"));
    }

    #[test]
    fn a_whole_node_is_read() {
        let body = WHOLE.replace('{', r#"{"topics":{"t":["c","c#ephemeral","c"],"u":[]},"#);
        let (_, served) = read(body.as_bytes(), "r").unwrap();
        let served = served.unwrap();
        let names: Vec<_> = served.iter().map(|(topic, channels)| (topic.as_str(), channels.len())).collect();
        assert_eq!(names, [("t", 2), ("u", 0)]);
        let nothing = WHOLE.replace('{', r#"{"topics":{},"#);
        assert_eq!(read(nothing.as_bytes(), "r").unwrap().1, Some(Served::new()));
    }

    #[test]
    fn what_the_types_write_is_read() {
        let identify = api::Identify {
            broadcast_address: "b",
            hostname: "h",
            tcp_port: NonZeroU16::MAX,
            http_port: NonZeroU16::MIN,
            version: "v",
            topology_zone: "z",
            topology_region: "r",
            topics: Some(Served::from([(TopicName::parse("t").unwrap(), BTreeSet::new())])),
        };
        let (info, served) = read(&serde_json::to_vec(&identify).unwrap(), "x").unwrap();
        assert_eq!(served, identify.topics);
        let written = api::Producer {
            remote_address: "x",
            hostname: "h",
            broadcast_address: "b",
            tcp_port: NonZeroU16::MAX,
            http_port: NonZeroU16::MIN,
            version: "v",
            topology_zone: "z",
            topology_region: "r",
        };
        assert_eq!(api::Producer::from(&info), written);
    }

    #[test]
    fn every_mistake_is_named_by_its_field() {
        let without = |field: &str| {
            let mut value: serde_json::Value = serde_json::from_str(WHOLE).unwrap();
            value.as_object_mut().unwrap().remove(field);
            value.to_string()
        };
        for field in ["broadcast_address", "tcp_port", "http_port", "version"] {
            let (code, detail) = code_and_detail(&without(field));
            assert!(code == "INVALID_BODY" && detail.starts_with(&format!("{field}: ")), "{detail}");
        }
        assert!(read(without("hostname").as_bytes(), "r").is_ok());

        let long = |length| "x".repeat(length);
        for (from, to, expected) in [
            ("4151", "0", "http_port: invalid value: integer `0`, expected a port from 1 to 65535 at line 1"),
            ("4151", "65536", "http_port: invalid value: integer `65536`, expected a port from 1 to 65535"),
            ("4151", "-1", "http_port: invalid type: integer `-1`, expected a port from 1 to 65535"),
            ("4150", "1.5", "tcp_port: invalid type: floating point `1.5`, expected a port from 1 to 65535"),
            ("4150", "1e3", "tcp_port: invalid type: floating point `1000"),
            ("4150", "99999999999999999999999", "tcp_port: "),
            ("4150", "\"4150\"", "tcp_port: invalid type: string \"4150\""),
            ("4150", "null", "tcp_port: invalid type: null"),
            ("\"b\"", "\"\"", "broadcast_address: expected a text, got an empty one"),
            ("\"b\"", "5", "broadcast_address: invalid type: integer `5`"),
            ("\"b\"", &format!("\"{}\"", long(256)), "broadcast_address: expected at most 255 bytes, got 256"),
            ("\"1.3.0\"", "\"\"", "version: expected a text, got an empty one"),
            ("\"h\"", &format!("\"{}\"", long(1025)), "hostname: expected at most 1024 bytes, got 1025"),
            ("\"h\"", "\"h\",\"hostname\":\"i\"", "hostname: given twice"),
            ("\"h\"", "\"\\ud800\"", "hostname: "),
            ("{", "{\"topics\":[],", "topics: invalid type: sequence"),
            ("{", "{\"topics\":{\"t\":\"c\"},", "topics: invalid type: string \"c\""),
            ("{", "{\"topics\":{\"t\":null},", "topics: invalid type: null"),
            ("}", "} x", "trailing characters"),
            ("}", "", "EOF"),
        ] {
            let (code, detail) = code_and_detail(&WHOLE.replacen(from, to, 1));
            assert!(code == "INVALID_BODY" && detail.starts_with(expected), "{to}: {detail}");
        }
        for (body, expected) in
            [("", "EOF"), ("[]", "invalid type: sequence"), ("null", "invalid type: null"), ("{x", "key")]
        {
            let (_, detail) = code_and_detail(body);
            assert!(detail.starts_with(expected), "{body}: {detail}");
        }
        assert!(read(WHOLE.replacen("\"b\"", &format!("\"{}\"", long(255)), 1).as_bytes(), "r").is_ok());
    }

    #[test]
    fn names_in_the_body_are_checked() {
        for (topics, code, got) in [
            (r#"{"*":[]}"#, "INVALID_ARG_TOPIC", "got \"*\""),
            (r#"{"":[]}"#, "INVALID_ARG_TOPIC", "got \"\""),
            (r#"{"t":["a b"]}"#, "INVALID_ARG_CHANNEL", "got \"a b\""),
        ] {
            let (found, detail) = code_and_detail(&WHOLE.replace('{', &format!(r#"{{"topics":{topics},"#)));
            assert!(found == code && detail.contains(got), "{topics}: {found} {detail}");
        }
    }

    #[test]
    fn depth_and_bad_bytes_are_errors() {
        let deep = WHOLE.replace('{', &format!("{{\"x\":{}1{},", "[".repeat(10_000), "]".repeat(10_000)));
        assert!(code_and_detail(&deep).1.contains("recursion limit"));
        let bad_bytes = [&b"{\"hostname\":\"\xff\"}"[..], b"\xff", b"{\"\xff\":1}"];
        for body in bad_bytes {
            assert!(matches!(read(body, "r"), Err(Error::InvalidBody { .. })), "{body:?}");
        }
        let long_address = "é".repeat(2_000);
        assert_eq!(read(WHOLE.as_bytes(), &long_address).unwrap().0.remote_address.len(), TEXT_LIMIT);
    }
}
