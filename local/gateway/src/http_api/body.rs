//! Reads a request body of bounded size in bounded time.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body as _;
use tokio::time::timeout;

use crate::{config::Limits, headers};

/// What a client whose body is too large may still send, so that it gets to
/// read the answer. Unit: bytes.
const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadError {
    TooLarge,
    /// The client broke off, or was too slow.
    Incomplete,
}

/// The whole body. One that is too large by its own account is not read at all.
pub(super) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    bytes_max: usize,
    limits: &Limits,
) -> Result<Bytes, ReadError> {
    if body.size_hint().lower() > bytes_max as u64 {
        if headers::text(headers, header::EXPECT.as_str()).is_none() {
            discard(body, limits);
        }
        return Err(ReadError::TooLarge);
    }
    let collecting = Limited::new(&mut body, bytes_max).collect();
    match timeout(limits.integration_timeout, collecting).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            discard(body, limits);
            Err(ReadError::TooLarge)
        }
        Ok(Err(_)) | Err(_) => Err(ReadError::Incomplete),
    }
}

/// Danger: a connection that is closed while bytes of the client are unread is
/// reset, and the reset may overtake the answer. Hence the rest is read beside it.
fn discard(body: Body, limits: &Limits) {
    let limit = limits.close_timeout;
    tokio::spawn(async move {
        let mut body = Limited::new(body, DISCARDED_BYTES_MAX);
        let rest = async { while let Some(Ok(_)) = body.frame().await {} };
        drop(timeout(limit, rest).await);
    });
}
