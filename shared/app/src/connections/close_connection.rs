//! Ending connections: `$disconnect`, and closing with a reason.

use std::time::Duration;

use confab_domain::lease::YOUNG_CONNECTION;
use confab_domain::{ConnectionId, Timestamp, UserId};
use confab_protocol::ServerFrame;
use confab_protocol::server::{ClosingEvent, ClosingReason};
use futures_util::{StreamExt, stream};

use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::ports::{
    CloseOutcome, Connection, ConnectionChange, ConnectionKey, Connections, PresenceQueue, Sessions,
    StoreError,
};
use crate::presence::{CloseAgain, Context, PresenceTask};
use crate::{Error, chain};

/// Delay before a connection that the gateway did not have is closed again.
const FIRST_DELAY: Duration = Duration::from_secs(1);

/// Ends the registration of a connection. Its user stays online until the lease ends: a tunnel is not a logout.
///
/// # Errors
///
/// [`Error::Store`]; then the first post to the connection ends its registration.
pub async fn close_connection(
    sessions: &impl Sessions,
    user: UserId,
    connection: ConnectionKey,
    now: Timestamp,
) -> Result<(), Error> {
    let change = ConnectionChange { closed: vec![connection], ..ConnectionChange::default() };
    Ok(sessions.change_connections(user, &change, now).await?)
}

/// Sends a connection a `closing` frame with the reason, then closes it.
///
/// The frame is best effort: a connection that takes no frame is closed too. The session row does not change.
///
/// # Errors
///
/// [`StoreError`]; the connection may have been closed.
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
    /// Perhaps open, or about to open: the gateway did not have the young connection, or did not answer.
    pub(crate) unconfirmed: Vec<ConnectionKey>,
}

/// Closes connections, several side by side, and sends each the reason first.
///
/// The gateway does not have a connection during its handshake, and has it afterwards. So a connection that the
/// gateway does not have counts as closed only if it is old.
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

/// Queues another close of connections, which is repeated until their handshakes have certainly ended.
///
/// # Errors
///
/// [`StoreError`]; then the connections are closed only at their first frame.
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

/// Closes connections once more. Connections that the gateway still does not have are queued again, with twice the
/// delay.
///
/// # Errors
///
/// [`StoreError`] where the gateway or the queue failed; a repetition is harmless.
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
