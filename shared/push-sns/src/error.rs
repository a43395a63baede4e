//! What an SDK error means to a use case.

use confab_app::ports::StoreError;
use confab_sdk_errors::SdkFailure;

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

pub(crate) fn store_error(error: impl SdkFailure) -> StoreError {
    error.into_store_error(TRANSIENT)
}
