//! Relations between two users: friends, requests and blocks.
//!
//! Each user of a pair has a relation to the other, and every change updates both. So each relation alone answers
//! every question about the pair.

use crate::Timestamp;

/// State between the owner of the relation and another user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// When the owner asked to be friends.
    pub put_at: Option<Timestamp>,
    /// When the other user asked to be friends.
    pub put_by_at: Option<Timestamp>,
    /// Whether the owner has dismissed the other user's request.
    pub dismissed: bool,
    /// When the owner blocked the other user.
    pub blocked_at: Option<Timestamp>,
    /// When the other user blocked the owner.
    pub blocked_by_at: Option<Timestamp>,
    /// Last activity of the other user that the owner sees while the other user blocks the owner.
    pub shown_active_at: Option<Timestamp>,
    /// The last change that began or ended that the two see each other's presence.
    pub sight_changed_by: Option<ChangeNumber>,
}

/// Number of a change of a pair, drawn at random for each request that may make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeNumber(pub u64);

/// Notification for one user of a pair after the other has changed the relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactNews {
    /// The other user asks to be friends.
    Requested,
    /// The two are friends.
    Friends,
    /// The two are no longer friends, or the other user has withdrawn the request.
    Ended,
}

/// A change that one user of a pair makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactChange {
    /// Ask to be friends, or accept.
    Put,
    /// End the friendship, withdraw the own request, or decline the other user's request.
    Remove,
    /// Block the other user.
    Block,
    /// End the block.
    Unblock,
}

impl Relation {
    /// Whether both have put each other into their contacts.
    pub const fn are_friends(&self) -> bool {
        self.put_at.is_some() && self.put_by_at.is_some()
    }

    /// Whether either has blocked the other, so that neither sees the other's presence.
    pub const fn is_cut(&self) -> bool {
        self.blocked_at.is_some() || self.blocked_by_at.is_some()
    }

    /// Whether each is notified when the other comes online or goes offline.
    pub const fn shows_presence(&self) -> bool {
        self.are_friends() && !self.is_cut()
    }

    /// Whether the other user's request is open and may be shown to the owner.
    pub const fn is_request(&self) -> bool {
        self.put_by_at.is_some() && self.put_at.is_none() && !self.dismissed && self.blocked_at.is_none()
    }

    /// Whether the owner's request waits for an answer.
    pub const fn is_requested(&self) -> bool {
        self.put_at.is_some() && self.put_by_at.is_none() && self.blocked_at.is_none()
    }

    /// Whether the owner sees the other user as a friend; the owner may be blocked without knowing it.
    pub const fn is_contact(&self) -> bool {
        self.are_friends() && self.blocked_at.is_none()
    }

    /// The relation after its owner makes the change.
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

    /// The relation after the other user makes the change.
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

    /// The relation after a change of this number, which began or ended that the two see each other's presence.
    #[must_use]
    pub const fn sight_changed(self, by: ChangeNumber) -> Self {
        Self { sight_changed_by: Some(by), ..self }
    }

    /// Whether the change of this number was the last of its kind. True if no number is recorded: the last change
    /// then left the two nothing to see of each other.
    pub fn is_sight_changed_by(&self, number: ChangeNumber) -> bool {
        self.sight_changed_by.is_none_or(|by| by == number)
    }

    /// The relation of strangers, if neither user's changes have left anything.
    fn or_nothing(self) -> Self {
        let rest = Self { sight_changed_by: None, ..self };
        if rest == Self::default() { rest } else { self }
    }

    /// The notification for the owner after the other user's change turned the relation into `next`.
    ///
    /// A declined request and a block notify nobody. A repeated request notifies again; a limit elsewhere bounds how
    /// often.
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

    /// Alice's relation to Bob, and Bob's to Alice.
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
    fn either_ends_a_friendship_and_sees_no_request_until_the_other_asks_again() {
        let ended = Pair::default().alice(Put).bob(Put).bob(Remove);
        assert!(!ended.alice.are_friends() && ended.alice.is_requested() && !ended.bob.is_request());
        let again = ended.alice(Put);
        assert!(again.bob.is_request());
        assert!(again.bob(Put).alice.are_friends());
    }

    #[test]
    fn a_withdrawn_request_leaves_nothing() {
        let none = Pair::default().alice(Put).alice(Remove);
        assert_eq!((none.alice, none.bob), (Relation::default(), Relation::default()));
    }

    #[test]
    fn the_number_of_a_change_is_dropped_when_the_two_are_strangers_again() {
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
    fn a_block_cuts_both_and_only_its_maker_sees_it() {
        let blocked = Pair::default().alice(Put).bob(Put).alice(Block);
        assert!(blocked.alice.is_cut() && blocked.bob.is_cut() && !blocked.bob.shows_presence());
        assert!(!blocked.alice.is_contact() && blocked.bob.is_contact());
        let restored = blocked.alice(Unblock);
        assert!(restored.alice.shows_presence() && restored.bob.shows_presence());
    }

    #[test]
    fn the_request_of_a_blocked_user_is_hidden_and_the_user_sees_no_difference() {
        let asked = Pair::default().alice(Block).bob(Put);
        assert!(!asked.alice.is_request() && asked.bob.is_requested());
    }

    #[test]
    fn the_blocks_of_both_are_independent() {
        let one_left = Pair::default().alice(Block).bob(Block).alice(Unblock);
        assert!(one_left.alice.is_cut() && one_left.bob.is_cut() && one_left.alice.blocked_at.is_none());
    }

    /// Checks the other user's notification after each of these changes, made by Alice where the first field is true,
    /// else by Bob.
    #[track_caller]
    fn check_news(changes: &[(bool, ContactChange, Option<ContactNews>)]) {
        let mut pair = Pair::default();
        for (by_alice, change, expected) in changes {
            let before = if *by_alice { pair.bob } else { pair.alice };
            pair = if *by_alice { pair.alice(*change) } else { pair.bob(*change) };
            let after = if *by_alice { pair.bob } else { pair.alice };
            assert_eq!(before.news(*change, &after), *expected, "{change:?} of {changes:?}");
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
    fn a_repeated_change_has_no_further_effect() {
        for change in [Put, Remove, Block, Unblock] {
            let once = Pair::default().bob(Put).alice(change);
            let (alice, bob) = (once.alice, once.bob);
            let twice = once.alice(change);
            assert_eq!((twice.alice, twice.bob), (alice, bob));
        }
    }
}
