//! Handing a push to each of a user's devices.

use confab_domain::device::Device;
use confab_domain::notification::{Notice, Notification};
use confab_domain::push::{Endpoint, Registration};
use confab_domain::{ConversationId, DeviceId};
use futures_util::future::join_all;

use super::Context;
use crate::metric;
use crate::ports::{Devices, EndpointOutcome, PublishOutcome, Push, StoreError};

/// What every device of a user is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter<'a> {
    pub(super) conversation: ConversationId,
    pub(super) badge: u64,
    pub(super) notice: &'a Notice,
}

/// Gives the devices that the push service did not take it for.
///
/// A registration that the service calls dead is dropped.
pub(super) async fn publish_each(
    context: &Context<'_, impl Devices + Sync, impl Push + Sync, impl Sync>,
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
                    tracing::warn!(device = %device.device, error = error as &dyn std::error::Error, "not pushed");
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
    context: &Context<'_, impl Devices + Sync, impl Push + Sync, impl Sync>,
    letter: &Letter<'_>,
    device: &Device,
    registration: &Registration,
) -> Result<&'static str, StoreError> {
    let notification = Notification {
        owner: (device.user, device.device),
        conversation: letter.conversation,
        badge: letter.badge,
        notice: letter.notice.clone(),
    };
    match context.push.publish(&registration.endpoint, &notification).await? {
        PublishOutcome::Taken => return Ok("taken"),
        PublishOutcome::Disabled => {}
        PublishOutcome::Gone => {
            if let Some(endpoint) = made_anew(context, device, registration).await?
                && context.push.publish(&endpoint, &notification).await? == PublishOutcome::Taken
            {
                return Ok("taken");
            }
        }
    }
    tracing::info!(user = %device.user, device = %device.device, "a push token is dead");
    if context.store.drop_push(device.user, device.device, registration).await? {
        context.push.remove_endpoint(&registration.endpoint).await?;
    }
    Ok("dead")
}

/// The endpoint of a token whose endpoint has vanished: a logout of the phone's earlier user may have taken it away.
async fn made_anew(
    context: &Context<'_, impl Devices + Sync, impl Push + Sync, impl Sync>,
    device: &Device,
    registration: &Registration,
) -> Result<Option<Endpoint>, StoreError> {
    let made = context.push.endpoint(registration.platform, &registration.token).await?;
    let EndpointOutcome::Ready(endpoint) = made else { return Ok(None) };
    let anew = Registration { endpoint: endpoint.clone(), ..registration.clone() };
    context.store.register_push(device.user, device.device, device.family, &anew).await?;
    Ok(Some(endpoint))
}
