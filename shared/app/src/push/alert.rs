//! Alerts for members whom a message did not reach.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use confab_domain::device::Device;
use confab_domain::notification::{Alert, Notice};
use confab_domain::{Timestamp, UserId};
use futures_util::{FutureExt, StreamExt, stream};

use super::Context;
use super::decide::{count_with, decide, others, wants};
use super::publish::{Letter, publish_each};
use super::task::{Absent, MessageRef, PushTask, Step, Subject, device_id, user_id};
use super::words::worded;
use crate::ports::{Consistency, Devices, Inboxes, MessageLog, Push, PushQueue, Sessions, Users};
use crate::{TaskFailure, metric};

/// Concurrency limit of members who are alerted: few enough for the connections of one invocation.
pub(super) const USERS_CONCURRENT_MAX: usize = 32;

/// Tries of an alert that the push service does not take; after the last, the task is dead-lettered.
const TRIES_MAX: u32 = 6;

/// Pause before the second try; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn alert_each(
    context: &Context<'_, impl Inboxes + Devices + Users + MessageLog + Sessions, impl Push, impl PushQueue>,
    message: &MessageRef,
    absent: &[Absent],
    unless_renewed: bool,
) -> Result<(), TaskFailure> {
    let subject = message.read()?;
    let mut absent_since = BTreeMap::new();
    for absent in absent {
        absent_since.insert(user_id(&absent.user)?, Timestamp::from_ms(absent.renewed_at_ms));
    }
    if unless_renewed {
        let users: Vec<UserId> = absent_since.keys().copied().collect();
        for session in context.store.sessions(&users).await? {
            if session.is_idle() {
                absent_since.insert(session.user, session.presence.lease.active_at());
                continue;
            }
            // Only a renewal changes the time of the last renewal, whichever clock wrote it.
            if absent_since.get(&session.user).is_some_and(|seen| session.presence.lease.renewed_at != *seen)
            {
                absent_since.remove(&session.user);
                subject.log(session.user, "renewed");
            }
        }
    }
    // Worded once, for the first member with a registered device.
    let alert = worded(context, &subject).shared();
    // Boxed, since many futures together are large. Unordered, so that a member whose count takes long delays no other.
    let mut results = stream::iter(absent_since)
        .map(|(user, renewed_at)| {
            Box::pin(alert_one(context, message, &subject, alert.clone(), user, renewed_at))
        })
        .buffer_unordered(USERS_CONCURRENT_MAX);
    // Each runs to its end though another fails: a member who is recorded as alerted has to get the push.
    let mut failure = None;
    while let Some(result) = results.next().await {
        failure = result.err().or(failure);
    }
    failure.map_or(Ok(()), Err)
}

/// Alerts a member to a message, unless the member wants no alert or was alerted to it before.
pub(super) async fn alert_one(
    context: &Context<'_, impl Inboxes + Devices + MessageLog, impl Push, impl PushQueue>,
    message: &MessageRef,
    subject: &Subject<'_>,
    alert: impl Future<Output = Alert>,
    user: UserId,
    renewed_at: Timestamp,
) -> Result<(), TaskFailure> {
    let Some((alerted, alert)) = decide(context, subject, alert, user, renewed_at).await? else {
        return Ok(());
    };
    subject.log(user, "alerted");
    let notice = Notice::Message(alert);
    let letter = Letter {
        conversation: subject.conversation,
        collapses: true,
        badge: alerted.badge(context, subject, user).await,
        notice: &notice,
    };
    send(context, message, subject, &letter, user, alerted.devices, 0).await
}

async fn send(
    context: &Context<'_, impl Devices, impl Push, impl PushQueue>,
    message: &MessageRef,
    subject: &Subject<'_>,
    letter: &Letter<'_>,
    user: UserId,
    devices: Vec<Device>,
    tries: u32,
) -> Result<(), TaskFailure> {
    let left = publish_each(context, letter, devices).await;
    let late = context.now.since(subject.sent_at);
    metrics::histogram!(metric::PUSH_LAG).record(late.as_secs_f64() * 1000.0);
    if left.is_empty() {
        return Ok(());
    }
    let attempt = tries + 1;
    if attempt >= TRIES_MAX {
        return Err(TaskFailure::Permanent("the push service does not take it"));
    }
    let devices = left.iter().map(ToString::to_string).collect();
    let again = Step::Again { message: message.clone(), user: user.to_string(), devices, attempt };
    Ok(context.queue.put(&PushTask::V1(again), FIRST_PAUSE * 2_u32.pow(tries)).await?)
}

/// Publishes a recorded alert to some devices again, unless the member wants no alert any more.
///
/// The alert does not replace the alert of a later message on the screen.
pub(super) async fn again(
    context: &Context<'_, impl Inboxes + Devices + Users + MessageLog, impl Push, impl PushQueue>,
    message: &MessageRef,
    user: &str,
    devices: &[String],
    attempt: u32,
) -> Result<(), TaskFailure> {
    let (subject, user) = (message.read()?, user_id(user)?);
    let wanted = devices.iter().map(|device| device_id(device)).collect::<Result<Vec<_>, _>>()?;
    let Some(row) = context.store.get(user, subject.conversation, Consistency::Strong).await? else {
        return Ok(());
    };
    if let Err(reason) = wants(&row, &subject, context.now) {
        subject.log(user, reason.as_str());
        return Ok(());
    }
    let mut devices = context.store.devices(user).await?;
    devices.retain(|device| device.push.is_some() && wanted.contains(&device.device));
    let unread = count_with(context, &subject, user, &row).await?.unread;
    let notice = Notice::Message(worded(context, &subject).await);
    let letter = Letter {
        conversation: subject.conversation,
        collapses: row.alerts.newest <= Some(subject.seq),
        badge: Some(unread + others(context, &subject, user).await?),
        notice: &notice,
    };
    send(context, message, &subject, &letter, user, devices, attempt).await
}
