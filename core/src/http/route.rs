//! Which of the endpoints a method and a path mean, with all that Go's httprouter does about those that mean none
//! (julienschmidt/httprouter v1.3.0, `router.go`, `path.go`; Go's `http.Redirect`).

use alloc::{borrow::Cow, string::String, vec::Vec};

use super::{
    access::Right,
    error::Error,
    response::Response,
    target::{Target, decode},
};

/// An endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /ping`.
    Ping,
    /// `GET /info`.
    Info,
    /// `GET /topics`.
    Topics,
    /// `GET /channels`.
    Channels,
    /// `GET /lookup`.
    Lookup,
    /// `GET /nodes`.
    Nodes,
    /// `GET /debug`.
    Debug,
    /// `POST /topic/create`.
    CreateTopic,
    /// `POST /topic/delete`.
    DeleteTopic,
    /// `POST /topic/tombstone`.
    TombstoneTopic,
    /// `POST /channel/create`.
    CreateChannel,
    /// `POST /channel/delete`.
    DeleteChannel,
    /// `POST /register`.
    Register,
    /// `POST /unregister`.
    Unregister,
    /// `GET /registrations`.
    Registrations,
    /// `GET /v1/explain`.
    Explain,
    /// `GET /v1/snapshot`.
    Snapshot,
    /// `GET /v1/changes`.
    Changes,
    /// `GET /v1/log`.
    Log,
    /// `GET /v1/stream`.
    Stream,
    /// `GET /metrics`.
    Metrics,
}

/// All of them. What is asked for most stands first.
const ROUTES: [(&str, Route); 21] = [
    ("/lookup", Route::Lookup),
    ("/register", Route::Register),
    ("/nodes", Route::Nodes),
    ("/topics", Route::Topics),
    ("/channels", Route::Channels),
    ("/ping", Route::Ping),
    ("/info", Route::Info),
    ("/debug", Route::Debug),
    ("/topic/create", Route::CreateTopic),
    ("/topic/delete", Route::DeleteTopic),
    ("/topic/tombstone", Route::TombstoneTopic),
    ("/channel/create", Route::CreateChannel),
    ("/channel/delete", Route::DeleteChannel),
    ("/unregister", Route::Unregister),
    ("/registrations", Route::Registrations),
    ("/v1/explain", Route::Explain),
    ("/v1/snapshot", Route::Snapshot),
    ("/v1/changes", Route::Changes),
    ("/v1/log", Route::Log),
    ("/v1/stream", Route::Stream),
    ("/metrics", Route::Metrics),
];

impl Route {
    /// The endpoint that a request means.
    ///
    /// `GET /` leads to the dashboard where `accept` asks for HTML.
    ///
    /// # Errors
    /// The finished answer where it means none: a redirect to the one that was probably meant, what OPTIONS asks for, or
    /// why there is nothing.
    pub fn find(method: &str, target: &Target<'_>, accept: Option<&str>) -> Result<Self, Response> {
        let Some(path) = decode(target.path, false) else {
            return Err(Error::BadRequest.into());
        };
        if *path == *b"*" {
            return Err(if method == "OPTIONS" {
                Response::empty(200)
            } else {
                Error::MethodNotAllowed { allow: "GET, OPTIONS, POST" }.into()
            });
        }
        let Some(route) = Self::at(&path) else {
            return Err(misses(method, target, &path, accept));
        };
        match method {
            "OPTIONS" => Err(options(route)),
            _ if method == route.method() => Ok(route),
            _ => Err(Error::MethodNotAllowed { allow: route.allow() }.into()),
        }
    }

