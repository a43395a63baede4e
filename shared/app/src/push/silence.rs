//! Alerts for messages that the gateway took for a socket that was dead already.
//!
//! A post that the gateway took proves nothing before the next heartbeat. So when a lease ends while a connection is
//! registered, the lease check puts one task into the push queue. While leases are renewed this costs nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use confab_domain::alerts::WINDOW;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::{ConversationId, GroupId, Heading, Kind, Timestamp, UserId};
use futures_util::{StreamExt, stream};

use super::Context;
use super::alert::alert_one;
use super::badge::{Badges, counts};
use super::task::{MessageRef, PushTask, user_id};
use super::words::worded;
use crate::TaskFailure;
use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::ports::{
    Devices, Direction, Groups, InboxRow, Inboxes, MessageLog, Push, PushQueue, Range, Sessions, StoreError,
    Users,
};

/// Entries in one page of a log: mostly more than are sent between the last renewal and the end of a lease.
const PAGE: u32 = 16;

/// Groups in one read of names.
const GROUPS_MAX: usize = 100;

/// Alerts that one queue record makes, well within its time; another record makes the rest.
const ALERTS_MAX: usize = 32;

/// Alerts a user to each message that was sent since the last renewal of the lease, unless the lease was renewed
/// meanwhile.
///
/// Alerts of one conversation are made one after the other, since each changes the inbox row.
pub(super) async fn after_silence(
    context: &Context<
        '_,
        impl Inboxes + Devices + Users + Groups + MessageLog + Sessions,
        impl Push,
        impl PushQueue,
    >,
    user: &str,
    renewed_at_ms: u64,
) -> Result<(), TaskFailure> {
    let (user, renewed_at) = (user_id(user)?, Timestamp::from_ms(renewed_at_ms));
    let sessions = context.store.sessions(&[user]).await?;
    // Only a renewal changes the time of the last renewal, whichever clock wrote it.
    if sessions.iter().all(|session| session.presence.lease.renewed_at != renewed_at)
        || context.store.devices(user).await?.iter().all(|device| device.push.is_none())
    {
        return Ok(());
    }
    let Missed { mut conversations, mut failure } = missed(context, user, renewed_at).await?;
    let is_all = keep_first(&mut conversations, ALERTS_MAX);
    let names = names(context, &conversations).await?;
    let names = &names;
    let alert = |missed: MissedOf| {
        Box::pin(async move {
            let name = missed.conversation.group().and_then(|group| names.get(&group));
            for message in missed.messages {
                let message = MessageRef::of(missed.conversation, &message, name.map(String::as_str));
                let subject = message.read()?;
                alert_one(context, &message, &subject, worded(context, &subject), user, renewed_at).await?;
            }
            Ok(())
        })
    };
    // The first alert is made alone, since it counts all conversations for the alerts that follow.
    if let Some(first) = conversations.first_mut() {
        let oldest = MissedOf { messages: vec![first.messages.remove(0)], ..*first };
        failure = alert(oldest).await.err().or(failure);
    }
    let mut results = stream::iter(conversations).map(alert).buffer_unordered(STORE_CALLS_MAX);
    while let Some(result) = results.next().await {
        failure = result.err().or(failure);
    }
    // A failure in one conversation delays no other conversation; the record is retried.
    if let Some(failure) = failure {
        return Err(failure);
    }
    if !is_all {
        context.queue.put(&PushTask::silence(user, renewed_at), Duration::ZERO).await?;
    }
    Ok(())
}

/// Messages that a user has missed.
#[derive(Default)]
struct Missed {
    /// Conversations with at least one missed message.
    conversations: Vec<MissedOf>,
    /// The failure of a conversation that could not be read.
    failure: Option<TaskFailure>,
}

/// Messages of one conversation that a user has missed.
struct MissedOf {
    conversation: ConversationId,
    /// Ascending by position.
    messages: Vec<Heading>,
}

/// Keeps the first `messages_max` messages; returns whether these were all.
fn keep_first(conversations: &mut Vec<MissedOf>, messages_max: usize) -> bool {
    let (mut room, mut is_all) = (messages_max, true);
    for MissedOf { messages, .. } in conversations.iter_mut() {
        is_all &= messages.len() <= room;
        messages.truncate(room);
        room -= messages.len();
    }
    conversations.retain(|missed| !missed.messages.is_empty());
    is_all
}

async fn missed(
    context: &Context<'_, impl Inboxes + MessageLog, impl Sync, impl Sync>,
    user: UserId,
    renewed_at: Timestamp,
) -> Result<Missed, StoreError> {
    let rows = Badges::read(context, user).await?.into_rows();
    let rows = rows.into_iter().filter(|row| counts(row, context.now));
    let since = HeartbeatPolicy::missed_since(renewed_at);
    let mut results = stream::iter(rows)
        .map(async |row| missed_of(context, user, row, since).await)
        .buffered(STORE_CALLS_MAX);
    let mut missed = Missed::default();
    while let Some(result) = results.next().await {
        match result {
            Ok(missed_of) if missed_of.messages.is_empty() => {}
            Ok(missed_of) => missed.conversations.push(missed_of),
            Err(error) => missed.failure = Some(error.into()),
        }
    }
    Ok(missed)
}

/// Messages of others that were sent since `since`, and that are neither read nor alerted to.
async fn missed_of(
    context: &Context<'_, impl MessageLog, impl Sync, impl Sync>,
    user: UserId,
    row: InboxRow,
    since: Timestamp,
) -> Result<MissedOf, StoreError> {
    let is_missed = |entry: &Heading| {
        entry.kind == Kind::Text
            && entry.sender != user
            && entry.sent_at >= since
            && !row.alerts.has(entry.seq)
            && !context.retention.hides(entry.sent_at, entry.expires_at, context.now)
    };
    let after = Range::after(row.unread_after());
    let mut rest = after.map(|after| Range { direction: Direction::Down, ..after });
    let (mut messages, mut scanned) = (Vec::new(), 0);
    // A message beyond the window counts as alerted.
    while let Some(range) = rest.filter(|_| scanned < WINDOW) {
        let page = context.store.headings(row.conversation, range, PAGE).await?;
        scanned += page.entries.len() as u64;
        // The times of neighbouring entries may be in another order than their positions.
        let goes_on = page.more && page.entries.iter().any(|entry| entry.sent_at >= since);
        rest = page.entries.last().filter(|_| goes_on).and_then(|oldest| range.beyond(oldest.seq));
        messages.extend(page.entries.into_iter().filter(is_missed));
    }
    messages.reverse();
    Ok(MissedOf { conversation: row.conversation, messages })
}

async fn names(
    context: &Context<'_, impl Groups, impl Sync, impl Sync>,
    missed: &[MissedOf],
) -> Result<BTreeMap<GroupId, String>, StoreError> {
    let groups = missed.iter().filter_map(|missed| missed.conversation.group());
    let groups: Vec<GroupId> = groups.collect();
    let mut names = BTreeMap::new();
    for some in groups.chunks(GROUPS_MAX) {
        names.extend(context.store.groups(some).await?.into_iter().map(|group| (group.id, group.name)));
    }
    Ok(names)
}
