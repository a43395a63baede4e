//! Reads what a device lacks of each conversation.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Bound;

use confab_domain::memberships::may_still_be_made;
use confab_domain::retention::Retention;
use confab_domain::{ConversationId, GroupId, Message, Seq, Timestamp, UserId};
use confab_protocol as protocol;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::resume::Resume;
use super::{LOG_PAGE, SyncQuery};
use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::messages::hidden::skip_hidden;
use crate::messages::inbox_page::inbox_page;
use crate::messages::unread::last_seq;
use crate::ports::{Consistency, Direction, Groups, InboxRow, Inboxes, MessageLog, Page, Range, StoreError};
use crate::wire;

/// Inbox rows in one page.
const ROWS_PAGE: u32 = 200;

/// Times that a conversation is read whose membership changes meanwhile.
const TRIES_MAX: u32 = 3;

/// The store, and the request whose answer is read from it.
pub(super) struct Reader<'a, S> {
    pub(super) store: &'a S,
    pub(super) user: UserId,
    pub(super) sync: &'a SyncQuery,
    pub(super) retention: Retention,
    pub(super) now: Timestamp,
}

/// What a device lacks of a conversation: the first part, and the ranges of the rest.
pub(super) struct Missing {
    pub(super) row: InboxRow,
    pub(super) last: Option<Seq>,
    pub(super) membership: Membership,
    pub(super) part: Part,
}

/// The user's membership of a conversation of which a device lacks something.
pub(super) enum Membership {
    /// The user is a member; a group's name, where there are new messages.
    Present { name: Option<String> },
    /// The user has left the group, or was removed.
    Left,
    /// The group was deleted, and the user was a member until then.
    Deleted,
}

/// Outcome of reading a conversation.
enum Found {
    /// What the device lacks.
    Missing(Box<Missing>),
    /// The conversation has no message.
    Nothing,
    /// The membership that the row names has ended.
    Out,
}

/// Some messages as events, long texts shortened, and the ranges of the rest.
pub(super) struct Part {
    pub(super) messages: Vec<protocol::Message>,
    /// The last position that was read.
    pub(super) last: Option<Seq>,
    pub(super) rest: VecDeque<Range>,
}

/// Whether the membership that an inbox row names is still present.
pub(super) enum StillMember {
    /// The membership is present; a group's name, where there are new messages.
    In { name: Option<String> },
    /// The membership has ended.
    Out,
}

