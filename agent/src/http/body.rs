//! Requests' bodies: those that are needed, and those that only stand before the next request.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{
    body::{Body as _, Incoming},
    header,
    http::request::Parts,
};
use lookupd_core::http::{Error, Request};
use tokio::time::timeout;

/// The body of a change that needs one; otherwise nothing, and what came is read and forgotten, so that the connection can
/// be used further.
///
/// # Errors
/// [`Error::BodyTooLarge`] by its declared length before it is read, and by its real one while it is;
/// [`Error::InvalidRequest`] where it doesn't come to its end.
pub(super) async fn read(head: &Parts, body: &mut Incoming, admitted: &Request) -> Result<Vec<u8>, Error> {
    if body.is_end_stream() {
        return Ok(Vec::new());
    }
    let needed = match admitted {
        Request::Write(write) if write.body_limit() > 0 => Some(write),
        _ => None,
    };
    if let Some(write) = needed {
        let declared = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        write.check_length(declared.unwrap_or(0))?;
    }
    let mut bytes = Vec::new();
    let mut ignored = 0;
    let all = async {
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Error::InvalidRequest)?.into_data() else { continue };
            match needed {
                Some(write) => {
                    write.check_length((bytes.len() + data.len()) as u64)?;
                    bytes.extend_from_slice(&data);
                }
                None => ignored += data.len(),
            }
            if ignored > IGNORED_AT_MOST {
                // The connection is closed instead.
                break;
            }
        }
        Ok::<_, Error>(())
    };
    timeout(PATIENCE, all).await.map_err(|_| Error::InvalidRequest)??;
    Ok(bytes)
}

/// Reads past what is left of the body of a request that was refused before. Says whether it came to its end, so that
/// another request may follow.
pub(super) async fn skip(body: &mut Incoming) -> bool {
    if body.size_hint().lower() > IGNORED_AT_MOST as u64 {
        return false;
    }
    let mut skipped = 0;
    let all = async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            skipped += frame.data_ref().map_or(0, Bytes::len);
            if skipped > IGNORED_AT_MOST {
                return false;
            }
        }
        true
    };
    timeout(PATIENCE, all).await.unwrap_or(false)
}

/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Go's server reads as much of what nobody asked for.
const IGNORED_AT_MOST: usize = 256 << 10;
