//! IDENTIFY's body: what nsqd says of itself, read as leniently as nsqlookupd reads it (nsqio/nsq,
//! `nsqlookupd/lookup_protocol_v1.go`, `IDENTIFY`; Go's `encoding/json`).
//!
//! Keys count in any case, the last of several wins, `null` says nothing, and what isn't known is ignored. Only what no
//! consumer could use is refused beyond that: a port that is none, and texts without end. `POST /register` reads the same
//! fields strictly, since a person may have written them.

use alloc::{borrow::Cow, boxed::Box, string::String};
use core::num::NonZeroU16;

use super::{
    error::Error,
    json::{self, NotAnObject, Value},
};
use crate::producer::{ADDRESS_LIMIT, ProducerInfo, TEXT_LIMIT, kept_of_remote_address};

/// Reads a body. Whatever it says of its `remote_address`, the connection's is the true one.
///
/// # Errors
/// [`Error::UndecodableBody`], [`Error::MissingFields`], [`Error::BadPort`], [`Error::TextTooLong`]; in this order.
pub(super) fn read(body: &[u8], remote_address: &str) -> Result<ProducerInfo, Error> {
    let fields = Fields::read(body).map_err(|NotAnObject| Error::UndecodableBody)?;
    if fields.lacks_any() {
        return Err(Error::MissingFields);
    }
    Ok(ProducerInfo {
        tcp_port: port("tcp_port", fields.tcp_port)?,
        http_port: port("http_port", fields.http_port)?,
        remote_address: kept_of_remote_address(remote_address).into(),
        hostname: text("hostname", fields.hostname, TEXT_LIMIT)?,
        broadcast_address: text("broadcast_address", fields.broadcast_address, ADDRESS_LIMIT)?,
        version: text("version", fields.version, TEXT_LIMIT)?,
        topology_zone: text("topology_zone", fields.topology_zone, TEXT_LIMIT)?,
        topology_region: text("topology_region", fields.topology_region, TEXT_LIMIT)?,
    })
}

fn port(field: &'static str, value: i64) -> Result<NonZeroU16, Error> {
    u16::try_from(value).ok().and_then(NonZeroU16::new).ok_or(Error::BadPort { field, value })
}

fn text(field: &'static str, value: Cow<'_, str>, limit: usize) -> Result<Box<str>, Error> {
    if value.len() > limit { Err(Error::TextTooLong { field, limit }) } else { Ok(value.into()) }
}

/// The fields as they stand there; empty and zero where they don't.
#[derive(Debug, Default)]
struct Fields<'a> {
    hostname: Cow<'a, str>,
    broadcast_address: Cow<'a, str>,
    tcp_port: i64,
    http_port: i64,
    version: Cow<'a, str>,
    topology_zone: Cow<'a, str>,
    topology_region: Cow<'a, str>,
}

impl<'a> Fields<'a> {
    fn read(body: &'a [u8]) -> Result<Self, NotAnObject> {
        let mut found = Self::default();
        let mut fields = json::Fields::of(body);
        while let Some((key, value)) = fields.next()? {
            match &*folded(&key) {
                "hostname" => set_text(&mut found.hostname, value)?,
                "broadcast_address" => set_text(&mut found.broadcast_address, value)?,
                "tcp_port" => set_number(&mut found.tcp_port, &value)?,
                "http_port" => set_number(&mut found.http_port, &value)?,
                "version" => set_text(&mut found.version, value)?,
                "topology_zone" => set_text(&mut found.topology_zone, value)?,
                "topology_region" => set_text(&mut found.topology_region, value)?,
                // Not believed, but it has to be a text.
                "remote_address" => set_text(&mut Cow::default(), value)?,
                _ => {}
            }
        }
        Ok(found)
    }

    fn lacks_any(&self) -> bool {
        self.broadcast_address.is_empty() || self.tcp_port == 0 || self.http_port == 0 || self.version.is_empty()
    }
}

/// A key in the one form in which all its spellings are equal. Of the characters beyond ASCII, Unicode folds two alone
/// into letters that a field's name could have.
fn folded(key: &str) -> String {
    let fold = |character: char| match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    key.chars().map(fold).collect()
}

fn set_text<'a>(field: &mut Cow<'a, str>, value: Value<'a>) -> Result<(), NotAnObject> {
    match value {
        Value::Null => {}
        Value::Text(text) => *field = text,
        Value::Number(_) | Value::Other => return Err(NotAnObject),
    }
    Ok(())
}

