//! What a member's phones were told of a conversation: which messages, and how many were unread.
//!
//! Kept in the member's inbox row, and replaced only where it is still as it was seen. So of two who want to alert to the
//! same message, or to the same message twice, one wins; and what is counted is counted once, whatever order tasks come in.

use std::time::Duration;

use crate::{Seq, Timestamp};

/// Positions before the newest alert of which it is known whether they had one; what lies further back counts as alerted.
pub const WINDOW: u64 = 64;

/// Shortest time between two silent pushes of one conversation.
pub const QUIET_PUSH_INTERVAL: Duration = Duration::from_secs(5);

/// What a member's phones were told of one conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// The newest message that there was an alert for.
    pub newest: Option<Seq>,
    /// Which of the [`WINDOW`] positions before it had one too; bit 0 is the nearest.
    pub before: u64,
    /// What of the conversation was unread, when last counted.
    pub count: Option<Count>,
    /// All of the user's conversations are counted, and were when this began: their absence, or the pushes to their phones.
    pub all_counted_since: Option<Timestamp>,
    /// The last silent push.
    pub cleared: Option<Cleared>,
    /// A number drawn by whoever wrote this, by which they know it again.
    pub writer: u64,
}

/// Unread messages, as counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Where it begins: the read marker, or the last entry before the present membership.
    pub from: Option<Seq>,
    /// The last position that it covers.
    pub through: Seq,
    /// Messages of others in between.
    pub unread: u64,
    /// When it was counted.
    pub at: Timestamp,
}

/// What phones were told of the reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// The read marker of which they were told.
    pub read_seq: Seq,
    /// When.
    pub at: Timestamp,
}

/// Whether phones are to be told that something was read elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearDecision {
    /// No alert is left to be cleared, or they know.
    Nothing,
    /// Not before this has passed.
    Later(Duration),
    /// Now.
    Now,
}

impl Alerts {
    /// Whether there was an alert for the message at `seq`, as far as is known: what is forgotten counts as alerted.
    pub fn has(&self, seq: Seq) -> bool {
        let Some(newest) = self.newest else { return false };
        match newest.get().checked_sub(seq.get()) {
            None => false,
            Some(0) => true,
            Some(back) if back > WINDOW => true,
            Some(back) => self.before & (1 << (back - 1)) != 0,
        }
    }

    /// With an alert for the message at `seq`.
    #[must_use]
    pub fn with(self, seq: Seq) -> Self {
        let Some(newest) = self.newest else { return Self { newest: Some(seq), before: 0, ..self } };
        if seq <= newest {
            let back = newest.get() - seq.get();
            let bit = if (1..=WINDOW).contains(&back) { 1 << (back - 1) } else { 0 };
            return Self { before: self.before | bit, ..self };
        }
        let forward = seq.get() - newest.get();
        // The old newest goes in at the near end, and what is pushed over the far end is forgotten.
        let moved =
            u32::try_from(forward).ok().and_then(|forward| self.before.checked_shl(forward)).unwrap_or(0);
        let old_newest = if forward <= WINDOW { 1 << (forward - 1) } else { 0 };
        Self { newest: Some(seq), before: moved | old_newest, ..self }
    }

    /// What is unread after a position, if it was counted from there.
    pub fn counted_from(&self, after: Option<Seq>) -> Option<Count> {
        self.count.filter(|count| count.from == after)
    }

    /// What is unread after a position with the message at `seq`, which is one; `None` where the log has to be looked at.
    pub fn count_with(&self, after: Option<Seq>, seq: Seq, at: Timestamp) -> Option<Count> {
        match self.counted_from(after) {
            Some(count) if seq <= count.through => Some(count),
            Some(count) if Seq::following(Some(count.through)) == Some(seq) => {
                Some(Count { through: seq, unread: count.unread + 1, at, ..count })
            }
            Some(_) => None,
            None if Seq::following(after) == Some(seq) => {
                Some(Count { from: after, through: seq, unread: 1, at })
            }
            None => None,
        }
    }

    /// Whether an alert may be on a screen that was not cleared.
    pub fn is_shown(&self) -> bool {
        self.newest > self.cleared.map(|cleared| cleared.read_seq)
    }

