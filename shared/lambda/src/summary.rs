//! One log event per invocation, with fields rather than prose, and no content.

use std::time::Duration;

use confab_app::{Error, chain, metric, wire};
use confab_protocol::ErrorCode;

use crate::observability;

/// Logs the outcome of an invocation, and writes its metrics. A refusal is `info`, an unknown outcome `warn`, a fault
/// of the server `error`.
pub fn log(function: &str, error: Option<&Error>, duration: Duration) {
    if let Some(error) = error {
        let code = wire::error_body(error).code.as_str();
        metrics::counter!(metric::REFUSALS, metric::CODE => code).increment(1);
    }
    log_record(function, error, duration);
    flush();
}

/// Writes the metrics that were counted since the last call.
pub fn flush() {
    observability::flush(std::io::stdout());
}

/// Logs the outcome of one of several records of an invocation. The caller calls [`flush`] after the last.
pub fn log_record(function: &str, error: Option<&Error>, duration: Duration) {
    let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let Some(error) = error else {
        tracing::info!(event = "request_ended", function, outcome = "done", duration_ms, "done");
        return;
    };
    let code = wire::error_body(error).code;
    let outcome = code.as_str();
    if code == ErrorCode::Internal {
        tracing::error!(
            event = "request_ended",
            function,
            outcome,
            duration_ms,
            error = chain(error),
            "failed"
        );
    } else if code == ErrorCode::Unavailable {
        tracing::warn!(
            event = "request_ended",
            function,
            outcome,
            duration_ms,
            error = chain(error),
            "not done"
        );
    } else {
        tracing::info!(event = "request_ended", function, outcome, duration_ms, "refused");
    }
}
