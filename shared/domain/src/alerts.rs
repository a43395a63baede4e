//! Alert state of one conversation for one member: which messages were alerted, the unread count, and the last clear.
//!
//! The member's inbox row holds it, and a write replaces it only where it is unchanged since it was read. If two
//! tasks alert for the same message, or one task does so twice, only one write succeeds. Each unread message is
//! counted once, in whatever order tasks arrive.

use std::time::Duration;

use crate::{Seq, Timestamp};

/// Positions before the newest alert whose alert state is known; positions further back count as alerted.
pub const WINDOW: u64 = 64;

/// Shortest time between two silent pushes of one conversation.
pub const QUIET_PUSH_INTERVAL: Duration = Duration::from_secs(5);

/// Alert state of one conversation for one member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// The newest message that had an alert.
    pub newest: Option<Seq>,
    /// Which of the [`WINDOW`] positions before `newest` had an alert; bit 0 is the nearest.
    pub before: u64,
    /// The last count of unread messages.
    pub count: Option<Count>,
    /// Start of the absence, or a later push registration, since which all of the user's conversations were counted.
    pub all_counted_since: Option<Timestamp>,
    /// The last clear.
    pub cleared: Option<Cleared>,
    /// Random number of the writer of this value, by which the writer recognizes its own write.
    pub writer: u64,
}

/// A count of unread messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The position after which the count begins: the read mark, or the last entry before the present membership.
    pub from: Option<Seq>,
    /// The last position that the count covers.
    pub through: Seq,
    /// Number of messages from other users between the two.
    pub unread: u64,
    /// Time of the count.
    pub at: Timestamp,
}

/// A clear that was sent to a member's phones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// The read mark that the clear carried.
    pub read_seq: Seq,
    /// Time of the clear.
    pub at: Timestamp,
}

/// Whether to send a clear after the member has read on another device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearDecision {
    /// Send none: no alert is left to be cleared, or the phones have that read mark already.
    Nothing,
    /// Send one after this pause.
    Later(Duration),
    /// Send one now.
    Now,
}

impl Alerts {
    /// Whether the message at `seq` had an alert. Positions before the window count as alerted.
    pub fn has(&self, seq: Seq) -> bool {
        let Some(newest) = self.newest else { return false };
        match newest.get().checked_sub(seq.get()) {
            None => false,
            Some(0) => true,
            Some(back) if back > WINDOW => true,
            Some(back) => self.before & (1 << (back - 1)) != 0,
        }
    }

    /// Adds an alert for the message at `seq`.
    #[must_use]
    pub fn with(self, seq: Seq) -> Self {
        let Some(newest) = self.newest else { return Self { newest: Some(seq), before: 0, ..self } };
        if seq <= newest {
            let back = newest.get() - seq.get();
            let bit = if (1..=WINDOW).contains(&back) { 1 << (back - 1) } else { 0 };
            return Self { before: self.before | bit, ..self };
        }
        let forward = seq.get() - newest.get();
        // The previous newest position becomes the nearest bit; bits beyond the window are dropped.
        let moved =
            u32::try_from(forward).ok().and_then(|forward| self.before.checked_shl(forward)).unwrap_or(0);
        let old_newest = if forward <= WINDOW { 1 << (forward - 1) } else { 0 };
        Self { newest: Some(seq), before: moved | old_newest, ..self }
    }

    /// The last count, if it begins after the position `after`.
    pub fn counted_from(&self, after: Option<Seq>) -> Option<Count> {
        self.count.filter(|count| count.from == after)
    }

    /// The unread count after the position `after`, including the unread message at `seq`; `None` where only a read
    /// of the log can give it.
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

    /// Whether an alert may still be on a screen.
    pub fn is_shown(&self) -> bool {
        self.newest > self.cleared.map(|cleared| cleared.read_seq)
    }

    /// Decides whether to send a clear after the member has read up to `read`.
    pub fn clear_decision(&self, read: Option<Seq>, now: Timestamp) -> ClearDecision {
        let cleared = self.cleared.map(|cleared| cleared.read_seq);
        if !self.is_shown() || read <= cleared {
            return ClearDecision::Nothing;
        }
        // A time that a wrong clock wrote delays no clear.
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
    fn each_message_has_one_alert_in_any_order() {
        let alerts = alerted(&[5, 9, 7]);
        let has: Vec<u64> = (1..=12).filter(|n| alerts.has(seq(*n))).collect();
        assert_eq!(has, [5, 7, 9]);
        assert_eq!(alerts.with(seq(7)), alerts);
        assert_eq!(alerts.newest, Some(seq(9)));
    }

    #[test]
    fn a_position_before_the_window_counts_as_alerted() {
        let alerts = alerted(&[100]);
        assert!(!alerts.has(seq(36)), "the last position of the window");
        assert!(alerts.has(seq(35)));
        assert!(alerts.with(seq(36)).has(seq(36)));
    }

    #[test]
    fn a_jump_over_the_window_clears_it() {
        for (jump, kept) in [(63, true), (64, true), (65, false), (10_000, false)] {
            let alerts = alerted(&[10, 11, 11 + jump]);
            assert_eq!(alerts.before != 0, kept, "{jump}");
            assert!(!alerts.has(seq(11 + jump - 1)));
        }
    }

    #[test]
    fn the_next_message_is_counted_without_a_read_of_the_log() {
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
    fn each_read_mark_is_cleared_once_and_clears_keep_their_interval() {
        let alerts = alerted(&[5, 6]);
        assert_eq!(
            Alerts::default().clear_decision(Some(seq(9)), at(0)),
            ClearDecision::Nothing,
            "there was no alert"
        );
        assert_eq!(alerts.clear_decision(None, at(0)), ClearDecision::Nothing);
        assert_eq!(alerts.clear_decision(Some(seq(5)), at(10_000)), ClearDecision::Now);
        let cleared = Alerts { cleared: Some(Cleared { read_seq: seq(5), at: at(10_000) }), ..alerts };
        assert_eq!(
            cleared.clear_decision(Some(seq(5)), at(99_000)),
            ClearDecision::Nothing,
            "cleared already"
        );
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
