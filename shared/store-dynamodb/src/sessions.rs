//! Connections and leases.
//!
//! Shape: `{user S, lease_until_ms N, last_active_at_ms N, "c#<connection>" M {device S, opened_at_ms N} …}`:
//! one top-level attribute per connection, so that each comes and goes by itself.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValue};
use confab_app::ports::{Connection, Session, Sessions, StoreError};
use confab_domain::{ConnectionId, Timestamp, UserId};

use crate::error::{condition_held, store_error};
use crate::item::{Item, Reader, text, time};
use crate::schema::{DEVICE, USER};
use crate::{Store, batch};

const LEASE_UNTIL_MS: &str = "lease_until_ms";
const LAST_ACTIVE_AT_MS: &str = "last_active_at_ms";
const OPENED_AT_MS: &str = "opened_at_ms";
const CONNECTION_PREFIX: &str = "c#";

impl Sessions for Store {
    async fn open_connection(
        &self,
        user: UserId,
        connection: &Connection,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        let value = AttributeValue::M(Item::from([
            (DEVICE.to_owned(), text(connection.device)),
            (OPENED_AT_MS.to_owned(), time(connection.opened_at)),
        ]));
        let output = self
            .lease(user, lease_until, now)
            .update_expression("SET #connection = :connection, #lease = :lease, #active = :now")
            .expression_attribute_names("#connection", attribute_of(&connection.id))
            .expression_attribute_values(":connection", value)
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(store_error)?;
        session(output.attributes().ok_or_else(|| StoreError::malformed("a session", "not returned"))?)
    }

    async fn renew(
        &self,
        user: UserId,
        connection: &ConnectionId,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let result = self
            .lease(user, lease_until, now)
            .update_expression("SET #lease = :lease, #active = :now")
            .condition_expression("attribute_exists(#connection)")
            .expression_attribute_names("#connection", attribute_of(connection))
            .send()
            .await;
        condition_held(result)
    }

    async fn close_connections(&self, user: UserId, connections: &[ConnectionId]) -> Result<(), StoreError> {
        if connections.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = (0..connections.len()).map(|index| format!("#c{index}")).collect();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.sessions)
            .key(USER, text(user))
            .update_expression(format!("REMOVE {}", names.join(", ")))
            // An update of a row that is not there would make it.
            .condition_expression("attribute_exists(#user)")
            .expression_attribute_names("#user", USER);
        for (name, connection) in names.into_iter().zip(connections) {
            update = update.expression_attribute_names(name, attribute_of(connection));
        }
        condition_held(update.send().await).map(|_| ())
    }

    async fn end_lease(&self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        let result = self
            .client
            .update_item()
            .table_name(&self.tables.sessions)
            .key(USER, text(user))
            .update_expression("SET #lease = :now")
            .condition_expression("attribute_exists(#user)")
            .expression_attribute_names("#user", USER)
            .expression_attribute_names("#lease", LEASE_UNTIL_MS)
            .expression_attribute_values(":now", time(now))
            .send()
            .await;
        condition_held(result).map(|_| ())
    }

    async fn sessions(&self, users: &[UserId]) -> Result<Vec<Session>, StoreError> {
        let mut sessions = Vec::with_capacity(users.len());
        let users: Vec<UserId> = users.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        for users in users.chunks(batch::KEYS_MAX) {
            let keys = users.iter().map(|user| Item::from([(USER.to_owned(), text(user))]));
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true);
            for item in batch::get(&self.client, &self.tables.sessions, wanted).await? {
                sessions.push(session(&item)?);
            }
        }
        Ok(sessions)
    }
}

impl Store {
    fn lease(&self, user: UserId, lease_until: Timestamp, now: Timestamp) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.tables.sessions)
            .key(USER, text(user))
            .expression_attribute_names("#lease", LEASE_UNTIL_MS)
            .expression_attribute_names("#active", LAST_ACTIVE_AT_MS)
            .expression_attribute_values(":lease", time(lease_until))
            .expression_attribute_values(":now", time(now))
    }
}

fn attribute_of(connection: &ConnectionId) -> String {
    format!("{CONNECTION_PREFIX}{connection}")
}

fn session(item: &Item) -> Result<Session, StoreError> {
    let reader = Reader::new("a session", item);
    let mut connections = Vec::new();
    for (name, value) in item {
        let Some(id) = name.strip_prefix(CONNECTION_PREFIX) else { continue };
        let fields = value.as_m().map_err(|_| reader.malformed(CONNECTION_PREFIX))?;
        let fields = Reader::new("a connection", fields);
        connections.push(Connection {
            id: ConnectionId::new(id),
            device: fields.parsed(DEVICE)?,
            opened_at: fields.time(OPENED_AT_MS)?,
        });
    }
    Ok(Session {
        user: reader.parsed(USER)?,
        lease_until: reader.time(LEASE_UNTIL_MS)?,
        last_active_at: reader.time(LAST_ACTIVE_AT_MS)?,
        connections,
    })
}
