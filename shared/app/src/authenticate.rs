//! Who a request comes from.

use confab_domain::{Refusal, Timestamp};

use crate::Error;
use crate::ports::{Devices, Identity, Tokens};

/// The living login behind an access token.
///
/// # Errors
///
/// [`Error::Refused`] for a token that is forged, expired, or whose login has
/// ended; [`Error::Store`].
pub async fn authenticate(
    devices: &(impl Devices + Sync),
    tokens: &impl Tokens,
    access_token: Option<&str>,
    now: Timestamp,
) -> Result<Identity, Error> {
    let token = access_token.ok_or(Refusal::Unauthenticated("an access token is needed"))?;
    let identity = tokens.verify_access(token, now)?;
    check_login(devices, identity).await?;
    Ok(identity)
}

/// Checks that a login has not ended.
///
/// # Errors
///
/// [`Error::Refused`] where it has; [`Error::Store`].
pub async fn check_login(devices: &(impl Devices + Sync), identity: Identity) -> Result<(), Error> {
    match devices.device(identity.user, identity.device).await? {
        Some(device) if device.family == identity.family => Ok(()),
        _ => Err(Refusal::Unauthenticated("this device was logged out").into()),
    }
}
