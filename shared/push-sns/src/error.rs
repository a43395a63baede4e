//! What an SDK error means to a use case.

use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
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

pub(crate) fn store_error<E, R>(error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let transient = match error.as_service_error() {
        Some(service) => service.code().is_none_or(|code| TRANSIENT.contains(&code)),
        None => true,
    };
    if transient { StoreError::Unavailable(error.into()) } else { StoreError::Rejected(error.into()) }
}
