//! Devices: the logins of a user.

use std::future::Future;

use confab_domain::device::Device;
use confab_domain::push::{Endpoint, Registration};
use confab_domain::refresh::Rotation;
use confab_domain::{DeviceId, FamilyId, Timestamp, UserId};

use super::StoreError;

/// Outcome of making the next generation of a login's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotateOutcome {
    /// The device has the next generation.
    Rotated,
    /// The device has another generation or login, or is logged out (`None`). The device as it is. Nothing was changed.
    NotCurrent(Option<Box<Device>>),
}

/// Outcome of registering a device for pushes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// The device has the token now, and no other device has it. The device's earlier registration, if it was another.
    Registered(Option<Registration>),
    /// The device is logged out, or has a newer login.
    Ended,
}

/// Devices, by user.
pub trait Devices: Send + Sync {
    /// Writes a device, replacing an earlier login on it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn put_device(&self, device: &Device) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// One device, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn device(
        &self,
        user: UserId,
        device: DeviceId,
    ) -> impl Future<Output = Result<Option<Device>, StoreError>> + Send;

    /// All devices of a user, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn devices(&self, user: UserId) -> impl Future<Output = Result<Vec<Device>, StoreError>> + Send;

    /// Moves the device from `generation` to the next, made by `rotation`. Atomic.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A repetition after an unknown outcome may return [`RotateOutcome::NotCurrent`] with this
    /// rotation.
    fn rotate(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        generation: u64,
        rotation: &Rotation,
        now: Timestamp,
    ) -> impl Future<Output = Result<RotateOutcome, StoreError>> + Send;

    /// Records that a token of `generation` was used, if that is the device's generation.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A repetition changes nothing.
    fn mark_generation_used(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        generation: u64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Registers a device for pushes, and ends the registration of any other device with the token. Atomic.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn register_push(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        registration: &Registration,
    ) -> impl Future<Output = Result<RegisterOutcome, StoreError>> + Send;

    /// Replaces the endpoint of a registration that the device still has; false where the device has another, or none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn replace_endpoint(
        &self,
        user: UserId,
        device: DeviceId,
        seen: &Registration,
        endpoint: &Endpoint,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes a registration from a device that has it, also where the device was removed; true where no device has
    /// the token then.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A repetition completes the removal.
    fn drop_push(
        &self,
        user: UserId,
        device: DeviceId,
        registration: &Registration,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes a device if it belongs to `family`, or to any login where that is `None`; false where there was no
    /// such device.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        family: Option<FamilyId>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
