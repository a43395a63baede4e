//! The parts of a log that a user may read.

use crate::Seq;

/// A user's memberships of one conversation, as ranges of positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Ended memberships, the oldest first: first and last position of each.
    past: Vec<(Seq, Seq)>,
    /// First position of the present membership.
    since: Option<Seq>,
}

/// Ended memberships that are remembered. A user who joins and leaves more often loses access to the oldest.
pub const PAST_MAX: usize = 8;

impl Joined {
    /// Membership from the first position on: of a 1:1 conversation, or of a group from its beginning.
    pub const fn whole() -> Self {
        Self { past: Vec::new(), since: Some(Seq::FIRST) }
    }

    /// Memberships from a store.
    pub const fn new(past: Vec<(Seq, Seq)>, since: Option<Seq>) -> Self {
        Self { past, since }
    }

    /// Ended memberships, the oldest first.
    pub fn past(&self) -> &[(Seq, Seq)] {
        &self.past
    }

    /// First position of the present membership; `None` if the user is not a member now.
    pub const fn since(&self) -> Option<Seq> {
        self.since
    }

    /// Begins a membership at `seq`.
    #[must_use]
    pub fn join(self, seq: Seq) -> Self {
        Self { since: self.since.or(Some(seq)), ..self }
    }

    /// Ends the present membership after `seq`.
    #[must_use]
    pub fn leave(mut self, seq: Seq) -> Self {
        if let Some(since) = self.since.take() {
            self.past.push((since, seq));
            let surplus = self.past.len().saturating_sub(PAST_MAX);
            self.past.drain(..surplus);
        }
        self
    }

    /// Readable parts of a range of positions, ascending; all bounds are inclusive.
    pub fn within(&self, from: Seq, to: Seq) -> Vec<(Seq, Seq)> {
        let present = self.since.map(|since| (since, Seq::MAX));
        let parts = self.past.iter().copied().chain(present);
        let cut = parts.map(|(first, last)| (first.max(from), last.min(to)));
        cut.filter(|(first, last)| first <= last).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(n: u64) -> Seq {
        Seq::new(n).unwrap()
    }

    #[test]
    fn a_member_who_comes_back_reads_both_memberships() {
        let joined = Joined::whole().leave(seq(5)).join(seq(9));
        assert_eq!(joined.within(Seq::FIRST, seq(20)), [(seq(1), seq(5)), (seq(9), seq(20))]);
        assert_eq!(joined.within(seq(6), seq(8)), []);
        assert_eq!(joined.within(seq(4), seq(9)), [(seq(4), seq(5)), (seq(9), seq(9))]);
    }

    #[test]
    fn a_former_member_reads_up_to_the_end_of_the_membership() {
        let joined = Joined::new(Vec::new(), Some(seq(3))).leave(seq(4));
        assert_eq!(joined.since(), None);
        assert_eq!(joined.within(Seq::FIRST, Seq::MAX), [(seq(3), seq(4))]);
        assert_eq!(joined.clone().leave(seq(9)), joined, "leaving again has no effect");
    }

    #[test]
    fn only_the_latest_memberships_are_remembered() {
        let mut joined = Joined::new(Vec::new(), None);
        for n in 1..=20 {
            joined = joined.join(seq(n * 2)).leave(seq(n * 2 + 1));
        }
        assert_eq!(joined.past().len(), PAST_MAX);
        assert_eq!(joined.past().last(), Some(&(seq(40), seq(41))));
    }
}
