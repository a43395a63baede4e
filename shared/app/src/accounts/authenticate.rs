//! Authentication of requests.

use confab_domain::device::Device;
use confab_domain::refresh::is_first_use;
use confab_domain::{Refusal, Timestamp};

use crate::Error;
use crate::ports::{AccessClaims, Devices, Identity, Tokens};

/// Returns the living login of an access token.
///
/// # Errors
///
/// [`Error::Refused`] for a token that is missing, forged or expired, or whose login has ended; [`Error::Store`].
pub async fn authenticate(
    devices: &impl Devices,
    tokens: &impl Tokens,
    access_token: Option<&str>,
    now: Timestamp,
) -> Result<Identity, Error> {
    let token = access_token.ok_or(Refusal::Unauthenticated("an access token is needed"))?;
    let claims = tokens.verify_access(token, now)?;
    check_credential(devices, claims).await?;
    Ok(claims.identity)
}

/// Checks that the login of a call or a handshake has not ended, and records the first use of its generation.
///
/// The use is recorded before the call is answered. After that, the refresh token of the previous generation renews
/// the login only within [`SHARED`](confab_domain::refresh::SHARED).
///
/// # Errors
///
/// [`Error::Refused`] where the login has ended; [`Error::Store`].
pub(crate) async fn check_credential(devices: &impl Devices, claims: AccessClaims) -> Result<(), Error> {
    let AccessClaims { identity, generation } = claims;
    let device = living(devices, identity).await?;
    if is_first_use(&device, generation) {
        let Identity { user, device: id, family } = identity;
        devices.mark_generation_used(user, id, family, device.generation).await?;
    }
    Ok(())
}

/// Checks that a login has not ended.
///
/// # Errors
///
/// [`Error::Refused`] where it has; [`Error::Store`].
pub async fn check_login(devices: &impl Devices, identity: Identity) -> Result<(), Error> {
    living(devices, identity).await.map(drop)
}

async fn living(devices: &impl Devices, identity: Identity) -> Result<Device, Error> {
    match devices.device(identity.user, identity.device).await? {
        Some(device) if device.family == identity.family => Ok(device),
        _ => Err(Refusal::Unauthenticated("this device was logged out").into()),
    }
}