    /// Its method: GET reads, POST changes.
    pub fn method(self) -> &'static str {
        match self {
            Self::CreateTopic
            | Self::DeleteTopic
            | Self::TombstoneTopic
            | Self::CreateChannel
            | Self::DeleteChannel
            | Self::Register
            | Self::Unregister => "POST",
            _ => "GET",
        }
    }

    /// What its caller must be permitted.
    pub fn right(self) -> Right {
        match self {
            Self::Ping => Right::Open,
            Self::Register | Self::Unregister => Right::Register,
            Self::CreateTopic
            | Self::DeleteTopic
            | Self::TombstoneTopic
            | Self::CreateChannel
            | Self::DeleteChannel => Right::Admin,
            _ => Right::Read,
        }
    }

    fn at(path: &[u8]) -> Option<Self> {
        ROUTES.iter().find(|(known, _)| known.as_bytes() == path).map(|(_, route)| *route)
    }

    fn allow(self) -> &'static str {
        if self.method() == "GET" { "GET, OPTIONS" } else { "OPTIONS, POST" }
    }
}

fn options(route: Route) -> Response {
    let mut response = Response::empty(200);
    response.push("Allow", route.allow());
    response
}

/// Answers a path that no endpoint has.
fn misses(method: &str, target: &Target<'_>, path: &[u8], accept: Option<&str>) -> Response {
    if method == "GET" && path == b"/" && accepts_html(accept) {
        let mut response = Response::empty(302);
        response.push("Location", location(target.base, "/ui/", target.query).0);
        // The same URL is 404 to whoever isn't a browser.
        response.push("Vary", "Accept");
        return response;
    }
    let meant = match method {
        "GET" | "POST" => similar(path).filter(|(_, route)| route.method() == method),
        _ => None,
    };
    match meant {
        Some((known, _)) => redirect(method, target, known),
        None => Error::NotFound.into(),
    }
}

/// The endpoint whose path this is but for letter case, a slash at the end, empty, `.` and `..` elements.
fn similar(path: &[u8]) -> Option<(&'static str, Route)> {
    let clean = clean(path);
    ROUTES.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(&clean)).copied()
}

/// httprouter's `CleanPath`, without the slash that it keeps at the end.
fn clean(path: &[u8]) -> Vec<u8> {
    let mut elements: Vec<&[u8]> = Vec::new();
    for element in path.split(|byte| *byte == b'/') {
        match element {
            b"" | b"." => {}
            b".." => {
                elements.pop();
            }
            _ => elements.push(element),
        }
    }
    elements.iter().flat_map(|element| [&b"/"[..], element]).flatten().copied().collect()
}

/// Whether the sender of this `Accept` header is a browser that goes to a page, and not one that needs a file of it.
pub fn accepts_html(accept: Option<&str>) -> bool {
    accept.is_some_and(|types| types.split(',').any(|kind| kind.trim().split(';').next() == Some("text/html")))
}

fn redirect(method: &str, target: &Target<'_>, path: &'static str) -> Response {
    let (header, url) = location(target.base, path, target.query);
    if method != "GET" {
        let mut response = Response::empty(307);
        response.push("Location", header);
        return response;
    }
    let mut response = Response::empty(301);
    response.push("Content-Type", "text/html; charset=utf-8");
    response.push("Location", header);
    response.body = [&b"<a href=\""[..], &escape_html(&url), b"\">Moved Permanently</a>.\n\n"].concat();
    response
}

/// The same place as a header says it, where bytes beyond ASCII are escaped, and as it stands in a page.
fn location(base: &[u8], path: &str, query: Option<&[u8]>) -> (String, Vec<u8>) {
    let mut url = [base, path.as_bytes()].concat();
    if let Some(query) = query {
        url.push(b'?');
        url.extend(query);
    }
    let mut header = String::with_capacity(url.len());
    for &byte in &url {
        if byte.is_ascii() {
            header.push(char::from(byte));
        } else {
            header.push('%');
            header.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
        }
    }
    (header, url)
}

