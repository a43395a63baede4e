//! Token buckets.
//!
//! Shape: `{bucket S, full_at_ms N, expires_at N}`. One number makes a take a
//! single conditional write: from an idle bucket, or from one in use.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use confab_app::ports::{RateLimits, StoreError};
use confab_domain::rate::Rate;
use confab_domain::{Refusal, Timestamp};

use crate::Store;
use crate::error::store_error;
use crate::item::{Reader, number, text, time};
use crate::schema::{BUCKET, EXPIRES_AT};

const FULL_AT_MS: &str = "full_at_ms";

/// Attempts while others take from the same bucket.
///
/// Only a bucket that changes from in use to idle, or back, between two writes
/// costs another attempt.
const TAKE_ATTEMPTS_MAX: u32 = 8;

/// How much longer than it says anything a bucket's item is kept, for clocks that disagree.
const KEPT_LONGER: Duration = Duration::from_secs(60);

impl RateLimits for Store {
    async fn take(
        &self,
        bucket: &str,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, StoreError> {
        for _ in 0..TAKE_ATTEMPTS_MAX {
            let full_at = match self.take_from_idle(bucket, rate, now).await? {
                Taken::Yes => return Ok(Ok(())),
                Taken::No(full_at) => full_at,
            };
            let next = match rate.take(Some(full_at), now) {
                Ok(next) => next,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let taken = if full_at > rate.full_by(now) {
                self.take_from_unbelieved(bucket, rate, (full_at, next), now).await?
            } else {
                self.take_from_used(bucket, rate, now).await?
            };
            if matches!(taken, Taken::Yes) {
                return Ok(Ok(()));
            }
        }
        Ok(Err(Refusal::RateLimited { retry_after: rate.interval }))
    }

    async fn check(
        &self,
        bucket: &str,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.throttles)
            .key(BUCKET, text(bucket))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        let full_at = match output.item() {
            Some(item) => Some(Reader::new("a token bucket", item).time(FULL_AT_MS)?),
            None => None,
        };
        Ok(rate.take(full_at, now).map(|_| ()))
    }

    async fn refill(&self, bucket: &str) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.tables.throttles)
            .key(BUCKET, text(bucket))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

/// Whether a conditional take was carried out, and when the bucket is full again if not.
enum Taken {
    Yes,
    No(Timestamp),
}

impl Store {
    async fn take_from_idle(&self, bucket: &str, rate: Rate, now: Timestamp) -> Result<Taken, StoreError> {
        let update = self
            .update_bucket(bucket, rate, now)
            .update_expression("SET #full_at = :full_at, #expires_at = :expires_at")
            .condition_expression("attribute_not_exists(#full_at) OR #full_at <= :now")
            .expression_attribute_values(":full_at", time(now.plus(rate.interval)))
            .expression_attribute_values(":now", time(now));
        taken(update, now).await
    }

    async fn take_from_used(&self, bucket: &str, rate: Rate, now: Timestamp) -> Result<Taken, StoreError> {
        let update = self
            .update_bucket(bucket, rate, now)
            .update_expression("SET #full_at = #full_at + :interval, #expires_at = :expires_at")
            .condition_expression("#full_at > :now AND #full_at <= :limit")
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":limit", time(now.plus(rate.tolerance())))
            .expression_attribute_values(
                ":interval",
                number(u64::try_from(rate.interval.as_millis()).unwrap_or(u64::MAX)),
            );
        taken(update, now).await
    }

    /// A bucket whose time a wrong clock wrote is put right.
    async fn take_from_unbelieved(
        &self,
        bucket: &str,
        rate: Rate,
        (seen, next): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let update = self
            .update_bucket(bucket, rate, now)
            .update_expression("SET #full_at = :full_at, #expires_at = :expires_at")
            .condition_expression("#full_at = :seen")
            .expression_attribute_values(":full_at", time(next))
            .expression_attribute_values(":seen", time(seen));
        taken(update, now).await
    }

    fn update_bucket(&self, bucket: &str, rate: Rate, now: Timestamp) -> UpdateItemFluentBuilder {
        let expires_at = now.plus(rate.interval * rate.burst + KEPT_LONGER);
        self.client
            .update_item()
            .table_name(&self.tables.throttles)
            .key(BUCKET, text(bucket))
            .expression_attribute_names("#full_at", FULL_AT_MS)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":expires_at", number(expires_at.as_seconds_up()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

async fn taken(update: UpdateItemFluentBuilder, now: Timestamp) -> Result<Taken, StoreError> {
    let Err(error) = update.send().await else { return Ok(Taken::Yes) };
    let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
        return Err(store_error(error));
    };
    match failed.item() {
        Some(item) if !item.is_empty() => {
            Ok(Taken::No(Reader::new("a token bucket", item).time(FULL_AT_MS)?))
        }
        _ => Ok(Taken::No(now)),
    }
}
