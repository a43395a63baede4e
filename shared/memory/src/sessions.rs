//! Session rows.

use std::collections::{BTreeMap, BTreeSet};

use confab_app::ports::{
    Connection, ConnectionChange, ConnectionKey, Consistency, DisplacedConnection, OpenOutcome,
    ReopenOutcome, Session, Sessions, StoreError,
};
use confab_domain::budget::{Budget, Budgets, Charges};
use confab_domain::sockets::{REGISTERED_PER_DEVICE_MAX, SOCKETS_PER_DEVICE_MAX};
use confab_domain::{Attendance, ConnectionId, DeviceId, Presence, Timestamp, UserId};

use crate::Memory;

#[derive(Debug, Default)]
pub(crate) struct SessionTable {
    /// Rows without their budgets, which are in `budgets`.
    rows: BTreeMap<UserId, Session>,
    /// Budgets, also of users without a session.
    budgets: BTreeMap<UserId, Budgets>,
}

impl SessionTable {
    fn get(&self, user: UserId) -> Option<Session> {
        let row = self.rows.get(&user)?.clone();
        Some(Session { budgets: self.budgets.get(&user).copied().unwrap_or_default(), ..row })
    }

    fn charge(&mut self, user: UserId, charges: &Charges, now: Timestamp) -> Budgets {
        let budgets = self.budgets.entry(user).or_default();
        for budget in Budget::ALL {
            if let Some(charge) = charges[budget] {
                budgets[budget] = Some(charge.added_to(budgets[budget], now));
            }
        }
        *budgets
    }
}

impl SessionTable {
    fn row(&mut self, user: UserId, now: Timestamp) -> &mut Session {
        let begun = || Session {
            user,
            presence: Presence::begun(now),
            connections: Vec::new(),
            displaced: Vec::new(),
            budgets: Budgets::default(),
        };
        self.rows.entry(user).or_insert_with(begun)
    }

    fn others(&self, user: UserId, connection: &Connection) -> usize {
        let is_other = |open: &&Connection| open.device == connection.device && open.id != connection.id;
        self.rows.get(&user).map_or(0, |row| row.connections.iter().filter(is_other).count())
    }

    fn is_displaced(&self, user: UserId, connection: &Connection) -> bool {
        self.rows.get(&user).is_some_and(|row| row.displaced.iter().any(|other| other.id == connection.id))
    }

    fn register(&mut self, user: UserId, connection: &Connection, now: Timestamp) -> Session {
        let row = self.row(user, now);
        row.presence.lease = row.presence.lease.renewed(Attendance::Unstated, now);
        row.connections.retain(|open| open.id != connection.id);
        row.connections.push(connection.clone());
        self.whole(user, now)
    }

    /// The row with its budgets; made if it does not exist.
    fn whole(&mut self, user: UserId, now: Timestamp) -> Session {
        let row = self.row(user, now).clone();
        self.get(user).unwrap_or(row)
    }
}

fn names(keys: &[ConnectionKey], id: &ConnectionId, device: DeviceId) -> bool {
    keys.iter().any(|key| key.id == *id && key.device == device)
}

impl Sessions for Memory {
    async fn open_connection(
        &self,
        user: UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<OpenOutcome, StoreError> {
        self.call(|tables| {
            let sessions = &mut tables.sessions;
            if sessions.others(user, connection) >= REGISTERED_PER_DEVICE_MAX {
                return OpenOutcome::Full(sessions.whole(user, now));
            }
            OpenOutcome::Opened(sessions.register(user, connection, now))
        })
        .await
    }

    async fn reopen_connection(
        &self,
        user: UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<ReopenOutcome, StoreError> {
        self.call(|tables| {
            let login = tables.devices.get(user, connection.device);
            if connection.family.is_none() || login.map(|login| login.family) != connection.family {
                return ReopenOutcome::Ended;
            }
            let sessions = &mut tables.sessions;
            let has_place = sessions.others(user, connection) < SOCKETS_PER_DEVICE_MAX;
            if !has_place || sessions.is_displaced(user, connection) {
                return ReopenOutcome::NoPlace;
            }
            sessions.register(user, connection, now);
            ReopenOutcome::Reopened
        })
        .await
    }

    async fn renew(
        &self,
        user: UserId,
        connection: &Connection,
        charges: &Charges,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        self.call(|tables| {
            let row = tables.sessions.rows.get_mut(&user)?;
            let open = row.connections.iter_mut().find(|open| open.id == connection.id)?;
            if connection.attendance != Attendance::Unstated {
                open.attendance = connection.attendance;
            }
            row.presence.lease = row.presence.lease.renewed(connection.attendance, now);
            tables.sessions.charge(user, charges, now);
            tables.sessions.get(user)
        })
        .await
    }

    async fn charge(&self, user: UserId, charges: &Charges, now: Timestamp) -> Result<Budgets, StoreError> {
        self.call(|tables| tables.sessions.charge(user, charges, now)).await
    }

    async fn change_connections(
        &self,
        user: UserId,
        change: &ConnectionChange,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.call(|tables| {
            let Some(row) = tables.sessions.rows.get_mut(&user) else { return };
            let ConnectionChange { closed, displaced, forgotten } = change;
            let ends = |id: &ConnectionId, device| names(closed, id, device) || names(displaced, id, device);
            row.connections.retain(|open| !ends(&open.id, open.device));
            row.displaced.retain(|other| {
                !names(forgotten, &other.id, other.device) && !names(displaced, &other.id, other.device)
            });
            row.displaced.extend(displaced.iter().map(|key| DisplacedConnection {
                id: key.id.clone(),
                device: key.device,
                displaced_at: now,
            }));
        })
        .await
    }

    async fn replace_presence(
        &self,
        user: UserId,
        seen: &Presence,
        next: &Presence,
    ) -> Result<bool, StoreError> {
        self.call(|tables| match tables.sessions.rows.get_mut(&user) {
            Some(row) if row.presence == *seen => {
                row.presence = *next;
                true
            }
            Some(row) => row.presence.has_become(seen, next),
            None => false,
        })
        .await
    }

    async fn sessions(&self, users: &[UserId]) -> Result<Vec<Session>, StoreError> {
        let users: BTreeSet<UserId> = users.iter().copied().collect();
        self.call(|tables| users.iter().filter_map(|user| tables.sessions.get(*user)).collect()).await
    }

    async fn session(&self, user: UserId, _consistency: Consistency) -> Result<Option<Session>, StoreError> {
        self.call(|tables| tables.sessions.get(user)).await
    }
}
