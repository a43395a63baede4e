//! What two users are to each other.
//!
//! Each of a pair has a relation to the other; every change changes both, so that either tells all that its owner may
//! be asked about.

use crate::Timestamp;

/// What somebody has said of another, and the other of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// When they asked to be friends.
    pub put_at: Option<Timestamp>,
    /// When the other did.
    pub put_by_at: Option<Timestamp>,
    /// They do not want to be reminded that the other did.
    pub dismissed: bool,
    /// When they blocked the other.
    pub blocked_at: Option<Timestamp>,
    /// When the other blocked them.
    pub blocked_by_at: Option<Timestamp>,
    /// When the other was last active, as their owner is shown while the other blocks them.
    pub shown_active_at: Option<Timestamp>,
    /// Which change let the two see each other's presence, or ended that, last.
    pub sight_changed_by: Option<ChangeNumber>,
}

/// Names a change of a pair. Drawn at random for each request that may make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeNumber(pub u64);

/// What one of a pair is notified of after the other has changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactNews {
    /// The other asks to be friends.
    Requested,
    /// They are friends.
    Friends,
    /// They are friends no longer, or the other has withdrawn the request.
    Ended,
}

/// Something that one says of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactChange {
    /// Let us be friends.
    Put,
    /// Let us not.
    Remove,
    /// Leave me alone.
    Block,
    /// No longer so.
    Unblock,
}

impl Relation {
    /// Both have put each other.
    pub const fn are_friends(&self) -> bool {
        self.put_at.is_some() && self.put_by_at.is_some()
    }

    /// One has blocked the other: neither learns anything of the other's presence.
    pub const fn is_cut(&self) -> bool {
        self.blocked_at.is_some() || self.blocked_by_at.is_some()
    }

    /// Whether either is told when the other comes and goes.
    pub const fn shows_presence(&self) -> bool {
        self.are_friends() && !self.is_cut()
    }

    /// The other waits for an answer that their owner may be reminded of.
    pub const fn is_request(&self) -> bool {
        self.put_by_at.is_some() && self.put_at.is_none() && !self.dismissed && self.blocked_at.is_none()
    }

    /// Their owner waits for an answer.
    pub const fn is_requested(&self) -> bool {
        self.put_at.is_some() && self.put_by_at.is_none() && self.blocked_at.is_none()
    }

    /// They are friends, as far as their owner is concerned, who may have been blocked without knowing it.
    pub const fn is_contact(&self) -> bool {
        self.are_friends() && self.blocked_at.is_none()
    }

    /// After its owner said that.
    #[must_use]
    pub fn after(self, change: ContactChange, now: Timestamp) -> Self {
        let after = match change {
            ContactChange::Put => Self { put_at: self.put_at.or(Some(now)), dismissed: false, ..self },
            ContactChange::Remove => Self { put_at: None, dismissed: self.put_by_at.is_some(), ..self },
            ContactChange::Block => Self { blocked_at: self.blocked_at.or(Some(now)), ..self },
            ContactChange::Unblock => Self { blocked_at: None, ..self },
        };
        after.or_nothing()
    }

    /// After the other said that.
    #[must_use]
    pub fn after_others(self, change: ContactChange, now: Timestamp) -> Self {
        let after = match change {
            ContactChange::Put => Self { put_by_at: self.put_by_at.or(Some(now)), dismissed: false, ..self },
            ContactChange::Remove => Self { put_by_at: None, dismissed: false, ..self },
            ContactChange::Block => Self { blocked_by_at: self.blocked_by_at.or(Some(now)), ..self },
            ContactChange::Unblock => Self { blocked_by_at: None, shown_active_at: None, ..self },
        };
        after.or_nothing()
    }

    /// After a change of this number, which lets the two see each other's presence, or ends that.
    #[must_use]
    pub const fn sight_changed(self, by: ChangeNumber) -> Self {
        Self { sight_changed_by: Some(by), ..self }
    }

    /// Whether that change was the last of its kind. Where nothing is said, whichever was left nothing to see.
    pub fn is_sight_changed_by(&self, number: ChangeNumber) -> bool {
        self.sight_changed_by.is_none_or(|by| by == number)
    }

    /// That of strangers, where nothing is left that one has said of the other.
    fn or_nothing(self) -> Self {
        let said = Self { sight_changed_by: None, ..self };
        if said == Self::default() { said } else { self }
    }

