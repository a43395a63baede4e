//! The end of a connection: `$disconnect`, and closing one with a reason.

use confab_domain::{ConnectionId, UserId};
use confab_protocol::ServerFrame;
use confab_protocol::server::{Closing, ClosingReason};

use crate::Error;
use crate::ports::{CloseOutcome, Connections, Sessions, StoreError};

/// Takes a connection off the record. Its user stays online for the rest of the
/// lease: a tunnel is not a logout.
///
/// # Errors
///
/// [`Error::Store`]; the first post to the connection will take it off then.
pub async fn close_connection(
    sessions: &impl Sessions,
    user: UserId,
    connection: &ConnectionId,
) -> Result<(), Error> {
    Ok(sessions.close_connections(user, std::slice::from_ref(connection)).await?)
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
    let frame = serde_json::to_vec(&ServerFrame::Closing(Closing { reason }))
        .map_err(|error| StoreError::Rejected(error.into()))?;
    if let Err(error) = connections.post(connection, &frame).await {
        tracing::debug!(event = "closing_frame_failed", error = &error as &dyn std::error::Error);
    }
    connections.close(connection).await
}
