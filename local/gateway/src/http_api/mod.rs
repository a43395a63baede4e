//! The HTTP API: every request below its prefix goes to one function.

mod body;
mod event;
mod response;

use std::sync::Arc;

use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};

use crate::{
    functions::{Functions, InvokeError},
    shared::Shared,
};

/// Answers a request with what the function makes of it, or with one of API
/// Gateway's own errors; of a failed function only the fact is told.
pub(crate) async fn handle<F: Functions>(shared: Arc<Shared<F>>, request: Request) -> Response {
    let Some(api) = &shared.config.http else {
        return not_found().await;
    };
    let (parts, body) = request.into_parts();
    let body = match body::read(&parts.headers, body, api.body_bytes_max, shared.limits()).await {
        Ok(body) => body,
        Err(body::ReadError::TooLarge) => {
            return failure(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        Err(body::ReadError::Incomplete) => return failure(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    let event = event::request(&shared.config, &api.prefix, &parts, &body);
    match shared.invoke(&api.function, event).await {
        Ok(answer) => response::read(&answer).unwrap_or_else(|error| {
            tracing::warn!(function = api.function, %error, "the answer of {} is malformed", api.function);
            internal_server_error()
        }),
        Err(InvokeError::TimedOut) => failure(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        Err(InvokeError::Failed { .. } | InvokeError::Panicked) => internal_server_error(),
    }
}

/// Answers a request that nobody serves.
pub(crate) async fn not_found() -> Response {
    failure(StatusCode::NOT_FOUND, "Not Found")
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
