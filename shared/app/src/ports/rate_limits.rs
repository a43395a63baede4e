//! Token buckets that outlive an invocation.

use std::future::Future;

use confab_domain::rate::Rate;
use confab_domain::{Refusal, Timestamp};

use super::StoreError;

/// Buckets by name.
pub trait RateLimits: Send + Sync {
    /// Takes one try from a bucket, atomically; the inner error says when to come again.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the try may have been taken.
    fn take(
        &self,
        bucket: &str,
        rate: Rate,
        now: Timestamp,
    ) -> impl Future<Output = Result<Result<(), Refusal>, StoreError>> + Send;

    /// Whether a try could be taken; none is.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn check(
        &self,
        bucket: &str,
        rate: Rate,
        now: Timestamp,
    ) -> impl Future<Output = Result<Result<(), Refusal>, StoreError>> + Send;

    /// Fills a bucket.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn refill(&self, bucket: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}
