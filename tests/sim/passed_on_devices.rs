//! Methods of an intercepting store of devices that plant no bug.

/// Methods of [`confab_app::ports::Devices`] that pass a call on, by name.
macro_rules! pass_on_devices {
    ($($method:ident)*) => {
        $(crate::passed_on_devices::device_method!($method);)*
    };
}

macro_rules! device_method {
    (put_device) => {
        async fn put_device(
            &self,
            device: &confab_domain::device::Device,
        ) -> Result<(), confab_app::ports::StoreError> {
            self.world.memory.put_device(device).await
        }
    };
    (device) => {
        async fn device(
            &self,
            user: confab_domain::UserId,
            device: confab_domain::DeviceId,
        ) -> Result<Option<confab_domain::device::Device>, confab_app::ports::StoreError> {
            self.world.memory.device(user, device).await
        }
    };
    (devices) => {
        async fn devices(
            &self,
            user: confab_domain::UserId,
        ) -> Result<Vec<confab_domain::device::Device>, confab_app::ports::StoreError> {
            self.world.memory.devices(user).await
        }
    };
    (rotate) => {
        async fn rotate(
            &self,
            user: confab_domain::UserId,
            device: confab_domain::DeviceId,
            family: confab_domain::FamilyId,
            generation: u64,
            rotation: &confab_domain::refresh::Rotation,
            now: confab_domain::Timestamp,
        ) -> Result<confab_app::ports::RotateOutcome, confab_app::ports::StoreError> {
            self.world.memory.rotate(user, device, family, generation, rotation, now).await
        }
    };
    (mark_generation_used) => {
        async fn mark_generation_used(
            &self,
            user: confab_domain::UserId,
            device: confab_domain::DeviceId,
            family: confab_domain::FamilyId,
            generation: u64,
        ) -> Result<(), confab_app::ports::StoreError> {
            self.world.memory.mark_generation_used(user, device, family, generation).await
        }
    };
    (register_push) => {
        async fn register_push(
            &self,
            user: confab_domain::UserId,
            device: confab_domain::DeviceId,
            family: confab_domain::FamilyId,
            registration: &confab_domain::push::Registration,
        ) -> Result<confab_app::ports::RegisterOutcome, confab_app::ports::StoreError> {
            self.world.memory.register_push(user, device, family, registration).await
        }
    };
    (replace_endpoint) => {
        async fn replace_endpoint(
            &self,
            user: confab_domain::UserId,
            device: confab_domain::DeviceId,
            seen: &confab_domain::push::Registration,
            endpoint: &confab_domain::push::Endpoint,
        ) -> Result<bool, confab_app::ports::StoreError> {
            self.world.memory.replace_endpoint(user, device, seen, endpoint).await
        }
    };
    (drop_push) => {
        async fn drop_push(
            &self,
            user: confab_domain::UserId,
            device: confab_domain::DeviceId,
            registration: &confab_domain::push::Registration,
        ) -> Result<bool, confab_app::ports::StoreError> {
            self.world.memory.drop_push(user, device, registration).await
        }
    };
    (remove_device) => {
        async fn remove_device(
            &self,
            user: confab_domain::UserId,
            device: confab_domain::DeviceId,
            family: Option<confab_domain::FamilyId>,
        ) -> Result<bool, confab_app::ports::StoreError> {
            self.world.memory.remove_device(user, device, family).await
        }
    };
}

pub(crate) use {device_method, pass_on_devices};
