//! Session rows: the connections, presence and budgets of each user.

use std::collections::BTreeSet;
use std::future::Future;

use confab_domain::Attendance;
use confab_domain::budget::{Budgets, Charges};
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::sockets::is_idle;
use confab_domain::{
    Connection, ConnectionId, DeviceId, DisplacedConnection, Presence, Status, Timestamp, UserId,
};

use super::Consistency;
use super::StoreError;

/// Names a connection in a session row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionKey {
    /// The device.
    pub device: DeviceId,
    /// The gateway's name for the connection.
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
    /// The connection is registered. The row after the write.
    Opened(Session),
    /// The row holds as many connections of the device as it may; nothing was changed. The row as it is.
    Full(Session),
}

/// Outcome of registering a connection that had lost its registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReopenOutcome {
    /// The connection is registered.
    Reopened,
    /// The device is logged out, or has a newer login.
    Ended,
    /// The device has no free place, or the connection was displaced.
    NoPlace,
}

/// Registrations that one write ends, and displaced connections that it remembers or forgets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionChange {
    /// Registrations that end.
    pub closed: Vec<ConnectionKey>,
    /// Registrations that end, of connections that must not be registered again.
    pub displaced: Vec<ConnectionKey>,
    /// Displaced connections that are no longer remembered.
    pub forgotten: Vec<ConnectionKey>,
}

impl ConnectionChange {
    /// A change that ends the registrations of these connections.
    pub fn closed<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> Self {
        Self { closed: connections.into_iter().map(ConnectionKey::from).collect(), ..Self::default() }
    }

    /// Whether the change is empty.
    pub fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.displaced.is_empty() && self.forgotten.is_empty()
    }
}

/// A user's connections, presence and budgets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user.
    pub user: UserId,
    /// The user's lease, and the watch that checks it.
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

    /// When the lease ends, unless it is renewed.
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

    /// Whether the user is idle by the connections that are not in `closed`: at least one states it, and none
    /// contradicts.
    pub fn is_idle_without(&self, closed: &BTreeSet<ConnectionId>) -> bool {
        is_idle(self.connections.iter().filter(|connection| !closed.contains(&connection.id)))
    }

    /// Whether the user is idle: at least one connection states it, and none contradicts.
    pub fn is_idle(&self) -> bool {
        self.is_idle_without(&BTreeSet::new())
    }

    /// Whether a connection has stated last that nobody is at its device.
    pub fn says_idle(&self, connection: &Connection) -> bool {
        let own = self.connections.iter().find(|open| open.id == connection.id);
        own.is_some_and(|own| own.attendance == Attendance::Idle)
    }

    /// Whether any connection is registered.
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
    /// displaced. Atomic, the check of the login included.
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

    /// Renews the lease for a frame of a registered connection. Returns the row after the write; `None` where the
    /// connection is not registered, and nothing is changed.
    ///
    /// Records the [`attendance`](Connection::attendance) of `connection`, which is what the frame states; an unstated
    /// attendance keeps the earlier one. Adds `charges` to the user's budgets
    /// ([`Charge::added_to`](confab_domain::budget::Charge::added_to)) in the same atomic write; they may be lost where
    /// many others are added at the same moment.
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

    /// Adds `charges` to the budgets of a user, who need not have a session row. Does not renew the lease. Returns the
    /// budgets after the write.
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

    /// Ends registrations, and remembers or forgets displaced connections, any number of each. Connections that are
    /// not in the row are ignored.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; some registrations may have ended.
    fn change_connections(
        &self,
        user: UserId,
        change: &ConnectionChange,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Replaces a user's presence if it still equals `seen`, atomically; false where it does not.
    ///
    /// `next` has the same `renewed_at`, and connections stay as they are. True also where the row has the change
    /// already, even if the lease was renewed since ([`Presence::has_become`]): an earlier request made the change, and
    /// its answer was lost.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the change may have been made.
    fn replace_presence(
        &self,
        user: UserId,
        seen: &Presence,
        next: &Presence,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The rows of any number of users, strongly consistent; users without a row are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn sessions(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;

    /// One row.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn session(
        &self,
        user: UserId,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;
}
