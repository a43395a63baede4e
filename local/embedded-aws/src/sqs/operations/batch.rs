//! Rules of batches.

use std::collections::BTreeSet;

use crate::sqs::{
    protocol::{BatchEntry, BatchFailure, BatchResult, BatchSuccess},
    refusal::Refusal,
};

/// Most entries of a batch. Source: Amazon SQS API Reference, `SendMessageBatch`.
const ENTRIES_MAX: usize = 10;

/// Longest id of an entry. Source: Amazon SQS API Reference, `SendMessageBatchRequestEntry`.
const ID_CHARACTERS_MAX: usize = 80;

/// Applies `step` to each entry of a batch. A refusal of one entry does not affect the others.
///
/// # Errors
///
/// [`Refusal`] of the batch as a whole: nothing was done.
pub(super) fn run<E, R>(
    entries: Vec<BatchEntry<E>>,
    mut step: impl FnMut(E) -> Result<R, Refusal>,
) -> Result<BatchResult<R>, Refusal> {
    check(&entries)?;
    let mut result = BatchResult { successful: Vec::new(), failed: Vec::new() };
    for BatchEntry { id, entry } in entries {
        match step(entry) {
            Ok(success) => result.successful.push(BatchSuccess { id, result: success }),
            Err(Refusal { code, message, is_callers_fault: sender_fault, .. }) => {
                result.failed.push(BatchFailure { id, sender_fault, code, message });
            }
        }
    }
    Ok(result)
}

fn check<E>(entries: &[BatchEntry<E>]) -> Result<(), Refusal> {
    if entries.is_empty() {
        return Err(Refusal::empty_batch());
    }
    if entries.len() > ENTRIES_MAX {
        return Err(Refusal::too_many_entries(ENTRIES_MAX, entries.len()));
    }
    let mut ids = BTreeSet::new();
    for BatchEntry { id, .. } in entries {
        let is_id = (1..=ID_CHARACTERS_MAX).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_id {
            return Err(Refusal::entry_id());
        }
        if !ids.insert(id) {
            return Err(Refusal::entry_ids_not_distinct(id));
        }
    }
    Ok(())
}
