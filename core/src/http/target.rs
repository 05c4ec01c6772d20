//! Where a request goes: what stands on its first line, taken apart without being changed.
//!
//! Everything here is bytes as they came. Go's parser (`net/url`, `ParseRequestURI`) takes nearly all of them, so no
//! crate that normalises, or asks for UTF-8, could do this.

use super::error::Error;

/// The longest target, in bytes. A name is at most 64 bytes, so nobody means more; workerd itself ends a query at
/// 65,534.
pub const MAX_TARGET_LENGTH: usize = 64 << 10;

/// A request's target, in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// `scheme://host` where the target was a whole URL.
    pub origin: Option<&'a [u8]>,
    /// The NAME of `/clusters/NAME/…`; empty where it isn't even UTF-8.
    pub cluster: Option<&'a str>,
    /// What stands before the path, such as `/clusters/west`: redirects lead back under it.
    pub base: &'a [u8],
    /// From its first slash, still percent-encoded; or `*`.
    pub path: &'a [u8],
    /// Behind the first `?`, if there is one. `#` has no meaning in it.
    pub query: Option<&'a [u8]>,
}

impl<'a> Target<'a> {
    /// Takes apart a request line's target, or a whole URL as a worker is given it.
    ///
    /// `http://host*` is how workerd tells of `OPTIONS *`.
    ///
    /// # Errors
    /// [`Error::UriTooLong`] above [`MAX_TARGET_LENGTH`], and [`Error::BadRequest`] for what Go's server itself refuses:
    /// neither a path nor a URL, or a blank or control character in it.
    pub fn parse(target: &'a [u8]) -> Result<Self, Error> {
        if target.len() > MAX_TARGET_LENGTH {
            return Err(Error::UriTooLong);
        }
        if target.iter().any(|byte| *byte <= b' ' || *byte == 0x7f) {
            return Err(Error::BadRequest);
        }
        let (origin, rest) = match target.first() {
            Some(b'/') => (None, target),
            _ if target == b"*" => (None, target),
            _ => split_origin(target).ok_or(Error::BadRequest)?,
        };
        let (path, query) = match rest.iter().position(|byte| *byte == b'?') {
            Some(mark) => (&rest[..mark], Some(&rest[mark + 1..])),
            None => (rest, None),
        };
        let (cluster, base, path) = split_cluster(path);
        Ok(Self { origin, cluster, base, path, query })
    }
}

/// A whole URL as `scheme://host` and what follows; no host where there is none. What follows a scheme without a slash is
/// no path (Go, `net/url`, `getScheme` and `parse`).
fn split_origin(url: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let colon = url.iter().position(|byte| *byte == b':')?;
    let (scheme, behind) = (&url[..colon], &url[colon + 1..]);
    let continues = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    if !scheme.first()?.is_ascii_alphabetic() || !scheme.iter().all(continues) {
        return None;
    }
    let Some(authority) = behind.strip_prefix(b"//") else {
        let query = behind.iter().position(|byte| *byte == b'?').unwrap_or(behind.len());
        return Some((None, if behind.starts_with(b"/") { behind } else { &behind[query..] }));
    };
    let end = authority.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(authority.len());
    let end = if end == authority.len() && authority.ends_with(b"*") { end - 1 } else { end };
    let (origin, rest) = url.split_at(colon + 3 + end);
    Some((Some(origin), rest))
}

/// `/clusters/NAME/rest` as NAME, what is to stand before every Location, and `/rest`.
fn split_cluster(path: &[u8]) -> (Option<&str>, &[u8], &[u8]) {
    let Some(rest) = path.strip_prefix(b"/clusters/") else {
        return (None, b"", path);
    };
    let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
    let (base, inside) = path.split_at(path.len() - rest.len() + end);
    let name = str::from_utf8(&rest[..end]).unwrap_or_default();
    (Some(name), base, if inside.is_empty() { b"/" } else { inside })
}

