//! What clients say of themselves with IDENTIFY.

use lookupd_tests::{Seed, escape};

use crate::scenario::pick;

/// What an nsqd would send. Few nodes, so that they come back.
pub(crate) fn plain(seed: &mut Seed) -> Vec<u8> {
    let address = pick(seed, &["a", "a", "b", "c", "host.example", "10.0.0.7", "::1", "[::1]", "fe80::1%eth0", "<&>'"]);
    let http_port = pick(seed, &[4151, 4151, 4151, 1, 65_535]);
    let hostname = pick(seed, &["h", "nsqd-1", "", "h\u{2028}\u{e9}<&>"]);
    let tcp_port = pick(seed, &[4150, 4150, 1, 65_535]);
    let version = pick(seed, &["1.3.0", "1.2.1-alpha", "0"]);
    let body = serde_json::json!({
        "broadcast_address": address, "hostname": hostname, "http_port": http_port, "tcp_port": tcp_port, "version": version,
    });
    body.to_string().into_bytes()
}

/// What nobody should send: one field of it otherwise, or the whole.
pub(crate) fn odd(seed: &mut Seed) -> Vec<u8> {
    if seed.below(4) == 0 {
        return whole(seed);
    }
    let mut fields: Vec<(String, Vec<u8>)> = [
        ("broadcast_address", &br#""odd""#[..]),
        ("hostname", br#""h""#),
        ("http_port", b"4151"),
        ("tcp_port", b"4150"),
        ("version", br#""1.3.0""#),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_vec()))
    .into();
    match seed.below(4) {
        0 => fields[2 + seed.below(2) as usize].1 = number(seed),
        1 => fields[pick(seed, &[0, 1, 4])].1 = long_text(seed),
        _ => (0..1 + seed.below(2)).for_each(|_| change(seed, &mut fields)),
    }
    object(seed, &fields)
}

fn change(seed: &mut Seed, fields: &mut Vec<(String, Vec<u8>)>) {
    let place = seed.below(fields.len() as u64) as usize;
    match seed.below(7) {
        0 => drop(fields.remove(place)),
        1 => {
            let key = odd_key(seed, &fields[place].0);
            fields[place].0 = key;
        }
        2 => {
            // Several of one name: the last one that says something wins.
            let again = (odd_key(seed, &fields[place].0), value(seed));
            let at = seed.below(fields.len() as u64 + 1) as usize;
            fields.insert(at, again);
        }
        3 => {
            fields.push((pick(seed, &["remote_address", "id", "lastUpdate", "x", "", "version "]).into(), value(seed)));
        }
        _ => fields[place].1 = if fields[place].0.ends_with("port") { number(seed) } else { value(seed) },
    }
}

/// Another spelling of a key.
fn odd_key(seed: &mut Seed, key: &str) -> String {
    match seed.below(5) {
        0 => key.to_uppercase(),
        1 => key.replacen('_', "-", 1),
        2 => key.replace('s', "\u{17f}").replace('k', "\u{212a}"),
        3 => key.chars().map(|character| format!("\\u{:04x}", u32::from(character))).collect(),
        _ => key.to_owned(),
    }
}

fn value(seed: &mut Seed) -> Vec<u8> {
    match seed.below(12) {
        0 => number(seed),
        1 => long_text(seed),
        2 => [b"[".repeat(pick(seed, &[1, 200, 9_998, 9_999, 10_000])), Vec::new()].concat(),
        3 => {
            let depth = pick(seed, &[1, 200, 9_998, 9_999, 10_000]);
            [b"[".repeat(depth), b"]".repeat(depth)].concat()
        }
        _ => pick(
            seed,
            &[
                &b"null"[..],
                b"true",
                b"\"\"",
                b"\" \"",
                b"{\"a\":[1,{}]}",
                b"\"\\ud800\"",
                b"\"\\ud83d\\ude00\\udc00x\"",
                b"\"\\u00e9\\/\\b\\f\\n\\r\\t\\\\\\\"\"",
                b"\"\\x\"",
                b"\"\\u12g4\"",
                b"\"\xff\xc3\"",
                b"\"\xed\xa0\x80\xf4\x90\x80\x80\"",
                b"\"\x7f\x01\"",
                b"\"a\nb\"",
                b"\"<&>\xe2\x80\xa8\xe2\x80\xa9\xc2\x85\"",
                b"'x'",
                b"tru",
                b"\"4151\"",
            ],
        )
        .to_vec(),
    }
}

/// As long as ours takes, or a little longer.
fn long_text(seed: &mut Seed) -> Vec<u8> {
    let length = pick(seed, &[254, 255, 256, 256, 1_023, 1_024, 1_025, 1_025, 3_000]);
    format!("\"{}\"", "l".repeat(length)).into_bytes()
}

fn number(seed: &mut Seed) -> Vec<u8> {
    pick(
        seed,
        &[
            "0",
            "-0",
            "1",
            "65535",
            "65536",
            "65536",
            "70000",
            "-1",
            "-1",
            "-5",
            "99999999",
            "99999999",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "-9223372036854775809",
            "1.0",
            "1e3",
            "1E400",
            "0x1",
            "01",
            "+1",
            ".5",
            "1.",
            "- 1",
            "NaN",
            "null",
            "true",
            "\"1\"",
        ],
    )
    .as_bytes()
    .to_vec()
}

fn object(seed: &mut Seed, fields: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (comma, colon) = pick(seed, &[(",", ":"), (",", ":"), (" ,\n", "\t: ")]);
    let mut body = b"{".to_vec();
    for (index, (key, value)) in fields.iter().enumerate() {
        let comma = if index == 0 { "" } else { comma };
        body.extend_from_slice(format!("{comma}\"{key}\"{colon}").as_bytes());
        body.extend_from_slice(value);
    }
    body.extend_from_slice(pick(seed, &["}", "}", "}", "} \n", "}x", ",}", "", "}}", "}\0"]).as_bytes());
    body
}

fn whole(seed: &mut Seed) -> Vec<u8> {
    let padded = |length| {
        let mut body = br#"{"broadcast_address":"odd","tcp_port":1,"http_port":1,"version":"1"}"#.to_vec();
        body.resize(length, b' ');
        body
    };
    match seed.below(4) {
        0 => padded(pick(seed, &[65_536, 65_537, 100_000])),
        _ => pick(
            seed,
            &[
                &b""[..],
                b" ",
                b"{}",
                b"null",
                b" null\n",
                b"nul",
                b"[]",
                b"\"x\"",
                b"5",
                b"true",
                b"\xef\xbb\xbf{}",
                b"{\"a\":}",
                b"{,}",
                b"{\"a\" 1}",
                b"{a:1}",
            ],
        )
        .to_vec(),
    }
}

#[test]
fn a_plain_identity_is_json() {
    let mut seed = Seed::from_number(1);
    for _ in 0..100 {
        let body = plain(&mut seed);
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok(), "{}", escape(&body));
    }
}
