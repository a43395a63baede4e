//! Where a log goes on, and what lies at its end.

use confab_domain::retention::{Floor, Retention};
use confab_domain::{ConversationId, Message, Seq, Timestamp};

use crate::Error;
use crate::ports::{MessageLog, StoreError, Tail};

/// Attempts before an append gives up.
///
/// Each lost race means that some other append won, so with fewer concurrent writers than this in a conversation every
/// one of them makes progress.
pub(crate) const ATTEMPTS_MAX: u32 = 64;

/// Entries that are read with the end of a log.
///
/// Enough that a fresh claim in a conversation of human pace needs no second read, few enough to cost one read unit
/// (4 KB) with messages of usual length.
pub(crate) const TAIL_ENTRIES: u32 = 8;

/// The newest entries, and the floor where it may matter.
pub(crate) async fn end_of_log(
    log: &(impl MessageLog + Sync),
    retention: Retention,
    conversation: ConversationId,
) -> Result<(Tail, Option<Floor>), StoreError> {
    if retention.is_limited() {
        let both = (log.tail(conversation, TAIL_ENTRIES), log.floor(conversation));
        return futures_util::future::try_join(both.0, both.1).await;
    }
    let tail = log.tail(conversation, TAIL_ENTRIES).await?;
    // Messages may have expired before they were kept for ever.
    let floor = if tail.newest.is_empty() { log.floor(conversation).await? } else { None };
    Ok((tail, floor))
}

/// What may be done at the end of a log.
pub(crate) enum Footing {
    /// Append here.
    At(Seq),
    /// The floor was changed by another writer; this is how it is now. Look again.
    Moved(Option<Floor>),
}

/// Finds the position after the newest entry, setting positions aside first where entries expire.
///
/// # Errors
///
/// [`Error::Internal`] at the end of the number space; [`Error::Store`].
pub(crate) async fn footing(
    log: &(impl MessageLog + Sync),
    retention: Retention,
    conversation: ConversationId,
    newest: Option<&Message>,
    floor: &mut Option<Floor>,
    now: Timestamp,
) -> Result<Footing, Error> {
    let footing = retention.footing(newest, *floor, now);
    if let Some(next) = footing.floor {
        if !log.set_floor(conversation, *floor, next).await? {
            return Ok(Footing::Moved(log.floor(conversation).await?));
        }
        *floor = Some(next);
    }
    Seq::following(footing.head).map(Footing::At).ok_or(Error::Internal("a log is full"))
}
