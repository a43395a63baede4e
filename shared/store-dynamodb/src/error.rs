//! What an SDK error means to a use case.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use confab_app::ports::StoreError;
use confab_sdk_errors::SdkFailure;

/// Error codes after which the same request may succeed, and may have succeeded already.
///
/// Source: Amazon DynamoDB developer guide, "Error handling with DynamoDB".
const TRANSIENT: &[&str] = &[
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionCanceledException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// A failure other than the conditions that the caller has looked for.
pub(crate) fn store_error(error: impl SdkFailure) -> StoreError {
    error.into_store_error(TRANSIENT)
}

/// Whether a single write met a transaction on its item: nothing was written.
pub(crate) fn is_transaction_conflict<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some("TransactionConflictException")
}

/// A write that may have a condition.
pub(crate) trait Conditional {
    /// Whether the condition did not hold: nothing was written.
    fn condition_failed(&self) -> bool;
}

impl Conditional for UpdateItemError {
    fn condition_failed(&self) -> bool {
        self.is_conditional_check_failed_exception()
    }
}

impl Conditional for DeleteItemError {
    fn condition_failed(&self) -> bool {
        self.is_conditional_check_failed_exception()
    }
}

/// What a write answered whose condition held, `None` where it did not; any other failure is an error.
pub(crate) fn if_condition_held<T, E>(result: Result<T, SdkError<E>>) -> Result<Option<T>, StoreError>
where
    E: Conditional,
    SdkError<E>: SdkFailure,
{
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.as_service_error().is_some_and(Conditional::condition_failed) => Ok(None),
        Err(error) => Err(store_error(error)),
    }
}

/// Whether the condition of a write held; any other failure is an error.
pub(crate) fn condition_held<T, E>(result: Result<T, SdkError<E>>) -> Result<bool, StoreError>
where
    E: Conditional,
    SdkError<E>: SdkFailure,
{
    Ok(if_condition_held(result)?.is_some())
}

/// Whether nothing of a transaction was written because somebody else wrote first, or writes now.
pub(crate) fn lost_a_race<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return false;
    };
    let codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    let mut failures = codes.filter(|code| *code != "None").peekable();
    failures.peek().is_some()
        && failures.all(|code| ["ConditionalCheckFailed", "TransactionConflict"].contains(&code))
}

/// Which conditions of a transaction of two did not hold; `None` where it failed in another way.
pub(crate) fn failed_conditions<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<[bool; 2]> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return None;
    };
    let failed = |index: usize| {
        let reason = cancelled.cancellation_reasons().get(index);
        reason.and_then(|reason| reason.code()) == Some("ConditionalCheckFailed")
    };
    Some([failed(0), failed(1)])
}
