//! What somebody has missed who fell silent: messages that the gateway took for a socket that was dead already.
//!
//! A post that is taken proves nothing before the next heartbeat. So when a lease ends for which there is still a
//! connection on record, whoever looks at it puts one task into the queue; it costs nothing while people are heard from.

use std::collections::BTreeMap;

use confab_domain::alerts::WINDOW;
use confab_domain::lease::SLACK_MAX;
use confab_domain::{GroupId, Kind, Message, Timestamp, UserId};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Context;
use super::alert::alert_one;
use super::badge::{Badges, counts};
use super::task::{MessageRef, user_id};
use super::words::worded;
use crate::TaskError;
use crate::at_once::STORE_CALLS_MAX;
use crate::ports::{
    Devices, Direction, Groups, InboxRow, Inboxes, MessageLog, Push, PushQueue, Range, Sessions, StoreError,
    Users,
};

/// Entries of a conversation that are read at once: mostly more than are sent in one silence.
const PAGE: u32 = 16;

/// Groups whose names are read at once.
const GROUPS_MAX: usize = 100;

/// Alerts a user to each message that was sent since they were last heard from.
///
/// Those of one conversation one after the other, since each changes its row.
pub(super) async fn after_silence(
    context: &Context<
        '_,
        impl Inboxes + Devices + Users + Groups + MessageLog + Sessions + Sync,
        impl Push + Sync,
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
    let names = &names;
    let mut results = stream::iter(missed)
        .map(|messages| {
            Box::pin(async move {
                for message in messages {
                    let name = message.conversation.group().and_then(|group| names.get(&group));
                    let message = MessageRef::of(&message, name.map(String::as_str));
                    let subject = message.read()?;
                    let alert = worded(context, &subject);
                    alert_one(context, &message, &subject, alert, user, heard_at).await?;
                }
                Ok(())
            })
        })
        .buffer_unordered(STORE_CALLS_MAX);
    // What failed in one conversation keeps nothing back in another.
    let mut failure = None;
    while let Some(result) = results.next().await {
        failure = result.err().or(failure);
    }
    failure.map_or(Ok(()), Err)
}

/// By conversation, ascending.
async fn missed(
    context: &Context<'_, impl Inboxes + MessageLog + Sync, impl Sync, impl Sync>,
    user: UserId,
    heard_at: Timestamp,
) -> Result<Vec<Vec<Message>>, StoreError> {
    let rows = Badges::read(context, user).await?.into_rows();
    let rows = rows.into_iter().filter(|row| counts(row, context.now));
    // A row says when somebody was heard from give or take that much.
    let since = heard_at.minus(SLACK_MAX);
    stream::iter(rows)
        .map(async |row| missed_of(context, user, row, since).await)
        .buffer_unordered(STORE_CALLS_MAX)
        .try_filter(|missed| std::future::ready(!missed.is_empty()))
        .try_collect()
        .await
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
    missed.reverse();
    Ok(missed)
}

async fn names(
    context: &Context<'_, impl Groups + Sync, impl Sync, impl Sync>,
    missed: &[Vec<Message>],
) -> Result<BTreeMap<GroupId, String>, StoreError> {
    let groups = missed.iter().filter_map(|messages| messages.first()?.conversation.group());
    let groups: Vec<GroupId> = groups.collect();
    let mut names = BTreeMap::new();
    for some in groups.chunks(GROUPS_MAX) {
        names.extend(context.store.groups(some).await?.into_iter().map(|group| (group.id, group.name)));
    }
    Ok(names)
}