    /// Whether phones are to be told that the member has read up to there.
    pub fn clear_decision(&self, read: Option<Seq>, now: Timestamp) -> ClearDecision {
        let cleared = self.cleared.map(|cleared| cleared.read_seq);
        if !self.is_shown() || read <= cleared {
            return ClearDecision::Nothing;
        }
        // What a wrong clock wrote keeps no phone waiting.
        let cleared = self.cleared.filter(|cleared| cleared.at.may_have_been(now));
        let since = cleared.map_or(QUIET_PUSH_INTERVAL, |cleared| now.since(cleared.at));
        match QUIET_PUSH_INTERVAL.checked_sub(since) {
            None | Some(Duration::ZERO) => ClearDecision::Now,
            Some(rest) => ClearDecision::Later(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(n: u64) -> Seq {
        Seq::new(n).unwrap()
    }

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn alerted(seqs: &[u64]) -> Alerts {
        seqs.iter().fold(Alerts::default(), |alerts, n| alerts.with(seq(*n)))
    }

    #[test]
    fn each_message_has_its_alert_once_in_whatever_order_they_come() {
        let alerts = alerted(&[5, 9, 7]);
        let has: Vec<u64> = (1..=12).filter(|n| alerts.has(seq(*n))).collect();
        assert_eq!(has, [5, 7, 9]);
        assert_eq!(alerts.with(seq(7)), alerts);
        assert_eq!(alerts.newest, Some(seq(9)));
    }

    #[test]
    fn what_is_forgotten_counts_as_alerted() {
        let alerts = alerted(&[100]);
        assert!(!alerts.has(seq(36)), "the last that is known of");
        assert!(alerts.has(seq(35)));
        assert!(alerts.with(seq(36)).has(seq(36)));
    }

    #[test]
    fn a_jump_over_the_window_leaves_nothing_of_it() {
        for (jump, kept) in [(63, true), (64, true), (65, false), (10_000, false)] {
            let alerts = alerted(&[10, 11, 11 + jump]);
            assert_eq!(alerts.before != 0, kept, "{jump}");
            assert!(!alerts.has(seq(11 + jump - 1)));
        }
    }

    #[test]
    fn the_next_message_is_counted_without_a_look_at_the_log() {
        let first = Alerts::default().count_with(Some(seq(4)), seq(5), at(1)).unwrap();
        assert_eq!(first, Count { from: Some(seq(4)), through: seq(5), unread: 1, at: at(1) });
        let alerts = Alerts { count: Some(first), ..Alerts::default() };
        assert_eq!(alerts.count_with(Some(seq(4)), seq(6), at(2)).unwrap().unread, 2);
        assert_eq!(alerts.count_with(Some(seq(4)), seq(5), at(2)).unwrap().unread, 1, "counted already");
        assert_eq!(alerts.count_with(Some(seq(4)), seq(7), at(2)), None, "a message in between");
        assert_eq!(alerts.count_with(Some(seq(5)), seq(7), at(2)), None, "read on since");
        assert_eq!(alerts.count_with(Some(seq(5)), seq(6), at(2)).unwrap().unread, 1);
        assert_eq!(Alerts::default().count_with(None, seq(1), at(1)).unwrap().unread, 1);
        assert_eq!(Alerts::default().count_with(None, seq(2), at(1)), None);
    }

    #[test]
    fn phones_are_told_of_reading_once_and_not_too_often() {
        let alerts = alerted(&[5, 6]);
        assert_eq!(
            Alerts::default().clear_decision(Some(seq(9)), at(0)),
            ClearDecision::Nothing,
            "there was no alert"
        );
        assert_eq!(alerts.clear_decision(None, at(0)), ClearDecision::Nothing);
        assert_eq!(alerts.clear_decision(Some(seq(5)), at(10_000)), ClearDecision::Now);
        let cleared = Alerts { cleared: Some(Cleared { read_seq: seq(5), at: at(10_000) }), ..alerts };
        assert_eq!(cleared.clear_decision(Some(seq(5)), at(99_000)), ClearDecision::Nothing, "they know");
        assert_eq!(
            cleared.clear_decision(Some(seq(6)), at(12_000)),
            ClearDecision::Later(Duration::from_secs(3))
        );
        assert_eq!(cleared.clear_decision(Some(seq(6)), at(15_000)), ClearDecision::Now);
        let ahead = Alerts { cleared: Some(Cleared { read_seq: seq(5), at: at(86_400_000) }), ..alerts };
        assert_eq!(
            ahead.clear_decision(Some(seq(6)), at(12_000)),
            ClearDecision::Now,
            "a clock was a day ahead"
        );
        let cleared = Alerts { cleared: Some(Cleared { read_seq: seq(6), at: at(15_000) }), ..alerts };
        assert_eq!(
            cleared.clear_decision(Some(seq(8)), at(99_000)),
            ClearDecision::Nothing,
            "nothing is left to clear"
        );
        assert_eq!(cleared.with(seq(9)).clear_decision(Some(seq(9)), at(99_000)), ClearDecision::Now);
    }
}

#[cfg(test)]
mod properties {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_window_agrees_with_a_set(seqs in proptest::collection::vec(1_u64..200, 0..60)) {
            let (mut alerts, mut set) = (Alerts::default(), BTreeSet::new());
            for n in seqs {
                let seq = Seq::new(n).unwrap();
                let newest = set.last().copied().unwrap_or(0);
                if n + WINDOW >= newest {
                    prop_assert_eq!(alerts.has(seq), set.contains(&n));
                } else {
                    prop_assert!(alerts.has(seq));
                }
                if !alerts.has(seq) {
                    alerts = alerts.with(seq);
                    set.insert(n);
                }
            }
        }
    }
}
