//! The HTTP API: every request below its prefix goes to one function.

pub(crate) mod body;
mod event;
mod response;

use std::sync::Arc;

use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;
use http::{
    HeaderValue, StatusCode,
    header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER},
    request::Parts,
};
use tokio::task::spawn_blocking;

use crate::{
    functions::{Functions, InvokeError},
    shared::Shared,
};

/// Largest body whose event is made on the calling thread. Unit: bytes, inclusive.
const SMALL_BODY_BYTES_MAX: usize = 64 * 1024;

/// Answers a request with the response of the function, or with one of API Gateway's own errors. The answer for a
/// failed function contains nothing of the failure.
pub(crate) async fn handle<F: Functions>(shared: Arc<Shared<F>>, request: Request) -> Response {
    let Some(api) = &shared.config.http else {
        return not_found().await;
    };
    let (parts, body) = request.into_parts();
    let room = &shared.body_room;
    let read = body::read(&parts.headers, body, api.body_bytes_max, room, shared.limits()).await;
    let body::Read { bytes, room } = match read {
        Ok(read) => read,
        Err(body::ReadError::TooLarge) => {
            return failure(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        Err(body::ReadError::Incomplete) => return failure(StatusCode::BAD_REQUEST, "Bad Request"),
        Err(body::ReadError::Late) => return failure(StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
        Err(body::ReadError::NoRoom) => {
            let mut answer = failure(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            return answer;
        }
    };
    let event = event_of(&shared, &api.prefix, parts, bytes).await;
    let answer = shared.invoke(&api.function, event).await;
    drop(room);
    match answer {
        Ok(answer) => response::read(&answer).unwrap_or_else(|error| {
            tracing::warn!(function = api.function, %error, "the answer of {} is malformed", api.function);
            internal_server_error()
        }),
        Err(InvokeError::TimedOut) => failure(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        Err(InvokeError::Failed { .. } | InvokeError::Panicked | InvokeError::TooLarge { .. }) => {
            internal_server_error()
        }
    }
}

/// Makes the event of a request. That of a large body is made on a thread of its own, one at a time: a few of them
/// would otherwise occupy every thread.
async fn event_of<F: Functions>(shared: &Arc<Shared<F>>, prefix: &str, parts: Parts, body: Bytes) -> Bytes {
    if body.len() <= SMALL_BODY_BYTES_MAX {
        return event::request(&shared.config, prefix, &parts, &body);
    }
    let permit = Arc::clone(&shared.large_event).acquire_owned().await;
    let (shared, prefix) = (Arc::clone(shared), prefix.to_owned());
    let making = spawn_blocking(move || {
        let event = event::request(&shared.config, &prefix, &parts, &body);
        drop(permit);
        event
    });
    making.await.expect("an event is made of any request")
}

/// Answers a request that no API and no page serves.
pub(crate) async fn not_found() -> Response {
    failure(StatusCode::NOT_FOUND, "Not Found")
}

/// Answers a request that is not valid HTTP, whatever it is for.
pub(crate) fn bad_request() -> Response {
    let mut response = failure(StatusCode::BAD_REQUEST, "Bad Request");
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn internal_server_error() -> Response {
    failure(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn failure(status: StatusCode, message: &str) -> Response {
    let mut response = Response::new(Body::from(format!(r#"{{"message":"{message}"}}"#)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
