//! One event per invocation, with fields rather than prose, and no content.

use std::time::Duration;

use confab_app::{Error, wire};
use confab_protocol::ErrorCode;

/// Logs how an invocation ended. A client's mistake is `info`, ours is `error`.
pub fn log(function: &str, error: Option<&Error>, duration: Duration) {
    let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let Some(error) = error else {
        tracing::info!(function, outcome = "done", duration_ms, "done");
        return;
    };
    let code = wire::error_body(error).code;
    let source = error as &dyn std::error::Error;
    if code == ErrorCode::Internal {
        tracing::error!(function, outcome = ?code, duration_ms, error = source, "failed");
    } else if code == ErrorCode::Unavailable {
        tracing::warn!(function, outcome = ?code, duration_ms, error = source, "not done");
    } else {
        tracing::info!(function, outcome = ?code, duration_ms, "refused");
    }
}
