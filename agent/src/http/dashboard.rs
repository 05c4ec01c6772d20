//! `/ui/`: the dashboard's files, compiled in where they were built before.

use std::sync::OnceLock;

use lookupd_core::http::{Error, Response, SERVER, Target, accepts_html};

// HEADERS, the file that names the headers of each path, and FILES by name.
include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// What a path of the dashboard is answered with; nothing where it is none. A browser that goes to what is no file gets
/// the page, which knows where it is.
pub(super) fn find(target: &Target<'_>, accept: Option<&str>) -> Option<Response> {
    let below = target.path.strip_prefix(b"/ui")?;
    if below.is_empty() {
        return Some(redirect(target));
    }
    let name = str::from_utf8(below.strip_prefix(b"/")?).unwrap_or_default();
    let file = |name: &str| FILES.iter().find(|(known, _)| *known == name);
    if FILES.is_empty() {
        return Some(response(404, "text/plain; charset=utf-8", MISSING.into()));
    }
    let is_page = name.is_empty() || accepts_html(accept);
    let Some((name, bytes)) = file(name).or_else(|| file(PAGE).filter(|_| is_page)) else {
        return Some(Error::NotFound.into());
    };
    let mut found = response(200, media_type(name), bytes.to_vec());
    let own = format!("/ui/{name}");
    for (path, name, value) in headers() {
        if *path == "/ui/*" || *path == own {
            found.push(name, *value);
        }
    }
    if found.header("Cache-Control").is_none() {
        found.push("Cache-Control", "no-cache");
    }
    Some(found)
}

const PAGE: &str = "index.html";

const MISSING: &str = "This lookupd-agent was built without the dashboard: `make build`, then build it again.\n";

fn redirect(target: &Target<'_>) -> Response {
    let mut response = response(307, "text/plain; charset=utf-8", Vec::new());
    let base = String::from_utf8_lossy(target.base);
    response.push("Location", format!("{base}/ui/"));
    response
}

fn response(status: u16, media_type: &'static str, body: Vec<u8>) -> Response {
    let headers = vec![("Server", SERVER.into()), ("Content-Type", media_type.into())];
    Response { status, headers, body, hold: std::time::Duration::ZERO }
}

/// Each header with the path that it is for; those that are taken back (`! Name`) are given again by the same path.
fn headers() -> &'static [(&'static str, &'static str, &'static str)] {
    static HEADERS_BY_PATH: OnceLock<Vec<(&'static str, &'static str, &'static str)>> = OnceLock::new();
    HEADERS_BY_PATH.get_or_init(|| {
        let mut path = "";
        let mut found = Vec::new();
        for line in HEADERS.lines() {
            match line.trim().split_once(": ") {
                Some((name, value)) => found.push((path, name, value)),
                None if line.starts_with('/') => path = line.trim(),
                None => {}
            }
        }
        found
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "webmanifest") => "application/json",
        _ => "application/octet-stream",
    }
}
