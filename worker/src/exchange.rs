//! Between the runtime's requests and responses and core's.

use js_sys::{Array, Uint8Array};
use lookupd_core::http::{Error, Response, Write};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, ResponseInit};

/// The answer as the runtime sends it. One without a body must be given none: of an empty text the runtime would say a
/// type.
pub(crate) fn to_runtime(response: &Response) -> Result<web_sys::Response, JsValue> {
    let headers: Array =
        response.headers.iter().map(|(name, value)| Array::of2(&(*name).into(), &(&**value).into())).collect();
    let init = ResponseInit::new();
    init.set_status(response.status);
    init.set_headers(&headers);
    if response.body.is_empty() {
        return web_sys::Response::new_with_opt_u8_array_and_init(None, &init);
    }
    let body = Uint8Array::from(&response.body[..]);
    web_sys::Response::new_with_opt_js_u8_array_and_init(Some(&body), &init)
}

/// The value of a request's header.
pub(crate) fn header(request: &web_sys::Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}

/// The body that a change needs, refused by its declared length before it is read, and by its real one while it is.
///
/// # Errors
/// [`Error::BodyTooLarge`], and [`Error::InvalidRequest`] where it ends before its end.
pub(crate) async fn read_body(request: &web_sys::Request, write: &Write) -> Result<Vec<u8>, Error> {
    let declared = header(request, "Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let Some(body) = request.body() else { return Ok(Vec::new()) };
    if write.body_limit() == 0 {
        return Ok(Vec::new());
    }
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let read = match write.check_length(declared) {
        Ok(()) => read_all(&reader, write).await,
        Err(error) => Err(error),
    };
    reader.release_lock();
    read
}

/// Says that nobody waits for what is left of the request's body: before that, `wrangler dev` doesn't answer.
pub(crate) async fn discard_body(request: &web_sys::Request) {
    if let Some(body) = request.body().filter(|body| !body.locked()) {
        // One that broke off can't be cancelled, and needn't be.
        let _ = JsFuture::from(body.cancel()).await;
    }
}

async fn read_all(reader: &ReadableStreamDefaultReader, write: &Write) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(|_| Error::InvalidRequest)?;
        let value = js_sys::Reflect::get(&chunk, &"value".into()).map_err(|_| Error::InvalidRequest)?;
        let Ok(chunk) = value.dyn_into::<Uint8Array>() else { return Ok(bytes) };
        write.check_length(bytes.len() as u64 + u64::from(chunk.length()))?;
        bytes.extend(chunk.to_vec());
    }
}
