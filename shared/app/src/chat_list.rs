//! The chat list, and a conversation's settings for one user.

use confab_domain::retention::Retention;
use confab_domain::{ConversationId, Message, Refusal, Timestamp, UserId, membership};
use confab_protocol::{http, limits};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::ports::{Direction, InboxRow, Inboxes, MessageLog, Range};
use crate::{Error, wire};

/// Conversations that are looked at at once.
const LOOKS_IN_FLIGHT_MAX: usize = 16;

/// Messages in one page while unread ones are counted.
const COUNT_PAGE: u32 = 500;

/// Pages that are counted; what lies before them is not looked at.
///
/// A page is at most 1 MB of the store, so this bounds what somebody who writes a
/// lot can make a look at the chat list cost.
const COUNT_PAGES_MAX: u32 = 2;

/// A page of the user's conversations.
///
/// # Errors
///
/// [`Error::Store`].
pub async fn chat_list(
    store: &(impl Inboxes + MessageLog + Sync),
    user: UserId,
    cursor: Option<ConversationId>,
    retention: Retention,
    now: Timestamp,
) -> Result<http::ChatList, Error> {
    let page = store.list(user, cursor, limits::CHAT_LIST_PAGE).await?;
    let conversations = stream::iter(page.rows)
        .map(|row| conversation(store, user, row, retention, now))
        .buffered(LOOKS_IN_FLIGHT_MAX)
        .try_collect()
        .await?;
    Ok(http::ChatList { conversations, next: page.next.map(|next| next.to_string()) })
}

/// Mutes a conversation for one user, or ends that, and gives it as it is then.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider; [`Error::Store`].
pub async fn change_conversation(
    store: &(impl Inboxes + MessageLog + Sync),
    user: UserId,
    id: ConversationId,
    patch: http::ConversationPatch,
    retention: Retention,
    now: Timestamp,
) -> Result<http::Conversation, Error> {
    membership::peer_of(id, user)?;
    if let Some(until) = patch.muted_until_ms {
        if until.is_some_and(|until| until > Timestamp::MAX_MS) {
            return Err(Refusal::field("muted_until_ms", format!("at most {}", Timestamp::MAX_MS)).into());
        }
        let until = until.map(Timestamp::from_ms).filter(|until| *until > now);
        if !store.mute(user, id, until).await? {
            return Err(Refusal::NotFound("conversation").into());
        }
    }
    let row = store.get(user, id).await?.ok_or(Refusal::NotFound("conversation"))?;
    conversation(store, user, row, retention, now).await
}

async fn conversation(
    log: &(impl MessageLog + Sync),
    user: UserId,
    row: InboxRow,
    retention: Retention,
    now: Timestamp,
) -> Result<http::Conversation, Error> {
    let tail = log.tail(row.conversation, 1).await?;
    let unread_count =
        if tail.last() > row.read_seq { count_unread(log, user, &row, retention, now).await? } else { 0 };
    let newest = tail.newest.first().filter(|newest| !retention.has_expired(newest.sent_at, now));
    Ok(http::Conversation {
        conversation: row.conversation.to_string(),
        kind: wire::conversation_kind(row.conversation).to_owned(),
        name: None,
        last_seq: wire::seq_or_zero(tail.last()),
        read_seq: wire::seq_or_zero(row.read_seq),
        unread_count,
        last_message: newest.map(wire::event_message),
        muted_until_ms: wire::optional_ms(row.muted_until.filter(|until| *until > now)),
    })
}

/// Counts messages of others after the read marker, among the newest.
///
/// Those that are not looked at all count, unless all that were are the user's own.
async fn count_unread(
    log: &(impl MessageLog + Sync),
    user: UserId,
    row: &InboxRow,
    retention: Retention,
    now: Timestamp,
) -> Result<u64, Error> {
    let is_unread = |entry: &&Message| entry.sender != user && !retention.has_expired(entry.sent_at, now);
    let after = Range::after(row.read_seq).map(|after| Range { direction: Direction::Down, ..after });
    let (mut rest, mut unread) = (after, 0);
    for _ in 0..COUNT_PAGES_MAX {
        let Some(range) = rest else { return Ok(unread) };
        let page = log.page(row.conversation, range, COUNT_PAGE).await?;
        unread += page.entries.iter().filter(is_unread).count() as u64;
        rest = page.entries.last().filter(|_| page.more).and_then(|last| range.beyond(last.seq));
    }
    let unseen = rest.map_or(0, |rest| rest.to.get() - rest.from.get() + 1);
    Ok(if unread == 0 { 0 } else { unread + unseen })
}
