//! Counting the unread messages of a conversation.

use confab_domain::alerts::Count;
use confab_domain::retention::Retention;
use confab_domain::{ConversationId, Heading, Kind, Seq, Timestamp, UserId};

use crate::ports::{Direction, InboxRow, MessageLog, Range, StoreError};

/// Messages in one page while unread ones are counted.
const COUNT_PAGE: u32 = 500;

/// Pages that are counted; entries before them are not read.
///
/// A page is at most 1 MB of the store, so this bounds what a user who writes a lot can make a read of the chat list
/// cost.
const COUNT_PAGES_MAX: u32 = 2;

/// Counts the messages of other users after the read mark, from the newest backwards; changes of a group do not
/// count. `None` where no entry follows the read mark.
///
/// Positions beyond the scanned pages count as unread, unless no scanned entry is unread. Positions before the oldest
/// remaining entry do not count.
///
/// # Errors
///
/// [`StoreError`].
pub(crate) async fn count_unread(
    log: &impl MessageLog,
    user: UserId,
    row: &InboxRow,
    retention: Retention,
    now: Timestamp,
) -> Result<Option<Count>, StoreError> {
    let is_unread = |entry: &&Heading| {
        entry.kind == Kind::Text
            && entry.sender != user
            && !retention.hides(entry.sent_at, entry.expires_at, now)
    };
    let after = Range::after(row.unread_after());
    let (mut rest, mut unread) = (after.map(|after| Range { direction: Direction::Down, ..after }), 0);
    let mut through = None;
    for _ in 0..COUNT_PAGES_MAX {
        let Some(range) = rest else { break };
        let page = log.headings(row.conversation, range, COUNT_PAGE).await?;
        through = through.or(page.entries.first().map(|newest| newest.seq));
        unread += page.entries.iter().filter(is_unread).count() as u64;
        rest = page.entries.last().filter(|_| page.more).and_then(|last| range.beyond(last.seq));
    }
    if let Some(rest) = rest.filter(|_| unread > 0) {
        unread += positions_left(log, row.conversation, rest).await?;
    }
    Ok(through.map(|through| Count { from: row.unread_after(), through, unread, at: now }))
}

/// Cost of the entries that were read for a count. Unit: as of [`Costed`](crate::Costed).
pub(crate) fn scanned(count: &Count) -> usize {
    let positions = count.through.get() - count.from.map_or(0, Seq::get).min(count.through.get());
    let entries = positions.min(u64::from(COUNT_PAGE * COUNT_PAGES_MAX));
    usize::try_from(entries.div_ceil(4)).unwrap_or(usize::MAX)
}

/// Number of positions of a range from its oldest entry on: earlier entries have expired, or were never written.
async fn positions_left(
    log: &impl MessageLog,
    conversation: ConversationId,
    range: Range,
) -> Result<u64, StoreError> {
    let page = log.headings(conversation, Range { direction: Direction::Up, ..range }, 1).await?;
    Ok(page.entries.first().map_or(0, |oldest| range.to.get() - oldest.seq.get() + 1))
}

/// Returns the last position of a log; `None` where no message is left.
///
/// # Errors
///
/// [`StoreError`].
pub(crate) async fn last_seq(
    log: &impl MessageLog,
    conversation: ConversationId,
) -> Result<Option<Seq>, StoreError> {
    let page = log.headings(conversation, Range::from_newest(), 1).await?;
    Ok(page.entries.first().map(|newest| newest.seq))
}

/// The count of a user who has read everything; `None` where there was nothing to read.
pub(crate) fn nothing_unread(row: &InboxRow, now: Timestamp) -> Option<Count> {
    row.unread_after().map(|through| Count { from: Some(through), through, unread: 0, at: now })
}
