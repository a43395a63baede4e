//! The end of connections: `$disconnect`, and closing them with a reason.

use std::time::Duration;

use confab_domain::lease::YOUNG_CONNECTION;
use confab_domain::{ConnectionId, Timestamp, UserId};
use confab_protocol::ServerFrame;
use confab_protocol::server::{ClosingEvent, ClosingReason};
use futures_util::{StreamExt, stream};

use crate::Error;
use crate::chain;
use crate::concurrency::STORE_CALLS_MAX;
use crate::ports::{
    CloseOutcome, Connection, ConnectionChange, ConnectionKey, Connections, PresenceQueue, Sessions,
    StoreError,
};
use crate::presence::{CloseAgain, Context, PresenceTask};

/// Before a connection is closed again that the gateway did not have.
const FIRST_DELAY: Duration = Duration::from_secs(1);

/// Ends the registration of a connection. Its user stays online for the rest of the
/// lease: a tunnel is not a logout.
///
/// # Errors
///
/// [`Error::Store`]; the first post to the connection will take it off then.
pub async fn close_connection(
    sessions: &impl Sessions,
    user: UserId,
    connection: ConnectionKey,
    now: Timestamp,
) -> Result<(), Error> {
    let change = ConnectionChange { closed: vec![connection], ..ConnectionChange::default() };
    Ok(sessions.change_connections(user, &change, now).await?)
}

/// Tells a connection why it ends with a `closing` frame, then closes it.
///
/// The frame is best effort: a connection that takes no frame is closed all the same. The session row stays as it is.
///
/// # Errors
///
/// [`StoreError`]; the connection may be closed all the same.
pub async fn close_with_reason(
    connections: &impl Connections,
    connection: &ConnectionId,
    reason: ClosingReason,
) -> Result<CloseOutcome, StoreError> {
    let frame = serde_json::to_vec(&ServerFrame::Closing(ClosingEvent { reason }))
        .map_err(|error| StoreError::Rejected(error.into()))?;
    if let Err(error) = connections.post(connection, &frame).await {
        tracing::debug!(event = "closing_frame_failed", error = chain(&error));
    }
    connections.close(connection).await
}

/// Outcome of closing several connections.
#[derive(Debug, Default)]
pub(crate) struct Closings {
    /// Certainly closed.
    pub(crate) closed: Vec<ConnectionKey>,
    /// Perhaps open, or about to open: the gateway did not have a young one, or did not answer.
    pub(crate) unconfirmed: Vec<ConnectionKey>,
}

/// Closes connections, some at a time, each with its reason told first.
///
/// The gateway does not have a connection whose handshake is under way, and has it once the handshake ends: only an old
/// one that it does not have is closed.
pub(crate) async fn close_each(
    connections: &impl Connections,
    those: impl IntoIterator<Item = Connection>,
    reason: ClosingReason,
    now: Timestamp,
) -> Closings {
    let mut closings = Closings::default();
    let mut outcomes = stream::iter(those)
        .map(|open| async move {
            let is_closed = match close_with_reason(connections, &open.id, reason).await {
                Ok(CloseOutcome::Closed) => true,
                Ok(CloseOutcome::Gone) => !open.is_young(now),
                Err(error) => {
                    tracing::warn!(event = "close_failed", error = chain(&error));
                    false
                }
            };
            (ConnectionKey::from(&open), is_closed)
        })
        .buffer_unordered(STORE_CALLS_MAX);
    while let Some((key, is_closed)) = outcomes.next().await {
        if is_closed { &mut closings.closed } else { &mut closings.unconfirmed }.push(key);
    }
    closings
}

/// Has connections closed again, until their handshakes have certainly ended.
///
/// # Errors
///
/// [`StoreError`]; then they are closed at their first frame only.
pub(crate) async fn close_later(
    context: &Context<'_, impl Sync, impl PresenceQueue>,
    user: UserId,
    unconfirmed: &[ConnectionKey],
    reason: ClosingReason,
) -> Result<(), StoreError> {
    if unconfirmed.is_empty() {
        return Ok(());
    }
    let again = CloseAgain {
        user: user.to_string(),
        connections: unconfirmed.iter().map(|key| key.id.to_string()).collect(),
        reason,
        delay_seconds: FIRST_DELAY.as_secs(),
        until_ms: context.now.plus(YOUNG_CONNECTION).as_ms(),
    };
    context.queue.put(&PresenceTask::close_again(again), FIRST_DELAY).await
}

/// Closes connections once more; those that the gateway still does not have come again after twice the time.
///
/// # Errors
///
/// [`StoreError`] where the gateway or the queue failed; doing it again is harmless.
pub(crate) async fn close_again(
    context: &Context<'_, impl Sync, impl PresenceQueue>,
    connections: &impl Connections,
    again: &CloseAgain,
) -> Result<(), StoreError> {
    let outcomes = stream::iter(again.connections.clone()).map(|id| async move {
        let outcome = close_with_reason(connections, &ConnectionId::new(id.as_str()), again.reason).await;
        (id, outcome)
    });
    let outcomes: Vec<_> = outcomes.buffer_unordered(STORE_CALLS_MAX).collect().await;
    let is_over = context.now >= Timestamp::from_ms(again.until_ms);
    let (mut left, mut failure) = (Vec::new(), None);
    for (id, outcome) in outcomes {
        match outcome {
            Ok(CloseOutcome::Closed) => {}
            Ok(CloseOutcome::Gone) if is_over => {}
            Ok(CloseOutcome::Gone) => left.push(id),
            Err(error) => failure = Some(error),
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    if left.is_empty() {
        return Ok(());
    }
    let delay_seconds = again.delay_seconds.saturating_mul(2).max(1);
    let next = CloseAgain { connections: left, delay_seconds, ..again.clone() };
    context.queue.put(&PresenceTask::close_again(next), Duration::from_secs(delay_seconds)).await
}
