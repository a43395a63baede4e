//! Session rows.

use std::collections::{BTreeMap, BTreeSet};

use confab_app::ports::{Connection, Session, Sessions, StoreError};
use confab_domain::budget::{Budget, Budgets, Charges};
use confab_domain::{ConnectionId, Presence, Timestamp, UserId};

use crate::Memory;

#[derive(Debug, Default)]
pub(crate) struct SessionTable {
    /// Their budgets stand below.
    rows: BTreeMap<UserId, Session>,
    /// Also of users without a session.
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

impl Sessions for Memory {
    async fn open_connection(
        &self,
        user: UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        self.call(|tables| {
            let row = tables.sessions.rows.entry(user).or_insert_with(|| Session {
                user,
                presence: Presence::begun(now),
                connections: Vec::new(),
                budgets: Budgets::default(),
            });
            row.presence.lease = row.presence.lease.renewed(now);
            row.connections.retain(|open| open.id != connection.id);
            row.connections.push(connection.clone());
            tables.sessions.get(user)
        })
        .await?
        .ok_or_else(|| StoreError::Unavailable("a row vanished".into()))
    }

    async fn renew(
        &self,
        user: UserId,
        connection: &ConnectionId,
        charges: &Charges,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        self.call(|tables| {
            let row = tables.sessions.rows.get_mut(&user)?;
            if !row.connections.iter().any(|open| open.id == *connection) {
                return None;
            }
            row.presence.lease = row.presence.lease.renewed(now);
            tables.sessions.charge(user, charges, now);
            tables.sessions.get(user)
        })
        .await
    }

    async fn charge(&self, user: UserId, charges: &Charges, now: Timestamp) -> Result<Budgets, StoreError> {
        self.call(|tables| tables.sessions.charge(user, charges, now)).await
    }

    async fn close_connections(&self, user: UserId, connections: &[ConnectionId]) -> Result<(), StoreError> {
        self.call(|tables| {
            if let Some(row) = tables.sessions.rows.get_mut(&user) {
                row.connections.retain(|open| !connections.contains(&open.id));
            }
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

    async fn session(&self, user: UserId) -> Result<Option<Session>, StoreError> {
        self.call(|tables| tables.sessions.get(user)).await
    }

    async fn glance(&self, user: UserId) -> Result<Option<Session>, StoreError> {
        self.session(user).await
    }
}
