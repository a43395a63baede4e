//! Token buckets.
//!
//! Shape: `{bucket S, full_at_ms N, taken_at_ms N?, expires_at N}`. A take is a single conditional write, from an idle
//! bucket or from one in use. Rows of earlier versions have no `taken_at_ms`.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use confab_app::ports::{RateLimits, StoreError};
use confab_domain::rate::{Bucket, Rate};
use confab_domain::{Refusal, Timestamp};

use crate::Store;
use crate::error::store_error;
use crate::item::{Item, Reader, number, text, time};
use crate::pauses::Attempts;
use crate::schema::{BUCKET, EXPIRES_AT};

const FULL_AT_MS: &str = "full_at_ms";
const TAKEN_AT_MS: &str = "taken_at_ms";

/// Attempts at a take while other requests take from the same bucket.
///
/// Only a bucket that changes from in use to idle, or back, between two writes costs another attempt.
const TAKE_ATTEMPTS_MAX: u32 = 8;

/// Time for which an item is kept after its bucket is full, for clocks that disagree.
const KEPT_LONGER: Duration = Duration::from_secs(60);

impl RateLimits for Store {
    async fn take(&self, key: &str, rate: Rate, now: Timestamp) -> Result<Result<(), Refusal>, StoreError> {
        let mut attempts = Attempts::racing(TAKE_ATTEMPTS_MAX);
        while attempts.next().await {
            let found = match self.take_from_idle(key, rate, now).await? {
                Taken::Yes => return Ok(Ok(())),
                Taken::No(found) => found,
            };
            let next = match rate.take(found, now) {
                Ok(next) => next,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let taken = match found {
                Some(found) if next.full_at == found.full_at.plus(rate.interval) => {
                    self.take_from_used(key, rate, (found, next), now).await?
                }
                Some(found) => self.put_right(key, rate, (found, next), now).await?,
                // The bucket was idle, and has expired since.
                None => continue,
            };
            if matches!(taken, Taken::Yes) {
                return Ok(Ok(()));
            }
        }
        Ok(Err(Refusal::RateLimited { retry_after: rate.interval }))
    }

    async fn check(&self, key: &str, rate: Rate, now: Timestamp) -> Result<Result<(), Refusal>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.throttles)
            .key(BUCKET, text(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        let found = output.item().map(bucket).transpose()?;
        Ok(rate.take(found, now).map(|_| ()))
    }

    async fn refill(&self, key: &str) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.tables.throttles)
            .key(BUCKET, text(key))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

/// Whether a conditional take was carried out; if not, the state of the bucket.
enum Taken {
    Yes,
    No(Option<Bucket>),
}

impl Store {
    async fn take_from_idle(&self, key: &str, rate: Rate, now: Timestamp) -> Result<Taken, StoreError> {
        let update = self
            .update_bucket(key, rate, now)
            .update_expression("SET #full_at = :full_at, #taken_at = :taken_at, #expires_at = :expires_at")
            .condition_expression("attribute_not_exists(#full_at) OR #full_at <= :taken_at")
            .expression_attribute_values(":full_at", time(now.plus(rate.interval)))
            .expression_attribute_values(":taken_at", time(now));
        taken(update).await
    }

    /// Moves a bucket in use on from its value, so that of requests that do so at the same moment none has to try
    /// again. Each counts by its own time, or all by the time of a clock that is ahead.
    async fn take_from_used(
        &self,
        key: &str,
        rate: Rate,
        (found, next): (Bucket, Bucket),
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let by = next.taken_at.unwrap_or(now);
        let same_clock = if found.taken_at == next.taken_at {
            "#taken_at = :taken_at"
        } else {
            "(attribute_not_exists(#taken_at) OR #taken_at <= :taken_at)"
        };
        let update = self
            .update_bucket(key, rate, now)
            .update_expression(
                "SET #full_at = #full_at + :interval, #taken_at = :taken_at, #expires_at = :expires_at",
            )
            .condition_expression(format!("#full_at > :taken_at AND #full_at <= :limit AND {same_clock}"))
            .expression_attribute_values(":taken_at", time(by))
            .expression_attribute_values(":limit", time(by.plus(rate.tolerance())))
            .expression_attribute_values(
                ":interval",
                number(u64::try_from(rate.interval.as_millis()).unwrap_or(u64::MAX)),
            );
        taken(update).await
    }

    /// Corrects a bucket whose time a wrong clock wrote.
    async fn put_right(
        &self,
        key: &str,
        rate: Rate,
        (found, next): (Bucket, Bucket),
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        let update = self
            .update_bucket(key, rate, now)
            .update_expression("SET #full_at = :full_at, #taken_at = :taken_at, #expires_at = :expires_at")
            .condition_expression("#full_at = :seen")
            .expression_attribute_values(":full_at", time(next.full_at))
            .expression_attribute_values(":taken_at", time(next.taken_at.unwrap_or(now)))
            .expression_attribute_values(":seen", time(found.full_at));
        taken(update).await
    }

    fn update_bucket(&self, key: &str, rate: Rate, now: Timestamp) -> UpdateItemFluentBuilder {
        let expires_at = now.plus(rate.interval * rate.burst + KEPT_LONGER);
        self.client
            .update_item()
            .table_name(&self.tables.throttles)
            .key(BUCKET, text(key))
            .expression_attribute_names("#full_at", FULL_AT_MS)
            .expression_attribute_names("#taken_at", TAKEN_AT_MS)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":expires_at", number(expires_at.as_seconds_up()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

async fn taken(update: UpdateItemFluentBuilder) -> Result<Taken, StoreError> {
    let Err(error) = update.send().await else { return Ok(Taken::Yes) };
    let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
        return Err(store_error(error));
    };
    Ok(Taken::No(failed.item().filter(|item| !item.is_empty()).map(bucket).transpose()?))
}

fn bucket(item: &Item) -> Result<Bucket, StoreError> {
    let row = Reader::new("a token bucket", item);
    Ok(Bucket { full_at: row.time(FULL_AT_MS)?, taken_at: row.optional_time(TAKEN_AT_MS)? })
}
