//! What is JSON, and what it means.

use std::{format, string::ToString, vec};

use proptest::prelude::*;

use super::*;

type Field = (String, Value<'static>);

fn fields(json: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Fields::of(json);
    let mut found = Vec::new();
    loop {
        match fields.next() {
            Ok(Some((key, value))) => {
                let value = match value {
                    Value::Text(text) => Value::Text(text.into_owned().into()),
                    Value::Number(number) => Value::Number(number.to_string().leak()),
                    Value::Null => Value::Null,
                    Value::Other => Value::Other,
                };
                found.push((key.into_owned(), value));
            }
            Ok(None) => {
                assert_eq!(fields.next(), Ok(None));
                return Some(found);
            }
            Err(NotAnObject) => return None,
        }
    }
}

#[test]
fn fields_come_in_their_order() {
    let json = b" {\"a\" : 1,\"b\":\t\"x\",\"a\":null , \"c\":true,\"d\":[1,{\"e\":[]},{}],\"f\":{\"g\":false}}\r\n";
    let key = ToString::to_string;
    let expected = vec![
        (key("a"), Value::Number("1")),
        (key("b"), Value::Text("x".into())),
        (key("a"), Value::Null),
        (key("c"), Value::Other),
        (key("d"), Value::Other),
        (key("f"), Value::Other),
    ];
    assert_eq!(fields(json), Some(expected));
    assert_eq!(fields(b"{}"), Some(vec![]));
    assert_eq!(fields(b" { } "), Some(vec![]));
    assert_eq!(fields(b" null "), Some(vec![]));
}

#[test]
fn what_is_no_object_has_none() {
    for json in [
        "",
        " ",
        "[]",
        "5",
        "\"x\"",
        "true",
        "nul",
        "nulll",
        "null null",
        "{",
        "}",
        "{}}",
        "{} x",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1;}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1}",
        "{\"a\":{\"b\":1]}",
        "{\"a\":[}]}",
        "{\"a\":{1:1}}",
        "{\"a\":{\"b\"}}",
        "{\"a\":tru}",
        "{\"a\":TRUE}",
        "{\"a\":\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\0\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u+123\"}",
        "{\"a\":\"\\u123\"}",
        "{\"a\":\"\\",
        "{\"a\":1}/**/",
        "\u{feff}{}",
        "{\"a\":\u{a0}1}",
        "{\"a\":\u{b}1}",
    ] {
        assert_eq!(fields(json.as_bytes()), None, "{json}");
    }
}

#[test]
fn numbers_are_those_of_json() {
    for number in ["0", "-0", "7", "-12", "1.5", "0.0", "1e3", "1E+3", "-1.25e-99", "1e999", "99999999999999999999"] {
        let json = format!("{{\"a\":{number}}}");
        assert_eq!(fields(json.as_bytes()).unwrap()[0].1.clone(), Value::Number(number.to_string().leak()));
    }
    for number in
        ["01", "-", "+1", ".5", "1.", "1.e3", "1e", "1e+", "--1", "-a", "0x10", "1_0", "NaN", "Infinity", "00"]
    {
        let json = format!("{{\"a\":{number}}}");
        assert_eq!(fields(json.as_bytes()), None, "{number}");
    }
}

#[test]
fn texts_are_what_go_makes_of_them() {
    for (quoted, expected) in [
        (&br#"\"\\\/\b\f\n\r\t\u0041\u00e9"#[..], "\"\\/\u{8}\u{c}\n\r\tA\u{e9}"),
        (b"\x7f\xc3\xa9\xe2\x82\xac", "\u{7f}\u{e9}\u{20ac}"),
        (br"\ud83d\ude00", "\u{1f600}"),
        (br"\uD83D\uDE00x", "\u{1f600}x"),
        (br"\ud83d", "\u{fffd}"),
        (br"\ude00", "\u{fffd}"),
        (br"\ude00\ud83d", "\u{fffd}\u{fffd}"),
        (br"\ud83dx", "\u{fffd}x"),
        (br"\ud83d\u0041", "\u{fffd}A"),
        (br"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (br"\ud83d\n", "\u{fffd}\n"),
        (b"a\xffb", "a\u{fffd}b"),
        (b"\xe2\x82", "\u{fffd}\u{fffd}"),
        (b"\xf0\x9f\x98x", "\u{fffd}\u{fffd}\u{fffd}x"),
        (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xe2\\n\x82", "\u{fffd}\n\u{fffd}"),
    ] {
        let json = [b"{\"", quoted, b"\":\"", quoted, b"\"}"].concat();
        let expected = (expected.to_string(), Value::Text(expected.to_string().into()));
        assert_eq!(fields(&json), Some(vec![expected]), "{quoted:?}");
    }
}

#[test]
fn depth_ends_where_it_does_in_go() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let mixed = |depth: usize| format!("{{\"a\":{}1{}}}", "[{\"x\":".repeat(depth), "}]".repeat(depth));
    assert!(fields(nested(9_999).as_bytes()).is_some());
    assert!(fields(nested(10_000).as_bytes()).is_none());
    assert!(fields(mixed(4_999).as_bytes()).is_some());
    assert!(fields(mixed(5_000).as_bytes()).is_none());
    // One after the other isn't one in the other.
    let wide = format!("{{\"a\":[{}1]}}", "[],{},".repeat(20_000));
    assert!(fields(wide.as_bytes()).is_some());
}

proptest! {
    #[test]
    fn whatever_serde_json_takes_is_taken(
        entries in prop::collection::vec((any::<String>(), any::<Option<i64>>(), any::<String>()), 0..5),
    ) {
        let mut json = String::from("{");
        let mut expected = Vec::new();
        for (key, number, text) in entries {
            let comma = if expected.is_empty() { "" } else { "," };
            let quoted = serde_json::to_string(&key).unwrap();
            let (written, value) = match number {
                Some(number) => (number.to_string(), Value::Number(number.to_string().leak())),
                None => (serde_json::to_string(&text).unwrap(), Value::Text(text.into())),
            };
            json += &format!("{comma}{quoted}:{written}");
            expected.push((key, value));
        }
        json.push('}');
        prop_assert_eq!(fields(json.as_bytes()), Some(expected));
    }

    #[test]
    fn what_is_json_is_json_to_both(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..12)) {
        // serde_json looks neither at numbers nor at surrogates where nobody asked for the value.
        let json = format!("{{\"a\":{}}}", tokens.concat());
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok();
        prop_assert_eq!(fields(json.as_bytes()).is_some(), theirs, "{}", json);
    }
}

const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "[]",
    "{}",
    ",",
    ":",
    "\"b\"",
    "\"b\":",
    "\"",
    "\\",
    "\\u00e9",
    "\"\\ud800\"",
    "0",
    "1",
    "-",
    ".",
    "e",
    "+",
    "1e999",
    "-0.5E-3",
    "null",
    "true",
    "false",
    " ",
    "\n",
    "é",
    "\u{1}",
];
