//! Reads a request body of bounded size in bounded time.

use std::{mem, sync::Arc, time::Duration};

use axum::{body::Body, extract::Request};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Body as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{config::Limits, headers};

/// Bytes that a client whose body is too large may still send, so that it gets to read the answer. Unit: bytes.
const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of each body that need no room: small requests pass while large ones fill the room. Unit: bytes.
const FREE_BYTES: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadError {
    TooLarge,
    /// The client broke off.
    Incomplete,
    /// The client was too slow.
    Late,
    /// There is no room for it beside the bodies of all other requests.
    NoRoom,
}

/// A body, and its share of the room for all bodies under way.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) bytes: Bytes,
    /// Held until the request is answered: the function has a copy.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// Reads the whole body. A body that declares too large a size is not read at all.
pub(super) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    bytes_max: usize,
    room: &Arc<Semaphore>,
    limits: &Limits,
) -> Result<Read, ReadError> {
    if body.size_hint().lower() > bytes_max as u64 {
        if headers::text(headers, header::EXPECT.as_str()).is_none() {
            discard(body, limits.close_timeout);
        }
        return Err(ReadError::TooLarge);
    }
    let collecting = collect(&mut body, bytes_max, room, limits);
    let read = timeout(limits.integration_timeout, collecting).await.unwrap_or(Err(ReadError::Late));
    if matches!(read, Err(ReadError::TooLarge | ReadError::NoRoom)) {
        discard(body, limits.close_timeout);
    }
    read
}

/// Reads a body. It takes room as bytes arrive, not for the declared size.
async fn collect(
    body: &mut Body,
    bytes_max: usize,
    room: &Arc<Semaphore>,
    limits: &Limits,
) -> Result<Read, ReadError> {
    let (mut bytes, mut taken) = (BytesMut::new(), None::<OwnedSemaphorePermit>);
    loop {
        let frame = timeout(limits.body_idle, body.frame()).await.map_err(|_| ReadError::Late)?;
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(|_| ReadError::Incomplete)?.into_data() else { continue };
        let size = bytes.len() + data.len();
        if size > bytes_max {
            return Err(ReadError::TooLarge);
        }
        let wanted = size.saturating_sub(FREE_BYTES.max(bytes.len()));
        let wanted = u32::try_from(wanted).map_err(|_| ReadError::TooLarge)?;
        let more = Arc::clone(room).try_acquire_many_owned(wanted).map_err(|_| ReadError::NoRoom)?;
        match &mut taken {
            Some(taken) => taken.merge(more),
            None => taken = Some(more),
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Read { bytes: bytes.freeze(), room: taken })
}

/// Removes the body of a request, for handlers that read none.
pub(crate) fn without(mut request: Request, limit: Duration) -> Request {
    if !request.body().is_end_stream() {
        discard(mem::take(request.body_mut()), limit);
    }
    request
}

/// Reads and ignores the rest of a body.
///
/// Danger: a connection that is closed while bytes of the client are unread is reset, and the reset may overtake the
/// answer. Hence the rest is read while the answer is sent.
fn discard(body: Body, limit: Duration) {
    tokio::spawn(async move {
        let mut body = Limited::new(body, DISCARDED_BYTES_MAX);
        let rest = async { while let Some(Ok(_)) = body.frame().await {} };
        drop(timeout(limit, rest).await);
    });
}
