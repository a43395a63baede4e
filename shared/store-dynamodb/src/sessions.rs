//! Connections and presence.
//!
//! [`crate::session_row`] gives the shape of a row.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    ConditionCheck, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use confab_app::ports::{
    Connection, ConnectionChange, Consistency, OpenOutcome, ReopenOutcome, Session, Sessions, StoreError,
};
use confab_domain::budget::{Budgets, Charges};
use confab_domain::{Attendance, Presence, Timestamp, UserId};

use crate::budgets::{Additions, CHARGE_ATTEMPTS_MAX, budgets};
use crate::compare::Comparison;
use crate::connections::{self, attribute_of};
use crate::devices::FAMILY;
use crate::error::{condition_held, failed_conditions, lost_a_race, store_error};
use crate::item::{Item, Reader, text, time};
use crate::pauses::Attempts;
use crate::schema::{DEVICE, USER};
use crate::session_row::{
    ATTENDED_AT_MS, ENDS_AT_MS, LAST_ACTIVE_AT_MS, attributes, opened, presence, session,
};
use crate::{Store, batch};

/// Attempts at a transaction that meets other writes to its rows.
const REOPEN_ATTEMPTS_MAX: u32 = 4;

impl Sessions for Store {
    async fn open_connection(
        &self,
        user: UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<OpenOutcome, StoreError> {
        let row = match self.try_open(user, connection, now).await? {
            Opened::Done(row) => return Ok(OpenOutcome::Opened(opened(&row)?)),
            Opened::Full(row) => row,
        };
        // Earlier versions, which do not know the sets, may have ended registrations and left their entries in the
        // sets.
        let stray = connections::stray_places(connection.device, &row);
        if stray.is_empty() {
            return Ok(OpenOutcome::Full(opened(&row)?));
        }
        self.change_connections(user, &ConnectionChange { closed: stray, ..Default::default() }, now).await?;
        Ok(match self.try_open(user, connection, now).await? {
            Opened::Done(row) => OpenOutcome::Opened(opened(&row)?),
            Opened::Full(row) => OpenOutcome::Full(opened(&row)?),
        })
    }

    async fn reopen_connection(
        &self,
        user: UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<ReopenOutcome, StoreError> {
        let Some(family) = connection.family else { return Ok(ReopenOutcome::Ended) };
        let login = ConditionCheck::builder()
            .table_name(&self.tables.devices)
            .key(USER, text(user))
            .key(DEVICE, text(connection.device))
            .condition_expression("#family = :family")
            .expression_attribute_names("#family", FAMILY)
            .expression_attribute_values(":family", text(family))
            .build()
            .map_err(|error| StoreError::Rejected(error.into()))?;
        let register = connections::reopening(connection, now)
            .table_name(&self.tables.sessions)
            .key(USER, text(user))
            .build()
            .map_err(|error| StoreError::Rejected(error.into()))?;
        let items = vec![
            TransactWriteItem::builder().condition_check(login).build(),
            TransactWriteItem::builder().update(register).build(),
        ];
        let transaction = self.client.transact_write_items().set_transact_items(Some(items));
        let mut attempts = Attempts::waiting(REOPEN_ATTEMPTS_MAX);
        while attempts.next().await {
            let Err(error) = transaction.clone().send().await else { return Ok(ReopenOutcome::Reopened) };
            match failed_conditions(&error) {
                Some([true, _]) => return Ok(ReopenOutcome::Ended),
                Some([false, true]) => return Ok(ReopenOutcome::NoPlace),
                Some([false, false]) if lost_a_race(&error) => {}
                Some([false, false]) | None => return Err(store_error(error)),
            }
        }
        Err(StoreError::Unavailable("a session is changed too often".into()))
    }

    async fn renew(
        &self,
        user: UserId,
        connection: &Connection,
        charges: &Charges,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let mut additions = Additions::expected(charges, now);
        let mut attempts = Attempts::racing(CHARGE_ATTEMPTS_MAX);
        while attempts.next().await {
            match self.renew_with(user, connection, &additions, now).await? {
                Updated::Yes(row) => return session(&row),
                Updated::No(Some(row)) if row.contains_key(&attribute_of(&connection.id)) => {
                    additions.found(&budgets(Reader::new("a session", &row))?);
                }
                Updated::No(_) => return Ok(None),
            }
        }
        // Many other processes add at this moment. The lease matters more than the charges.
        let none = Charges::default();
        match self.renew_with(user, connection, &Additions::expected(&none, now), now).await? {
            Updated::Yes(row) => session(&row),
            Updated::No(_) => Ok(None),
        }
    }

    async fn charge(&self, user: UserId, charges: &Charges, now: Timestamp) -> Result<Budgets, StoreError> {
        let mut additions = Additions::expected(charges, now);
        if additions.conditions().is_empty() {
            return Ok(Budgets::default());
        }
        let mut found = Budgets::default();
        let mut attempts = Attempts::racing(CHARGE_ATTEMPTS_MAX);
        while attempts.next().await {
            let update = self
                .update_session(user)
                .update_expression(format!("SET {}", additions.assignments().join(", ")))
                .condition_expression(additions.conditions().join(" AND "))
                .expression_attribute_values(":now", time(now));
            match updated(additions.bind(update)).await? {
                Updated::Yes(row) => return budgets(Reader::new("a session", &row)),
                Updated::No(row) => {
                    found = row.as_ref().map_or(Ok(found), |row| budgets(Reader::new("a session", row)))?;
                    additions.found(&found);
                }
            }
        }
        Ok(found)
    }

    async fn change_connections(
        &self,
        user: UserId,
        change: &ConnectionChange,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for update in connections::changes(change, now) {
            let update = update
                .apply_to(self.update_session(user))
                // An update of a row that does not exist would create it.
                .condition_expression("attribute_exists(#user)")
                .expression_attribute_names("#user", USER);
            condition_held(update.send().await)?;
        }
        Ok(())
    }

    async fn replace_presence(
        &self,
        user: UserId,
        seen: &Presence,
        next: &Presence,
    ) -> Result<bool, StoreError> {
        let comparison = attributes(seen)
            .into_iter()
            .fold(Comparison::default(), |comparison, (name, value)| comparison.and(name, value));
        let mut update = self.update_session(user).condition_expression(comparison.expression());
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        for (index, (name, value)) in attributes(next).into_iter().enumerate() {
            update = update.expression_attribute_names(format!("#next{index}"), name);
            match value {
                None => remove.push(format!("#next{index}")),
                Some(value) => {
                    set.push(format!("#next{index} = :next{index}"));
                    update = update.expression_attribute_values(format!(":next{index}"), value);
                }
            }
        }
        for (name, attribute) in &comparison.names {
            update = update.expression_attribute_names(name, attribute);
        }
        for (name, value) in comparison.values().into_iter().flatten() {
            update = update.expression_attribute_values(name, value);
        }
        // The time of the last renewal is always set.
        let mut expression = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            expression.push_str(&format!(" REMOVE {}", remove.join(", ")));
        }
        let update = update
            .update_expression(expression)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = update.send().await else { return Ok(true) };
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
            return Err(store_error(error));
        };
        match failed.item() {
            // The SDK repeats a request whose answer was lost, and then finds its own write.
            Some(row) if row.contains_key(LAST_ACTIVE_AT_MS) => {
                Ok(presence(Reader::new("a session", row))?.has_become(seen, next))
            }
            _ => Ok(false),
        }
    }

