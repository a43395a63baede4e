//! Answers to `presence` requests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confab_domain::{ConversationId, GroupId, Status, UserId};
use confab_protocol::server::UserPresence;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{ATTEMPTS_MAX, Context, Errand, PresenceTask, observe_each, user_presence};
use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::messages::inbox_page::inbox_page;
use crate::ports::{Connections, Consistency, Contacts, Groups, Inboxes, PresenceQueue, Session, Sessions};
use crate::{Costed, Error};

/// Inbox rows in one page, and groups in one read, of the search for groups that two users share.
const GROUPS_CONCURRENT_MAX: u32 = 100;

/// Pages of inbox rows that this search reads: enough for as many memberships as a user may have.
const GROUPS_PAGES_MAX: u32 = 20;

/// Inbox rows of co-members that are read to find who has written in a group. Co-members beyond them are left out.
const CO_MEMBER_ROWS_MAX: usize = 1_000;

/// Returns the presence of up to 100 users, in the order of the request, each once.
///
/// For the asker and friends, all fields are returned; for co-members who have written in a shared group, the status
/// alone. Other users, and users with a block between them and the asker, are left out.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Contended`].
pub async fn get_presence(
    context: &Context<'_, impl Sessions + Contacts + Inboxes + Groups, impl PresenceQueue>,
    connections: &impl Connections,
    asker: UserId,
    users: &[UserId],
) -> Result<Costed<Vec<UserPresence>>, Error> {
    let mut seen = BTreeSet::new();
    let users: Vec<UserId> = users.iter().copied().filter(|user| seen.insert(*user)).collect();
    let Visible { known, co_members, rows } = visible_to(context, asker, &users).await?;
    let visible: Vec<UserId> = known.union(&co_members).copied().collect();
    let sessions = context.store.sessions(&visible).await?;
    let sessions = settled(context, connections, asker, sessions).await?;
    let by_user: BTreeMap<UserId, &Session> = sessions.iter().map(|row| (row.user, row)).collect();
    let presence_of = |user: &UserId| match by_user.get(user) {
        Some(session) => user_presence(session, context.status(session), context.now),
        None => never_seen(*user),
    };
    let shown_of = |user: &UserId| {
        if known.contains(user) {
            return Some(presence_of(user));
        }
        let status_alone = |presence| UserPresence { idle: false, last_active_at_ms: None, ..presence };
        co_members.contains(user).then(|| status_alone(presence_of(user)))
    };
    Ok(Costed::new(rows + visible.len(), users.iter().filter_map(shown_of).collect()))
}

/// Makes session rows agree with the statuses that `asker` is about to be answered, and returns the rows.
///
/// Where friends see a user online whose lease has run out, the watch ends, and a lease check notifies the friends.
/// Where an online user has no watch, one begins; if that user goes offline before friends were notified of `online`,
/// the asker is notified of `offline` all the same. An online user who is marked as alone is so no longer, and is
/// probed if the user's clients send heartbeats rarely. A user whose row was removed meanwhile is left out.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Contended`].
pub(crate) async fn settled(
    context: &Context<'_, impl Sessions, impl PresenceQueue>,
    connections: &impl Connections,
    asker: UserId,
    sessions: Vec<Session>,
) -> Result<Vec<Session>, Error> {
    let is_alone = |session: &&Session| {
        context.status(session) == Status::Online && session.presence.lease.alone_since.is_some()
    };
    let alone: Vec<Session> = sessions.iter().filter(is_alone).cloned().collect();
    observe_each(context, connections, alone).await?;
    stream::iter(sessions)
        .map(|session| settle(context, asker, session))
        .buffer_unordered(STORE_CALLS_MAX)
        .try_filter_map(|session| std::future::ready(Ok(session)))
        .try_collect()
        .await
}

async fn settle(
    context: &Context<'_, impl Sessions, impl PresenceQueue>,
    asker: UserId,
    mut session: Session,
) -> Result<Option<Session>, Error> {
    let user = session.user;
    let mut attempts = context.attempts(ATTEMPTS_MAX);
    while attempts.next().await {
        let (seen, number) = (session.presence, context.number(Errand::Settle, attempts.number()));
        match (context.status(&session), seen.friends_see_online()) {
            (Status::Online, true) | (Status::Offline, false) => return Ok(Some(session)),
            (Status::Online, false) => {
                let task = PresenceTask::begin_shown(user, number, asker, &seen);
                context.queue.put(&task, Duration::ZERO).await?;
                return Ok(Some(session));
            }
            (Status::Offline, true) => {
                // Queued by each attempt: a check that came while the row said something else was dropped.
                let task = PresenceTask::check_once(user, number);
                context.queue.put(&task, Duration::ZERO).await?;
                let ended = seen.ended(number);
                if context.store.replace_presence(user, &seen, &ended).await? {
                    session.presence = ended;
                    return Ok(Some(session));
                }
            }
        }
        match context.store.session(user, Consistency::Strong).await? {
            Some(now) => session = now,
            None => return Ok(None),
        }
    }
    Err(Error::Contended)
}

