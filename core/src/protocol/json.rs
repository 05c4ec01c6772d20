//! JSON as Go's `encoding/json` takes it, for one object whose fields are texts and numbers.
//!
//! Its own reader, because what nsqlookupd accepts isn't what serde_json does: texts that are no UTF-8, half a surrogate
//! pair, nesting of 10,000, numbers beyond any type where nobody looks at them. Nothing here calls itself, so that depth
//! costs a byte of heap and no stack. (Go, `encoding/json/scanner.go`, and `unquoteBytes` in `decode.go`.)

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::iter;

/// How deep brackets may stand in one another. Go, `encoding/json/scanner.go`, `maxNestingDepth`.
const MAX_DEPTH: usize = 10_000;

/// No JSON, or not an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotAnObject;

/// A field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// `null`.
    Null,
    /// A text, with every byte that is no UTF-8 replaced.
    Text(Cow<'a, str>),
    /// A number, as it is written.
    Number(&'a str),
    /// `true`, `false`, an array or an object: nobody asks which.
    Other,
}

/// The fields of one object in the order in which they stand there, repeated ones too; `null` has none.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    due: Due,
}

/// What stands next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Start,
    Field,
    Nothing,
}

impl<'a> Fields<'a> {
    pub(super) fn of(json: &'a [u8]) -> Self {
        Self { rest: json, due: Due::Start }
    }

    /// The next field. Only once `None` came, all of it is known to be JSON.
    ///
    /// # Errors
    /// [`NotAnObject`].
    pub(super) fn next(&mut self) -> Result<Option<(Cow<'a, str>, Value<'a>)>, NotAnObject> {
        if self.due == Due::Start {
            if self.peek()? == b'n' {
                self.word(b"null")?;
                self.end()?;
                return Ok(None);
            }
            self.expect(b'{')?;
            if self.peek()? == b'}' {
                self.expect(b'}')?;
                self.end()?;
                return Ok(None);
            }
            self.due = Due::Field;
        }
        if self.due == Due::Nothing {
            return Ok(None);
        }
        let key = self.key()?;
        let value = self.value()?;
        match self.byte()? {
            b',' => {}
            b'}' => self.end()?,
            _ => return Err(NotAnObject),
        }
        Ok(Some((unquote(key), value)))
    }

    fn end(&mut self) -> Result<(), NotAnObject> {
        self.due = Due::Nothing;
        self.skip_blanks();
        if self.rest.is_empty() { Ok(()) } else { Err(NotAnObject) }
    }

