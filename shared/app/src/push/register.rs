//! Registers devices for pushes, and ends registrations.

use confab_domain::device::Device;
use confab_domain::push::{Platform, PushToken, Registration};
use confab_domain::{Refusal, Timestamp};
use confab_protocol::http;

use crate::Error;
use crate::ports::{Devices, EndpointOutcome, Identity, Push, RegisterOutcome};

/// Registers the caller's device for pushes by a token. Another device that had the token loses it.
///
/// An app repeats this whenever it starts: a token that the platform reported as dead meanwhile works again.
///
/// # Errors
///
/// [`Error::Refused`] for a wrong platform or token, for a platform that the deployment has no credentials for, and
/// for a device that was logged out; [`Error::Store`], after which the same call again completes the registration.
pub async fn register(
    store: &impl Devices,
    push: &impl Push,
    identity: Identity,
    wanted: &http::PushRegistration,
    now: Timestamp,
) -> Result<(), Error> {
    let platform: Platform =
        wanted.platform.parse().map_err(|error: confab_domain::push::UnknownPlatform| {
            Refusal::field("platform", error.to_string())
        })?;
    let token = PushToken::parse_of(platform, &wanted.token)?;
    let endpoint = match push.endpoint(platform, &token).await? {
        EndpointOutcome::Ready(endpoint) => endpoint,
        EndpointOutcome::NotOffered => {
            return Err(Refusal::field("platform", "no pushes by this platform here").into());
        }
        EndpointOutcome::WrongToken => {
            return Err(Refusal::field("token", "the platform does not take it").into());
        }
    };
    let registration = Registration { platform, token, endpoint, since: now };
    match store.register_push(identity.user, identity.device, identity.family, &registration).await? {
        RegisterOutcome::Registered(earlier) => {
            if let Some(earlier) = earlier.filter(|earlier| earlier.endpoint != registration.endpoint) {
                // No device has this endpoint: after a failure nothing is published to it.
                push.remove_endpoint(&earlier.endpoint).await?;
            }
            Ok(())
        }
        RegisterOutcome::Ended => Err(Refusal::Unauthenticated("this device was logged out").into()),
    }
}

/// Ends the registration of the caller's device for pushes.
///
/// # Errors
///
/// [`Error::Store`], after which the same call again completes the removal.
pub async fn unregister(store: &impl Devices, push: &impl Push, identity: Identity) -> Result<(), Error> {
    match store.device(identity.user, identity.device).await? {
        Some(device) => forget(store, push, &device).await,
        None => Ok(()),
    }
}

/// Removes a device's registration, also where the device was removed.
pub(crate) async fn forget(store: &impl Devices, push: &impl Push, device: &Device) -> Result<(), Error> {
    let Some(registration) = &device.push else { return Ok(()) };
    if store.drop_push(device.user, device.device, registration).await? {
        push.remove_endpoint(&registration.endpoint).await?;
    }
    Ok(())
}
