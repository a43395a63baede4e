//! Token buckets that outlive an invocation.

use std::future::Future;

use confab_domain::rate::Rate;
use confab_domain::{Refusal, Timestamp};

use super::StoreError;

/// Token buckets, by name.
pub trait RateLimits: Send + Sync {
    /// Takes one token from a bucket, atomically; the inner error says when to try again.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the token may have been taken.
    fn take(
        &self,
        bucket: &str,
        rate: Rate,
        now: Timestamp,
    ) -> impl Future<Output = Result<Result<(), Refusal>, StoreError>> + Send;

    /// Checks whether a token could be taken, without taking it; the inner error says when to try again.
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
