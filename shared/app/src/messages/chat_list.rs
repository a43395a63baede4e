//! The chat list, and a conversation's settings for one user.

use std::collections::BTreeMap;
use std::time::Duration;

use confab_domain::alerts::Count;
use confab_domain::membership::peer_of;
use confab_domain::retention::Retention;
use confab_domain::{Alerts, ConversationId, GroupId, Refusal, Seq, Timestamp, UserId};
use confab_protocol::{http, limits};
use futures_util::future::try_join;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::messages::inbox_page::inbox_page;
use crate::messages::membership::{Member, membership_of};
use crate::messages::unread::{self, count_unread, nothing_unread};
use crate::ports::{Consistency, Groups, Identity, InboxRow, Inboxes, MessageLog, PushQueue, Users};
use crate::push::PushTask;
use crate::{Costed, Error, chain, wire};

/// Returns a page of the user's conversations.
///
/// # Errors
///
/// [`Error::Store`].
pub async fn chat_list(
    store: &(impl Inboxes + Groups + MessageLog + Users),
    user: UserId,
    cursor: Option<ConversationId>,
    retention: Retention,
    now: Timestamp,
) -> Result<Costed<http::ChatList>, Error> {
    let page = inbox_page(store, user, cursor, limits::CHAT_LIST_PAGE).await?;
    let listed = page.rows.len();
    let rows: Vec<InboxRow> = page.rows.into_iter().filter(|row| row.joined.since().is_some()).collect();
    let scanned: Vec<(InboxRow, http::Conversation, Option<Count>)> = stream::iter(rows)
        .map(|row| async move {
            let (scanned, count) = conversation(store, user, &row, retention, now).await?;
            Ok::<_, Error>((row, scanned, count))
        })
        .buffered(STORE_CALLS_MAX)
        .try_collect()
        .await?;
    let rows = scanned.iter().map(|(row, ..)| row);
    let (names, peers) = try_join(group_names(store, user, rows.clone()), peers(store, user, rows)).await?;
    // Each conversation costs its row, the end of its log, and the group or profile that names it.
    let counted = scanned.iter().filter_map(|(.., count)| count.as_ref()).map(unread::scanned);
    let rows = listed + 2 * scanned.len() + counted.sum::<usize>();
    let shown =
        scanned.into_iter().filter_map(|(row, scanned, _)| shown(&row, scanned, user, (&names, &peers)));
    let next = page.next.map(|next| next.to_string());
    Ok(Costed::new(rows, http::ChatList { conversations: shown.collect(), next }))
}

/// Changes one user's settings of a conversation, and returns the conversation with the new settings.
///
/// A former member of a group may allow others to add them again; all other settings are for members.
///
/// A mute clears the conversation's alerts on the user's other phones, best effort.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider or an invalid setting; [`Error::Store`].
pub async fn change_conversation(
    store: &(impl Inboxes + Groups + MessageLog + Users),
    push: &impl PushQueue,
    caller: Identity,
    id: ConversationId,
    patch: http::ConversationPatch,
    retention: Retention,
    now: Timestamp,
) -> Result<Costed<http::Conversation>, Error> {
    let user = caller.user;
    let allows_adds = match (patch.accept_adds, id) {
        (None, _) => false,
        (Some(true), ConversationId::Group(_)) => true,
        (Some(_), _) => return Err(Refusal::field("accept_adds", "can only be true, of a group").into()),
    };
    if patch.muted_until_ms.flatten().is_some_and(|until| until > Timestamp::MAX_MS) {
        return Err(Refusal::field("muted_until_ms", format!("at most {}", Timestamp::MAX_MS)).into());
    }
    let Member { joined, read_seq } = membership_of(store, id, user).await?;
    if joined.since().is_none() {
        // All refusals precede the first write.
        let only_allows_adds = allows_adds && patch.muted_until_ms.is_none();
        if !only_allows_adds || !store.accept_adds(user, id).await? {
            return Err(Refusal::NotAMember.into());
        }
        let last = joined.past().last().map(|(_, last)| *last);
        return Ok(Costed::free(left(id, last, read_seq)));
    }
    // A member allows additions by being a member: only a user who leaves by themselves refuses them.
    if let Some(until) = patch.muted_until_ms {
        let until = until.map(Timestamp::from_ms).filter(|until| *until > now);
        if !store.mute(user, id, until).await? {
            return Err(Refusal::NotFound("conversation").into());
        }
    }
    let row = store.get(user, id, Consistency::Strong).await?.ok_or(Refusal::NotFound("conversation"))?;
    let (scanned, count) = conversation(store, user, &row, retention, now).await?;
    let rows = count.as_ref().map_or(0, unread::scanned);
    if patch.muted_until_ms.is_some() && row.muted_until.is_none() {
        // The badge counted nothing of the conversation while it was muted.
        let count = count.or_else(|| nothing_unread(&row, now));
        let counted = Alerts { count, writer: row.alerts.writer.wrapping_add(1), ..row.alerts };
        store.replace_alerts(user, &row, &counted).await?;
    } else if patch.muted_until_ms.is_some()
        && let Err(error) =
            push.put(&PushTask::clear_all(&[user], id, Some(caller.device)), Duration::ZERO).await
    {
        tracing::warn!(event = "clear_failed", error = chain(&error));
    }
    let one = [&row].into_iter();
    let (names, peers) = try_join(group_names(store, user, one.clone()), peers(store, user, one)).await?;
    let shown = shown(&row, scanned, user, (&names, &peers)).ok_or(Refusal::NotAMember)?;
    Ok(Costed::new(rows, shown))
}

