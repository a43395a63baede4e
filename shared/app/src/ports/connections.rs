//! Open connections, which the gateway holds.

use std::future::Future;

use confab_domain::ConnectionId;

use super::StoreError;

/// Outcome of posting to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostOutcome {
    /// The gateway took the frame. That does not prove that the device has it.
    Taken,
    /// There is no such connection, or it is not open yet.
    Gone,
    /// Either the connection's own buffer is full, or the gateway gets too many requests altogether: its answer does
    /// not say which. Asking right after whether the connection [is open](Connections::is_open) distinguishes the
    /// two, since that request needs no room in a buffer.
    ///
    /// Source: Amazon API Gateway Management API reference, `LimitExceededException`: "more than the allowed number of
    /// requests per unit of time or the WebSocket client side buffer is full".
    Limited,
}

/// Outcome of closing a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseOutcome {
    /// The gateway had the connection and closes it.
    Closed,
    /// The gateway does not have it: it is closed already, or its handshake is under way and it may still open.
    Gone,
}

/// Open WebSocket connections.
pub trait Connections: Send + Sync {
    /// Sends one frame of JSON to a connection.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where the gateway itself failed; the error says nothing about the connection. The device may
    /// have got the frame all the same.
    fn post(
        &self,
        connection: &ConnectionId,
        frame: &[u8],
    ) -> impl Future<Output = Result<PostOutcome, StoreError>> + Send;

    /// Whether the gateway has a connection; true also where the connection is dead and the gateway has not noticed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn is_open(&self, connection: &ConnectionId) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Closes a connection, after it has sent the frames that were posted to it before.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the connection may be closed all the same.
    fn close(
        &self,
        connection: &ConnectionId,
    ) -> impl Future<Output = Result<CloseOutcome, StoreError>> + Send;
}