/// Go's int: no fraction and no exponent, be they of a whole number, and 64 bits.
fn set_number(field: &mut i64, value: &Value<'_>) -> Result<(), NotAnObject> {
    match value {
        Value::Null => {}
        Value::Number(number) => *field = number.parse().map_err(|_| NotAnObject)?,
        Value::Text(_) | Value::Other => return Err(NotAnObject),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{format, string::ToString};

    use super::*;

    const WHOLE: &str =
        r#"{"broadcast_address":"b","hostname":"h","tcp_port":4150,"http_port":4151,"version":"1.3.0"}"#;

    fn with(more: &str) -> String {
        format!("{},{more}}}", WHOLE.trim_end_matches('}'))
    }

    #[test]
    fn what_nsqd_sends_is_read() {
        let info = read(with(r#""topology_zone":"z","topology_region":"r""#).as_bytes(), "1.2.3.4:5").unwrap();
        let expected = ProducerInfo {
            remote_address: "1.2.3.4:5".into(),
            hostname: "h".into(),
            broadcast_address: "b".into(),
            tcp_port: NonZeroU16::new(4150).unwrap(),
            http_port: NonZeroU16::new(4151).unwrap(),
            version: "1.3.0".into(),
            topology_zone: "z".into(),
            topology_region: "r".into(),
        };
        assert_eq!(info, expected);
    }

    #[test]
    fn what_nsqlookupd_accepts_is_accepted() {
        for (more, address, tcp_port, version) in [
            (r#""BROADCAST_ADDRESS":"B","Tcp_Port":1"#, "B", 1, "1.3.0"),
            (r#""ver\u017fion":"s","verſion":"t""#, "b", 4150, "t"),
            (r#""version":"2","version":"3","version":null,"tcp_port":null"#, "b", 4150, "3"),
            (r#""version":"\ud800""#, "b", 4150, "\u{fffd}"),
            (r#""remote_address":"x","remote_address":null"#, "b", 4150, "1.3.0"),
            (r#""unused":1e999,"other":[{"version":5}],"\u0000":-0.0"#, "b", 4150, "1.3.0"),
            (r#""broadcast_addreß":5,"ｖersion":5,"kernel":5"#, "b", 4150, "1.3.0"),
        ] {
            let info = read(with(more).as_bytes(), "r").expect(more);
            assert_eq!((&*info.broadcast_address, info.tcp_port.get(), &*info.version), (address, tcp_port, version));
            assert_eq!(&*info.remote_address, "r");
        }
        let bad_bytes = with("\"hostname\":\"a?\"").into_bytes();
        let bad_bytes: std::vec::Vec<_> =
            bad_bytes.iter().map(|byte| if *byte == b'?' { 0xff } else { *byte }).collect();
        assert_eq!(&*read(&bad_bytes, "r").unwrap().hostname, "a\u{fffd}");
        assert_eq!(&*read(with(r#""hostname":"""#).as_bytes(), "r").unwrap().hostname, "");
        let deep = with(&format!("\"x\":{}{}", "[".repeat(200), "]".repeat(200)));
        assert!(read(deep.as_bytes(), "r").is_ok());
    }

    #[test]
    fn what_is_not_there_is_missing() {
        for body in ["{}", "null", " null\n"] {
            assert_eq!(read(body.as_bytes(), "r"), Err(Error::MissingFields), "{body}");
        }
        for field in ["broadcast_address", "tcp_port", "http_port", "version"] {
            let renamed = WHOLE.replace(field, "x");
            assert_eq!(read(renamed.as_bytes(), "r"), Err(Error::MissingFields), "{field}");
        }
        assert!(read(WHOLE.replace("hostname", "x").as_bytes(), "r").is_ok());
        for more in [r#""version":"""#, r#""broadcast_address":"""#, r#""tcp_port":0"#, r#""http_port":-0"#] {
            assert_eq!(read(with(more).as_bytes(), "r"), Err(Error::MissingFields), "{more}");
        }
        // Missing comes before what is wrong with the rest.
        assert_eq!(read(br#"{"tcp_port":-5}"#, "r"), Err(Error::MissingFields));
    }

    #[test]
    fn what_has_another_type_is_undecodable() {
        for body in ["", "[]", "5", "\"x\"", "true", "{", "{}x", "{\"version\":5}", "{\"a\":\"\u{1}\"}"] {
            assert_eq!(read(body.as_bytes(), "r"), Err(Error::UndecodableBody), "{body}");
        }
        for more in [
            r#""tcp_port":"4150""#,
            r#""tcp_port":1.5"#,
            r#""tcp_port":1.0"#,
            r#""tcp_port":1e3"#,
            r#""tcp_port":-0.0"#,
            r#""tcp_port":true"#,
            r#""http_port":[4151]"#,
            r#""http_port":{}"#,
            r#""http_port":9223372036854775808"#,
            r#""http_port":-9223372036854775809"#,
            r#""HTTP_PORT":"x","http_port":4151"#,
            r#""remote_address":5"#,
            r#""hostname":[]"#,
            r#""version":1"#,
            r#""version":false"#,
            r#""topology_zone":5"#,
            r#""topology_region":{}"#,
        ] {
            assert_eq!(read(with(more).as_bytes(), "r"), Err(Error::UndecodableBody), "{more}");
        }
        let deep = with(&format!("\"x\":{}{}", "[".repeat(10_000), "]".repeat(10_000)));
        assert_eq!(read(deep.as_bytes(), "r"), Err(Error::UndecodableBody));
    }

    #[test]
    fn what_no_consumer_could_use_is_refused() {
        for value in [-5, 65_536, 99_999_999, i64::MAX, i64::MIN] {
            for field in ["tcp_port", "http_port"] {
                let body = with(&format!("\"{field}\":{value}"));
                assert_eq!(read(body.as_bytes(), "r"), Err(Error::BadPort { field, value }));
            }
        }
        assert_eq!(read(with(r#""tcp_port":65535"#).as_bytes(), "r").unwrap().tcp_port, NonZeroU16::MAX);
        for (field, limit) in [
            ("hostname", TEXT_LIMIT),
            ("broadcast_address", ADDRESS_LIMIT),
            ("version", TEXT_LIMIT),
            ("topology_zone", TEXT_LIMIT),
            ("topology_region", TEXT_LIMIT),
        ] {
            let of_length = |length| with(&format!("\"{field}\":\"{}\"", "x".repeat(length)));
            assert!(read(of_length(limit).as_bytes(), "r").is_ok(), "{field}");
            let refused = read(of_length(limit + 1).as_bytes(), "r").unwrap_err();
            assert_eq!(refused, Error::TextTooLong { field, limit });
            assert!(refused.to_string().starts_with("E_BAD_BODY "));
        }
        let long = "é".repeat(2_000);
        assert_eq!(read(WHOLE.as_bytes(), &long).unwrap().remote_address.len(), TEXT_LIMIT);
    }
}
