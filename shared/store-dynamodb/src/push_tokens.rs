//! Owners of push tokens: each token belongs to at most one device.
//!
//! Shape, in the table of devices: `{user S "token#<platform>#<SHA-256 of the token>", device S "owner", owner_user S,
//! owner_device S, since_ms N}`. The item changes together with the devices' own items, which hold the token itself. An
//! item that is left over from a removed device does no harm.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use confab_app::ports::{Devices, RegisterOutcome, StoreError};
use confab_domain::device::Device;
use confab_domain::push::{Endpoint, Owner, Registration};
use confab_domain::{DeviceId, FamilyId, Timestamp, UserId};
use sha2::{Digest, Sha256};

use crate::Store;
use crate::compare::Comparison;
use crate::devices::{FAMILY, PUSH_ENDPOINT, PUSH_PLATFORM, PUSH_SINCE_MS, PUSH_TOKEN};
use crate::error::{condition_held, lost_a_race, store_error};
use crate::item::{Item, Reader, text, time};
use crate::pauses::Attempts;
use crate::schema::{DEVICE, USER};

const OWNER: &str = "owner";
const OWNER_USER: &str = "owner_user";
const OWNER_DEVICE: &str = "owner_device";
const SINCE_MS: &str = "since_ms";

/// Attempts at a registration while other requests move the token.
const ATTEMPTS_MAX: u32 = 4;

