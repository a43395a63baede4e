//! Where a log goes on, without ever reusing a position.
//!
//! Entries may expire, and are removed late and in any order; with them goes the knowledge of how far the log went. So
//! each log that ever held an entry that expires has a high-water mark, which does not expire. Whoever appends an entry
//! that expires has made sure before that its position is reserved by the mark, and that the mark promises no longer a
//! life than the entry has.
//!
//! So nothing that was removed lies after the mark's reserved positions; and nothing that was removed lies after the
//! newest entry that is left, as long as what followed it would still be there by the shortest life that the mark
//! promises for it. Else a log goes on after the reserved positions, since any of them may have been used.
//!
//! What is judged is what was written, never the setting of today: settings change, and processes that run side by
//! side may have different ones.
//!
//! Each change of the mark is a compare-and-set of the next revision, and each entry says which revision its writer
//! knew, at least that of the entry before it. So what follows an entry was written under its revision or later ones.

use std::time::Duration;

use crate::claim::APPEND_DELAY_MAX;
use crate::retention::Retention;
use crate::time::CLOCK_SKEW_MAX;
use crate::{Message, Seq, Timestamp};

/// Positions that are reserved at once: one more write per so many messages.
pub const BLOCK: u64 = 64;

/// How long before its life ends an entry stops to prove that it is the newest.
///
/// What was appended after it may bear an earlier time, by a slow send and by another clock, may be removed by a third
/// clock, and the judgement may be by the time at which a slow send began.
const CERTAIN_UNTIL: Duration = APPEND_DELAY_MAX
    .saturating_add(CLOCK_SKEW_MAX)
    .saturating_add(CLOCK_SKEW_MAX)
    .saturating_add(APPEND_DELAY_MAX);

/// How long the judgements of others may differ: they may have begun so much earlier or later, by another clock.
const DISAGREEMENT_MAX: Duration = APPEND_DELAY_MAX.saturating_add(CLOCK_SKEW_MAX);

/// How long before its life ends an entry stops to be relied on without a change of the mark: everybody else has to
/// find it certain until the append that relies on it.
const RELIED_ON_UNTIL: Duration = CERTAIN_UNTIL.saturating_add(DISAGREEMENT_MAX);

/// What is known of a log beside its entries. It does not expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HighWaterMark {
    /// The last position that may have been used at [`HighWaterMark::at`].
    pub used_through: Option<Seq>,
    /// When that was so.
    pub at: Timestamp,
    /// No entry that expires lies after this position.
    pub reserved_through: Seq,
    /// What is appended by whoever knows this revision of the mark lives at least so long.
    pub retention: Retention,
    /// What was appended after `used_through` by whoever knew only an earlier revision lives at least so long.
    pub retention_before: Retention,
    /// Counts the changes of the mark, from 1; 0 is a mark that was written before marks had revisions.
    pub revision: u64,
}

impl HighWaterMark {
    /// A mark that says nothing of how long entries live.
    pub const fn of_unknown_retention(
        used_through: Option<Seq>,
        at: Timestamp,
        reserved_through: Seq,
        revision: u64,
    ) -> Self {
        let unknown = Retention::UNKNOWN;
        Self { used_through, at, reserved_through, retention: unknown, retention_before: unknown, revision }
    }

    /// The shortest life of what was appended after an entry, whose writer knew this revision or an earlier one.
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

    /// The shortest life of what was appended after `used` by whoever knew this revision or an earlier one, where the
    /// next is of this retention.
    fn shortest_before(&self, used: Option<Seq>, next: Retention) -> Retention {
        if used >= Some(self.reserved_through) {
            // Only what never expires is appended beyond what is reserved.
            Retention::FOR_EVER
        } else if next == self.retention {
            self.retention_before
        } else {
            self.shortest()
        }
    }
}

/// What is left of the end of a log.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogEnd {
    newest: Option<Newest>,
    mark: Option<HighWaterMark>,
}

/// The newest entry that is left.
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

/// Where a log goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextPosition {
    /// The last position that may have been used.
    pub after: Option<Seq>,
    /// What the mark has to become before the next position is used; `None` if it will do as it is.
    pub mark: Option<HighWaterMark>,
}

impl LogEnd {
    /// The newest entry that is left, and the mark.
    pub fn new(newest: Option<&Message>, mark: Option<HighWaterMark>) -> Self {
        Self { newest: newest.map(Newest::of), mark }
    }

    /// The same entry, with the mark as it is.
    #[must_use]
    pub fn with_mark(self, mark: Option<HighWaterMark>) -> Self {
        Self { mark, ..self }
    }

    /// The same mark, with the entry that was found after another append had won.
    #[must_use]
    pub fn with_newest(self, newest: Option<&Message>) -> Self {
        Self { newest: newest.map(Newest::of).or(self.newest), ..self }
    }

    /// Whether the newest entry was written by whoever knew a later mark than this: it has to be read again.
    pub fn has_old_mark(&self) -> bool {
        let known = self.mark.map_or(0, |mark| mark.revision);
        self.newest.is_some_and(|newest| newest.mark_revision > known)
    }

    /// Revision of the mark, which an entry bears that is appended by this knowledge.
    pub fn mark_revision(&self) -> u64 {
        self.mark.map_or(0, |mark| mark.revision)
    }

    /// Whether something may have followed the newest entry that is left, and have been removed before it, or be until
    /// the end of what begins `now`.
    pub fn may_hide_newer(&self, now: Timestamp) -> bool {
        self.newest.is_none() || !(self.is_whole() || self.newest_keeps(now, RELIED_ON_UNTIL))
    }

    /// Whether a position after the newest entry that is left may have been used, and never will be again.
    ///
    /// False for all positions that a later append may use, by whoever's judgement.
    pub fn may_have_been_used(&self, seq: Seq, now: Timestamp) -> bool {
        let Some(mark) = self.mark.filter(|_| !self.is_whole()) else { return false };
        let is_certain_for_some = self
            .newest
            .is_some_and(|newest| mark.life_after(&newest).keeps(newest.sent_at, now, DISAGREEMENT_MAX))
            || mark.shortest().keeps(mark.at, now, DISAGREEMENT_MAX);
        if is_certain_for_some { Some(seq) <= mark.used_through } else { seq <= mark.reserved_through }
    }

    /// Where the log goes on for whoever appends an entry of this retention.
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

    /// Whether nothing that was removed can have followed the newest entry, whenever it was written.
    fn is_whole(&self) -> bool {
        self.mark.is_none_or(|mark| self.newest.is_some_and(|newest| newest.seq >= mark.reserved_through))
    }

    /// Whether what was appended after the newest entry would still be there for `duration`.
    fn newest_keeps(&self, now: Timestamp, duration: Duration) -> bool {
        let (Some(newest), Some(mark)) = (self.newest, self.mark) else { return false };
        newest.sent_at.may_have_been(now) && mark.life_after(&newest).keeps(newest.sent_at, now, duration)
    }
}

/// Whether what was appended since the mark was made would still be there for `duration`.
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
