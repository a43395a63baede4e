//! The session row: who is connected, and what is known of their presence.

use std::collections::BTreeSet;
use std::future::Future;

use confab_domain::Attendance;
use confab_domain::budget::{Budgets, Charges};
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::sockets::is_idle;
use confab_domain::{
    Connection, ConnectionId, DeviceId, DisplacedConnection, Presence, Status, Timestamp, UserId,
};

use super::StoreError;

/// Names a connection in a session row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionKey {
    /// On which device.
    pub device: DeviceId,
    /// The gateway's name for it.
    pub id: ConnectionId,
}

impl From<&Connection> for ConnectionKey {
    fn from(Connection { id, device, .. }: &Connection) -> Self {
        Self { device: *device, id: id.clone() }
    }
}

impl From<&DisplacedConnection> for ConnectionKey {
    fn from(DisplacedConnection { id, device, .. }: &DisplacedConnection) -> Self {
        Self { device: *device, id: id.clone() }
    }
}

/// Outcome of registering the connection of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// It is registered. The row as it is then.
    Opened(Session),
    /// The device has as many connections in the row as may be there; nothing was changed. The row as it is.
    Full(Session),
}

/// Outcome of registering a connection that had lost its registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReopenOutcome {
    /// It is registered.
    Reopened,
    /// The device is logged out, or logged in anew.
    Ended,
    /// The device has no free place, or the connection was displaced.
    NoPlace,
}

/// What a session row loses and remembers in one write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionChange {
    /// Registrations that end.
    pub closed: Vec<ConnectionKey>,
    /// Registrations that end, of connections that must not be registered again.
    pub displaced: Vec<ConnectionKey>,
    /// Displaced connections that are remembered no longer.
    pub forgotten: Vec<ConnectionKey>,
}

impl ConnectionChange {
    /// Registrations that end.
    pub fn closed<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> Self {
        Self { closed: connections.into_iter().map(ConnectionKey::from).collect(), ..Self::default() }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.displaced.is_empty() && self.forgotten.is_empty()
    }
}

/// A user's connections and presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub user: UserId,
    /// Whether the user is there, and who watches that.
    pub presence: Presence,
    /// Registered connections, in no particular order; some may be stale.
    pub connections: Vec<Connection>,
    /// What the user took of their budgets, as far as processes have added it.
    pub budgets: Budgets,
    /// Displaced connections that may still be open, in no particular order. They get no events.
    pub displaced: Vec<DisplacedConnection>,
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

    /// Whether this connection is registered, by the same login.
    pub fn has_registered(&self, connection: &Connection) -> bool {
        self.connections.iter().any(|open| {
            let is_same_login = open.family.is_none() || open.family == connection.family;
            open.id == connection.id && open.device == connection.device && is_same_login
        })
    }

    /// Whether nobody is at the user's devices, as a connection says that is not among `closed`, and none contradicts.
    pub fn is_idle_without(&self, closed: &BTreeSet<ConnectionId>) -> bool {
        is_idle(self.connections.iter().filter(|connection| !closed.contains(&connection.id)))
    }

    /// Whether nobody is at the user's devices, as a connection says, and none contradicts.
    pub fn is_idle(&self) -> bool {
        self.is_idle_without(&BTreeSet::new())
    }

    /// Whether a connection has said last that nobody is at it.
    pub fn says_idle(&self, connection: &Connection) -> bool {
        let own = self.connections.iter().find(|open| open.id == connection.id);
        own.is_some_and(|own| own.attendance == Attendance::Idle)
    }

    /// Whether any connection is on record.
    pub fn is_connected(&self) -> bool {
        !self.connections.is_empty()
    }
}

/// Session rows, one per user.
pub trait Sessions: Send + Sync {
    /// Registers the connection of a handshake and renews the lease, unless the device has
    /// [`REGISTERED_PER_DEVICE_MAX`](confab_domain::sockets::REGISTERED_PER_DEVICE_MAX) others in the row. Atomic.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn open_connection(
        &self,
        user: UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> impl Future<Output = Result<OpenOutcome, StoreError>> + Send;

    /// Registers a connection again and renews the lease, if its login is alive, its device has fewer than
    /// [`SOCKETS_PER_DEVICE_MAX`](confab_domain::sockets::SOCKETS_PER_DEVICE_MAX) others in the row, and it was not
    /// displaced. Atomic, together with the login.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn reopen_connection(
        &self,
        user: UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> impl Future<Output = Result<ReopenOutcome, StoreError>> + Send;

    /// The user was heard from, by a connection that is on record, whose [`attendance`](Connection::attendance) is what
    /// the frame says; where it says nothing, what an earlier one said stays. Gives the row as it is then; `None` where the
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
        connection: &Connection,
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

    /// Ends registrations, of any number of connections; what is not in the row is ignored.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; some may have ended.
    fn change_connections(
        &self,
        user: UserId,
        change: &ConnectionChange,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Replaces what is known of a user's presence if it is still as `seen`, atomically; false where it is not.
    ///
    /// `next` has the same `renewed_at`, and connections stay as they are. A change that is made already, whether its user
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
