//! Renewing a login's tokens.

use confab_domain::device::Device;
use confab_domain::{Refusal, Timestamp};
use confab_protocol::http;

use crate::Error;
use crate::end_device::end_device;
use crate::ports::{
    Connections, Devices, Identity, PresenceQueue, Push, RefreshClaims, RotateOutcome, Sessions, Tokens,
};
use crate::presence::Context;

/// Renews a login once per refresh token.
///
/// A token that was used before ends the login: either the rightful device or a
/// thief holds its successor, and it cannot be told which.
///
/// # Errors
///
/// [`Error::Refused`] for a token that is forged, expired or dead;
/// [`Error::Store`]: the token may be dead.
pub async fn refresh_session(
    context: &Context<'_, impl Devices + Sessions + Sync, impl PresenceQueue + Sync>,
    ways: (&(impl Connections + Sync), &(impl Push + Sync)),
    tokens: &impl Tokens,
    refresh_token: &str,
) -> Result<http::Session, Error> {
    let (store, now) = (context.store, context.now);
    let RefreshClaims { identity, generation } = tokens.verify_refresh(refresh_token, now)?;
    let Identity { user, device, family } = identity;
    match store.rotate(user, device, family, generation, now).await? {
        RotateOutcome::Rotated => Ok(session(tokens, identity, generation + 1, now)),
        RotateOutcome::Ended => Err(Refusal::Unauthenticated("this device was logged out").into()),
        RotateOutcome::Reused => {
            end_device(context, ways, user, device, Some(family)).await?;
            Err(Refusal::Unauthenticated("this refresh token was used before; log in again").into())
        }
    }
}

/// The tokens of a device as it is now.
pub(crate) fn session_of(tokens: &impl Tokens, device: &Device, now: Timestamp) -> http::Session {
    let identity = Identity { user: device.user, device: device.device, family: device.family };
    session(tokens, identity, device.generation, now)
}

fn session(tokens: &impl Tokens, identity: Identity, generation: u64, now: Timestamp) -> http::Session {
    let (access_token, expires_in_seconds) = tokens.issue_access(identity, now);
    http::Session {
        user: identity.user.to_string(),
        device: identity.device.to_string(),
        access_token,
        refresh_token: tokens.issue_refresh(RefreshClaims { identity, generation }, now),
        expires_in_seconds,
    }
}
