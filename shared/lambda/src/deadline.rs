//! When an invocation gives up by itself.

use std::time::Duration;

use confab_app::{Error, ports::StoreError};

/// After this an invocation answers that it is not known whether it was done.
///
/// Less than every function's timeout in `template.yaml`: one that Lambda ends
/// answers nothing. And less than half of
/// [`APPEND_DELAY_MAX`](confab_domain::claim::APPEND_DELAY_MAX), on which the
/// search for a repeated message relies.
const DEADLINE: Duration = Duration::from_secs(12);

/// Runs an invocation up to the deadline.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where it took longer.
pub async fn within<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let result = tokio::time::timeout(DEADLINE, work).await;
    result.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into()).into()))
}
