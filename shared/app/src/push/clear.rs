//! Clears the alerts of conversations that were read on another device, left or muted.

use confab_domain::alerts::{ClearDecision, Cleared};
use confab_domain::notification::Notice;
use confab_domain::{Alerts, ConversationId, DeviceId, Seq, UserId};
use futures_util::{StreamExt, stream};

use super::Context;
use super::alert::USERS_CONCURRENT_MAX;
use super::badge::{Badges, counts};
use super::publish::{Letter, publish_each};
use super::task::{PushTask, device_id, user_id};
use crate::messages::unread::count_unread;
use crate::ports::{Consistency, Devices, Inboxes, MessageLog, Push, PushQueue, ReplaceOutcome, StoreError};
use crate::{TaskFailure, delay};

/// Sends the read mark of a conversation to the user's other devices, by a silent push.
///
/// A read mark that was moved further meanwhile, on whatever device, has a task of its own.
///
/// Best effort after the row is written: the next alert, or opening the app, corrects what a lost push would have.
pub(super) async fn clear(
    context: &Context<'_, impl Inboxes + Devices + MessageLog, impl Push, impl PushQueue>,
    user: &str,
    conversation: &str,
    (reader, reader_seq): (&str, u64),
) -> Result<(), TaskFailure> {
    let (user, reader, reader_seq) = (
        user_id(user)?,
        device_id(reader)?,
        Seq::new(reader_seq).ok_or(TaskFailure::Permanent("no position"))?,
    );
    let conversation = conversation.parse().map_err(|_| TaskFailure::Permanent("no conversation id"))?;
    let Some(mut row) = context.store.get(user, conversation, Consistency::Strong).await? else {
        return Ok(());
    };
    let mut attempts = context.attempts();
    while attempts.next().await {
        let Some(read_seq) = row.read_seq.filter(|read_seq| *read_seq <= reader_seq) else { return Ok(()) };
        match row.alerts.clear_decision(row.read_seq, context.now) {
            ClearDecision::Nothing => return Ok(()),
            ClearDecision::Later(rest) => {
                return Ok(context
                    .queue
                    .put(&PushTask::clear(user, conversation, (reader, reader_seq)), delay::at_least(rest))
                    .await?);
            }
            ClearDecision::Now => {}
        }
        let count = count_unread(context.store, user, &row, context.retention, context.now).await?;
        // Read before the row records the clear: where a store fails, the task is retried.
        let mut devices = context.store.devices(user).await?;
        devices.retain(|device| device.push.is_some() && device.device != reader);
        let is_muted = row.muted_until.is_some_and(|until| until > context.now);
        let own = count.filter(|_| !is_muted).map_or(0, |count| count.unread);
        let others = if devices.is_empty() {
            0
        } else {
            Badges::read(context, user).await?.others_counted_anew(context, conversation).await?
        };
        let cleared = Some(Cleared { read_seq, at: context.now });
        let next = Alerts { count, cleared, writer: context.writer, ..row.alerts };
        match context.store.replace_alerts(user, &row, &next).await? {
            ReplaceOutcome::Replaced => {}
            ReplaceOutcome::NotAMember => return Ok(()),
            ReplaceOutcome::Changed(changed) => {
                row = *changed;
                continue;
            }
        }
        if devices.is_empty() {
            return Ok(());
        }
        // The alert of an unread message is not replaced, also where it waits for a phone that is off.
        let collapses = row.alerts.newest <= Some(read_seq);
        let letter =
            Letter { conversation, collapses, badge: Some(own + others), notice: &Notice::Read(read_seq) };
        publish_each(context, &letter, devices).await;
        return Ok(());
    }
    Err(StoreError::Unavailable("a row is changed too often".into()).into())
}

/// Takes a conversation out of the alerts and the badge on the phones of users who have left or muted it.
///
/// A user who has joined again or unmuted by then keeps the alerts. Best effort after the rows are read: the next
/// alert, or opening the app, corrects the badge too.
pub(super) async fn clear_all(
    context: &Context<'_, impl Inboxes + Devices + MessageLog, impl Push, impl PushQueue>,
    users: &[String],
    conversation: &str,
    except: Option<&str>,
) -> Result<(), TaskFailure> {
    let users = users.iter().map(|user| user_id(user)).collect::<Result<Vec<_>, _>>()?;
    let except = except.map(device_id).transpose()?;
    let conversation = conversation.parse().map_err(|_| TaskFailure::Permanent("no conversation id"))?;
    let mut results = stream::iter(users)
        .map(|user| Box::pin(clear_one(context, user, conversation, except)))
        .buffer_unordered(USERS_CONCURRENT_MAX);
    let mut failure = None;
    while let Some(result) = results.next().await {
        failure = result.err().or(failure);
    }
    failure.map_or(Ok(()), |error| Err(error.into()))
}

async fn clear_one(
    context: &Context<'_, impl Inboxes + Devices + MessageLog, impl Push, impl PushQueue>,
    user: UserId,
    conversation: ConversationId,
    except: Option<DeviceId>,
) -> Result<(), StoreError> {
    let Some(row) = context.store.get(user, conversation, Consistency::Strong).await? else { return Ok(()) };
    let counted = row.alerts.count.filter(|count| count.unread > 0).map(|count| count.through);
    let shown = row.alerts.newest.filter(|_| row.alerts.is_shown());
    let Some(through) = shown.max(counted).filter(|_| !counts(&row, context.now)) else { return Ok(()) };
    let mut devices = context.store.devices(user).await?;
    devices.retain(|device| device.push.is_some() && Some(device.device) != except);
    if devices.is_empty() {
        return Ok(());
    }
    let badge = Badges::read(context, user).await?.others_counted_anew(context, conversation).await?;
    let letter = Letter { conversation, collapses: true, badge: Some(badge), notice: &Notice::Read(through) };
    publish_each(context, &letter, devices).await;
    Ok(())
}
