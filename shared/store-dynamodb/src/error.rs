//! Meaning of SDK errors for a use case.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use confab_app::ports::StoreError;
use confab_aws::sdk_errors::SdkFailure;

/// Error codes after which the same request may succeed, and may already have succeeded.
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

/// Turns a failure into a [`StoreError`], after the caller has checked for failed conditions.
pub(crate) fn store_error(error: impl SdkFailure) -> StoreError {
    error.into_store_error(TRANSIENT)
}

/// Whether a single write was refused because of a transaction on its item. Nothing was written.
pub(crate) fn is_transaction_conflict<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some("TransactionConflictException")
}

/// Error of a write that may have a condition.
pub(crate) trait Conditional {
    /// Whether the condition did not hold. Nothing was written.
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

/// Returns the answer to a write, or `None` if the condition did not hold; any other failure is an error.
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

/// Returns whether the condition of a write held; any other failure is an error.
pub(crate) fn condition_held<T, E>(result: Result<T, SdkError<E>>) -> Result<bool, StoreError>
where
    E: Conditional,
    SdkError<E>: SdkFailure,
{
    Ok(if_condition_held(result)?.is_some())
}

/// Whether a transaction wrote nothing because another writer was first, or is writing now.
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

/// Returns which conditions of a transaction of two items did not hold; `None` if it failed in another way.
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