/// The users whose presence the asker may see.
struct Visible {
    /// The asker and friends: all fields.
    known: BTreeSet<UserId>,
    /// Co-members who have written in a shared group: the status alone.
    co_members: BTreeSet<UserId>,
    /// Rows that were read to find these users.
    rows: usize,
}

async fn visible_to(
    context: &Context<'_, impl Contacts + Inboxes + Groups, impl Sync>,
    asker: UserId,
    users: &[UserId],
) -> Result<Visible, Error> {
    let others: Vec<UserId> = users.iter().copied().filter(|user| *user != asker).collect();
    let mut known: BTreeSet<UserId> = users.iter().copied().filter(|user| *user == asker).collect();
    let mut unknown: BTreeSet<UserId> = others.iter().copied().collect();
    for contact in context.store.relations(asker, &others).await? {
        if contact.relation.is_cut() || contact.relation.are_friends() {
            unknown.remove(&contact.other);
        }
        if contact.relation.shows_presence() {
            known.insert(contact.other);
        }
    }
    let (co_members, rows) = co_members_who_wrote(context, asker, unknown).await?;
    Ok(Visible { known, co_members, rows: rows + others.len() })
}

/// Returns the users of `wanted` who have written in a group that they share with the asker, and the count of rows
/// read.
async fn co_members_who_wrote(
    context: &Context<'_, impl Inboxes + Groups, impl Sync>,
    asker: UserId,
    mut wanted: BTreeSet<UserId>,
) -> Result<(BTreeSet<UserId>, usize), Error> {
    let (mut found, mut after) = (BTreeSet::new(), Some(ConversationId::BEFORE_GROUPS));
    let (mut rows_left, mut rows) = (CO_MEMBER_ROWS_MAX, 0);
    for _ in 0..GROUPS_PAGES_MAX {
        if wanted.is_empty() || rows_left == 0 {
            break;
        }
        let page = inbox_page(context.store, asker, after, GROUPS_CONCURRENT_MAX).await?;
        let groups: Vec<GroupId> = page
            .rows
            .iter()
            .filter(|row| row.joined.since().is_some())
            .filter_map(|row| row.conversation.group())
            .collect();
        rows += page.rows.len() + groups.len();
        let groups = if groups.is_empty() { Vec::new() } else { context.store.groups(&groups).await? };
        for group in groups.iter().filter(|group| group.role_of(asker).is_ok()) {
            let co_members: Vec<UserId> = group
                .members
                .keys()
                .filter(|member| wanted.contains(member))
                .take(rows_left)
                .copied()
                .collect();
            rows_left -= co_members.len();
            for writer in writers_among(context, group.id, co_members).await? {
                wanted.remove(&writer);
                found.insert(writer);
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok((found, rows + CO_MEMBER_ROWS_MAX - rows_left))
}

/// Returns the users among `members` who have written in a group. Eventually consistent.
async fn writers_among(
    context: &Context<'_, impl Inboxes, impl Sync>,
    group: GroupId,
    members: Vec<UserId>,
) -> Result<Vec<UserId>, Error> {
    let rows = stream::iter(members).map(|member| async move {
        let row = context.store.get(member, ConversationId::Group(group), Consistency::Eventual).await?;
        let has_written = row.is_some_and(|row| row.joined.since().is_some() && row.has_written);
        Ok::<_, Error>(has_written.then_some(member))
    });
    rows.buffer_unordered(STORE_CALLS_MAX)
        .try_filter_map(|writer| std::future::ready(Ok(writer)))
        .try_collect()
        .await
}

pub(super) fn never_seen(user: UserId) -> UserPresence {
    UserPresence {
        user: user.to_string(),
        status: Status::Offline.as_str().to_owned(),
        idle: false,
        last_active_at_ms: Some(0),
    }
}