impl Store {
    pub(crate) async fn register(
        &self,
        (user, device): Owner,
        family: FamilyId,
        registration: &Registration,
    ) -> Result<RegisterOutcome, StoreError> {
        let mut attempts = Attempts::racing(ATTEMPTS_MAX);
        while attempts.next().await {
            let own = self.device(user, device).await?.filter(|own| own.family == family);
            let Some(own) = own else { return Ok(RegisterOutcome::Ended) };
            let seen = self.owner_of(registration).await?;
            let has_it = own.push.as_ref().is_some_and(|push| push.is_same_as(registration));
            if has_it && seen.is_some_and(|(owner, _)| owner == (user, device)) {
                return Ok(RegisterOutcome::Registered(None));
            }
            let mut items =
                vec![self.taking(&own, seen, registration)?, self.pointing_to(&own, registration)?];
            if let Some(((other_user, other_device), _)) = seen.filter(|(owner, _)| *owner != (user, device))
            {
                let other = self.device(other_user, other_device).await?;
                let losing = other
                    .filter(|other| other.push.as_ref().is_some_and(|push| push.has_token_of(registration)));
                items.extend(losing.map(|other| self.losing(&other, registration)).transpose()?);
            }
            match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
                Ok(_) => {
                    let earlier = own.push.filter(|earlier| !earlier.has_token_of(registration));
                    if let Some(earlier) = &earlier {
                        self.release((user, device), earlier).await?;
                    }
                    return Ok(RegisterOutcome::Registered(earlier));
                }
                Err(error) if lost_a_race(&error) => {}
                Err(error) => return Err(store_error(error)),
            }
        }
        Err(StoreError::Unavailable("a push token keeps changing hands".into()))
    }

    pub(crate) async fn unregister(
        &self,
        (user, device): Owner,
        registration: &Registration,
    ) -> Result<bool, StoreError> {
        let result = self
            .client
            .update_item()
            .table_name(&self.tables.devices)
            .set_key(Some(key(user, device)))
            .update_expression("REMOVE #token, #platform, #endpoint, #since")
            .condition_expression("#token = :token AND #platform = :platform AND #since = :since")
            .expression_attribute_names("#token", PUSH_TOKEN)
            .expression_attribute_names("#platform", PUSH_PLATFORM)
            .expression_attribute_names("#endpoint", PUSH_ENDPOINT)
            .expression_attribute_names("#since", PUSH_SINCE_MS)
            .expression_attribute_values(":token", text(registration.token.reveal()))
            .expression_attribute_values(":platform", text(registration.platform))
            .expression_attribute_values(":since", time(registration.since))
            .send()
            .await;
        // The result does not matter: the device may have been removed, or have another token by now.
        condition_held(result)?;
        self.release((user, device), registration).await
    }

    pub(crate) async fn rename_endpoint(
        &self,
        (user, device): Owner,
        seen: &Registration,
        endpoint: &Endpoint,
    ) -> Result<bool, StoreError> {
        let unchanged = Comparison::default()
            .and(PUSH_TOKEN, Some(text(seen.token.reveal())))
            .and(PUSH_ENDPOINT, Some(text(seen.endpoint.as_str())))
            .and(PUSH_SINCE_MS, Some(time(seen.since)));
        let names = with_names(unchanged.names.clone(), &[("#endpoint", PUSH_ENDPOINT)]);
        let expression = unchanged.expression();
        let mut values = unchanged.values().unwrap_or_default();
        values.insert(":endpoint".to_owned(), text(endpoint.as_str()));
        let result = self
            .client
            .update_item()
            .table_name(&self.tables.devices)
            .set_key(Some(key(user, device)))
            .update_expression("SET #endpoint = :endpoint")
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .send()
            .await;
        condition_held(result)
    }

    /// Frees the token, if the device has had it since then and the device's item no longer holds it. Returns whether
    /// the token is free.
    async fn release(&self, owner: Owner, registration: &Registration) -> Result<bool, StoreError> {
        let unchanged = owned_by(Some((owner, registration.since)));
        let result = self
            .client
            .update_item()
            .table_name(&self.tables.devices)
            .set_key(Some(token_key(registration)))
            .update_expression("REMOVE #user, #device, #since")
            .condition_expression(unchanged.expression())
            .set_expression_attribute_names(Some(with_names(
                unchanged.names.clone(),
                &[("#user", OWNER_USER), ("#device", OWNER_DEVICE), ("#since", SINCE_MS)],
            )))
            .set_expression_attribute_values(unchanged.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = result else { return Ok(true) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(failed.item().is_none_or(|item| !item.contains_key(OWNER_USER)))
            }
            _ => Err(store_error(error)),
        }
    }

    async fn owner_of(&self, registration: &Registration) -> Result<Option<(Owner, Timestamp)>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.devices)
            .set_key(Some(token_key(registration)))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        let Some(item) = output.item().filter(|item| item.contains_key(OWNER_USER)) else { return Ok(None) };
        let reader = Reader::new("a push token", item);
        let owner = (reader.parsed(OWNER_USER)?, reader.parsed(OWNER_DEVICE)?);
        Ok(Some((owner, reader.time(SINCE_MS)?)))
    }

    /// Write that gives the token to the device, if its owner is still the one that was read.
    fn taking(
        &self,
        device: &Device,
        seen: Option<(Owner, Timestamp)>,
        registration: &Registration,
    ) -> Result<TransactWriteItem, StoreError> {
        let unchanged = owned_by(seen);
        let mut item = token_key(registration);
        item.insert(OWNER_USER.to_owned(), text(device.user));
        item.insert(OWNER_DEVICE.to_owned(), text(device.device));
        item.insert(SINCE_MS.to_owned(), time(registration.since));
        let put = Put::builder()
            .table_name(&self.tables.devices)
            .set_item(Some(item))
            .condition_expression(unchanged.expression())
            .set_expression_attribute_names(Some(unchanged.names.clone()))
            .set_expression_attribute_values(unchanged.values());
        Ok(TransactWriteItem::builder().put(put.build().map_err(rejected)?).build())
    }

    /// Write that adds the registration to the device's item, if the login and the registration before it are
    /// unchanged.
    fn pointing_to(
        &self,
        device: &Device,
        registration: &Registration,
    ) -> Result<TransactWriteItem, StoreError> {
        let seen = device.push.as_ref().map(|push| text(push.endpoint.as_str()));
        let unchanged = Comparison::default().and(FAMILY, Some(text(device.family))).and(PUSH_ENDPOINT, seen);
        let names = [
            ("#token", PUSH_TOKEN),
            ("#platform", PUSH_PLATFORM),
            ("#endpoint", PUSH_ENDPOINT),
            ("#since", PUSH_SINCE_MS),
        ];
        let (names, expression) = (with_names(unchanged.names.clone(), &names), unchanged.expression());
        let mut values = unchanged.values().unwrap_or_default();
        values.extend([
            (":token".to_owned(), text(registration.token.reveal())),
            (":platform".to_owned(), text(registration.platform)),
            (":endpoint".to_owned(), text(registration.endpoint.as_str())),
            (":since".to_owned(), time(registration.since)),
        ]);
        let update = Update::builder()
            .table_name(&self.tables.devices)
            .set_key(Some(key(device.user, device.device)))
            .update_expression(
                "SET #token = :token, #platform = :platform, #endpoint = :endpoint, #since = :since",
            )
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        Ok(TransactWriteItem::builder().update(update.build().map_err(rejected)?).build())
    }

    /// Write that removes the registration from the device's item, if the item has this token.
    fn losing(&self, device: &Device, registration: &Registration) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.tables.devices)
            .set_key(Some(key(device.user, device.device)))
            .update_expression("REMOVE #token, #platform, #endpoint, #since")
            .condition_expression("#token = :token")
            .expression_attribute_names("#token", PUSH_TOKEN)
            .expression_attribute_names("#platform", PUSH_PLATFORM)
            .expression_attribute_names("#endpoint", PUSH_ENDPOINT)
            .expression_attribute_names("#since", PUSH_SINCE_MS)
            .expression_attribute_values(":token", text(registration.token.reveal()));
        Ok(TransactWriteItem::builder().update(update.build().map_err(rejected)?).build())
    }
}

fn rejected(error: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Rejected(error.into())
}

fn owned_by(owner: Option<(Owner, Timestamp)>) -> Comparison {
    let text_of = |part: fn(Owner) -> AttributeValue| owner.map(|(owner, _)| part(owner));
    Comparison::default()
        .and(OWNER_USER, text_of(|(user, _)| text(user)))
        .and(OWNER_DEVICE, text_of(|(_, device)| text(device)))
        .and(SINCE_MS, owner.map(|(_, since)| time(since)))
}

fn with_names(
    mut names: std::collections::HashMap<String, String>,
    more: &[(&str, &str)],
) -> std::collections::HashMap<String, String> {
    names.extend(more.iter().map(|(placeholder, name)| ((*placeholder).to_owned(), (*name).to_owned())));
    names
}

fn key(user: UserId, device: DeviceId) -> Item {
    Item::from([(USER.to_owned(), text(user)), (DEVICE.to_owned(), text(device))])
}

fn token_key(registration: &Registration) -> Item {
    let digest = Sha256::digest(registration.token.reveal());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Item::from([
        (USER.to_owned(), text(format_args!("token#{}#{hex}", registration.platform))),
        (DEVICE.to_owned(), text(OWNER)),
    ])
}
