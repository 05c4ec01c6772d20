//! The dashboard's files, which a store beside the worker holds.

use std::time::Duration;

use lookupd_core::http::{Error, Response, Target};
use web_sys::RequestInit;
use worker::{Env, Fetcher, console_error};

/// The path of what the dashboard's files are asked for, if they are.
pub(crate) fn file_of<'a>(target: &Target<'a>) -> Option<&'a str> {
    let below = target.path.strip_prefix(b"/ui")?;
    if below.is_empty() || below.starts_with(b"/") { str::from_utf8(target.path).ok() } else { None }
}

/// From `/ui`, of whichever cluster, to the page's own folder. The store of files knows of no cluster.
pub(crate) fn led_to_the_page(target: &Target<'_>) -> Response {
    let mut response = Response { status: 307, headers: Vec::new(), body: Vec::new(), hold: Duration::ZERO };
    response.push("Location", format!("{}/ui/", String::from_utf8_lossy(target.base)));
    response
}

/// A file of the dashboard; its page where a browser goes to a deep link into it.
pub(crate) async fn fetch_file(
    path: &str,
    is_page: bool,
    method: &str,
    env: &Env,
) -> Result<web_sys::Response, Response> {
    let missing = |error: worker::Error| {
        console_error!("the dashboard's files can't be reached: {error}");
        Response::from(Error::NotFound)
    };
    let files: Fetcher = env.get_binding("ASSETS").map_err(missing)?;
    let fetch = async |path: &str| {
        let init = RequestInit::new();
        init.set_method(method);
        let request = web_sys::Request::new_with_str_and_init(&format!("http://files{path}"), &init)?;
        let response = files.fetch_request(worker::Request::from(request)).await?;
        Ok::<web_sys::Response, worker::Error>(response.into())
    };
    let found = fetch(path).await.map_err(missing)?;
    match found.status() {
        404 if is_page => fetch("/ui/").await.map_err(missing),
        404 => Err(Error::NotFound.into()),
        _ => Ok(found),
    }
}
