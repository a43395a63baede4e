//! Devices and their logins.

use std::collections::BTreeMap;

use confab_app::ports::{Devices, RegisterOutcome, RotateOutcome, StoreError};
use confab_domain::device::Device;
use confab_domain::push::{Endpoint, Registration};
use confab_domain::refresh::Rotation;
use confab_domain::{DeviceId, FamilyId, Timestamp, UserId};

use crate::Memory;

#[derive(Debug, Default)]
pub(crate) struct DeviceTable(BTreeMap<(UserId, DeviceId), Device>);

impl DeviceTable {
    pub(crate) fn get(&self, user: UserId, device: DeviceId) -> Option<&Device> {
        self.0.get(&(user, device))
    }

    pub(crate) fn put(&mut self, device: &Device) {
        self.0.insert((device.user, device.device), device.clone());
    }
}

impl Devices for Memory {
    async fn put_device(&self, device: &Device) -> Result<(), StoreError> {
        self.call(|tables| tables.devices.put(device)).await
    }

    async fn device(&self, user: UserId, device: DeviceId) -> Result<Option<Device>, StoreError> {
        self.call(|tables| tables.devices.0.get(&(user, device)).cloned()).await
    }

    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError> {
        self.call(|tables| tables.devices.0.values().filter(|device| device.user == user).cloned().collect())
            .await
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
        self.call(|tables| match tables.devices.0.get_mut(&(user, device)) {
            Some(known) if known.family == family && known.generation == generation => {
                known.generation += 1;
                known.rotation = Some(rotation.clone());
                known.last_active_at = now;
                RotateOutcome::Rotated
            }
            other => RotateOutcome::NotCurrent(other.cloned().map(Box::new)),
        })
        .await
    }

    async fn mark_generation_used(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        generation: u64,
    ) -> Result<(), StoreError> {
        self.call(|tables| {
            let known = tables.devices.0.get_mut(&(user, device));
            let current = known.filter(|known| known.family == family && known.generation == generation);
            if let Some(rotation) = current.and_then(|known| known.rotation.as_mut()) {
                rotation.is_used = true;
            }
        })
        .await
    }

    async fn register_push(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        registration: &Registration,
    ) -> Result<RegisterOutcome, StoreError> {
        self.call(|tables| {
            let key = (user, device);
            if tables.devices.0.get(&key).is_none_or(|own| own.family != family) {
                return RegisterOutcome::Ended;
            }
            for (_, other) in tables.devices.0.iter_mut().filter(|(other, _)| **other != key) {
                other.push.take_if(|push| push.has_token_of(registration));
            }
            let Some(own) = tables.devices.0.get_mut(&key) else { return RegisterOutcome::Ended };
            if own.push.as_ref().is_some_and(|push| push.is_same_as(registration)) {
                return RegisterOutcome::Registered(None);
            }
            let own = own.push.replace(registration.clone());
            RegisterOutcome::Registered(own.filter(|earlier| !earlier.has_token_of(registration)))
        })
        .await
    }

    async fn replace_endpoint(
        &self,
        user: UserId,
        device: DeviceId,
        seen: &Registration,
        endpoint: &Endpoint,
    ) -> Result<bool, StoreError> {
        self.call(|tables| {
            let own = tables.devices.0.get_mut(&(user, device)).and_then(|own| own.push.as_mut());
            match own.filter(|push| *push == seen) {
                Some(push) => {
                    push.endpoint = endpoint.clone();
                    true
                }
                None => false,
            }
        })
        .await
    }

    async fn drop_push(
        &self,
        user: UserId,
        device: DeviceId,
        registration: &Registration,
    ) -> Result<bool, StoreError> {
        self.call(|tables| {
            if let Some(own) = tables.devices.0.get_mut(&(user, device)) {
                own.push.take_if(|push| push.is_of_the_time_of(registration));
            }
            !tables
                .devices
                .0
                .values()
                .flat_map(|device| &device.push)
                .any(|push| push.has_token_of(registration))
        })
        .await
    }

    async fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        family: Option<FamilyId>,
    ) -> Result<bool, StoreError> {
        self.call(|tables| {
            let key = (user, device);
            let is_meant = |known: &Device| family.is_none_or(|family| family == known.family);
            tables.devices.0.get(&key).is_some_and(is_meant) && tables.devices.0.remove(&key).is_some()
        })
        .await
    }
}
