//! The next position of a log, and the entries at its end.

use confab_domain::high_water::LogEnd;
use confab_domain::retention::Retention;
use confab_domain::{ConversationId, Seq, Timestamp};

use crate::Error;
use crate::attempts::Attempts;
use crate::ports::MessageLog;

/// Attempts before an append gives up.
///
/// Each lost race means that another append won. So with fewer concurrent writers in a conversation than this, every
/// writer makes progress.
pub(crate) const ATTEMPTS_MAX: u32 = 64;

/// Entries that are read with the end of a log.
///
/// Enough that a fresh claim in a conversation of human pace needs no second read; few enough to cost one read unit
/// (4 KB) with messages of usual length.
pub(crate) const TAIL_ENTRIES: u32 = 7;

/// Outcome of finding the next position of a log.
pub(crate) enum NextPosition {
    /// Append here, with this revision of the mark.
    At(Seq, u64),
    /// Another writer has changed the mark; this is the end with the new mark. Find the position again.
    Moved(LogEnd),
}

/// Returns the position after the newest entry. Reserves positions first where entries expire.
///
/// # Errors
///
/// [`Error::Internal`] at the end of the number space; [`Error::Store`].
pub(crate) async fn next_position(
    log: &impl MessageLog,
    retention: Retention,
    conversation: ConversationId,
    end: LogEnd,
    now: Timestamp,
) -> Result<NextPosition, Error> {
    if end.has_old_mark() {
        return Ok(NextPosition::Moved(end.with_mark(log.mark(conversation).await?)));
    }
    let next = end.next_position(retention, now);
    let mut revision = end.mark_revision();
    if let Some(mark) = next.mark {
        if !log.set_mark(conversation, mark).await? {
            return Ok(NextPosition::Moved(end.with_mark(log.mark(conversation).await?)));
        }
        revision = mark.revision;
    }
    let seq = Seq::following(next.after).ok_or(Error::Internal("a log is full"))?;
    Ok(NextPosition::At(seq, revision))
}

/// Returns the first position of a log that only the caller knows.
///
/// The log may have a mark already, which an earlier call of the same request wrote without getting the answer.
///
/// # Errors
///
/// As [`next_position`]; [`Error::Contended`] where the mark keeps changing.
pub(crate) async fn first_position(
    log: &impl MessageLog,
    retention: Retention,
    conversation: ConversationId,
    now: Timestamp,
    mut attempts: Attempts<'_>,
) -> Result<(Seq, u64), Error> {
    let mut end = LogEnd::default();
    while attempts.next().await {
        match next_position(log, retention, conversation, end, now).await? {
            NextPosition::At(seq, mark_revision) => return Ok((seq, mark_revision)),
            NextPosition::Moved(moved) => end = moved,
        }
    }
    Err(Error::Contended)
}
