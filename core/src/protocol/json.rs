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
mod tests;
