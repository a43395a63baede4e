//! What a store has that no bug is planted in.

use confab_app::ports::{
    Account, Connection, CreateUserOutcome, Devices, ProfileChange, RotateOutcome, Session, Sessions,
    StoreError, Users,
};
use confab_domain::account::{Handle, Profile};
use confab_domain::device::Device;
use confab_domain::{ConnectionId, DeviceId, FamilyId, Timestamp, UserId};

use crate::planted::Store;

impl Sessions for Store<'_> {
    async fn open_connection(
        &self,
        user: UserId,
        connection: &Connection,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        self.world.memory.open_connection(user, connection, lease_until, now).await
    }

    async fn renew(
        &self,
        user: UserId,
        connection: &ConnectionId,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.world.memory.renew(user, connection, lease_until, now).await
    }

    async fn close_connections(&self, user: UserId, connections: &[ConnectionId]) -> Result<(), StoreError> {
        self.world.memory.close_connections(user, connections).await
    }

    async fn end_lease(&self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.world.memory.end_lease(user, now).await
    }

    async fn sessions(&self, users: &[UserId]) -> Result<Vec<Session>, StoreError> {
        let early = self.sessions_at_claim();
        match early {
            Some(sessions) => Ok(sessions),
            None => self.world.memory.sessions(users).await,
        }
    }
}

impl Users for Store<'_> {
    async fn create_user(&self, account: &Account, device: &Device) -> Result<CreateUserOutcome, StoreError> {
        self.world.memory.create_user(account, device).await
    }

    async fn user_by_handle(&self, handle: &Handle) -> Result<Option<Account>, StoreError> {
        self.world.memory.user_by_handle(handle).await
    }

    async fn user(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        self.world.memory.user(user).await
    }

    async fn change_profile(
        &self,
        user: UserId,
        change: &ProfileChange,
    ) -> Result<Option<Profile>, StoreError> {
        self.world.memory.change_profile(user, change).await
    }
}

impl Devices for Store<'_> {
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
