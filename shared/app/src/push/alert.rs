//! Alerting those whom a message did not reach.

use std::collections::BTreeMap;
use std::time::Duration;

use confab_domain::alerts::Count;
use confab_domain::device::Device;
use confab_domain::notification::{Alert, Notice, Wording};
use confab_domain::{Alerts, Timestamp, UserId};
use futures_util::future::join_all;

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

/// Members that are alerted side by side. So a whole group is done before an invocation's time is up, also where each
/// publish takes as long as it may.
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
            if heard.get(&session.user).is_some_and(|seen| session.presence.lease.heard_at > *seen) {
                heard.remove(&session.user);
            }
        }
    }
    let mut wording = None;
    let mut failure = None;
    let heard: Vec<_> = heard.into_iter().collect();
    for some in heard.chunks(USERS_AT_ONCE) {
        // Boxed, since many at once are large.
        let decided =
            some.iter().map(|(user, heard_at)| Box::pin(decide(context, &subject, *user, *heard_at)));
        let mut letters = Vec::new();
        // Whoever is written down as alerted is alerted, also where the store failed for another.
        for result in join_all(decided).await {
            match result {
                Ok(letter) => letters.extend(letter),
                Err(error) => failure = Some(error.into()),
            }
        }
        if letters.is_empty() {
            continue;
        }
        let alert = match &wording {
            Some(alert) => alert,
            None => &*wording.insert(worded(context, &subject).await),
        };
        let sent = letters
            .into_iter()
            .map(|(badge, devices)| Box::pin(send(context, message, &subject, alert, badge, devices, 0)));
        failure = join_all(sent).await.into_iter().filter_map(Result::err).next_back().or(failure);
    }
    failure.map_or(Ok(()), Err)
}

/// Writes down that a member is alerted, and gives their badge and devices; `None` where there is nothing to push.
async fn decide(
    context: &Context<
        '_,
        impl Inboxes + Devices + MessageLog + Sync,
        impl Push + Sync,
        impl PushQueue + Sync,
    >,
    subject: &Subject<'_>,
    user: UserId,
    heard_at: Timestamp,
) -> Result<Option<(u64, Vec<Device>)>, StoreError> {
    let mut devices = context.store.devices(user).await?;
    devices.retain(|device| device.push.is_some());
    if devices.is_empty() {
        log(subject, user, "no_device");
        return Ok(None);
    }
    let since = counted_since(&devices, heard_at);
    let reads = |row: &InboxRow| row.joined.since().is_some_and(|since| since <= subject.seq);
    let mut row = context.store.peek(user, subject.conversation).await?;
    if !row.as_ref().is_some_and(reads) {
        // It, or the membership, may be younger than what was read.
        row = context.store.get(user, subject.conversation).await?;
    }
    let Some(mut row) = row else { return Ok(None) };
    let mut others = None;
    for _ in 0..ATTEMPTS_MAX {
        if row.alerts.has(subject.seq) {
            log(subject, user, "alerted_before");
            return Ok(None);
        }
        if let Err(reason) = wants(&row, subject, context.now) {
            log(subject, user, reason.as_str());
            return Ok(None);
        }
        let count = count_with(context, subject, user, &row).await?;
        if row.alerts.all_counted_since != Some(since) && others.is_none() {
            let badges = Badges::read(context, user).await?;
            if !badges.are_counted_since(since) {
                others = Some(badges.others_counted_anew(context, subject.conversation).await?);
            }
        }
        let next = Alerts {
            count: Some(count),
            all_counted_since: Some(since),
            writer: context.writer,
            ..row.alerts.with(subject.seq)
        };
        match context.store.replace_alerts(user, &row, &next).await? {
            ReplaceOutcome::Replaced => {
                let others = match others {
                    Some(others) => others,
                    None => Badges::read(context, user).await?.others(context, subject.conversation).await?,
                };
                return Ok(Some((count.unread + others, devices)));
            }
            ReplaceOutcome::NotAMember => return Ok(None),
            ReplaceOutcome::Changed(changed) => row = *changed,
        }
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
    alert: &Alert,
    badge: u64,
    devices: Vec<Device>,
    tries: u32,
) -> Result<(), TaskError> {
    let Some(user) = devices.first().map(|device| device.user) else { return Ok(()) };
    log(subject, user, "alerted");
    let letter =
        Letter { conversation: subject.conversation, badge, notice: &Notice::Message(alert.clone()) };
    let left = publish_each(context, &letter, devices).await;
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
    let again = Step::Again { message: message.clone(), user: user.to_string(), badge, devices, attempt };
    Ok(context.queue.put(&PushTask::V1(again), FIRST_PAUSE * 2_u32.pow(tries)).await?)
}

/// Tries again for some devices what is written down already; not where the message was read meanwhile.
pub(super) async fn again(
    context: &Context<
        '_,
        impl Inboxes + Devices + Users + MessageLog + Sync,
        impl Push + Sync,
        impl PushQueue + Sync,
    >,
    message: &MessageRef,
    user: &str,
    badge: u64,
    devices: &[String],
    attempt: u32,
) -> Result<(), TaskError> {
    let (subject, user) = (message.read()?, user_id(user)?);
    let wanted = devices.iter().map(|device| device_id(device)).collect::<Result<Vec<_>, _>>()?;
    let row = context.store.get(user, subject.conversation).await?;
    let verdict = row.map_or(Err(NoAlert::NotAMember), |row| wants(&row, &subject, context.now));
    if let Err(reason) = verdict {
        log(&subject, user, reason.as_str());
        return Ok(());
    }
    let mut devices = context.store.devices(user).await?;
    devices.retain(|device| device.push.is_some() && wanted.contains(&device.device));
    let alert = worded(context, &subject).await;
    send(context, message, &subject, &alert, badge, devices, attempt).await
}

/// What became of a message for a member, in the log.
fn log(subject: &Subject<'_>, user: UserId, outcome: &str) {
    tracing::info!(conversation = %subject.conversation, seq = subject.seq.get(), %user, outcome, "alert");
}
