//! What a server reaches that no bug is planted in.

use confab_app::ports::{Contact, ContactPage, Contacts, Devices, PairChange, RotateOutcome, StoreError};
use confab_domain::device::Device;
use confab_domain::{DeviceId, FamilyId, Relation, Timestamp, UserId};

use super::server::Server;

impl Contacts for Server<'_> {
    async fn relation(&self, user: UserId, other: UserId) -> Result<Relation, StoreError> {
        self.world.memory.relation(user, other).await
    }

    async fn relations(&self, user: UserId, others: &[UserId]) -> Result<Vec<Contact>, StoreError> {
        self.world.memory.relations(user, others).await
    }

    async fn contacts(
        &self,
        user: UserId,
        after: Option<UserId>,
        rows_max: u32,
    ) -> Result<ContactPage, StoreError> {
        self.world.memory.contacts(user, after, rows_max).await
    }

    async fn change_pair(&self, change: &PairChange) -> Result<bool, StoreError> {
        self.world.memory.change_pair(change).await
    }
}

impl Devices for Server<'_> {
    async fn put_device(&self, device: &Device) -> Result<(), StoreError> {
        self.world.memory.put_device(device).await
    }

    async fn device(&self, user: UserId, device: DeviceId) -> Result<Option<Device>, StoreError> {
        self.world.memory.device(user, device).await
    }

    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError> {
        self.world.memory.devices(user).await
    }

    async fn rotate(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        generation: u64,
        now: Timestamp,
    ) -> Result<RotateOutcome, StoreError> {
        self.world.memory.rotate(user, device, family, generation, now).await
    }

    async fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        family: Option<FamilyId>,
    ) -> Result<bool, StoreError> {
        self.world.memory.remove_device(user, device, family).await
    }
}
