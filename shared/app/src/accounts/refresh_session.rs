//! Renewing a login's tokens.

use confab_domain::device::Device;
use confab_domain::refresh::{RefreshDecision, Rotation, judge};
use confab_domain::{Refusal, Timestamp, UserId};
use confab_protocol::http;

use crate::Error;
use crate::accounts::end_device::end_device;
use crate::ports::{
    Connections, Devices, Identity, PresenceQueue, Push, RefreshClaims, RotateOutcome, Sessions, Tokens,
};
use crate::presence::Context;
use crate::wire::parse_id;

/// Renews a login: returns the tokens of its next generation, or those of the current one again ([`judge`]).
///
/// A refresh token that is used after that ends the login: either the rightful device or a thief holds its successor,
/// and the server cannot know which.
///
/// # Errors
///
/// [`Error::Refused`] for a wrong field, and for a token that is forged, expired or dead; [`Error::Store`]: the same
/// call again, with the same `attempt`, returns the tokens.
pub async fn refresh_session(
    context: &Context<'_, impl Devices + Sessions, impl PresenceQueue>,
    ways: (&impl Connections, &impl Push),
    tokens: &impl Tokens,
    refresh: &http::Refresh,
) -> Result<http::Session, Error> {
    let (store, now) = (context.store, context.now);
    let attempt = refresh.attempt.as_deref().map(|attempt| parse_id("attempt", attempt)).transpose()?;
    let RefreshClaims { identity, generation } = tokens.verify_refresh(&refresh.refresh_token, now)?;
    let Identity { user, device, family } = identity;
    let rotation = Rotation::by(attempt, now);
    let current = match store.rotate(user, device, family, generation, &rotation, now).await? {
        RotateOutcome::Rotated => return Ok(session(tokens, identity, generation + 1, now)),
        RotateOutcome::NotCurrent(current) => current.filter(|current| current.family == family),
    };
    let decision = current.map(|current| judge(&current, generation, rotation.attempt.as_ref(), now));
    match decision {
        Some(RefreshDecision::Repeat) => Ok(session(tokens, identity, generation + 1, now)),
        Some(RefreshDecision::Reuse) => {
            end_device(context, ways, user, device, Some(family)).await?;
            Err(Refusal::Unauthenticated("this refresh token was used before; log in again").into())
        }
        // The store does not refuse the current generation.
        Some(RefreshDecision::Unknown | RefreshDecision::Rotate) | None => {
            Err(Refusal::Unauthenticated("this device was logged out").into())
        }
    }
}

/// Returns the user of a refresh token, also where the token was used before or its login has ended.
///
/// # Errors
///
/// [`Error::Refused`] for a token that is forged or expired.
pub fn user_of(tokens: &impl Tokens, refresh: &http::Refresh, now: Timestamp) -> Result<UserId, Error> {
    Ok(tokens.verify_refresh(&refresh.refresh_token, now)?.identity.user)
}

/// The tokens of a device's current generation.
pub(crate) fn session_of(tokens: &impl Tokens, device: &Device, now: Timestamp) -> http::Session {
    let identity = Identity { user: device.user, device: device.device, family: device.family };
    session(tokens, identity, device.generation, now)
}

/// The tokens of a generation.
pub(crate) fn session(
    tokens: &impl Tokens,
    identity: Identity,
    generation: u64,
    now: Timestamp,
) -> http::Session {
    let (access_token, expires_in_seconds) = tokens.issue_access(identity, generation, now);
    http::Session {
        user: identity.user.to_string(),
        device: identity.device.to_string(),
        access_token,
        refresh_token: tokens.issue_refresh(RefreshClaims { identity, generation }, now),
        expires_in_seconds,
    }
}
