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
    /// The generation is one higher.
    Rotated,
    /// The device has another generation or login, which is given, or is logged out. Nothing was changed.
    NotCurrent(Option<Box<Device>>),
}

/// What registering a device for pushes came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// It has the token now, and no other device has; what it had before is given back where it was another.
    Registered(Option<Registration>),
    /// The device is logged out, or logged in anew.
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
    /// [`StoreError`]. After an unknown outcome the same again finds [`RotateOutcome::NotCurrent`] with that rotation.
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
    /// [`StoreError`]. Doing it again changes nothing.
    fn mark_generation_used(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        generation: u64,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Has a device's pushes go there, and those of whatever other device had the token nowhere. Atomic.
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

    /// Names the endpoint anew of a registration that a device has still; false where it has another, or none.
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

    /// Takes a registration from a device, if it has it, also where the device is gone; true where that leaves the token
    /// without a device.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Doing it again finishes what was begun.
    fn drop_push(
        &self,
        user: UserId,
        device: DeviceId,
        registration: &Registration,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes a device if it still belongs to `family` (any, where `None`); false where it was not there.
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