    async fn sessions(&self, users: &[UserId]) -> Result<Vec<Session>, StoreError> {
        let users: Vec<UserId> = users.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let mut sessions = Vec::with_capacity(users.len());
        for users in users.chunks(batch::KEYS_MAX) {
            let keys = users.iter().map(|user| Item::from([(USER.to_owned(), text(user))]));
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true);
            for item in batch::get(&self.client, &self.tables.sessions, wanted).await? {
                sessions.extend(session(&item)?);
            }
        }
        Ok(sessions)
    }

    async fn session(&self, user: UserId, consistency: Consistency) -> Result<Option<Session>, StoreError> {
        self.get_session(user, consistency).await
    }
}

/// Outcome of one attempt to register a connection, with the row.
enum Opened {
    Done(Item),
    Full(Item),
}

impl Store {
    async fn try_open(
        &self,
        user: UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<Opened, StoreError> {
        let result = connections::opening(self.update_session(user), connection)
            .expression_attribute_names("#active", LAST_ACTIVE_AT_MS)
            .expression_attribute_names("#ends", ENDS_AT_MS)
            .expression_attribute_values(":now", time(now))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match result {
            Ok(output) => {
                let row = output.attributes().cloned();
                return row
                    .map(Opened::Done)
                    .ok_or_else(|| StoreError::malformed("a session", "not returned"));
            }
            Err(error) => error,
        };
        if let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
            let row = failed.item().cloned();
            return row.map(Opened::Full).ok_or_else(|| StoreError::malformed("a session", "not returned"));
        }
        Err(store_error(error))
    }

    fn update_session(&self, user: UserId) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.tables.sessions).key(USER, text(user))
    }

    async fn get_session(
        &self,
        user: UserId,
        consistency: Consistency,
    ) -> Result<Option<Session>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.sessions)
            .key(USER, text(user))
            .consistent_read(consistency == Consistency::Strong)
            .send()
            .await
            .map_err(store_error)?;
        Ok(output.item().map(session).transpose()?.flatten())
    }

    async fn renew_with(
        &self,
        user: UserId,
        connection: &Connection,
        additions: &Additions<'_>,
        now: Timestamp,
    ) -> Result<Updated, StoreError> {
        let mut assignments = vec!["#active = :now".to_owned()];
        assignments.extend(additions.assignments());
        let mut conditions = vec!["attribute_exists(#connection)".to_owned()];
        conditions.extend(additions.conditions());
        let mut update = self.update_session(user);
        let mut removes = "#ends".to_owned();
        if let Some(idle) = connections::idle(connection.attendance) {
            assignments.push("#connection.#idle = :idle".to_owned());
            if connection.attendance == Attendance::Idle {
                assignments.push("#attended = if_not_exists(#attended, #active)".to_owned());
            } else {
                removes.push_str(", #attended");
            }
            update = update
                .expression_attribute_names("#idle", connections::IDLE)
                .expression_attribute_names("#attended", ATTENDED_AT_MS)
                .expression_attribute_values(":idle", idle);
        }
        let update = update
            .update_expression(format!("SET {} REMOVE {removes}", assignments.join(", ")))
            .condition_expression(conditions.join(" AND "))
            .expression_attribute_names("#connection", attribute_of(&connection.id))
            .expression_attribute_names("#active", LAST_ACTIVE_AT_MS)
            .expression_attribute_names("#ends", ENDS_AT_MS)
            .expression_attribute_values(":now", time(now));
        updated(additions.bind(update)).await
    }
}

/// Outcome of a conditional update: the row after it, or the row that did not meet the condition.
enum Updated {
    Yes(Item),
    No(Option<Item>),
}

async fn updated(update: UpdateItemFluentBuilder) -> Result<Updated, StoreError> {
    let update = update
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match update.send().await {
        Ok(output) => Ok(Updated::Yes(output.attributes.unwrap_or_default())),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Updated::No(failed.item().cloned()))
            }
            _ => Err(store_error(error)),
        },
    }
}
