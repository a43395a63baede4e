//! Alerting those whom a message did not reach.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use confab_domain::alerts::Count;
use confab_domain::device::Device;
use confab_domain::notification::{Alert, Notice, Wording};
use confab_domain::{Alerts, Timestamp, UserId};
use futures_util::{FutureExt, StreamExt, stream};

use super::badge::Badges;
use super::publish::{Letter, publish_each};
use super::task::{Absent, MessageRef, PushTask, Step, Subject, device_id, user_id};
use super::{ATTEMPTS_MAX, Context};
use crate::ports::{
    Devices, Direction, InboxRow, Inboxes, MessageLog, Push, PushQueue, Range, ReplaceOutcome, Sessions,
    StoreError, Users,
};
use crate::unread::count_unread;
use crate::{TaskError, metric};

/// Members that are alerted side by side: few enough for one invocation's connections.
const USERS_AT_ONCE: usize = 32;

/// How often an alert is tried that the push service does not take; after that the task is parked.
const TRIES_MAX: u32 = 6;

/// What the first repetition waits for; each further one waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// Why a member gets no alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAlert {
    /// They have muted the conversation.
    Muted,
    /// They have read the message.
    HasRead,
    /// They are not in the conversation, or came after the message.
    NotAMember,
}

impl NoAlert {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Muted => "muted",
            Self::HasRead => "read",
            Self::NotAMember => "not_a_member",
        }
    }
}

/// Whether a member is to be alerted to a message, by their row.
pub(super) fn wants(row: &InboxRow, subject: &Subject<'_>, now: Timestamp) -> Result<(), NoAlert> {
    let reads = row.joined.since().is_some_and(|since| since <= subject.seq);
    if !reads {
        Err(NoAlert::NotAMember)
    } else if row.read_seq >= Some(subject.seq) {
        Err(NoAlert::HasRead)
    } else if row.muted_until.is_some_and(|until| until > now) {
        Err(NoAlert::Muted)
    } else {
        Ok(())
    }
}

pub(super) async fn alert_each(
    context: &Context<
        '_,
        impl Inboxes + Devices + Users + MessageLog + Sessions + Sync,
        impl Push + Sync,
        impl PushQueue + Sync,
    >,
    message: &MessageRef,
    absent: &[Absent],
    unless_heard: bool,
) -> Result<(), TaskError> {
    let subject = message.read()?;
    let mut heard = BTreeMap::new();
    for absent in absent {
        heard.insert(user_id(&absent.user)?, Timestamp::from_ms(absent.heard_at_ms));
    }
    if unless_heard {
        let users: Vec<UserId> = heard.keys().copied().collect();
        for session in context.store.sessions(&users).await? {
            // Nothing but being heard from changes it, by whatever clock.
            if heard.get(&session.user).is_some_and(|seen| session.presence.lease.heard_at != *seen) {
                heard.remove(&session.user);
                log(&subject, session.user, "heard");
            }
        }
    }
    // Asked for by the first who has a phone.
    let alert = worded(context, &subject).shared();
    // Boxed, since many at once are large. One by one, so that nobody waits for who takes long to count.
    let mut results = stream::iter(heard)
        .map(|(user, heard_at)| {
            Box::pin(alert_one(context, message, &subject, alert.clone(), user, heard_at))
        })
        .buffer_unordered(USERS_AT_ONCE);
    // Whoever is written down as alerted is alerted, also where something failed for another.
    let mut failure = None;
    while let Some(result) = results.next().await {
        failure = result.err().or(failure);
    }
    failure.map_or(Ok(()), Err)
}

async fn alert_one(
    context: &Context<
        '_,
        impl Inboxes + Devices + MessageLog + Sync,
        impl Push + Sync,
        impl PushQueue + Sync,
    >,
    message: &MessageRef,
    subject: &Subject<'_>,
    alert: impl Future<Output = Alert>,
    user: UserId,
    heard_at: Timestamp,
) -> Result<(), TaskError> {
    let Some((alerted, alert)) = decide(context, subject, alert, user, heard_at).await? else {
        return Ok(());
    };
    log(subject, user, "alerted");
    let notice = Notice::Message(alert);
    let letter = Letter {
        conversation: subject.conversation,
        collapses: true,
        badge: alerted.badge(context, subject, user).await,
        notice: &notice,
    };
    send(context, message, subject, &letter, user, alerted.devices, 0).await
}

