//! The high-water mark of a log: it keeps a position from being used again.
//!
//! Entries that expire are removed late and in any order, so the remaining entries do not prove how far the log went.
//! Each log that ever held an entry that expires has a high-water mark, which does not expire. Before a writer
//! appends an entry that expires, the mark must reserve its position, and must promise no longer a life than the
//! entry has.
//!
//! So no removed entry lies after the reserved positions. A removed entry may lie after the newest remaining entry
//! only once the shortest life that the mark promises for the entries after it is over. From then on a log goes on
//! after the reserved positions, since each of them may have been used.
//!
//! The rules use the retention under which entries were written, never today's setting: settings change, and
//! processes that run side by side may have different ones.
//!
//! Each change of the mark is a compare-and-set to the next revision. Each entry carries the revision that its writer
//! knew, which is at least that of the entry before it. So the entries after an entry were written under its revision
//! or a later one.

use std::time::Duration;

use crate::claim::APPEND_DELAY_MAX;
use crate::retention::Retention;
use crate::time::CLOCK_SKEW_MAX;
use crate::{Message, Seq, Timestamp};

/// Positions that one write reserves: one more write per so many messages.
pub const BLOCK: u64 = 64;

/// How long before the end of its life an entry no longer proves that it is the newest.
///
/// An entry appended after it may have an earlier time, because of a slow send and of another clock. A third clock
/// may decide its removal. And the decision may use the time at which a slow send began.
const CERTAIN_UNTIL: Duration = APPEND_DELAY_MAX
    .saturating_add(CLOCK_SKEW_MAX)
    .saturating_add(CLOCK_SKEW_MAX)
    .saturating_add(APPEND_DELAY_MAX);

/// By how much the decisions of two processes may differ in time: their requests may have begun that much earlier or
/// later, by another clock.
const DISAGREEMENT_MAX: Duration = APPEND_DELAY_MAX.saturating_add(CLOCK_SKEW_MAX);

/// How long before the end of its life an entry is no longer relied on without a change of the mark. Every other
/// process has to find the entry certain until the append that relies on it.
const RELIED_ON_UNTIL: Duration = CERTAIN_UNTIL.saturating_add(DISAGREEMENT_MAX);

/// The high-water mark of a log. It does not expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HighWaterMark {
    /// The last position that may have been used at [`HighWaterMark::at`].
    pub used_through: Option<Seq>,
    /// Time of [`HighWaterMark::used_through`].
    pub at: Timestamp,
    /// No entry that expires lies after this position.
    pub reserved_through: Seq,
    /// Shortest life of entries whose writer knew this revision of the mark.
    pub retention: Retention,
    /// Shortest life of entries after `used_through` whose writer knew only an earlier revision.
    pub retention_before: Retention,
    /// Counts the changes of the mark, from 1; 0 is a mark that was written before marks had revisions.
    pub revision: u64,
}

impl HighWaterMark {
    /// A mark without any promise about the life of entries.
    pub const fn of_unknown_retention(
        used_through: Option<Seq>,
        at: Timestamp,
        reserved_through: Seq,
        revision: u64,
    ) -> Self {
        let unknown = Retention::UNKNOWN;
        Self { used_through, at, reserved_through, retention: unknown, retention_before: unknown, revision }
    }

    /// Shortest life of the entries after `entry`, where the writer of `entry` knew this revision or an earlier one.
    fn life_after(&self, entry: &Newest) -> Retention {
        if Some(entry.seq) < self.used_through {
            Retention::UNKNOWN
        } else if entry.mark_revision == self.revision {
            self.retention
        } else {
            self.shortest()
        }
    }

    fn shortest(&self) -> Retention {
        self.retention.shorter(self.retention_before)
    }

    /// Shortest life of the entries after `used` whose writers know this revision or an earlier one, if the next
    /// revision has the retention `next`.
    fn shortest_before(&self, used: Option<Seq>, next: Retention) -> Retention {
        if used >= Some(self.reserved_through) {
            // Only entries that never expire are appended after the reserved positions.
            Retention::FOR_EVER
        } else if next == self.retention {
            self.retention_before
        } else {
            self.shortest()
        }
    }
}

/// The end of a log: its newest remaining entry, and its high-water mark.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogEnd {
    newest: Option<Newest>,
    mark: Option<HighWaterMark>,
}

/// The newest remaining entry.
#[derive(Clone, Copy, Debug)]
struct Newest {
    seq: Seq,
    sent_at: Timestamp,
    mark_revision: u64,
}

impl Newest {
    fn of(message: &Message) -> Self {
        Self { seq: message.seq, sent_at: message.sent_at, mark_revision: message.mark_revision }
    }
}

/// The append position of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextPosition {
    /// The last position that may have been used.
    pub after: Option<Seq>,
    /// The mark that has to be written before the next position is used; `None` if the present mark suffices.
    pub mark: Option<HighWaterMark>,
}

