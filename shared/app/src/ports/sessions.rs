//! The session row: who is connected, and what is known of their presence.

use std::future::Future;

use confab_domain::budget::{Budgets, Charges};
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::{ConnectionId, DeviceId, Presence, Status, Timestamp, UserId};

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

/// A user's connections and presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub user: UserId,
    /// Whether the user is there, and who watches that.
    pub presence: Presence,
    /// In no particular order; some may be gone.
    pub connections: Vec<Connection>,
    /// What the user took of their budgets, as far as processes have added it.
    pub budgets: Budgets,
}

impl Session {
    /// Whether the user is online.
    pub fn status(&self, policy: HeartbeatPolicy, now: Timestamp) -> Status {
        policy.status(&self.presence.lease, self.is_connected(), now)
    }

    /// Until when, if nothing is heard of them.
    pub fn ends_at(&self, policy: HeartbeatPolicy) -> Timestamp {
        policy.ends_at(&self.presence.lease, self.is_connected())
    }

    /// Whether any connection is on record.
    pub fn is_connected(&self) -> bool {
        !self.connections.is_empty()
    }
}

/// Session rows, one per user.
pub trait Sessions {
    /// Adds a connection, by which the user was heard from. Gives the row as it is then.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn open_connection(
        &self,
        user: UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> impl Future<Output = Result<Session, StoreError>> + Send;

    /// The user was heard from, by a connection that is on record. Gives the row as it is then; `None` where the
    /// connection is not on record, and nothing is changed.
    ///
    /// With it, `charges` are added to the user's budgets ([`Charge::added_to`](confab_domain::budget::Charge::added_to)),
    /// atomically; they may be lost where many others are added at the same moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the charges may have been added.
    fn renew(
        &self,
        user: UserId,
        connection: &ConnectionId,
        charges: &Charges,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// Adds `charges` to the budgets of a user, who need not have a session; the user was not heard from by that. Gives
    /// the budgets as they are then.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the charges may have been added.
    fn charge(
        &self,
        user: UserId,
        charges: &Charges,
        now: Timestamp,
    ) -> impl Future<Output = Result<Budgets, StoreError>> + Send;

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

    /// Replaces what is known of a user's presence if it is still as `seen`, atomically; false where it is not.
    ///
    /// `next` has the same `heard_at`, and connections stay as they are. A change that is made already, whether its user
    /// was heard from since or not, is made ([`Presence::has_become`]): it was asked for before, and the answer was lost.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the change may be made all the same.
    fn replace_presence(
        &self,
        user: UserId,
        seen: &Presence,
        next: &Presence,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The rows of any number of users, strongly consistent; users without one are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn sessions(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;

    /// One row, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn session(&self, user: UserId) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// One row, as it is or was a moment ago, for half the price.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn glance(&self, user: UserId) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;
}