/// A group as a former member sees it, up to the end of their membership. Their read mark stays where it was, also if
/// they join again.
fn left(id: ConversationId, last: Option<Seq>, read: Option<Seq>) -> http::Conversation {
    http::Conversation {
        conversation: id.to_string(),
        kind: wire::conversation_kind(id).to_owned(),
        name: None,
        peer: None,
        last_seq: wire::seq_or_zero(last),
        read_seq: wire::seq_or_zero(read),
        unread_count: 0,
        last_message: None,
        muted_until_ms: None,
    }
}

/// Names of the groups among `rows` that exist, and in which the user's membership is that of the row.
///
/// Read after the logs: a newest message may be from a time when the user had left already. A row may also belong to
/// a group that was never created.
async fn group_names(
    groups: &impl Groups,
    user: UserId,
    rows: impl Iterator<Item = &InboxRow>,
) -> Result<BTreeMap<GroupId, String>, Error> {
    let rows: BTreeMap<GroupId, Option<Seq>> =
        rows.filter_map(|row| Some((row.conversation.group()?, row.joined.since()))).collect();
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<GroupId> = rows.keys().copied().collect();
    let groups = groups.groups(&ids).await?.into_iter();
    let present =
        groups.filter(|group| rows.get(&group.id).is_some_and(|since| group.has_membership(user, *since)));
    Ok(present.map(|group| (group.id, group.name)).collect())
}

/// Public profiles of the peers in the 1:1 conversations among `rows`, perhaps a moment old.
async fn peers(
    users: &impl Users,
    user: UserId,
    rows: impl Iterator<Item = &InboxRow>,
) -> Result<BTreeMap<UserId, http::Profile>, Error> {
    let peers: Vec<UserId> = rows.filter_map(|row| peer(row, user)).collect();
    let profiles = users.profiles(&peers).await?;
    Ok(profiles.iter().map(|profile| (profile.user, wire::profile(profile))).collect())
}

fn peer(row: &InboxRow, user: UserId) -> Option<UserId> {
    match row.conversation {
        ConversationId::Dm { lower, upper } => peer_of((lower, upper), user).ok(),
        ConversationId::Group(_) => None,
    }
}

/// A conversation with its name or its peer; `None` for a group that the user is not in.
fn shown(
    row: &InboxRow,
    conversation: http::Conversation,
    user: UserId,
    (names, peers): (&BTreeMap<GroupId, String>, &BTreeMap<UserId, http::Profile>),
) -> Option<http::Conversation> {
    match row.conversation {
        ConversationId::Dm { .. } => {
            let peer = peer(row, user).and_then(|peer| peers.get(&peer)).cloned();
            Some(http::Conversation { peer, ..conversation })
        }
        ConversationId::Group(group) => {
            names.get(&group).map(|name| http::Conversation { name: Some(name.clone()), ..conversation })
        }
    }
}

async fn conversation(
    log: &impl MessageLog,
    user: UserId,
    row: &InboxRow,
    retention: Retention,
    now: Timestamp,
) -> Result<(http::Conversation, Option<Count>), Error> {
    let tail = log.tail(row.conversation, 1).await?;
    let count =
        if tail.last() > row.read_seq { count_unread(log, user, row, retention, now).await? } else { None };
    let newest =
        tail.newest.first().filter(|newest| !retention.hides(newest.sent_at, newest.expires_at, now));
    let conversation = http::Conversation {
        conversation: row.conversation.to_string(),
        kind: wire::conversation_kind(row.conversation).to_owned(),
        name: None,
        peer: None,
        last_seq: wire::seq_or_zero(row.end_of(tail.last())),
        read_seq: wire::seq_or_zero(row.read_seq),
        unread_count: count.map_or(0, |count| count.unread),
        last_message: newest.map(wire::event_message),
        muted_until_ms: wire::optional_ms(row.muted_until.filter(|until| *until > now)),
    };
    Ok((conversation, count))
}
