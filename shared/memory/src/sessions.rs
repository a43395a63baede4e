//! Session rows.

use std::collections::{BTreeMap, BTreeSet};

use confab_app::ports::{Connection, Session, Sessions, StoreError};
use confab_domain::{ConnectionId, Presence, Timestamp, UserId};

use crate::Memory;

#[derive(Debug, Default)]
pub(crate) struct SessionTable(BTreeMap<UserId, Session>);

impl Sessions for Memory {
    async fn open_connection(
        &self,
        user: UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        self.call(|tables| {
            let row = tables.sessions.0.entry(user).or_insert_with(|| Session {
                user,
                presence: Presence::begun(now),
                connections: Vec::new(),
            });
            row.presence.lease = row.presence.lease.renewed(now);
            row.connections.retain(|open| open.id != connection.id);
            row.connections.push(connection.clone());
            row.clone()
        })
        .await
    }

    async fn renew(
        &self,
        user: UserId,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        self.call(|tables| {
            let row = tables.sessions.0.get_mut(&user)?;
            if !row.connections.iter().any(|open| open.id == *connection) {
                return None;
            }
            row.presence.lease = row.presence.lease.renewed(now);
            Some(row.clone())
        })
        .await
    }

    async fn close_connections(&self, user: UserId, connections: &[ConnectionId]) -> Result<(), StoreError> {
        self.call(|tables| {
            if let Some(row) = tables.sessions.0.get_mut(&user) {
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
        self.call(|tables| match tables.sessions.0.get_mut(&user) {
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
        self.call(|tables| users.iter().filter_map(|user| tables.sessions.0.get(user).cloned()).collect())
            .await
    }

    async fn session(&self, user: UserId) -> Result<Option<Session>, StoreError> {
        self.call(|tables| tables.sessions.0.get(&user).cloned()).await
    }

    async fn glance(&self, user: UserId) -> Result<Option<Session>, StoreError> {
        self.session(user).await
    }
}