/// Somebody of whom it is written down that they are alerted.
struct Alerted {
    devices: Vec<Device>,
    /// Unread messages of the conversation.
    unread: u64,
    /// And of all others, where they had to be counted before.
    others: Option<u64>,
}

impl Alerted {
    /// Read after the row was written: see [`super::badge`]. `None` where it cannot be: an alert is worth more.
    async fn badge(
        &self,
        context: &Context<'_, impl Inboxes + MessageLog + Sync, impl Sync, impl Sync>,
        subject: &Subject<'_>,
        user: UserId,
    ) -> Option<u64> {
        let others = match self.others {
            Some(others) => Ok(others),
            None => others(context, subject, user).await,
        };
        let failed = |error: &StoreError| {
            tracing::warn!(error = error as &dyn std::error::Error, "an alert without a badge");
        };
        others.inspect_err(failed).ok().map(|others| self.unread + others)
    }
}

async fn others(
    context: &Context<'_, impl Inboxes + MessageLog + Sync, impl Sync, impl Sync>,
    subject: &Subject<'_>,
    user: UserId,
) -> Result<u64, StoreError> {
    Badges::read(context, user).await?.others(context, subject.conversation).await
}

/// Writes down that a member is alerted; `None` where there is nothing to push.
///
/// In between and the publish there is as little as can be: the alert is worded before.
async fn decide(
    context: &Context<'_, impl Inboxes + Devices + MessageLog + Sync, impl Sync, impl Sync>,
    subject: &Subject<'_>,
    alert: impl Future<Output = Alert>,
    user: UserId,
    heard_at: Timestamp,
) -> Result<Option<(Alerted, Alert)>, StoreError> {
    let mut devices = context.store.devices(user).await?;
    devices.retain(|device| device.push.is_some());
    if devices.is_empty() {
        log(subject, user, "no_device");
        return Ok(None);
    }
    let since = counted_since(&devices, heard_at);
    let alert = alert.await;
    let mut row = context.store.peek(user, subject.conversation).await?;
    if row.as_ref().is_none_or(|row| wants(row, subject, context.now) == Err(NoAlert::NotAMember)) {
        // It, or the membership, may be younger than what was read.
        row = context.store.get(user, subject.conversation).await?;
    }
    let mut others = None;
    for _ in 0..ATTEMPTS_MAX {
        let verdict = row.as_ref().map_or(Err(NoAlert::NotAMember), |row| wants(row, subject, context.now));
        let seen = match (verdict, &row) {
            (Ok(()), Some(row)) if !row.alerts.has(subject.seq) => row,
            (verdict, _) => {
                log(subject, user, verdict.err().map_or("alerted_before", NoAlert::as_str));
                return Ok(None);
            }
        };
        let count = count_with(context, subject, user, seen).await?;
        if seen.alerts.all_counted_since != Some(since) && others.is_none() {
            let badges = Badges::read(context, user).await?;
            if !badges.are_counted_since(since) {
                others = Some(badges.others_counted_anew(context, subject.conversation).await?);
            }
        }
        let next = Alerts {
            count: Some(count),
            all_counted_since: Some(since),
            writer: context.writer,
            ..seen.alerts.with(subject.seq)
        };
        row = match context.store.replace_alerts(user, seen, &next).await {
            Ok(ReplaceOutcome::Replaced) => {
                return Ok(Some((Alerted { devices, unread: count.unread, others }, alert)));
            }
            Ok(ReplaceOutcome::NotAMember) => None,
            Ok(ReplaceOutcome::Changed(changed)) => Some(*changed),
            Err(error) => {
                // It may be written all the same: then nobody else alerts.
                let row = context.store.get(user, subject.conversation).await?;
                if row.is_some_and(|row| row.alerts == next) {
                    return Ok(Some((Alerted { devices, unread: count.unread, others }, alert)));
                }
                return Err(error);
            }
        };
    }
    Err(StoreError::Unavailable("a row is changed too often".into()))
}

