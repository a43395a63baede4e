//! Moves of messages from a dead-letter queue back to their queues.

use std::sync::Arc;

use super::{Call, within};
use crate::random_id;
use crate::sqs::{
    account::Account,
    message::Content,
    protocol::{ListMoves, Move, Moves, StartMove, StartedMove},
    refusal::Refusal,
};

/// Most tasks in one answer. Source: Amazon SQS API Reference, `ListMessageMoveTasks`.
const RESULTS_MAX: u32 = 10;

/// Moves all visible messages in this call, so that a task has ended when it has started. As on AWS they become new
/// messages. A message whose queue no longer exists stays in the dead-letter queue.
pub(in crate::sqs) fn start(
    account: &mut Account,
    request: StartMove,
    call: &Call<'_>,
) -> Result<StartedMove, Refusal> {
    let source = queue(account, &request.source_arn)?;
    let destination = request.destination_arn.as_ref().map(|arn| queue(account, arn)).transpose()?;
    let mut moved = 0;
    for message in account.take_visible(&source, call.now)? {
        let origin = || message.dead_letter_source.as_ref().and_then(|arn| account.name_of(arn));
        let target = destination.clone().or_else(origin);
        moved += u64::from(target.is_some());
        // Without random numbers the message keeps its old id; it must not be lost.
        let id = random_id::random().unwrap_or_else(|_| message.content.id.clone());
        let content = Content { id, sent_at: call.now, ..(*message.content).clone() };
        account.append(target.as_ref().unwrap_or(&source), Arc::new(content), None, call.now)?;
    }
    account.moves.push(Move {
        status: "COMPLETED",
        source_arn: request.source_arn,
        destination_arn: request.destination_arn,
        approximate_number_of_messages_moved: moved,
        approximate_number_of_messages_to_move: moved,
        started_timestamp: call.now,
    });
    Ok(StartedMove { task_handle: random_id::random().map_err(|_| Refusal::internal())? })
}

/// The latest tasks of a queue. They are lost at the end of the process.
pub(in crate::sqs) fn list(
    account: &mut Account,
    request: ListMoves,
    _: &Call<'_>,
) -> Result<Moves, Refusal> {
    queue(account, &request.source_arn)?;
    let limit = within("MaxResults", request.max_results, 1..=RESULTS_MAX)?.unwrap_or(1);
    let latest = account.moves.iter().rev().filter(|task| task.source_arn == request.source_arn);
    Ok(Moves { results: latest.take(usize::try_from(limit).unwrap_or(1)).cloned().collect() })
}

fn queue(account: &Account, arn: &str) -> Result<String, Refusal> {
    let message = "The resource that you specified for the SourceArn parameter doesn't exist.";
    account.name_of(arn).ok_or_else(|| Refusal::no_such_resource(message))
}