impl LogEnd {
    /// The end of a log, from its newest remaining entry and its mark.
    pub fn new(newest: Option<&Message>, mark: Option<HighWaterMark>) -> Self {
        Self { newest: newest.map(Newest::of), mark }
    }

    /// The same entry with another mark.
    #[must_use]
    pub fn with_mark(self, mark: Option<HighWaterMark>) -> Self {
        Self { mark, ..self }
    }

    /// The same mark with the newer entry that was found after another append won; `None` keeps the entry.
    #[must_use]
    pub fn with_newest(self, newest: Option<&Message>) -> Self {
        Self { newest: newest.map(Newest::of).or(self.newest), ..self }
    }

    /// Whether the writer of the newest entry knew a later mark than this one, so that the mark has to be read again.
    pub fn has_old_mark(&self) -> bool {
        let known = self.mark.map_or(0, |mark| mark.revision);
        self.newest.is_some_and(|newest| newest.mark_revision > known)
    }

    /// Revision of the mark for an entry that is appended with this knowledge.
    pub fn mark_revision(&self) -> u64 {
        self.mark.map_or(0, |mark| mark.revision)
    }

    /// Whether an entry may have followed the newest remaining entry and been removed before it, or may be removed
    /// until the end of the request that begins at `now`.
    pub fn may_hide_newer(&self, now: Timestamp) -> bool {
        self.newest.is_none() || !(self.is_whole() || self.newest_keeps(now, RELIED_ON_UNTIL))
    }

    /// Whether a position after the newest remaining entry may have been used and is never used again.
    ///
    /// False for every position that a later append may use, by the decision of any process.
    pub fn may_have_been_used(&self, seq: Seq, now: Timestamp) -> bool {
        let Some(mark) = self.mark.filter(|_| !self.is_whole()) else { return false };
        let is_certain_for_some = self
            .newest
            .is_some_and(|newest| mark.life_after(&newest).keeps(newest.sent_at, now, DISAGREEMENT_MAX))
            || mark.shortest().keeps(mark.at, now, DISAGREEMENT_MAX);
        if is_certain_for_some { Some(seq) <= mark.used_through } else { seq <= mark.reserved_through }
    }

    /// The append position for an entry of this retention.
    pub fn next_position(&self, retention: Retention, now: Timestamp) -> NextPosition {
        let newest = self.newest.map(|newest| newest.seq);
        let Some(mark) = self.mark else {
            let first = HighWaterMark {
                used_through: newest,
                at: now,
                reserved_through: block_after(newest),
                retention,
                retention_before: Retention::FOR_EVER,
                revision: 1,
            };
            return NextPosition { after: newest, mark: retention.is_limited().then_some(first) };
        };
        if self.is_whole() && !retention.is_limited() {
            return NextPosition { after: newest, mark: None };
        }
        let is_certain =
            self.is_whole() || self.newest_keeps(now, CERTAIN_UNTIL) || mark_keeps(&mark, now, CERTAIN_UNTIL);
        let after = if is_certain { newest.max(mark.used_through) } else { Some(mark.reserved_through) };
        let is_relied_on = self.is_whole()
            || newest == after && self.newest_keeps(now, RELIED_ON_UNTIL)
            || mark.used_through == after && mark_keeps(&mark, now, RELIED_ON_UNTIL);
        let is_enough = !retention.is_limited() || after < Some(mark.reserved_through);
        if is_relied_on && is_enough && mark.retention == retention {
            return NextPosition { after, mark: None };
        }
        let next = HighWaterMark {
            used_through: after,
            at: now,
            reserved_through: if is_enough { mark.reserved_through } else { block_after(after) },
            retention,
            retention_before: mark.shortest_before(after, retention),
            revision: mark.revision.saturating_add(1),
        };
        NextPosition { after, mark: Some(next) }
    }

    /// Whether no removed entry can have followed the newest entry, whatever its time.
    fn is_whole(&self) -> bool {
        self.mark.is_none_or(|mark| self.newest.is_some_and(|newest| newest.seq >= mark.reserved_through))
    }

    /// Whether an entry appended after the newest one would still remain for `duration`.
    fn newest_keeps(&self, now: Timestamp, duration: Duration) -> bool {
        let (Some(newest), Some(mark)) = (self.newest, self.mark) else { return false };
        newest.sent_at.may_have_been(now) && mark.life_after(&newest).keeps(newest.sent_at, now, duration)
    }
}

/// Whether an entry appended since the mark was written would still remain for `duration`.
fn mark_keeps(mark: &HighWaterMark, now: Timestamp, duration: Duration) -> bool {
    mark.at.may_have_been(now) && mark.shortest().keeps(mark.at, now, duration)
}

fn block_after(used: Option<Seq>) -> Seq {
    Seq::new(used.map_or(0, Seq::get) + BLOCK).unwrap_or(Seq::MAX)
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
