//! Handing a push to each of a user's devices.

use confab_domain::device::Device;
use confab_domain::notification::{Notice, Notification};
use confab_domain::push::{Endpoint, Registration};
use confab_domain::{ConversationId, DeviceId};
use futures_util::future::join_all;

use super::Context;
use crate::chain;
use crate::metric;
use crate::ports::{Devices, EndpointOutcome, PublishOutcome, Push, StoreError};

/// What every device of a user is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter<'a> {
    pub(super) conversation: ConversationId,
    pub(super) collapses: bool,
    pub(super) badge: Option<u64>,
    pub(super) notice: &'a Notice,
}

/// Gives the devices that the push service did not take it for.
///
/// A registration that the service calls dead is dropped.
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
            // What is rejected today is rejected tomorrow.
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
        PublishOutcome::Disabled => bury(context, device, registration).await,
        PublishOutcome::Gone => match made_anew(context, device, registration).await? {
            Anew::Endpoint(endpoint) => match context.push.publish(&endpoint, &notification).await? {
                PublishOutcome::Taken => Ok("taken"),
                // Whoever took it away did so twice: the next push finds out.
                PublishOutcome::Disabled | PublishOutcome::Gone => Ok("dead"),
            },
            Anew::NotTheirs => Ok("dead"),
            Anew::Nothing => bury(context, device, registration).await,
        },
    }
}

/// Drops a registration that is dead.
async fn bury(
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

/// What became of an endpoint that had vanished.
enum Anew {
    /// It is there again, and the device's.
    Endpoint(Endpoint),
    /// The device does not have the registration any more, which took it away.
    NotTheirs,
    /// It cannot be made.
    Nothing,
}

/// The endpoint of a token whose endpoint has vanished: a logout of the phone's earlier user may have taken it away.
///
/// Only for a device that has the registration still: what is made for another is left to whoever has the token, or to
/// nobody, to whom nothing is published.
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
