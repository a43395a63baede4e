//! Token buckets of rate limits.

use std::collections::BTreeMap;

use confab_app::ports::{RateLimits, StoreError};
use confab_domain::rate::{Bucket, Rate};
use confab_domain::{Refusal, Timestamp};

use crate::Memory;

/// All buckets by name.
#[derive(Debug, Default)]
pub(crate) struct BucketTable(BTreeMap<String, Bucket>);

impl RateLimits for Memory {
    async fn take(
        &self,
        bucket: &str,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, StoreError> {
        self.call(|tables| {
            let bucket_then = rate.take(tables.buckets.0.get(bucket).copied(), now)?;
            tables.buckets.0.insert(bucket.to_owned(), bucket_then);
            Ok(())
        })
        .await
    }

    async fn check(
        &self,
        bucket: &str,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, StoreError> {
        self.call(|tables| rate.take(tables.buckets.0.get(bucket).copied(), now).map(|_| ())).await
    }

    async fn refill(&self, bucket: &str) -> Result<(), StoreError> {
        self.call(|tables| {
            tables.buckets.0.remove(bucket);
        })
        .await
    }
}
