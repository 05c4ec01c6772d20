//! Which page an address shows, and the addresses of pages.
//!
//! The dashboard is served below `/ui` or `/clusters/NAME/ui`. What stands before `/ui` is where the API of that cluster
//! is; what stands after it is a [`Route`]. Search, sort and filter are in the query, so that a link shows what its
//! sender saw.

use std::fmt::Write;

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// Counts, and what needs attention: `/`.
    Overview,
    /// All topics: `/topics`.
    Topics,
    /// One topic by name: `/topics/TOPIC`.
    Topic(String),
    /// One channel of a topic by name: `/topics/TOPIC/CHANNEL`.
    Channel(String, String),
    /// All producers: `/nodes`.
    Nodes,
    /// One producer by `broadcast_address:http_port`: `/nodes/NODE`.
    Node(String),
    /// What a consumer sees, and why: `/lookup`.
    Lookup,
    /// What changed of late: `/events`.
    Events,
    /// Topics, producers and zones as a picture: `/graph`.
    Graph,
    /// What a person may choose: `/settings`.
    Settings,
    /// All components in all states, to which no link leads: `/components`.
    #[cfg(feature = "gallery")]
    Components,
    /// Everything else.
    #[default]
    NotFound,
}

impl Route {
    /// The page of a topic.
    pub fn topic(name: &str) -> Self {
        Self::Topic(name.to_owned())
    }

    /// The page of a channel.
    pub fn channel(topic: &str, channel: &str) -> Self {
        Self::Channel(topic.to_owned(), channel.to_owned())
    }

    /// The page of a node.
    pub fn node(node: &str) -> Self {
        Self::Node(node.to_owned())
    }

    /// The page that a path below the base leads to.
    pub fn recognize(path: &str) -> Self {
        let mut segments = path.trim_start_matches('/').trim_end_matches('/').split('/');
        let first = segments.next().unwrap_or_default();
        let Some(names) = segments.map(from_segment).collect::<Option<Vec<_>>>() else { return Self::NotFound };
        match (first, &names[..]) {
            ("", []) => Self::Overview,
            ("topics", []) => Self::Topics,
            ("topics", [topic]) => Self::topic(topic),
            ("topics", [topic, channel]) => Self::channel(topic, channel),
            ("nodes", []) => Self::Nodes,
            ("nodes", [node]) => Self::node(node),
            ("lookup", []) => Self::Lookup,
            ("events", []) => Self::Events,
            ("graph", []) => Self::Graph,
            ("settings", []) => Self::Settings,
            #[cfg(feature = "gallery")]
            ("components", []) => Self::Components,
            _ => Self::NotFound,
        }
    }

    /// The path of the page below the base.
    pub fn path(&self) -> String {
        match self {
            Self::Overview => "/".into(),
            Self::Topics => "/topics".into(),
            Self::Topic(topic) => format!("/topics/{}", to_segment(topic)),
            Self::Channel(topic, channel) => format!("/topics/{}/{}", to_segment(topic), to_segment(channel)),
            Self::Nodes => "/nodes".into(),
            Self::Node(node) => format!("/nodes/{}", to_segment(node)),
            Self::Lookup => "/lookup".into(),
            Self::Events => "/events".into(),
            Self::Graph => "/graph".into(),
            Self::Settings => "/settings".into(),
            #[cfg(feature = "gallery")]
            Self::Components => "/components".into(),
            Self::NotFound => "/404".into(),
        }
    }

    /// The section of the navigation that the page belongs to.
    pub fn section(&self) -> Self {
        match self {
            Self::Topic(_) | Self::Channel(..) => Self::Topics,
            Self::Node(_) => Self::Nodes,
            other => other.clone(),
        }
    }

    /// The page's name for the window's title and for who can't see it.
    pub fn title(&self) -> String {
        match self {
            Self::Overview => "Overview".into(),
            Self::Topics => "Topics".into(),
            Self::Topic(topic) => topic.clone(),
            Self::Channel(topic, channel) => format!("{channel} in {topic}"),
            Self::Nodes => "Nodes".into(),
            Self::Node(node) => node.clone(),
            Self::Lookup => "Lookup tester".into(),
            Self::Events => "Events".into(),
            Self::Graph => "Graph".into(),
            Self::Settings => "Settings".into(),
            #[cfg(feature = "gallery")]
            Self::Components => "Components".into(),
            Self::NotFound => "Page not found".into(),
        }
    }
}

/// A name as a segment of a path: browsers take `.` and `..` away even where they are percent-encoded, and both are
/// valid names. `~` is in no name, so what it marks comes back unchanged.
fn to_segment(name: &str) -> String {
    if matches!(name, "." | "..") { format!("~{name}") } else { encode(name) }
}

fn from_segment(segment: &str) -> Option<String> {
    let name = decode(segment).filter(|name| !name.is_empty())?;
    Some(match name.strip_prefix('~') {
        Some(dots @ ("." | "..")) => dots.to_owned(),
        _ => name,
    })
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
    /// The page that a whole path leads to.
    pub fn route(&self, path: &str) -> Route {
        path.strip_prefix(&self.ui).map_or(Route::NotFound, Route::recognize)
    }

    /// The address of a page, with a query without its `?`.
    pub fn href(&self, route: &Route, query: &str) -> String {
        let question = if query.is_empty() { "" } else { "?" };
        format!("{}{}{question}{query}", self.ui, route.path())
    }

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

/// A text percent-encoded for one segment of a path, one value of a query, or a subprotocol: RFC 3986's unreserved
/// characters are left as they are.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
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
            Route::Events,
            Route::Graph,
            Route::Settings,
            #[cfg(feature = "gallery")]
            Route::Components,
        ] {
            let path = route.path();
            assert_eq!(Route::recognize(&path), route, "{path}");
        }
        assert_eq!(Route::topic("foo#ephemeral").path(), "/topics/foo%23ephemeral");
        assert_eq!(Route::topic("..").path(), "/topics/~..");
    }

    #[test]
    fn what_is_no_page_is_not_found() {
        for path in ["/nope", "/topics/a/b/c", "/topics/%ff", "/nodes/a/b", "/topics//c"] {
            assert_eq!(Route::recognize(path), Route::NotFound, "{path}");
        }
        assert_eq!(Route::recognize("/topics/"), Route::Topics, "a slash at the end");
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