/// Go's `html.EscapeString`.
fn escape_html(text: &[u8]) -> Vec<u8> {
    let escaped = text.iter().map(|byte| match byte {
        b'&' => Cow::Borrowed(&b"&amp;"[..]),
        b'<' => Cow::Borrowed(&b"&lt;"[..]),
        b'>' => Cow::Borrowed(&b"&gt;"[..]),
        b'"' => Cow::Borrowed(&b"&#34;"[..]),
        b'\'' => Cow::Borrowed(&b"&#39;"[..]),
        _ => Cow::Borrowed(core::slice::from_ref(byte)),
    });
    escaped.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: &str, target: &[u8]) -> Result<Route, Response> {
        Route::find(method, &Target::parse(target).unwrap(), None)
    }

    fn refused(method: &str, target: &[u8]) -> (u16, String, String) {
        let response = find(method, target).expect_err(method);
        let header = |name| response.header(name).unwrap_or_default().into();
        (response.status, header("Allow"), header("Location"))
    }

    #[test]
    fn every_endpoint_is_found_by_its_method_and_path_alone() {
        for (path, route) in ROUTES {
            assert_eq!(find(route.method(), path.as_bytes()), Ok(route), "{path}");
            let allow = if route.method() == "GET" { "GET, OPTIONS" } else { "OPTIONS, POST" };
            for method in ["GET", "POST", "HEAD", "TRACE", "PUT", "CONNECT", "get", "FOO", ""] {
                if method != route.method() {
                    assert_eq!(refused(method, path.as_bytes()), (405, allow.into(), "".into()), "{method} {path}");
                }
            }
            assert_eq!(refused("OPTIONS", path.as_bytes()), (200, allow.into(), "".into()), "{path}");
        }
        assert_eq!(find("GET", b"/%6cookup?topic=t"), Ok(Route::Lookup));
        assert_eq!(find("POST", b"/topic%2Fcreate"), Ok(Route::CreateTopic));
        assert_eq!(refused("GET", b"/topic%2Fcreate").1, "OPTIONS, POST");
        assert_eq!(find("GET", b"http://host/ping"), Ok(Route::Ping));
        assert_eq!(find("GET", b"/clusters/west/ping"), Ok(Route::Ping));
    }

    #[test]
    fn what_is_meant_is_told_as_httprouter_tells_it() {
        // Each as nsqlookupd v1.3.0 answers it.
        for (method, target, status, location) in [
            ("GET", &b"/ping/"[..], 301, "/ping"),
            ("GET", b"/PING", 301, "/ping"),
            ("GET", b"/PING/", 301, "/ping"),
            ("GET", b"//ping", 301, "/ping"),
            ("GET", b"/./ping", 301, "/ping"),
            ("GET", b"/x/../ping", 301, "/ping"),
            ("GET", b"/../ping", 301, "/ping"),
            ("GET", b"/..%2fping", 301, "/ping"),
            ("GET", b"/topic/../ping", 301, "/ping"),
            ("GET", b"/ping//", 301, "/ping"),
            ("GET", b"/ping/.", 301, "/ping"),
            ("GET", b"/ping/./", 301, "/ping"),
            ("GET", b"/ping/../ping", 301, "/ping"),
            ("GET", b"/pi%4eg", 301, "/ping"),
            ("GET", b"/debug/", 301, "/debug"),
            ("GET", b"/debug//", 301, "/debug"),
            ("GET", b"/ping/?", 301, "/ping?"),
            ("GET", b"/ping/?a?b#c", 301, "/ping?a?b#c"),
            ("GET", b"/LOOKUP?topic=t%20u", 301, "/lookup?topic=t%20u"),
            ("GET", b"/topics/?topic=../x/./y", 301, "/topics?topic=../x/./y"),
            ("GET", b"/ping/?q=\xe9\xff", 301, "/ping?q=%e9%ff"),
            ("GET", b"/clusters/west/PING?a", 301, "/clusters/west/ping?a"),
            ("POST", b"/topic/create/?topic=%zz", 307, "/topic/create?topic=%zz"),
            ("POST", b"/Topic/Create", 307, "/topic/create"),
            ("POST", b"//topic//create?topic=a<b", 307, "/topic/create?topic=a<b"),
            ("POST", b"/topic/./create/", 307, "/topic/create"),
            ("POST", b"/clusters/west/register/", 307, "/clusters/west/register"),
        ] {
            let name = alloc::format!("{method} {}", String::from_utf8_lossy(target));
            assert_eq!(refused(method, target), (status, "".into(), location.into()), "{name}");
        }
    }

    #[test]
    fn what_means_nothing_is_not_found() {
        for (method, target) in [
            ("GET", "/"),
            ("GET", "/?a"),
            ("GET", "//"),
            ("GET", "/."),
            ("GET", "/x/.."),
            ("GET", "http://h"),
            ("GET", "/pin"),
            ("GET", "/ping%00"),
            ("GET", "/ping%c3%a9"),
            ("GET", "/ping\\"),
            ("GET", "/ping#f"),
            ("GET", "/lookup%3ftopic=t"),
            ("GET", "/topic"),
            ("GET", "/topic/create/"),
            ("GET", "/debug/pprof"),
            ("GET", "/clusters/west"),
            ("GET", "/clusters"),
            ("POST", "/"),
            ("POST", "/topic/"),
            ("POST", "/topic/create/.."),
            ("POST", "/ping/"),
            ("POST", "/PING"),
            ("HEAD", "/ping/"),
            ("PUT", "/ping/"),
            ("OPTIONS", "/ping/"),
            ("OPTIONS", "/PING"),
            ("OPTIONS", "/"),
            ("OPTIONS", "/nothing"),
        ] {
            assert_eq!(find(method, target.as_bytes()), Err(Error::NotFound.into()), "{method} {target}");
        }
        assert_eq!(find("GET", b"/%zz"), Err(Error::BadRequest.into()));
        assert_eq!(find("GET", b"/%zz/ping"), Err(Error::BadRequest.into()));
    }

    #[test]
    fn the_whole_server_has_options() {
        assert_eq!(find("OPTIONS", b"*"), Err(Response::empty(200)));
        assert_eq!(find("OPTIONS", b"http://h:1*"), Err(Response::empty(200)));
        assert_eq!(refused("GET", b"*"), (405, "GET, OPTIONS, POST".into(), "".into()));
        assert_eq!(refused("POST", b"*"), (405, "GET, OPTIONS, POST".into(), "".into()));
    }

    #[test]
    fn a_redirected_reader_gets_a_page_and_a_redirected_writer_nothing() {
        let page = find("GET", b"/ping/?a=<b>&c=\"'\xe9").unwrap_err();
        assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"));
        assert_eq!(page.header("X-Nsq-Content-Type"), None);
        let body = b"<a href=\"/ping?a=&lt;b&gt;&amp;c=&#34;&#39;\xe9\">Moved Permanently</a>.\n\n";
        assert_eq!(String::from_utf8_lossy(&page.body), String::from_utf8_lossy(body));
        let nothing = find("POST", b"/topic/create/").unwrap_err();
        assert_eq!((nothing.header("Content-Type"), nothing.body.len()), (None, 0));
        assert_eq!(nothing.header("X-Nsq-Content-Type"), None);
    }

    #[test]
    fn a_browser_is_led_to_the_dashboard() {
        let led = |method, target: &str, accept| {
            let target = Target::parse(target.as_bytes()).unwrap();
            let response = Route::find(method, &target, accept).unwrap_err();
            (response.status, response.header("Location").map(String::from))
        };
        let browser = Some("text/html,application/xhtml+xml,*/*;q=0.8");
        assert_eq!(led("GET", "/", browser), (302, Some("/ui/".into())));
        assert_eq!(led("GET", "/", Some("image/png, text/html;q=0.9")), (302, Some("/ui/".into())));
        assert_eq!(led("GET", "/clusters/west", browser), (302, Some("/clusters/west/ui/".into())));
        assert_eq!(led("GET", "/", None), (404, None));
        assert_eq!(led("GET", "/", Some("*/*")), (404, None));
        assert_eq!(led("GET", "/", Some("application/vnd.nsq; version=1.0")), (404, None));
        assert_eq!(led("POST", "/", browser), (404, None));
        assert_eq!(led("GET", "/nothing", browser), (404, None));
    }
}
