//! Errors as HTTP answers.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use confab_app::{Error, wire};
use confab_domain::Refusal;
use confab_protocol::http::ErrorAnswer;
use confab_protocol::{ErrorBody, ErrorCode};
use serde::Serialize;

/// Answer of a call that failed.
pub(crate) struct Failure {
    status: StatusCode,
    body: ErrorBody,
    /// The error, for the log.
    cause: Option<Error>,
}

impl Failure {
    /// A failure with a given status.
    pub(crate) fn new(status: StatusCode, code: ErrorCode, message: &str) -> Self {
        Self { status, body: ErrorBody::new(code, message), cause: None }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let body = wire::error_body(&error);
        Self { status: status_of(body.code), body, cause: Some(error) }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Error::Refused(refusal).into()
    }
}

const fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadRequest | ErrorCode::UnknownAction => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Conflict | ErrorCode::GroupFull => StatusCode::CONFLICT,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let retry_after_ms = self.body.retry_after_ms;
        let mut response = (self.status, Json(ErrorAnswer { error: self.body })).into_response();
        if let Some(ms) = retry_after_ms {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(Cause(std::sync::Arc::new(cause)));
        }
        response
    }
}

/// Answer that contains a credential: caches must not store it.
pub(crate) struct Secret<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Secret<T> {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self.0)).into_response()
    }
}

/// The error behind an answer, passed to the log.
#[derive(Clone)]
pub(crate) struct Cause(pub(crate) std::sync::Arc<Error>);