/// Undoes percent-encoding, and `+` for a blank where that is a query's. `None` where a `%` isn't followed by two
/// hexadecimal digits. Copies only where there is something to undo.
pub(super) fn decode(text: &[u8], plus_is_blank: bool) -> Option<alloc::borrow::Cow<'_, [u8]>> {
    if !text.iter().any(|byte| *byte == b'%' || (*byte == b'+' && plus_is_blank)) {
        return Some(text.into());
    }
    let mut decoded = alloc::vec::Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        decoded.push(match byte {
            b'%' => hex_digit(*rest.next()?)? << 4 | hex_digit(*rest.next()?)?,
            b'+' if plus_is_blank => b' ',
            other => other,
        });
    }
    Some(decoded.into())
}

fn hex_digit(byte: u8) -> Option<u8> {
    // At most 15.
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(target: &str) -> (Option<&str>, Option<&str>, &str, &str, Option<&str>) {
        let Target { origin, cluster, base, path, query } = Target::parse(target.as_bytes()).unwrap();
        let text = |bytes| str::from_utf8(bytes).unwrap();
        (origin.map(text), cluster, text(base), text(path), query.map(text))
    }

    #[test]
    fn a_target_is_taken_apart_and_left_as_it_is() {
        for (target, expected) in [
            ("/ping", (None, None, "", "/ping", None)),
            ("/ping?", (None, None, "", "/ping", Some(""))),
            ("/a?b?c#d", (None, None, "", "/a", Some("b?c#d"))),
            ("/a#b?c", (None, None, "", "/a#b", Some("c"))),
            ("*", (None, None, "", "*", None)),
            ("//ping/%zz", (None, None, "", "//ping/%zz", None)),
            ("http://h:1/ping?x", (Some("http://h:1"), None, "", "/ping", Some("x"))),
            ("https://u:p@h/", (Some("https://u:p@h"), None, "", "/", None)),
            ("http://h", (Some("http://h"), None, "", "", None)),
            ("http://h?q", (Some("http://h"), None, "", "", Some("q"))),
            ("http://h:1*", (Some("http://h:1"), None, "", "*", None)),
            ("a+b-c.d://h/ping", (Some("a+b-c.d://h"), None, "", "/ping", None)),
            ("mailto:/ping?q", (None, None, "", "/ping", Some("q"))),
            ("nsqlookupd:4161", (None, None, "", "", None)),
            ("http:ping?q/r", (None, None, "", "", Some("q/r"))),
            ("/clusters/west/lookup?topic=t", (None, Some("west"), "/clusters/west", "/lookup", Some("topic=t"))),
            ("/clusters/west", (None, Some("west"), "/clusters/west", "/", None)),
            ("/clusters/west/", (None, Some("west"), "/clusters/west", "/", None)),
            ("/clusters/w%20t//ping", (None, Some("w%20t"), "/clusters/w%20t", "//ping", None)),
            ("/clusters/", (None, Some(""), "/clusters/", "/", None)),
            ("/clusters", (None, None, "", "/clusters", None)),
            ("http://h/clusters/a/b", (Some("http://h"), Some("a"), "/clusters/a", "/b", None)),
        ] {
            assert_eq!(parts(target), expected, "{target}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for bad in
            [&b""[..], b"ping", b"ping/", b"?", b"/a b", b"/a\n", b"/a\x7f", b"/\0", b"://h/", b"a b://h/", b"1a://h/x"]
        {
            assert_eq!(Target::parse(bad), Err(Error::BadRequest), "{bad:?}");
        }
        let mut long = alloc::vec![b'x'; MAX_TARGET_LENGTH];
        long[0] = b'/';
        assert!(Target::parse(&long).is_ok());
        long.push(b'x');
        assert_eq!(Target::parse(&long), Err(Error::UriTooLong));
    }

    #[test]
    fn percent_encoding_is_undone_where_it_is_whole() {
        for (text, path, query) in [
            (&b"a+b"[..], Some(&b"a+b"[..]), Some(&b"a b"[..])),
            (b"%6Cook%e9%00", Some(b"look\xe9\0"), Some(b"look\xe9\0")),
            (b"100%25", Some(b"100%"), Some(b"100%")),
            (b"%zz", None, None),
            (b"%", None, None),
            (b"a%4", None, None),
            (b"%+1", None, None),
        ] {
            assert_eq!(decode(text, false).as_deref(), path, "{text:?}");
            assert_eq!(decode(text, true).as_deref(), query, "{text:?}");
        }
    }
}
