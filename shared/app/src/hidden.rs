//! Passing over what is stored and shown to nobody any more.
//!
//! Where a retention is set after a log has grown, what was written before stays stored without an end of its life, and
//! is hidden for ever. It is the beginning of the log, give or take what clocks and slow sends make of the order.

use confab_domain::retention::Retention;
use confab_domain::{ConversationId, Seq, Timestamp};

use crate::ports::{Direction, MessageLog, Range, StoreError};

/// Pages of hidden messages alone that one request reads, beyond what is passed over: of those that wait to be removed.
///
/// DynamoDB removes what has expired within days; this is what many people write in an hour.
pub(crate) const PAGES_MAX: u32 = 32;

/// Messages in a page of which none is expected to be shown.
pub(crate) const SCAN_PAGE: u32 = 200;

/// Positions in which the border is not looked for more closely: they are read in a page.
const NEAR: u64 = 50;

/// Looks that find the border between any two positions.
const LOOKS_MAX: u32 = 54;

/// An ascending range without what lies at its beginning and is hidden by today's setting, or nearly; `None` where all
/// that is in it is hidden.
///
/// A search by halves, so that it costs some 20 reads of one entry, whatever lies there.
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
    for _ in 0..LOOKS_MAX {
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
