//! Publishes a push to each device of a user.

use confab_domain::device::Device;
use confab_domain::notification::{Notice, Notification};
use confab_domain::push::{Endpoint, Registration};
use confab_domain::{ConversationId, DeviceId};
use futures_util::future::join_all;

use super::Context;
use crate::ports::{Devices, EndpointOutcome, PublishOutcome, Push, StoreError};
use crate::{chain, metric};

/// Content of a push, the same for every device of a user.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter<'a> {
    pub(super) conversation: ConversationId,
    pub(super) collapses: bool,
    pub(super) badge: Option<u64>,
    pub(super) notice: &'a Notice,
}

/// Publishes a push to each device, and returns the devices for which the push service was unavailable.
///
/// A registration that the service reports as dead is dropped.
pub(super) async fn publish_each(
    context: &Context<'_, impl Devices, impl Push, impl Sync>,
    letter: &Letter<'_>,
    devices: Vec<Device>,
) -> Vec<DeviceId> {
    let published = devices.into_iter().filter_map(|mut device| {
        let registration = device.push.take()?;
        Some(async move {
            let result = publish(context, letter, &device, &registration).await;
            let outcome = match &result {
                Ok(outcome) => outcome,
                Err(error) => {
                    tracing::warn!(event = "push_failed", device = %device.device, error = chain(error), "a push failed");
                    "failed"
                }
            };
            metrics::counter!(metric::PUSHES, metric::OUTCOME => outcome).increment(1);
            // A rejected push would be rejected again.
            result.is_err_and(|error| matches!(error, StoreError::Unavailable(_))).then_some(device.device)
        })
    });
    join_all(published).await.into_iter().flatten().collect()
}

async fn publish(
    context: &Context<'_, impl Devices, impl Push, impl Sync>,
    letter: &Letter<'_>,
    device: &Device,
    registration: &Registration,
) -> Result<&'static str, StoreError> {
    let notification = Notification {
        owner: (device.user, device.device),
        conversation: letter.conversation,
        collapses: letter.collapses,
        badge: letter.badge,
        notice: letter.notice.clone(),
    };
    match context.push.publish(&registration.endpoint, &notification).await? {
        PublishOutcome::Taken => Ok("taken"),
        PublishOutcome::Disabled => drop_dead(context, device, registration).await,
        PublishOutcome::Gone => match made_anew(context, device, registration).await? {
            Anew::Endpoint(endpoint) => match context.push.publish(&endpoint, &notification).await? {
                PublishOutcome::Taken => Ok("taken"),
                // The new endpoint does not work either: the next push handles it.
                PublishOutcome::Disabled | PublishOutcome::Gone => Ok("dead"),
            },
            Anew::NotTheirs => Ok("dead"),
            Anew::Nothing => drop_dead(context, device, registration).await,
        },
    }
}

/// Drops a dead registration, and removes its endpoint if no other device has the token.
async fn drop_dead(
    context: &Context<'_, impl Devices, impl Push, impl Sync>,
    device: &Device,
    registration: &Registration,
) -> Result<&'static str, StoreError> {
    tracing::info!(event = "push_token_dead", user = %device.user, device = %device.device, "a push token is dead");
    if context.store.drop_push(device.user, device.device, registration).await? {
        context.push.remove_endpoint(&registration.endpoint).await?;
    }
    Ok("dead")
}

/// Outcome of making an endpoint again that had vanished.
enum Anew {
    /// The endpoint exists again, and belongs to the device.
    Endpoint(Endpoint),
    /// The device does not have the registration any more, which is why the endpoint vanished.
    NotTheirs,
    /// The endpoint cannot be made.
    Nothing,
}

/// Makes the endpoint of a token again whose endpoint has vanished: a logout of the phone's earlier user may have
/// removed it.
///
/// Returns the endpoint only if the device still has the registration. Otherwise the endpoint stays with the device
/// that has the token; if none has it, nothing is published to the endpoint.
async fn made_anew(
    context: &Context<'_, impl Devices, impl Push, impl Sync>,
    device: &Device,
    registration: &Registration,
) -> Result<Anew, StoreError> {
    let made = context.push.endpoint(registration.platform, &registration.token).await?;
    let EndpointOutcome::Ready(endpoint) = made else { return Ok(Anew::Nothing) };
    let is_theirs =
        context.store.replace_endpoint(device.user, device.device, registration, &endpoint).await?;
    Ok(if is_theirs { Anew::Endpoint(endpoint) } else { Anew::NotTheirs })
}