impl<S: Inboxes + Groups + MessageLog> Reader<'_, S> {
    /// The rows of the conversations to read, ascending: those of present memberships, and those of ended memberships
    /// in conversations that the cursors name.
    pub(super) fn rows(&self) -> impl Stream<Item = Result<InboxRow, StoreError>> + Send + '_ {
        let rows =
            if self.sync.partial { self.named_rows().left_stream() } else { self.all_rows().right_stream() };
        rows.try_filter(|row| {
            std::future::ready(row.joined.since().is_some() || self.names(row.conversation))
        })
    }

    fn names(&self, conversation: ConversationId) -> bool {
        self.sync.cursors.contains_key(&conversation)
    }

    fn all_rows(&self) -> impl Stream<Item = Result<InboxRow, StoreError>> + Send + '_ {
        enum From {
            Start,
            /// At this row, and then after it.
            Within(ConversationId),
            After(ConversationId),
            End,
        }
        let from = match self.sync.after {
            None => From::Start,
            Some(Resume { conversation, within: None }) => From::After(conversation),
            Some(Resume { conversation, within: Some(_) }) => From::Within(conversation),
        };
        stream::try_unfold(from, move |from| async move {
            let after = match from {
                From::Start => None,
                From::Within(conversation) => {
                    let row = self.store.get(self.user, conversation, Consistency::Strong).await?;
                    let rows: Vec<InboxRow> = row.into_iter().collect();
                    return Ok(Some((stream::iter(rows).map(Ok), From::After(conversation))));
                }
                From::After(conversation) => Some(conversation),
                From::End => return Ok(None),
            };
            let page = inbox_page(self.store, self.user, after, ROWS_PAGE).await?;
            let next = page.next.map_or(From::End, From::After);
            let mut rows = page.rows;
            rows.extend(self.named_besides(&rows, after, page.next).await?);
            rows.sort_by_key(|row| row.conversation);
            Ok(Some((stream::iter(rows).map(Ok), next)))
        })
        .try_flatten()
    }

    /// The rows of the groups that the cursors name within the ids of a page of the list, and that the page does not
    /// hold.
    async fn named_besides(
        &self,
        listed: &[InboxRow],
        after: Option<ConversationId>,
        through: Option<ConversationId>,
    ) -> Result<Vec<InboxRow>, StoreError> {
        let range = (
            after.map_or(Bound::Unbounded, Bound::Excluded),
            through.map_or(Bound::Unbounded, Bound::Included),
        );
        let listed: BTreeSet<ConversationId> = listed.iter().map(|row| row.conversation).collect();
        let named = self.sync.cursors.range(range).map(|(conversation, _)| *conversation);
        let missing: Vec<ConversationId> =
            named.filter(|named| named.group().is_some() && !listed.contains(named)).collect();
        stream::iter(missing)
            .map(|conversation| self.store.get(self.user, conversation, Consistency::Strong))
            .buffered(STORE_CALLS_MAX)
            .try_filter_map(|row| std::future::ready(Ok(row)))
            .try_collect()
            .await
    }

    /// The rows of the conversations that the cursors name. Conversations for which the user has no row are left out.
    fn named_rows(&self) -> impl Stream<Item = Result<InboxRow, StoreError>> + Send + '_ {
        stream::iter(self.sync.cursors.keys().copied())
            .filter(|conversation| {
                let is_to_come = self.sync.after.is_none_or(|after| after.is_before(*conversation));
                std::future::ready(match *conversation {
                    ConversationId::Dm { lower, upper } => is_to_come && [lower, upper].contains(&self.user),
                    ConversationId::Group(_) => is_to_come,
                })
            })
            .map(|conversation| self.store.get(self.user, conversation, Consistency::Strong))
            .buffered(STORE_CALLS_MAX)
            .try_filter_map(|row| std::future::ready(Ok(row)))
    }

    /// Reads the first page of what the device lacks; `None` where the log has no message, or where the user is no
    /// member and no cursor names the conversation.
    pub(super) async fn find_missing(&self, mut row: InboxRow) -> Result<Option<Missing>, StoreError> {
        for _ in 0..TRIES_MAX {
            match self.find_missing_once(row.clone()).await? {
                Found::Missing(missing) => return Ok(Some(*missing)),
                Found::Nothing => {
                    self.forget_unless_made(&row).await?;
                    return Ok(None);
                }
                Found::Out => {
                    let Some(again) =
                        self.store.get(self.user, row.conversation, Consistency::Strong).await?
                    else {
                        return Ok(None);
                    };
                    // An unchanged row is of a group that was deleted: its membership is ended in the row later.
                    let is_open = again.joined == row.joined;
                    let joined = if is_open { again.joined.leave(Seq::MAX) } else { again.joined };
                    if joined.since().is_none() && !self.names(row.conversation) {
                        return Ok(None);
                    }
                    row = InboxRow { joined, ..again };
                }
            }
        }
        Err(StoreError::Unavailable("memberships changed meanwhile".into()))
    }

    /// Removes the row of a group that was never created, since the request that was creating the group has died.
    async fn forget_unless_made(&self, row: &InboxRow) -> Result<(), StoreError> {
        let (Some(group), Some(since)) = (row.conversation.group(), row.joined.since()) else {
            return Ok(());
        };
        if !may_still_be_made(group, self.now) && self.store.group(group).await?.is_none() {
            self.store.forget(self.user, row.conversation, since).await?;
        }
        Ok(())
    }

    /// Whether the user, whose membership has ended, has joined again since the row was read.
    pub(super) async fn is_in_again(&self, row: &InboxRow) -> Result<bool, StoreError> {
        let again = self.store.get(self.user, row.conversation, Consistency::Strong).await?;
        Ok(again.is_some_and(|again| again.joined.since().is_some() && again.joined != row.joined))
    }

    async fn find_missing_once(&self, row: InboxRow) -> Result<Found, StoreError> {
        if let Some(group) = row.conversation.group().filter(|_| row.joined.since().is_none()) {
            return self.find_missing_of_ended(row, group).await;
        }
        let cursor = self.sync.cursor(row.conversation);
        // From the cursor on, not after it: with nothing new, the entry at the
        // cursor shows that the cursor is the end, at the price of one read.
        let from = cursor.unwrap_or(Seq::FIRST);
        let whole = Range { from, to: Seq::MAX, direction: Direction::Up };
        let mut parts: VecDeque<Range> = whole.readable(&row.joined).into();
        let Some(range) = parts.pop_front() else { return Ok(Found::Nothing) };
        let mut page = self.store.page(row.conversation, range, LOG_PAGE).await?;
        let last = match page.entries.last() {
            Some(last) if !page.more && parts.is_empty() => Some(last.seq),
            _ => last_seq(self.store, row.conversation).await?,
        };
        if page.entries.is_empty() && last > cursor {
            // Appended between the two reads: the message that `last_seq` names is given too.
            page = self.store.page(row.conversation, range, LOG_PAGE).await?;
        }
        if last.is_none() {
            return Ok(Found::Nothing);
        }
        let part = self.part(page, range, parts, cursor);
        Ok(match self.still_member(&row, &part).await? {
            StillMember::In { name } => Found::Missing(Box::new(Missing {
                row,
                last,
                membership: Membership::Present { name },
                part,
            })),
            StillMember::Out => Found::Out,
        })
    }

    /// Reads what the user may still read of a group that the user is no member of.
    async fn find_missing_of_ended(&self, row: InboxRow, group: GroupId) -> Result<Found, StoreError> {
        let cursor = self.sync.cursor(row.conversation);
        let parts = Range::after(cursor).map(|rest| rest.readable(&row.joined));
        let mut parts: VecDeque<Range> = parts.unwrap_or_default().into();
        let part = match parts.pop_front() {
            Some(range) => {
                let page = self.store.page(row.conversation, range, LOG_PAGE).await?;
                self.part(page, range, parts, cursor)
            }
            None => Part { messages: Vec::new(), last: None, rest: parts },
        };
        let last = self.last_of_ended(&row, &part).await?;
        // Read after the log: the user may have joined again since the row was read.
        let Some(group) = self.store.group(group).await? else { return Ok(Found::Nothing) };
        let membership = match (group.members.contains_key(&self.user), group.deleted) {
            (true, true) => Membership::Deleted,
            (true, false) => return Ok(Found::Out),
            (false, _) => Membership::Left,
        };
        Ok(Found::Missing(Box::new(Missing { row, last, membership, part })))
    }

    /// The last position that the user may read of a group that the user is no member of.
    async fn last_of_ended(&self, row: &InboxRow, part: &Part) -> Result<Option<Seq>, StoreError> {
        let end = row.joined.past().last().map(|(_, last)| *last);
        let is_whole = part.rest.is_empty();
        match part.last.filter(|_| is_whole) {
            Some(last) => Ok(Some(last)),
            // The deletion of the group ended the membership, and the row does not hold the position.
            None if end == Some(Seq::MAX) => last_seq(self.store, row.conversation).await,
            // Entries after the cursor may have expired.
            None if is_whole => Ok(self.sync.cursor(row.conversation).min(end)),
            None => Ok(end),
        }
    }

    /// Whether the user is still a member of a group of which the device lacks something.
    ///
    /// Read after the log: messages in the log may be of a time after the membership had ended.
    pub(super) async fn still_member(&self, row: &InboxRow, part: &Part) -> Result<StillMember, StoreError> {
        let has_news = !part.messages.is_empty() || !part.rest.is_empty();
        let Some(group) = row.conversation.group().filter(|_| has_news) else {
            return Ok(StillMember::In { name: None });
        };
        let group = self.store.group(group).await?;
        let group = group.filter(|group| group.has_membership(self.user, row.joined.since()));
        Ok(group.map_or(StillMember::Out, |group| StillMember::In { name: Some(group.name) }))
    }

    /// See [`skip_hidden`].
    pub(super) async fn skip_hidden(
        &self,
        conversation: ConversationId,
        range: Range,
    ) -> Result<Option<Range>, StoreError> {
        skip_hidden(self.store, conversation, range, self.retention, self.now).await
    }

    /// Makes a part of a page. Turns messages into events here, since pages of the longest texts would fill the memory.
    pub(super) fn part(
        &self,
        page: Page,
        range: Range,
        mut rest: VecDeque<Range>,
        cursor: Option<Seq>,
    ) -> Part {
        let of_range = page.entries.last().filter(|_| page.more).and_then(|last| range.beyond(last.seq));
        of_range.into_iter().for_each(|range| rest.push_front(range));
        let last = page.entries.last().map(|last| last.seq);
        let is_news = |entry: &&Message| {
            Some(entry.seq) > cursor && !self.retention.hides(entry.sent_at, entry.expires_at, self.now)
        };
        Part { messages: page.entries.iter().filter(is_news).map(wire::event_message).collect(), last, rest }
    }
}
