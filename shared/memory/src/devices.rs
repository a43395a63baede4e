//! Devices.

use std::collections::BTreeMap;

use confab_app::ports::{Devices, RotateOutcome, StoreError};
use confab_domain::device::Device;
use confab_domain::{DeviceId, FamilyId, Timestamp, UserId};

use crate::Memory;

#[derive(Debug, Default)]
pub(crate) struct DeviceTable(BTreeMap<(UserId, DeviceId), Device>);

impl DeviceTable {
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
        now: Timestamp,
    ) -> Result<RotateOutcome, StoreError> {
        self.call(|tables| match tables.devices.0.get_mut(&(user, device)) {
            Some(known) if known.family == family && known.generation == generation => {
                known.generation += 1;
                known.last_active_at = now;
                RotateOutcome::Rotated
            }
            Some(known) if known.family == family => RotateOutcome::Reused,
            _ => RotateOutcome::Ended,
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