    /// What its owner is notified of after the other said that, and the relation became `next`.
    ///
    /// A refusal and a block notify nobody. A request that is repeated notifies again: how often is limited elsewhere.
    pub fn news(&self, change: ContactChange, next: &Self) -> Option<ContactNews> {
        match change {
            ContactChange::Put if next.is_contact() => (!self.is_contact()).then_some(ContactNews::Friends),
            ContactChange::Put => next.is_request().then_some(ContactNews::Requested),
            ContactChange::Remove => {
                let was_shown = self.is_contact() || self.is_request();
                (was_shown && next.put_by_at.is_none()).then_some(ContactNews::Ended)
            }
            ContactChange::Block | ContactChange::Unblock => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ContactChange::{Block, Put, Remove, Unblock};
    use super::*;

    /// Alice's relation to Bob, and his to her.
    #[derive(Default)]
    struct Pair {
        alice: Relation,
        bob: Relation,
    }

    const NOW: Timestamp = Timestamp::from_ms(5);

    impl Pair {
        fn alice(self, change: ContactChange) -> Self {
            Self { alice: self.alice.after(change, NOW), bob: self.bob.after_others(change, NOW) }
        }

        fn bob(self, change: ContactChange) -> Self {
            Self { alice: self.alice.after_others(change, NOW), bob: self.bob.after(change, NOW) }
        }
    }

    #[test]
    fn friends_are_those_who_have_both_put_each_other() {
        let asked = Pair::default().alice(Put);
        assert!(asked.alice.is_requested() && asked.bob.is_request() && !asked.alice.are_friends());
        let friends = asked.bob(Put);
        assert!(friends.alice.is_contact() && friends.bob.is_contact());
        assert!(friends.alice.shows_presence() && !friends.bob.is_request());
    }

    #[test]
    fn either_ends_it_and_is_not_reminded_until_the_other_asks_again() {
        let ended = Pair::default().alice(Put).bob(Put).bob(Remove);
        assert!(!ended.alice.are_friends() && ended.alice.is_requested() && !ended.bob.is_request());
        let again = ended.alice(Put);
        assert!(again.bob.is_request());
        assert!(again.bob(Put).alice.are_friends());
    }

    #[test]
    fn a_request_that_is_taken_back_leaves_nothing() {
        let none = Pair::default().alice(Put).alice(Remove);
        assert_eq!((none.alice, none.bob), (Relation::default(), Relation::default()));
    }

    #[test]
    fn the_number_of_a_change_stays_until_the_next_one_and_goes_with_the_last_that_was_said() {
        let mut pair = Pair::default().alice(Put).bob(Put);
        let number = ChangeNumber(7);
        (pair.alice, pair.bob) = (pair.alice.sight_changed(number), pair.bob.sight_changed(number));
        let ended = pair.alice(Remove);
        assert!([ended.alice, ended.bob].iter().all(|one| one.sight_changed_by == Some(number)));
        assert!(!ended.alice.is_sight_changed_by(ChangeNumber(8)) && ended.alice.is_sight_changed_by(number));
        let none = ended.bob(Remove);
        assert_eq!((none.alice, none.bob), (Relation::default(), Relation::default()));
        assert!(none.alice.is_sight_changed_by(number));
    }

    #[test]
    fn a_block_cuts_both_and_shows_to_its_maker_alone() {
        let blocked = Pair::default().alice(Put).bob(Put).alice(Block);
        assert!(blocked.alice.is_cut() && blocked.bob.is_cut() && !blocked.bob.shows_presence());
        assert!(!blocked.alice.is_contact() && blocked.bob.is_contact());
        let restored = blocked.alice(Unblock);
        assert!(restored.alice.shows_presence() && restored.bob.shows_presence());
    }

    #[test]
    fn whoever_is_blocked_asks_in_vain_and_sees_no_difference() {
        let asked = Pair::default().alice(Block).bob(Put);
        assert!(!asked.alice.is_request() && asked.bob.is_requested());
    }

    #[test]
    fn blocks_of_both_are_each_their_own() {
        let one_left = Pair::default().alice(Block).bob(Block).alice(Unblock);
        assert!(one_left.alice.is_cut() && one_left.bob.is_cut() && one_left.alice.blocked_at.is_none());
    }

    /// What the other is notified of after each of these, of which Alice and Bob say one after the other.
    #[track_caller]
    fn check_news(said: &[(bool, ContactChange, Option<ContactNews>)]) {
        let mut pair = Pair::default();
        for (by_alice, change, expected) in said {
            let before = if *by_alice { pair.bob } else { pair.alice };
            pair = if *by_alice { pair.alice(*change) } else { pair.bob(*change) };
            let after = if *by_alice { pair.bob } else { pair.alice };
            assert_eq!(before.news(*change, &after), *expected, "{change:?} of {said:?}");
        }
    }

    #[test]
    fn the_other_is_notified_of_a_request_a_friendship_and_its_end() {
        use ContactNews::{Ended, Friends, Requested};
        check_news(&[(true, Put, Some(Requested)), (false, Put, Some(Friends)), (false, Put, None)]);
        check_news(&[(true, Put, Some(Requested)), (true, Remove, Some(Ended)), (true, Remove, None)]);
        check_news(&[
            (true, Put, Some(Requested)),
            (false, Put, Some(Friends)),
            (true, Remove, Some(Ended)),
            (false, Remove, None),
        ]);
    }

    #[test]
    fn nobody_is_notified_of_a_refusal_or_a_block() {
        use ContactNews::Requested;
        let asked = (true, Put, Some(Requested));
        check_news(&[asked, (false, Remove, None), (true, Remove, None)]);
        check_news(&[asked, (false, Block, None), (true, Put, None), (true, Remove, None)]);
        check_news(&[asked, (true, Block, None), (true, Unblock, None)]);
        check_news(&[
            (false, Block, None),
            (true, Put, None),
            (false, Unblock, None),
            (true, Put, Some(Requested)),
        ]);
    }

    #[test]
    fn saying_it_twice_is_saying_it_once() {
        for change in [Put, Remove, Block, Unblock] {
            let once = Pair::default().bob(Put).alice(change);
            let (alice, bob) = (once.alice, once.bob);
            let twice = once.alice(change);
            assert_eq!((twice.alice, twice.bob), (alice, bob));
        }
    }
}
