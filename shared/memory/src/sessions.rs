//! Session rows.

use std::collections::BTreeMap;

use confab_app::ports::{Connection, Session, Sessions, StoreError};
use confab_domain::{ConnectionId, Timestamp, UserId};

use crate::Memory;

#[derive(Debug, Default)]
pub(crate) struct SessionTable(BTreeMap<UserId, Session>);

impl Sessions for Memory {
    async fn open_connection(
        &self,
        user: UserId,
        connection: &Connection,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        self.call(|tables| {
            let row = tables.sessions.0.entry(user).or_insert_with(|| Session {
                user,
                lease_until,
                last_active_at: now,
                connections: Vec::new(),
            });
            row.lease_until = lease_until;
            row.last_active_at = now;
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
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.call(|tables| {
            let Some(row) = tables.sessions.0.get_mut(&user) else { return false };
            let on_record = row.connections.iter().any(|open| open.id == *connection);
            if on_record {
                row.lease_until = lease_until;
                row.last_active_at = now;
            }
            on_record
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

    async fn end_lease(&self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.call(|tables| {
            if let Some(row) = tables.sessions.0.get_mut(&user) {
                row.lease_until = row.lease_until.min(now);
            }
        })
        .await
    }

    async fn sessions(&self, users: &[UserId]) -> Result<Vec<Session>, StoreError> {
        self.call(|tables| users.iter().filter_map(|user| tables.sessions.0.get(user).cloned()).collect())
            .await
    }
}