/// Since when alerts have counted everything: the user was not heard from since, and had a phone to be alerted by.
fn counted_since(devices: &[Device], heard_at: Timestamp) -> Timestamp {
    let first = devices.iter().filter_map(|device| device.push.as_ref()).map(|push| push.since).min();
    first.map_or(heard_at, |first| first.max(heard_at))
}

/// What is unread of the conversation, this message included.
async fn count_with(
    context: &Context<'_, impl MessageLog + Sync, impl Sync, impl Sync>,
    subject: &Subject<'_>,
    user: UserId,
    row: &InboxRow,
) -> Result<Count, StoreError> {
    if let Some(count) = row.alerts.count_with(row.unread_after(), subject.seq, context.now) {
        return Ok(count);
    }
    let count = count_unread(context.store, user, row, context.retention, context.now).await?;
    Ok(count.unwrap_or(Count { from: row.unread_after(), upto: subject.seq, unread: 1, at: context.now }))
}

/// The alert in words; the sender's name and the text are left out where they cannot be read.
async fn worded(
    context: &Context<'_, impl Users + MessageLog + Sync, impl Sync, impl Sync>,
    subject: &Subject<'_>,
) -> Alert {
    let (profiles, text) =
        futures_util::future::join(context.store.profiles(&[subject.sender]), preview(context, subject))
            .await;
    let name = profiles.ok().and_then(|mut profiles| profiles.pop()).map(|profile| profile.display_name);
    let sender = name.as_deref().unwrap_or("Somebody");
    let (title, body) = Wording { sender, group: subject.group, text: text.as_deref() }.lines();
    Alert { seq: subject.seq, sender: subject.sender, sent_at: subject.sent_at, title, body }
}

async fn preview(
    context: &Context<'_, impl MessageLog + Sync, impl Sync, impl Sync>,
    subject: &Subject<'_>,
) -> Option<String> {
    if !context.preview {
        return None;
    }
    let range = Range { from: subject.seq, to: subject.seq, direction: Direction::Up };
    let page = context.store.page(subject.conversation, range, 1).await.ok()?;
    page.entries.into_iter().next()?.content.text
}

async fn send(
    context: &Context<'_, impl Devices + Sync, impl Push + Sync, impl PushQueue + Sync>,
    message: &MessageRef,
    subject: &Subject<'_>,
    letter: &Letter<'_>,
    user: UserId,
    devices: Vec<Device>,
    tries: u32,
) -> Result<(), TaskError> {
    let left = publish_each(context, letter, devices).await;
    let late = context.now.since(subject.sent_at);
    metrics::histogram!(metric::PUSH_LAG).record(late.as_secs_f64() * 1000.0);
    if left.is_empty() {
        return Ok(());
    }
    let attempt = tries + 1;
    if attempt >= TRIES_MAX {
        return Err(TaskError::Never("the push service does not take it"));
    }
    let devices = left.iter().map(ToString::to_string).collect();
    let again = Step::Again { message: message.clone(), user: user.to_string(), devices, attempt };
    Ok(context.queue.put(&PushTask::V1(again), FIRST_PAUSE * 2_u32.pow(tries)).await?)
}

/// Tries again for some devices what is written down already; not where the message was read meanwhile.
///
/// An alert that a later one has overtaken does not take its place.
pub(super) async fn again(
    context: &Context<
        '_,
        impl Inboxes + Devices + Users + MessageLog + Sync,
        impl Push + Sync,
        impl PushQueue + Sync,
    >,
    message: &MessageRef,
    user: &str,
    devices: &[String],
    attempt: u32,
) -> Result<(), TaskError> {
    let (subject, user) = (message.read()?, user_id(user)?);
    let wanted = devices.iter().map(|device| device_id(device)).collect::<Result<Vec<_>, _>>()?;
    let Some(row) = context.store.get(user, subject.conversation).await? else { return Ok(()) };
    if let Err(reason) = wants(&row, &subject, context.now) {
        log(&subject, user, reason.as_str());
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

/// What became of a message for a member, in the log.
fn log(subject: &Subject<'_>, user: UserId, outcome: &str) {
    tracing::info!(conversation = %subject.conversation, seq = subject.seq.get(), %user, outcome, "alert");
}
