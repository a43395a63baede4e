//! What somebody has missed who fell silent: messages that the gateway took for a socket that was dead already.
//!
//! A post that is taken proves nothing before the next heartbeat. So when a lease ends for which there is still a
//! connection on record, whoever looks at it puts one task into the queue; it costs nothing while people are heard from.

use std::collections::BTreeMap;

use confab_domain::alerts::WINDOW;
use confab_domain::lease::SLACK_MAX;
use confab_domain::{GroupId, Kind, Message, Timestamp, UserId};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::badge::{Badges, counts};
use super::task::{Absent, PushTask, user_id};
use super::{Context, Duration};
use crate::TaskError;
use crate::at_once::STORE_CALLS_MAX;
use crate::ports::{
    Devices, Direction, Groups, InboxRow, Inboxes, MessageLog, PushQueue, Range, Sessions, StoreError,
};

/// Entries of a conversation that are read at once: mostly more than are sent in one silence.
const PAGE: u32 = 16;

/// Groups whose names are read at once.
const GROUPS_MAX: usize = 100;

/// Queues an alert for each message that was sent since the user was last heard from.
pub(super) async fn after_silence(
    context: &Context<
        '_,
        impl Inboxes + Devices + Groups + MessageLog + Sessions + Sync,
        impl Sync,
        impl PushQueue + Sync,
    >,
    user: &str,
    heard_at_ms: u64,
) -> Result<(), TaskError> {
    let (user, heard_at) = (user_id(user)?, Timestamp::from_ms(heard_at_ms));
    let sessions = context.store.sessions(&[user]).await?;
    // Nothing but being heard from changes it, by whatever clock.
    if sessions.iter().all(|session| session.presence.lease.heard_at != heard_at)
        || context.store.devices(user).await?.iter().all(|device| device.push.is_none())
    {
        return Ok(());
    }
    let missed = missed(context, user, heard_at).await?;
    let names = names(context, &missed).await?;
    stream::iter(missed)
        .map(Ok)
        .try_for_each_concurrent(STORE_CALLS_MAX, |message| {
            let name = message.conversation.group().and_then(|group| names.get(&group));
            let absent = Absent { user: user.to_string(), heard_at_ms };
            let task = PushTask::alert(&message, name.map(String::as_str), vec![absent], true);
            async move { context.queue.put(&task, Duration::ZERO).await }
        })
        .await?;
    Ok(())
}

async fn missed(
    context: &Context<'_, impl Inboxes + MessageLog + Sync, impl Sync, impl Sync>,
    user: UserId,
    heard_at: Timestamp,
) -> Result<Vec<Message>, StoreError> {
    let rows = Badges::read(context, user).await?.into_rows();
    let rows = rows.into_iter().filter(|row| counts(row, context.now));
    // A row says when somebody was heard from give or take that much.
    let since = heard_at.minus(SLACK_MAX);
    let missed: Vec<Vec<Message>> = stream::iter(rows)
        .map(async |row| missed_of(context, user, row, since).await)
        .buffer_unordered(STORE_CALLS_MAX)
        .try_collect()
        .await?;
    Ok(missed.into_iter().flatten().collect())
}

/// What of a conversation was sent since then, and is neither read nor alerted to.
async fn missed_of(
    context: &Context<'_, impl MessageLog + Sync, impl Sync, impl Sync>,
    user: UserId,
    row: InboxRow,
    since: Timestamp,
) -> Result<Vec<Message>, StoreError> {
    let is_missed = |entry: &Message| {
        entry.kind == Kind::Text
            && entry.sender != user
            && entry.sent_at >= since
            && !row.alerts.has(entry.seq)
            && !context.retention.has_expired(entry.sent_at, context.now)
    };
    let after = Range::after(row.unread_after());
    let mut rest = after.map(|after| Range { direction: Direction::Down, ..after });
    let (mut missed, mut looked_at) = (Vec::new(), 0);
    // No alert goes further back than the window.
    while let Some(range) = rest.filter(|_| looked_at < WINDOW) {
        let page = context.store.page(row.conversation, range, PAGE).await?;
        looked_at += page.entries.len() as u64;
        let oldest = page.entries.last().filter(|oldest| page.more && oldest.sent_at >= since);
        rest = oldest.and_then(|oldest| range.beyond(oldest.seq));
        missed.extend(page.entries.into_iter().filter(is_missed));
    }
    Ok(missed)
}

async fn names(
    context: &Context<'_, impl Groups + Sync, impl Sync, impl Sync>,
    messages: &[Message],
) -> Result<BTreeMap<GroupId, String>, StoreError> {
    let mut groups: Vec<GroupId> =
        messages.iter().filter_map(|message| message.conversation.group()).collect();
    groups.sort_unstable();
    groups.dedup();
    let mut names = BTreeMap::new();
    for some in groups.chunks(GROUPS_MAX) {
        names.extend(context.store.groups(some).await?.into_iter().map(|group| (group.id, group.name)));
    }
    Ok(names)
}
