//! Checks of every error that a client receives.

use serde_json::Value;

const CODES: [&str; 11] = [
    "bad_request",
    "unknown_action",
    "unauthenticated",
    "forbidden",
    "not_found",
    "conflict",
    "too_large",
    "group_full",
    "rate_limited",
    "unavailable",
    "internal",
];

/// Words that are of no use to a client: of the language, of stores, of places in the code.
const INTERNAL: [&str; 10] =
    ["struct ", "enum ", "variant", "panicked", ".rs", "dynamo", "sqlite", "lambda", " line ", "apigateway"];

/// Checks the fields of an error, the same over HTTP and over the WebSocket.
#[track_caller]
pub(crate) fn check(error: &Value) {
    let code = error["code"].as_str().unwrap_or_else(|| panic!("an error without a code: {error}"));
    assert!(CODES.contains(&code), "an unknown code: {error}");
    let message = error["message"].as_str().unwrap_or_else(|| panic!("an error without a message: {error}"));
    assert!(!message.is_empty(), "an error without text: {error}");
    let lower = message.to_lowercase();
    assert!(!INTERNAL.iter().any(|word| lower.contains(word)), "internal text: {error}");
    match code {
        "too_large" => {
            let (limit, actual) = (error["limit"].as_u64(), error["actual"].as_u64());
            assert!(limit.is_some() && actual > limit, "too large without numbers: {error}");
        }
        "rate_limited" => assert!(error["retry_after_ms"].as_u64() > Some(0), "no time to wait: {error}"),
        _ => {}
    }
}

/// Checks the code and the fields of an error.
#[track_caller]
pub(crate) fn check_code(error: &Value, code: &str) {
    check(error);
    assert_eq!(error["code"], code, "another error: {error}");
}
