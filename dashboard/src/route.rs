//! Which page an address shows, and the addresses of pages.
//!
//! The dashboard is served below `/ui` or `/clusters/NAME/ui`. What stands before `/ui` is where the API of that cluster
//! is; what stands after it is a [`Route`]. Search, sort and filter are in the query, so that a link shows what its
//! sender saw.

use std::fmt::Write;

use yew_router::Routable;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq, Routable)]
pub enum Route {
    /// Counts, and what needs attention.
    #[at("/")]
    Overview,
    /// All topics.
    #[at("/topics")]
    Topics,
    /// One topic. Built by [`Route::topic`].
    #[at("/topics/:topic")]
    Topic {
        /// Its name, escaped for a path.
        topic: String,
    },
    /// One channel of a topic. Built by [`Route::channel`].
    #[at("/topics/:topic/:channel")]
    Channel {
        /// The topic's name, escaped for a path.
        topic: String,
        /// The channel's name, escaped for a path.
        channel: String,
    },
    /// All producers.
    #[at("/nodes")]
    Nodes,
    /// One producer, by `broadcast_address:http_port`. Built by [`Route::node`].
    #[at("/nodes/:node")]
    Node {
        /// The node as text, escaped for a path.
        node: String,
    },
    /// What a consumer sees, and why.
    #[at("/lookup")]
    Lookup,
    /// Everything else.
    #[not_found]
    #[at("/404")]
    NotFound,
}

impl Route {
    /// The page of a topic.
    pub fn topic(name: &str) -> Self {
        Self::Topic { topic: to_segment(name) }
    }

    /// The page of a channel.
    pub fn channel(topic: &str, channel: &str) -> Self {
        Self::Channel { topic: to_segment(topic), channel: to_segment(channel) }
    }

    /// The page of a node.
    pub fn node(node: &str) -> Self {
        Self::Node { node: to_segment(node) }
    }

    /// The section of the navigation that the page belongs to.
    pub fn section(&self) -> Self {
        match self {
            Self::Topic { .. } | Self::Channel { .. } => Self::Topics,
            Self::Node { .. } => Self::Nodes,
            other => other.clone(),
        }
    }

    /// The page's name for the window's title and for who can't see it.
    pub fn title(&self) -> String {
        match self {
            Self::Overview => "Overview".into(),
            Self::Topics => "Topics".into(),
            Self::Topic { topic } => from_segment(topic).into(),
            Self::Channel { topic, channel } => format!("{} in {}", from_segment(channel), from_segment(topic)),
            Self::Nodes => "Nodes".into(),
            Self::Node { node } => from_segment(node).into(),
            Self::Lookup => "Lookup tester".into(),
            Self::NotFound => "Page not found".into(),
        }
    }
}

/// A name as a segment of a path: browsers take `.` and `..` away even where they are percent-encoded, and both are
/// valid names. `~` is in no name, so what it marks comes back unchanged.
fn to_segment(name: &str) -> String {
    if matches!(name, "." | "..") { format!("~{name}") } else { name.to_owned() }
}

/// Undoes what the constructors of [`Route`] did to a name.
pub fn from_segment(segment: &str) -> &str {
    match segment.strip_prefix('~') {
        Some(name @ ("." | "..")) => name,
        _ => segment,
    }
}

/// Where the dashboard and its API are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Before every page: `/ui` or `/clusters/NAME/ui`.
    pub ui: String,
    /// Before every path of the API: empty or `/clusters/NAME`.
    pub api: String,
    /// Which cluster that is.
    pub cluster: String,
}

impl Base {
    /// Reads the base from the path of any page.
    pub fn of(path: &str) -> Self {
        let cluster = path
            .strip_prefix("/clusters/")
            .and_then(|rest| rest.split_once('/'))
            .filter(|(_, rest)| *rest == "ui" || rest.starts_with("ui/"))
            .map(|(name, _)| name);
        match cluster {
            Some(name) => Self {
                ui: format!("/clusters/{name}/ui"),
                api: format!("/clusters/{name}"),
                cluster: decode(name).unwrap_or_else(|| name.to_owned()),
            },
            None => Self { ui: "/ui".into(), api: String::new(), cluster: "default".into() },
        }
    }
}

