//! The session row: who is connected, and for how long they count as online.

use std::future::Future;

use confab_domain::{ConnectionId, DeviceId, Timestamp, UserId};

use super::StoreError;

/// One open WebSocket of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The gateway's name for it.
    pub id: ConnectionId,
    /// On which device.
    pub device: DeviceId,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// A user's connections and lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub user: UserId,
    /// Online until then, if any device is connected.
    pub lease_until: Timestamp,
    /// When the user was last heard from.
    pub last_active_at: Timestamp,
    /// In no particular order; some may be gone.
    pub connections: Vec<Connection>,
}

/// Session rows, one per user.
pub trait Sessions {
    /// Adds a connection and renews the lease. Gives the row as it is then.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn open_connection(
        &self,
        user: UserId,
        connection: &Connection,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<Session, StoreError>> + Send;

    /// Renews the lease if the connection is on record; false if it is not, and nothing is changed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn renew(
        &self,
        user: UserId,
        connection: &ConnectionId,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes connections from the record; those that are not on it are ignored.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn close_connections(
        &self,
        user: UserId,
        connections: &[ConnectionId],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends the lease: the user is offline at once.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn end_lease(&self, user: UserId, now: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The rows of up to 100 users, strongly consistent; users without one are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn sessions(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;
}
