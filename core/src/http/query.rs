//! A query's parameters, as Go's `url.ParseQuery` reads them and nsqlookupd asks for them (nsqio/nsq,
//! `internal/http_api/req_params.go`).

use alloc::{borrow::Cow, string::String};

use super::{error::Error, target::decode};

/// The most parameters that Go takes since 1.25.6 (`urlmaxqueryparams`).
const MAX_PARAMETERS: usize = 10_000;

/// A query that can be read as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Query<'a>(&'a [u8]);

impl<'a> Query<'a> {
    /// The one way to own one.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for a `;`, a `%` without two hexadecimal digits, wherever it stands, and more than
    /// 10,000 parameters.
    pub(super) fn parse(query: &'a [u8]) -> Result<Self, Error> {
        let mut separators = 0;
        for (place, byte) in query.iter().enumerate() {
            match byte {
                b'&' => separators += 1,
                b';' => return Err(Error::InvalidRequest),
                b'%' if !query[place + 1..].iter().take(2).all(u8::is_ascii_hexdigit) || query.len() < place + 3 => {
                    return Err(Error::InvalidRequest);
                }
                _ => {}
            }
        }
        if separators >= MAX_PARAMETERS { Err(Error::InvalidRequest) } else { Ok(Self(query)) }
    }

    /// The first value of that name; empty for a bare name. Names are case-sensitive. Bytes that are no UTF-8 become
    /// U+FFFD, which no name contains.
    pub(super) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.0.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).find_map(|pair| {
            let (key, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(sign) => (&pair[..sign], &pair[sign + 1..]),
                None => (pair, &b""[..]),
            };
            (*decode(key, true)? == *name.as_bytes()).then(|| decode(value, true)).flatten().map(into_text)
        })
    }
}

fn into_text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_as_go_reads_them() {
        for (query, expected) in [
            (&b"topic=t"[..], Some("t")),
            (b"", None),
            (b"?", None),
            (b"topic", Some("")),
            (b"topic=", Some("")),
            (b"&&topic&", Some("")),
            (b"=x&topic=t", Some("t")),
            (b"topic=a&topic=b", Some("a")),
            (b"topic=a=b", Some("a=b")),
            (b"Topic=t", None),
            (b"topic+=t", None),
            (b"%74opic=%74", Some("t")),
            (b"topic=a+b%2Bc", Some("a b+c")),
            (b"topic=t#ephemeral", Some("t#ephemeral")),
            (b"topic=t%23ephemeral", Some("t#ephemeral")),
            (b"topic=a%3bb", Some("a;b")),
            (b"topic=<\">|", Some("<\">|")),
            (b"topic=\xff", Some("\u{fffd}")),
            (b"topic=%ff%2b", Some("\u{fffd}+")),
            (b"ts=1&topic=t?x", Some("t?x")),
        ] {
            assert_eq!(Query::parse(query).unwrap().get("topic").as_deref(), expected, "{query:?}");
        }
    }

    #[test]
    fn a_query_is_valid_as_a_whole_or_not_at_all() {
        for bad in [&b"topic=a&x=%zz"[..], b"%zz=1&topic=a", b"topic=a;b", b";", b"a%", b"a%4", b"%4&=a", b"%+1"] {
            assert_eq!(Query::parse(bad), Err(Error::InvalidRequest), "{bad:?}");
        }
        assert!(Query::parse("a&".repeat(9_999).as_bytes()).is_ok());
        assert!(Query::parse("a&".repeat(10_000).as_bytes()).is_err());
    }

    #[test]
    fn a_plain_value_is_not_copied() {
        assert!(matches!(Query::parse(b"topic=t").unwrap().get("topic"), Some(Cow::Borrowed("t"))));
    }
}