/// A text percent-encoded for one segment of a path or one value of a query, as `encodeURIComponent` does it.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~!*'()".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a String can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Undoes [`encode`]; `None` for a broken escape or for bytes that are no text.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                (digit()? * 16 + digit()?) as u8
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The query of a page: a few short pairs, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query with or without its `?`. Pairs that can't be decoded are left out.
    pub fn parse(text: &str) -> Self {
        let pairs = text.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .filter_map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    Some((decode(key)?, decode(value)?))
                })
                .collect(),
        )
    }

    /// The first value of a key; empty where there is none.
    pub fn get(&self, key: &str) -> &str {
        self.0.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
    }

    /// The query with this value in place of the key's; an empty value takes the key away.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.0.retain(|(name, _)| name != key);
        if !value.is_empty() {
            self.0.push((key.into(), value.into()));
        }
        self
    }
}

impl std::fmt::Display for Query {
    /// Without a `?`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (key, value)) in self.0.iter().enumerate() {
            let separator = if place > 0 { "&" } else { "" };
            write!(f, "{separator}{}={}", encode(key), encode(value))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_again_by_its_address() {
        for route in [
            Route::Overview,
            Route::Topics,
            Route::topic("orders"),
            Route::topic("foo#ephemeral"),
            Route::topic("."),
            Route::topic(".."),
            Route::channel("foo#ephemeral", "bar#ephemeral"),
            Route::channel("..", "."),
            Route::Nodes,
            Route::node("[2001:db8::1]:4151"),
            Route::node("a/b?c%d:4151"),
            Route::Lookup,
        ] {
            let path = route.to_path();
            assert_eq!(Route::recognize(&path), Some(route), "{path}");
        }
        assert_eq!(Route::topic("foo#ephemeral").to_path(), "/topics/foo%23ephemeral");
        assert_eq!(Route::topic("..").to_path(), "/topics/~..");
    }

    #[test]
    fn what_is_no_page_is_not_found() {
        for path in ["/nope", "/topics/a/b/c", "/topics/%ff", "/nodes/a/b"] {
            assert_eq!(Route::recognize(path), Some(Route::NotFound), "{path}");
        }
        assert_eq!(Route::recognize("/topics/"), Some(Route::Topics), "a slash at the end");
    }

    #[test]
    fn the_api_is_what_stands_before_ui() {
        for (path, ui, api, cluster) in [
            ("/ui/", "/ui", "", "default"),
            ("/ui/topics/ui", "/ui", "", "default"),
            ("/clusters/eu-1/ui/topics", "/clusters/eu-1/ui", "/clusters/eu-1", "eu-1"),
            ("/clusters/eu-1/ui", "/clusters/eu-1/ui", "/clusters/eu-1", "eu-1"),
            ("/clusters/eu-1/uix", "/ui", "", "default"),
        ] {
            let expected = Base { ui: ui.into(), api: api.into(), cluster: cluster.into() };
            assert_eq!(Base::of(path), expected, "{path}");
        }
    }

    #[test]
    fn text_survives_encoding() {
        for text in ["", "a b+c", "foo#ephemeral", "[::1]:4151", "ä€😀", "100%", "<script>&amp;"] {
            assert_eq!(decode(&encode(text)).as_deref(), Some(text));
        }
        for broken in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_query_keeps_what_it_does_not_know() {
        let query = Query::parse("?q=a%20b&x=1&bad=%zz&flag");
        assert_eq!((query.get("q"), query.get("x"), query.get("none")), ("a b", "1", ""));
        assert_eq!(query.clone().with("q", "c&d").to_string(), "x=1&flag=&q=c%26d");
        assert_eq!(query.with("q", "").with("x", "").to_string(), "flag=");
    }
}