    fn value(&mut self) -> Result<Value<'a>, NotAnObject> {
        match self.peek()? {
            b'{' | b'[' => self.skip_nested().map(|()| Value::Other),
            _ => self.scalar(),
        }
    }

    /// An array or an object with all that it holds.
    fn skip_nested(&mut self) -> Result<(), NotAnObject> {
        // What closes each of those that are open. The object around them all is one more.
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek()? {
                bracket @ (b'{' | b'[') => {
                    self.expect(bracket)?;
                    if open.len() + 2 > MAX_DEPTH {
                        return Err(NotAnObject);
                    }
                    let closer = if bracket == b'{' { b'}' } else { b']' };
                    open.push(closer);
                    if self.peek()? != closer {
                        if bracket == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                _ => {
                    self.scalar()?;
                }
            }
            // Behind a value, or before the end of what is empty.
            loop {
                let Some(&closer) = open.last() else { return Ok(()) };
                match self.byte()? {
                    b',' => {
                        if closer == b'}' {
                            self.key()?;
                        }
                        break;
                    }
                    byte if byte == closer => open.pop(),
                    _ => return Err(NotAnObject),
                };
            }
        }
    }

    /// A key, still quoted, and the colon behind it.
    fn key(&mut self) -> Result<&'a [u8], NotAnObject> {
        self.expect(b'"')?;
        let key = self.quoted()?;
        self.expect(b':')?;
        Ok(key)
    }

    fn scalar(&mut self) -> Result<Value<'a>, NotAnObject> {
        match self.peek()? {
            b'"' => {
                self.expect(b'"')?;
                self.quoted().map(|quoted| Value::Text(unquote(quoted)))
            }
            b'-' | b'0'..=b'9' => self.number().map(Value::Number),
            b'n' => self.word(b"null").map(|()| Value::Null),
            b't' => self.word(b"true").map(|()| Value::Other),
            _ => self.word(b"false").map(|()| Value::Other),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), NotAnObject> {
        self.rest = self.rest.strip_prefix(word).ok_or(NotAnObject)?;
        Ok(())
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
    fn number(&mut self) -> Result<&'a str, NotAnObject> {
        let start = self.rest;
        self.skip_one_of(b"-");
        if !self.skip_one_of(b"0") {
            self.digits()?;
        }
        if self.skip_one_of(b".") {
            self.digits()?;
        }
        if self.skip_one_of(b"eE") {
            self.skip_one_of(b"+-");
            self.digits()?;
        }
        let written = start.len() - self.rest.len();
        start.get(..written).and_then(|number| str::from_utf8(number).ok()).ok_or(NotAnObject)
    }

    fn digits(&mut self) -> Result<(), NotAnObject> {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.rest = self.rest.get(count..).filter(|_| count > 0).ok_or(NotAnObject)?;
        Ok(())
    }

    fn skip_one_of(&mut self, bytes: &[u8]) -> bool {
        match self.rest {
            [first, rest @ ..] if bytes.contains(first) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// The inside of a text whose first quotation mark was read, and its last one behind it. In what this returns every
    /// escape is whole.
    fn quoted(&mut self) -> Result<&'a [u8], NotAnObject> {
        let start = self.rest;
        loop {
            self.rest = match self.rest {
                [b'"', rest @ ..] => {
                    let inside = start.len() - self.rest.len();
                    self.rest = rest;
                    return start.get(..inside).ok_or(NotAnObject);
                }
                [b'\\', b'u', a, b, c, d, rest @ ..] if [a, b, c, d].iter().all(|byte| byte.is_ascii_hexdigit()) => {
                    rest
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => rest,
                [b'\\' | ..0x20, ..] | [] => return Err(NotAnObject),
                [_, rest @ ..] => rest,
            };
        }
    }

    fn expect(&mut self, expected: u8) -> Result<(), NotAnObject> {
        if self.byte()? == expected { Ok(()) } else { Err(NotAnObject) }
    }

    /// The next byte that is no blank.
    fn byte(&mut self) -> Result<u8, NotAnObject> {
        let byte = self.peek()?;
        self.rest = self.rest.get(1..).unwrap_or_default();
        Ok(byte)
    }

    /// The next byte that is no blank, without taking it.
    fn peek(&mut self) -> Result<u8, NotAnObject> {
        self.skip_blanks();
        self.rest.first().copied().ok_or(NotAnObject)
    }

    fn skip_blanks(&mut self) {
        while self.skip_one_of(b" \t\r\n") {}
    }
}

/// What stands between quotation marks, as the text it means.
fn unquote(quoted: &[u8]) -> Cow<'_, str> {
    if !quoted.contains(&b'\\')
        && let Ok(text) = str::from_utf8(quoted)
    {
        return text.into();
    }
    let mut text = String::with_capacity(quoted.len());
    let mut rest = quoted;
    loop {
        // A backslash is no part of another character, so what stands before it can be read apart.
        let plain = rest.iter().position(|byte| *byte == b'\\').unwrap_or(rest.len());
        let (before, escape) = rest.split_at(plain);
        push_lossily(&mut text, before);
        rest = match escape {
            [b'\\', b'u', digits @ ..] => {
                let (character, rest) = escaped_character(digits);
                text.push(character);
                rest
            }
            [b'\\', byte, rest @ ..] => {
                text.push(match byte {
                    b'b' => '\u{8}',
                    b'f' => '\u{c}',
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    other => char::from(*other),
                });
                rest
            }
            _ => return text.into(),
        };
    }
}

/// Every single byte that is no UTF-8 becomes U+FFFD; `String::from_utf8_lossy` makes one of several.
fn push_lossily(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(iter::repeat_n(char::REPLACEMENT_CHARACTER, chunk.invalid().len()));
    }
}

/// The character of a `\u` escape, which takes a second one where it is the first half of a surrogate pair. Half a pair
/// is U+FFFD.
fn escaped_character(digits: &[u8]) -> (char, &[u8]) {
    let (first, rest) = code_unit(digits);
    let pair = rest.strip_prefix(b"\\u").map(code_unit).and_then(|(second, behind)| {
        let is_pair = (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second);
        let mut characters = char::decode_utf16([first, second]).filter(|_| is_pair);
        Some((characters.next()?.ok()?, behind))
    });
    pair.unwrap_or((char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER), rest))
}

/// The four hexadecimal digits that stand here, and what follows them.
fn code_unit(digits: &[u8]) -> (u16, &[u8]) {
    let (digits, rest) = digits.split_at_checked(4).unwrap_or((digits, &[]));
    let value = digits.iter().filter_map(|digit| char::from(*digit).to_digit(16));
    (value.fold(0, |value, digit| value << 4 | digit as u16), rest)
}

#[cfg(test)]
mod tests {
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
        let json =
            b" {\"a\" : 1,\"b\":\t\"x\",\"a\":null , \"c\":true,\"d\":[1,{\"e\":[]},{}],\"f\":{\"g\":false}}\r\n";
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
        for number in ["0", "-0", "7", "-12", "1.5", "0.0", "1e3", "1E+3", "-1.25e-99", "1e999", "99999999999999999999"]
        {
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
}
