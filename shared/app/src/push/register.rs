//! Asking for pushes, and asking for no more.

use confab_domain::device::Device;
use confab_domain::push::{Platform, PushToken, Registration};
use confab_domain::{Refusal, Timestamp};
use confab_protocol::http;

use crate::Error;
use crate::ports::{Devices, EndpointOutcome, Identity, Push, RegisterOutcome};

/// Has the pushes of the caller's device go to a token, and to no other device that had it.
///
/// To be repeated whenever the app starts: a token that the platform called dead in between works again.
///
/// # Errors
///
/// [`Error::Refused`] for a wrong platform or token, and for a platform that the deployment has no credentials for;
/// [`Error::Store`]: doing it again finishes what was begun.
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
                // Nobody has it: a failure leaves an endpoint that nothing is published to.
                push.remove_endpoint(&earlier.endpoint).await?;
            }
            Ok(())
        }
        RegisterOutcome::Ended => Err(Refusal::Unauthenticated("this device was logged out").into()),
    }
}

/// Has no more pushes go to the caller's device.
///
/// # Errors
///
/// [`Error::Store`]: doing it again finishes what was begun.
pub async fn unregister(store: &impl Devices, push: &impl Push, identity: Identity) -> Result<(), Error> {
    match store.device(identity.user, identity.device).await? {
        Some(device) => forget(store, push, &device).await,
        None => Ok(()),
    }
}

/// Takes away a device's registration, also where the device is gone.
pub(crate) async fn forget(store: &impl Devices, push: &impl Push, device: &Device) -> Result<(), Error> {
    let Some(registration) = &device.push else { return Ok(()) };
    if store.drop_push(device.user, device.device, registration).await? {
        push.remove_endpoint(&registration.endpoint).await?;
    }
    Ok(())
}
