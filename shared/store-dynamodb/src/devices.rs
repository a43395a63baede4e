//! Logins of devices.
//!
//! Shape: `{user S, device S, family S, generation N, attempt S?, shared_until_ms N?, used_generation N?, name S?,
//! platform S?, created_at_ms N, last_active_at_ms N, push_platform S?, push_token S?, push_endpoint S?, push_since_ms
//! N?}`.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use confab_app::ports::{Devices, RegisterOutcome, RotateOutcome, StoreError};
use confab_domain::device::Device;
use confab_domain::push::{Endpoint, PushToken, Registration};
use confab_domain::refresh::Rotation;
use confab_domain::{DeviceId, FamilyId, Timestamp, UserId};

use crate::Store;
use crate::error::{condition_held, if_condition_held, store_error};
use crate::item::{Item, Reader, number, text, time};
use crate::schema::{DEVICE, USER};

pub(crate) const FAMILY: &str = "family";
const GENERATION: &str = "generation";
const ATTEMPT: &str = "attempt";
const SHARED_UNTIL_MS: &str = "shared_until_ms";
const USED_GENERATION: &str = "used_generation";
const NAME: &str = "name";
const PLATFORM: &str = "platform";
const CREATED_AT_MS: &str = "created_at_ms";
const LAST_ACTIVE_AT_MS: &str = "last_active_at_ms";
pub(crate) const PUSH_PLATFORM: &str = "push_platform";
pub(crate) const PUSH_TOKEN: &str = "push_token";
pub(crate) const PUSH_ENDPOINT: &str = "push_endpoint";
pub(crate) const PUSH_SINCE_MS: &str = "push_since_ms";

impl Devices for Store {
    async fn put_device(&self, device: &Device) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.tables.devices)
            .set_item(Some(device_item(device)))
            .send()
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn device(&self, user: UserId, device: DeviceId) -> Result<Option<Device>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.devices)
            .key(USER, text(user))
            .key(DEVICE, text(device))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        output.item().map(read_device).transpose()
    }

    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.devices)
            .key_condition_expression("#user = :user")
            .expression_attribute_names("#user", USER)
            .expression_attribute_values(":user", text(user))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut devices = Vec::new();
        while let Some(item) = pages.next().await {
            devices.push(read_device(&item.map_err(store_error)?)?);
        }
        Ok(devices)
    }

    async fn rotate(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        generation: u64,
        rotation: &Rotation,
        now: Timestamp,
    ) -> Result<RotateOutcome, StoreError> {
        let attempt = rotation.attempt.as_ref();
        let set = "SET #generation = :next, #active = :now, #shared = :shared";
        let mut update = self
            .update_device(user, device)
            .update_expression(match attempt {
                Some(_) => format!("{set}, #attempt = :attempt"),
                None => format!("{set} REMOVE #attempt"),
            })
            .condition_expression("#family = :family AND #generation = :generation")
            .expression_attribute_names("#family", FAMILY)
            .expression_attribute_names("#generation", GENERATION)
            .expression_attribute_names("#active", LAST_ACTIVE_AT_MS)
            .expression_attribute_names("#shared", SHARED_UNTIL_MS)
            .expression_attribute_names("#attempt", ATTEMPT)
            .expression_attribute_values(":family", text(family))
            .expression_attribute_values(":generation", number(generation))
            .expression_attribute_values(":next", number(generation + 1))
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":shared", time(rotation.shared_until))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(attempt) = attempt {
            update = update.expression_attribute_values(":attempt", text(attempt.as_str()));
        }
        let Err(error) = update.send().await else { return Ok(RotateOutcome::Rotated) };
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
            return Err(store_error(error));
        };
        let device = failed.item().filter(|item| !item.is_empty()).map(read_device).transpose()?;
        Ok(RotateOutcome::NotCurrent(device.map(Box::new)))
    }

    async fn mark_generation_used(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        generation: u64,
    ) -> Result<(), StoreError> {
        let update = self
            .update_device(user, device)
            .update_expression("SET #used = :generation")
            .condition_expression("#family = :family AND #generation = :generation")
            .expression_attribute_names("#family", FAMILY)
            .expression_attribute_names("#generation", GENERATION)
            .expression_attribute_names("#used", USED_GENERATION)
            .expression_attribute_values(":family", text(family))
            .expression_attribute_values(":generation", number(generation));
        condition_held(update.send().await).map(drop)
    }

    async fn register_push(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        registration: &Registration,
    ) -> Result<RegisterOutcome, StoreError> {
        self.register((user, device), family, registration).await
    }

    async fn replace_endpoint(
        &self,
        user: UserId,
        device: DeviceId,
        seen: &Registration,
        endpoint: &Endpoint,
    ) -> Result<bool, StoreError> {
        self.rename_endpoint((user, device), seen, endpoint).await
    }

    async fn drop_push(
        &self,
        user: UserId,
        device: DeviceId,
        registration: &Registration,
    ) -> Result<bool, StoreError> {
        self.unregister((user, device), registration).await
    }

    async fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        family: Option<FamilyId>,
    ) -> Result<bool, StoreError> {
        let mut delete = self
            .client
            .delete_item()
            .table_name(&self.tables.devices)
            .key(USER, text(user))
            .key(DEVICE, text(device))
            .return_values(ReturnValue::AllOld);
        if let Some(family) = family {
            delete = delete
                .condition_expression("#family = :family")
                .expression_attribute_names("#family", FAMILY)
                .expression_attribute_values(":family", text(family));
        }
        let deleted = if_condition_held(delete.send().await)?;
        Ok(deleted.is_some_and(|deleted| deleted.attributes().is_some_and(|old| !old.is_empty())))
    }
}

