//! The store of one invocation, with or without a planted bug.

use confab_app::ports::{Devices, RotateOutcome, Sessions, StoreError};
use confab_domain::refresh::Rotation;
use confab_domain::{DeviceId, FamilyId, Timestamp, UserId};

use super::world::World;
use crate::passed_on::pass_on_sessions;
use crate::passed_on_devices::pass_on_devices;

/// A bug that the simulation must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The token before the current one is refused.
    GoodOnce,
    /// The attempt that made a generation is not kept.
    AttemptForgotten,
    /// The use of a generation is not recorded.
    UseForgotten,
    /// A token makes the next generation, whatever has happened to the login since the token was issued.
    RotatesAnyway,
    /// A reused token is refused, but its login does not end.
    LoginGoesOn,
}

/// The stores of one invocation.
pub(crate) struct Server<'a> {
    pub(crate) world: &'a World,
}

impl Sessions for Server<'_> {
    pass_on_sessions!(open_connection reopen_connection renew charge change_connections replace_presence);
    pass_on_sessions!(sessions session);
}

impl Devices for Server<'_> {
    pass_on_devices!(put_device device devices register_push replace_endpoint drop_push);

    async fn rotate(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        generation: u64,
        rotation: &Rotation,
        now: Timestamp,
    ) -> Result<RotateOutcome, StoreError> {
        let memory = &self.world.memory;
        let mut rotation = rotation.clone();
        if self.world.has(Bug::AttemptForgotten) {
            rotation.attempt = None;
        }
        let outcome = memory.rotate(user, device, family, generation, &rotation, now).await?;
        let RotateOutcome::NotCurrent(Some(mut current)) = outcome else { return Ok(outcome) };
        if self.world.has(Bug::RotatesAnyway) && current.family == family {
            return memory.rotate(user, device, family, current.generation, &rotation, now).await;
        }
        if self.world.has(Bug::GoodOnce) {
            current.rotation = None;
        }
        Ok(RotateOutcome::NotCurrent(Some(current)))
    }

    async fn mark_generation_used(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        generation: u64,
    ) -> Result<(), StoreError> {
        if self.world.has(Bug::UseForgotten) {
            return Ok(());
        }
        self.world.memory.mark_generation_used(user, device, family, generation).await
    }

    async fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        family: Option<FamilyId>,
    ) -> Result<bool, StoreError> {
        if self.world.has(Bug::LoginGoesOn) {
            return Ok(true);
        }
        self.world.memory.remove_device(user, device, family).await
    }
}
