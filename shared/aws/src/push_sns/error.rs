//! Meaning of SDK errors for a use case.

use crate::sdk_errors::SdkFailure;
use confab_app::ports::StoreError;

/// Error codes after which the same request may succeed.
///
/// Source: Amazon SNS API reference, "Common errors" and "Publish".
const TRANSIENT: &[&str] = &[
    "InternalError",
    "InternalErrorException",
    "InternalFailure",
    "KMSThrottling",
    "ServiceUnavailable",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
];

/// Error codes whose cause an operator can remove while a push waits: a policy takes minutes to take effect, and
/// credentials are renewed.
///
/// Source: Amazon SNS API reference, "Publish".
const MENDABLE: &[&str] = &["AuthorizationError", "PlatformApplicationDisabled"];

pub(crate) fn store_error(error: impl SdkFailure) -> StoreError {
    error.into_store_error(TRANSIENT)
}

/// Error of a request about one endpoint.
pub(crate) fn endpoint_error(error: impl SdkFailure) -> StoreError {
    error.into_store_error(&[TRANSIENT, MENDABLE].concat())
}