impl Store {
    fn update_device(&self, user: UserId, device: DeviceId) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.tables.devices)
            .key(USER, text(user))
            .key(DEVICE, text(device))
    }
}

pub(crate) fn device_item(device: &Device) -> Item {
    let mut item = Item::from([
        (USER.to_owned(), text(device.user)),
        (DEVICE.to_owned(), text(device.device)),
        (FAMILY.to_owned(), text(device.family)),
        (GENERATION.to_owned(), number(device.generation)),
        (CREATED_AT_MS.to_owned(), time(device.created_at)),
        (LAST_ACTIVE_AT_MS.to_owned(), time(device.last_active_at)),
    ]);
    if let Some(Rotation { attempt, shared_until, is_used }) = &device.rotation {
        item.insert(SHARED_UNTIL_MS.to_owned(), time(*shared_until));
        item.extend(attempt.as_ref().map(|attempt| (ATTEMPT.to_owned(), text(attempt.as_str()))));
        item.extend(is_used.then(|| (USED_GENERATION.to_owned(), number(device.generation))));
    }
    item.extend(device.name.as_ref().map(|name| (NAME.to_owned(), text(name))));
    item.extend(device.platform.as_ref().map(|platform| (PLATFORM.to_owned(), text(platform))));
    if let Some(Registration { platform, token, endpoint, since }) = &device.push {
        item.extend([
            (PUSH_PLATFORM.to_owned(), text(platform)),
            (PUSH_TOKEN.to_owned(), text(token.reveal())),
            (PUSH_ENDPOINT.to_owned(), text(endpoint.as_str())),
            (PUSH_SINCE_MS.to_owned(), time(*since)),
        ]);
    }
    item
}

fn read_registration(reader: &Reader<'_>) -> Result<Option<Registration>, StoreError> {
    let Some(endpoint) = reader.optional_text(PUSH_ENDPOINT)? else { return Ok(None) };
    Ok(Some(Registration {
        platform: reader.parsed(PUSH_PLATFORM)?,
        token: PushToken::parse(reader.text(PUSH_TOKEN)?).map_err(|_| reader.malformed(PUSH_TOKEN))?,
        endpoint: Endpoint::new(endpoint),
        since: reader.time(PUSH_SINCE_MS)?,
    }))
}

/// The rotation; `None` if an earlier version made the generation, which stored no time.
fn read_rotation(reader: &Reader<'_>, generation: u64) -> Result<Option<Rotation>, StoreError> {
    let Some(shared_until) = reader.optional_time(SHARED_UNTIL_MS)? else { return Ok(None) };
    let attempt = reader.optional_text(ATTEMPT)?.map(str::parse).transpose();
    Ok(Some(Rotation {
        attempt: attempt.map_err(|_| reader.malformed(ATTEMPT))?,
        shared_until,
        is_used: reader.optional_number(USED_GENERATION)? == Some(generation),
    }))
}

fn read_device(item: &Item) -> Result<Device, StoreError> {
    let reader = Reader::new("a device", item);
    let generation = reader.number(GENERATION)?;
    Ok(Device {
        user: reader.parsed(USER)?,
        device: reader.parsed(DEVICE)?,
        family: reader.parsed(FAMILY)?,
        generation,
        rotation: read_rotation(&reader, generation)?,
        name: reader.optional_text(NAME)?.map(str::to_owned),
        platform: reader.optional_text(PLATFORM)?.map(str::to_owned),
        push: read_registration(&reader)?,
        created_at: reader.time(CREATED_AT_MS)?,
        last_active_at: reader.time(LAST_ACTIVE_AT_MS)?,
    })
}
