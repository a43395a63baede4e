//! Skipping entries that are stored and no longer shown.
//!
//! Where a retention is set after a log has grown, the entries written before stay stored without expiring, and are
//! hidden for ever. They are the beginning of the log, but for the disorder that clocks and slow sends cause.

use confab_domain::retention::Retention;
use confab_domain::{ConversationId, Seq, Timestamp};

use crate::ports::{Direction, MessageLog, Range, StoreError};

/// Pages of only hidden entries that one request reads, not counting the entries that it skips. The entries of these
/// pages have expired and wait for their removal.
///
/// DynamoDB removes expired items within days; so many pages hold what many users write in an hour.
pub(crate) const PAGES_MAX: u32 = 32;

/// Entries in a page of which none is expected to be shown.
pub(crate) const SCAN_PAGE: u32 = 200;

/// Distance at which the search for the border stops: a page covers the positions in between.
const NEAR: u64 = 50;

/// Steps that find the border between any two positions.
const STEPS_MAX: u32 = 54;

/// Removes from an ascending range the entries at its beginning that today's setting hides, but for a few; `None`
/// where it hides the whole range.
///
/// A binary search, so that it costs about 20 reads of one entry, however many entries are hidden.
///
/// # Errors
///
/// [`StoreError`].
pub(crate) async fn skip_hidden(
    log: &impl MessageLog,
    conversation: ConversationId,
    range: Range,
    retention: Retention,
    now: Timestamp,
) -> Result<Option<Range>, StoreError> {
    let first_of = async |range: Range| {
        let page = log.headings(conversation, range, 1).await?;
        Ok::<_, StoreError>(page.entries.first().map(|entry| {
            let is_past = retention.hides_all_through(entry.sent_at, now);
            (entry.seq, is_past)
        }))
    };
    let mut hidden_through = match first_of(range).await? {
        None => return Ok(None),
        Some((_, false)) => return Ok(Some(range)),
        Some((seq, true)) => seq,
    };
    let mut shown_from = match first_of(Range { direction: Direction::Down, ..range }).await? {
        None | Some((_, true)) => return Ok(None),
        Some((seq, false)) => seq,
    };
    for _ in 0..STEPS_MAX {
        let between = shown_from.get().saturating_sub(hidden_through.get());
        let Some(middle) = Seq::new(hidden_through.get() + between / 2).filter(|_| between > NEAR) else {
            break;
        };
        match first_of(Range { from: middle, ..range }).await? {
            Some((seq, true)) => hidden_through = seq,
            Some((_, false)) | None => shown_from = middle,
        }
    }
    Ok(Some(Range { from: hidden_through, ..range }))
}
