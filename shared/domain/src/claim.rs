//! Claims: what makes a send idempotent.
//!
//! Before it appends, a send records its `client_message_id` in the sender's
//! inbox row, which remembers the last [`REMEMBERED`] with the time of each. Of
//! several sends with one id exactly one finds it new. A send that finds it there
//! looks through the log back to that time, and renews the claim, before it
//! appends; and every append is conditional on the position after the last one
//! looked at. So no two appends of one id can both succeed.
//!
//! A send that is refused after its claim releases it, unless another send has
//! renewed it, or claimed the id anew after the first claim was forgotten. So the
//! claims that an inbox row remembers are those of messages, and of attempts
//! whose outcome is unknown.

use std::collections::VecDeque;
use std::time::Duration;

use crate::log::Attempt;
use crate::time::CLOCK_SKEW_MAX;
use crate::{Message, Timestamp, UserId};

/// A user's last messages of a conversation that can be sent again. Source: PROTOCOL.md, guarantee 2.
pub const MESSAGES_REMEMBERED: usize = 32;

/// Sends of unknown outcome that a client may have in a conversation. Source: PROTOCOL.md, guarantee 2.
pub const UNACKED_MAX: usize = 16;

/// How many ids a sender's inbox row remembers per conversation.
pub const REMEMBERED: usize = MESSAGES_REMEMBERED + UNACKED_MAX;

/// Most by which a store may round the time of a claim down.
pub const ROUNDING_MAX: Duration = Duration::from_secs(32);

/// Outcome of recording an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The id was not remembered, and this send has recorded it.
    Fresh {
        /// When the claim was made whose place this one took, which may have been released; `None` if nobody had it
        /// before, so that no claim was forgotten yet.
        forgot: Option<Timestamp>,
    },
    /// An earlier send recorded it at that time; it may or may not have appended since.
    Repeated {
        /// By the clock of the server that recorded it.
        claimed_at: Timestamp,
    },
    /// The sender has no inbox row for the conversation.
    NotAMember,
}

impl Claim {
    /// Whether this send has recorded the id, and may release it.
    pub const fn is_fresh(self) -> bool {
        matches!(self, Self::Fresh { .. })
    }
}

/// One claim that is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot<K> {
    /// The id, or what a store keeps of it.
    pub key: K,
    /// When it was first claimed, by the clock of the server that recorded it.
    pub claimed_at: Timestamp,
    /// Who may release it.
    pub holder: Holder,
}

/// Who may release a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The attempt of this tag, which recorded it.
    Attempt(AttemptTag),
    /// The attempt that recorded it, of which nothing is known: so nobody.
    Unknown,
    /// Nobody: another send may append, or has appended, under it.
    Renewed,
}

/// What is kept of the attempt that recorded a claim: a number below [`AttemptTag::COUNT`].
///
/// One of so many attempts has the tag of another. A claim is released only by an attempt that has its tag and recorded
/// it at its time, so two sends are confused only where both claimed one id within [`ROUNDING_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptTag(u8);

impl AttemptTag {
    /// How many there are: few enough that one byte has room for a tag and for the other holders.
    pub const COUNT: u8 = 254;

    /// The tag of an attempt.
    pub fn of(attempt: Attempt) -> Self {
        let tag = attempt.0 % u32::from(Self::COUNT);
        Self(u8::try_from(tag).unwrap_or_default())
    }

    /// A tag that was stored; `None` where there is none of that number.
    pub fn restored(tag: u8) -> Option<Self> {
        (tag < Self::COUNT).then_some(Self(tag))
    }

    /// Its number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// The claims that an inbox row remembers, the oldest first.
///
/// A place that was released is used again before a claim is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimWindow<K> {
    slots: VecDeque<Slot<K>>,
    /// When the claims were made whose places were released; the last is used first.
    freed: Vec<Timestamp>,
    capacity: usize,
    newest_by: Option<Attempt>,
}

impl<K> ClaimWindow<K> {
    /// A window without claims, of `capacity` places.
    pub const fn new(capacity: usize) -> Self {
        Self { slots: VecDeque::new(), freed: Vec::new(), capacity, newest_by: None }
    }

    /// A window of [`REMEMBERED`] places with these claims, the oldest first, and these places that were released, the
    /// one first that is used next.
    pub fn restored(slots: Vec<Slot<K>>, freed: Vec<Timestamp>, newest_by: Option<Attempt>) -> Self {
        let mut window = Self { newest_by, ..Self::new(REMEMBERED) };
        window.slots = slots.into_iter().take(REMEMBERED).collect();
        window.freed = freed.into_iter().take(REMEMBERED - window.slots.len()).collect();
        window.freed.reverse();
        window
    }

    /// When the claims were made whose places were released, the one first that is used next.
    pub fn freed(&self) -> impl ExactSizeIterator<Item = Timestamp> {
        self.freed.iter().rev().copied()
    }

    /// The claims, the oldest first.
    pub fn slots(&self) -> impl ExactSizeIterator<Item = &Slot<K>> {
        self.slots.iter()
    }

    /// The attempt that recorded an id last.
    pub const fn newest_by(&self) -> Option<Attempt> {
        self.newest_by
    }

    /// Records `key`, unless an id `is` it already.
    ///
    /// The attempt that recorded the last one finds it fresh again: a store's client repeats a request whose answer was
    /// lost.
    pub fn claim(&mut self, is: impl Fn(&K) -> bool, key: K, attempt: Attempt, now: Timestamp) -> Claim {
        let holder = Holder::Attempt(AttemptTag::of(attempt));
        if let Some(index) = self.slots.iter().position(|slot| is(&slot.key)) {
            let is_own = self.slots.get(index).is_some_and(|slot| slot.holder == holder);
            return if self.newest_by == Some(attempt) && is_own {
                // What was forgotten is not known any more, so it may be the youngest claim that can be.
                Claim::Fresh { forgot: Some(now) }
            } else {
                Claim::Repeated { claimed_at: self.latest_time_of(index, now) }
            };
        }
        self.newest_by = Some(attempt);
        let forgot = self.take_place(now);
        self.slots.push_back(Slot { key, claimed_at: now, holder });
        Claim::Fresh { forgot }
    }

    /// The latest time at which the claim in a place can have been made.
    ///
    /// Not after those of the claims that followed it: where its own time is later, the clock was ahead that gave it.
    fn latest_time_of(&self, index: usize, now: Timestamp) -> Timestamp {
        let followed = self.slots.iter().skip(index + 1).filter(|slot| slot.holder != Holder::Renewed);
        let own = self.slots.get(index).map(|slot| slot.claimed_at);
        followed.map(|slot| slot.claimed_at).chain(own).min().unwrap_or(now)
    }

    /// Makes a claim the newest one, as of a time not after `claimed_at`, and keeps others from releasing it; records it
    /// if it is not there.
    pub fn renew(&mut self, is: impl Fn(&K) -> bool, key: K, claimed_at: Timestamp) {
        let claimed_at = match self.remove(is, |_| true) {
            Some(slot) => slot.claimed_at.min(claimed_at),
            None => {
                self.take_place(claimed_at);
                claimed_at
            }
        };
        self.slots.push_back(Slot { key, claimed_at, holder: Holder::Renewed });
    }

    /// Frees the place of the claim that an attempt recorded at a time, and that nobody has renewed; false where there is
    /// none.
    pub fn release(&mut self, is: impl Fn(&K) -> bool, by: Attempt, claimed_at: Timestamp) -> bool {
        let holder = Holder::Attempt(AttemptTag::of(by));
        let is_of_that_time = |kept: Timestamp| kept <= claimed_at && claimed_at.since(kept) < ROUNDING_MAX;
        let released = self.remove(is, |slot| slot.holder == holder && is_of_that_time(slot.claimed_at));
        self.freed.extend(released.as_ref().map(|slot| slot.claimed_at));
        released.is_some()
    }

    fn remove(&mut self, is: impl Fn(&K) -> bool, may: impl Fn(&Slot<K>) -> bool) -> Option<Slot<K>> {
        let index = self.slots.iter().position(|slot| is(&slot.key) && may(slot))?;
        self.slots.remove(index)
    }

    /// Makes room for one more claim; gives when the claim was made that had the place before.
    fn take_place(&mut self, now: Timestamp) -> Option<Timestamp> {
        let is_full = self.slots.len() >= self.capacity;
        self.freed.pop().or_else(|| self.slots.pop_front_if(|_| is_full).map(|slot| slot.forgotten_at(now)))
    }
}

impl<K> Slot<K> {
    /// A time that is not before the claim took its place in the window, give or take a slow send and another clock.
    pub fn forgotten_at(&self, now: Timestamp) -> Timestamp {
        // A renewed claim has a newer place than its time says.
        if self.holder == Holder::Renewed { now } else { self.claimed_at }
    }
}

/// Longest time from the start of a send, which gives a message its time, to its append.
///
/// Source: API Gateway quotas, "Integration timeout" (29 s); no function runs longer.
pub const APPEND_DELAY_MAX: Duration = Duration::from_secs(30);

/// By how much two entries of a log may bear times in the opposite order: a slow send, and another clock.
const DISORDER_MAX: Duration = APPEND_DELAY_MAX.saturating_add(CLOCK_SKEW_MAX);

/// The time in which a user's claims of a conversation must not have filled a window, so that a message under a
/// forgotten one is older than what a fresh claim has to search.
const FORGOTTEN_LONG_AGO: Duration = DISORDER_MAX.saturating_add(DISORDER_MAX).saturating_add(ROUNDING_MAX);

/// Whether a message that was appended after a claim can only lie after `oldest_seen`.
///
/// True lets a search from the newest message backwards stop. Every append of a
/// claimed id follows its claim. What lies after it in the log was appended later
/// still, but may bear an earlier time: by a slow send, and by another clock.
pub fn searched_far_enough(oldest_seen: &Message, claimed_at: Timestamp) -> bool {
    oldest_seen.sent_at < claimed_at.minus(DISORDER_MAX)
}

/// Whether a message under an id that is claimed afresh can only lie after what was appended before the claim.
///
/// Not where a claim was forgotten a short time ago: the id may have been claimed before that, by a send that was slow
/// to append. Then a search goes on until it has seen [`MESSAGES_REMEMBERED`] entries of the sender.
pub fn lies_after_known(forgot: Option<Timestamp>, now: Timestamp) -> bool {
    forgot.is_none_or(|forgot| forgot < now.minus(FORGOTTEN_LONG_AGO))
}

/// Shortest time that messages are kept where they expire.
pub const RETENTION_MIN: Duration = Duration::from_secs(24 * 3600);

/// Whether a message that was appended right after a claim may have expired and be removed.
pub fn may_have_expired(claimed_at: Timestamp, now: Timestamp) -> bool {
    claimed_at.plus(RETENTION_MIN) <= now.plus(CLOCK_SKEW_MAX)
}

/// What the entries tell that a search has seen, from the newest one backwards.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    lowest: Option<u64>,
    own: usize,
    has_hole: bool,
}

impl Seen {
    /// Takes the next entry, which is older than those before it.
    pub fn add(&mut self, entry: &Message, sender: UserId) {
        self.has_hole |= self.lowest.is_some_and(|lowest| lowest != entry.seq.get() + 1);
        self.own += usize::from(entry.sender == sender);
        self.lowest = Some(entry.seq.get());
    }

    /// Notes that the log has no entry before those that were seen.
    pub fn end(&mut self) {
        self.has_hole |= self.lowest != Some(1);
    }

    /// Whether all of the sender's messages were seen that can be sent again.
    pub const fn has_enough_own(&self) -> bool {
        self.own >= MESSAGES_REMEMBERED
    }

    /// Whether entries may have been removed from among those that were seen, or before them.
    pub const fn has_hole(&self) -> bool {
        self.has_hole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Content, ConversationId, Kind, Seq};

    fn user(n: u128) -> UserId {
        UserId::new(ulid::Ulid(n))
    }

    fn message(seq: u64, sent_at_ms: u64) -> Message {
        Message {
            conversation: ConversationId::dm(user(1), user(2)).unwrap(),
            seq: Seq::new(seq).unwrap(),
            sender: user(1),
            client_message_id: "c".parse().unwrap(),
            content: Content::default(),
            kind: Kind::Text,
            sent_at: Timestamp::from_ms(sent_at_ms),
            attempt: Attempt(0),
            expires_at: None,
            mark_revision: 0,
        }
    }

    #[track_caller]
    fn check(sent_at_ms: u64, claimed_at_ms: u64, expected: bool) {
        let message = message(1, sent_at_ms);
        assert_eq!(searched_far_enough(&message, Timestamp::from_ms(claimed_at_ms)), expected);
    }

    #[test]
    fn a_search_goes_back_to_the_claim_a_slow_send_and_the_clocks_difference() {
        check(100_000, 100_000, false);
        check(60_000, 100_000, false);
        check(59_999, 100_000, true);
    }

    fn at(n: u64) -> Timestamp {
        Timestamp::from_ms(n)
    }

    fn claim(window: &mut ClaimWindow<u64>, key: u64, now: u64) -> Claim {
        window.claim(|other| *other == key, key, Attempt(u32::try_from(now).unwrap()), at(now))
    }

    /// By the attempt that claimed at that time.
    fn release(window: &mut ClaimWindow<u64>, key: u64, claimed_at: u64) -> bool {
        window.release(|other| *other == key, Attempt(u32::try_from(claimed_at).unwrap()), at(claimed_at))
    }

    const FREE: Claim = Claim::Fresh { forgot: None };

    #[test]
    fn a_window_remembers_as_many_claims_as_it_has_places() {
        let mut window = ClaimWindow::new(3);
        for key in 1..=3 {
            assert_eq!(claim(&mut window, key, key), FREE);
        }
        assert_eq!(claim(&mut window, 1, 4), Claim::Repeated { claimed_at: at(1) });
        assert_eq!(claim(&mut window, 4, 5), Claim::Fresh { forgot: Some(at(1)) });
        assert_eq!(claim(&mut window, 2, 6), Claim::Repeated { claimed_at: at(2) });
        assert_eq!(claim(&mut window, 1, 7), Claim::Fresh { forgot: Some(at(2)) });
    }

    #[test]
    fn a_released_place_is_used_before_a_claim_is_forgotten() {
        let mut window = ClaimWindow::new(3);
        for key in 1..=3 {
            claim(&mut window, key, key);
        }
        for key in 4..100 {
            let before = if key == 4 { 1 } else { key - 1 };
            assert_eq!(claim(&mut window, key, key), Claim::Fresh { forgot: Some(at(before)) });
            assert!(release(&mut window, key, key));
        }
        assert_eq!(claim(&mut window, 2, 100), Claim::Repeated { claimed_at: at(2) });
        assert!(!release(&mut window, 99, 99), "it is released already");
    }

    #[test]
    fn a_claim_is_released_by_the_attempt_that_recorded_it_and_by_no_other() {
        let mut window = ClaimWindow::new(1);
        claim(&mut window, 1, 5);
        claim(&mut window, 2, 6);
        claim(&mut window, 1, 7);
        assert!(!release(&mut window, 1, 5), "its own claim was forgotten");
        let other = Attempt(7 + u32::from(AttemptTag::COUNT));
        let hour = at(3_600_000);
        assert!(!window.release(|other| *other == 1, other, hour), "another attempt of that tag");
        assert_eq!(claim(&mut window, 1, 8), Claim::Repeated { claimed_at: at(7) });
        assert!(release(&mut window, 1, 7));
    }

    #[test]
    fn a_claim_of_which_it_is_not_known_who_recorded_it_is_released_by_nobody() {
        let slot = Slot { key: 1, claimed_at: at(5), holder: Holder::Unknown };
        let mut window = ClaimWindow::restored(vec![slot], Vec::new(), Some(Attempt(5)));
        assert!(!release(&mut window, 1, 5));
        assert_eq!(claim(&mut window, 1, 5), Claim::Repeated { claimed_at: at(5) });
    }

    #[test]
    fn a_claim_by_a_clock_that_was_ahead_is_no_later_than_those_that_followed_it() {
        let mut window = ClaimWindow::new(4);
        claim(&mut window, 1, 90_000);
        claim(&mut window, 2, 500);
        claim(&mut window, 3, 600);
        window.renew(|other| *other == 4, 4, at(1));
        assert_eq!(claim(&mut window, 1, 700), Claim::Repeated { claimed_at: at(500) });
        assert_eq!(claim(&mut window, 2, 700), Claim::Repeated { claimed_at: at(500) });
        assert_eq!(claim(&mut window, 3, 700), Claim::Repeated { claimed_at: at(600) });
    }

    #[test]
    fn a_renewed_claim_is_the_newest_keeps_its_time_and_is_not_released() {
        let mut window = ClaimWindow::new(3);
        for key in 1..=3 {
            claim(&mut window, key, key);
        }
        window.renew(|other| *other == 1, 1, at(9));
        assert!(!release(&mut window, 1, 1));
        assert_eq!(claim(&mut window, 4, 10), Claim::Fresh { forgot: Some(at(2)) });
        assert_eq!(claim(&mut window, 5, 11), Claim::Fresh { forgot: Some(at(3)) });
        assert_eq!(claim(&mut window, 1, 12), Claim::Repeated { claimed_at: at(1) });
        assert_eq!(claim(&mut window, 6, 13), Claim::Fresh { forgot: Some(at(13)) });
    }

    #[test]
    fn a_renewal_records_what_is_not_there() {
        let mut window = ClaimWindow::new(3);
        window.renew(|other| *other == 1, 1, at(5));
        assert_eq!(claim(&mut window, 1, 9), Claim::Repeated { claimed_at: at(5) });
    }

    #[test]
    fn a_repeated_request_of_one_attempt_finds_its_own_claim_fresh() {
        let mut window = ClaimWindow::new(3);
        let claim = |window: &mut ClaimWindow<u64>, key, attempt| {
            window.claim(|other| *other == key, key, Attempt(attempt), at(5))
        };
        assert_eq!(claim(&mut window, 1, 7), FREE);
        assert!(claim(&mut window, 1, 7).is_fresh());
        assert!(!claim(&mut window, 1, 8).is_fresh());
        window.renew(|other| *other == 1, 1, at(5));
        assert!(!claim(&mut window, 1, 7).is_fresh(), "another has renewed it");
    }

    #[test]
    fn a_head_that_was_known_before_a_fresh_claim_counts_unless_the_window_was_filled_in_two_minutes() {
        assert!(lies_after_known(None, at(0)));
        assert!(!lies_after_known(Some(at(500_000)), at(500_000)));
        assert!(!lies_after_known(Some(at(388_000)), at(500_000)));
        assert!(lies_after_known(Some(at(387_999)), at(500_000)));
    }

    #[test]
    fn a_hole_and_a_missing_beginning_are_seen() {
        let seen = |seqs: &[u64], is_all: bool| {
            let mut seen = Seen::default();
            seqs.iter().for_each(|seq| seen.add(&message(*seq, 1), user(1)));
            if is_all {
                seen.end();
            }
            seen.has_hole()
        };
        assert!(!seen(&[3, 2, 1], true));
        assert!(!seen(&[9, 8], false));
        assert!(seen(&[9, 7], false));
        assert!(seen(&[9, 8], true));
        assert!(seen(&[], true));
    }

    #[test]
    fn a_claim_of_a_day_may_be_of_a_message_that_has_expired() {
        let day_ms = 86_400_000;
        assert!(!may_have_expired(at(0), at(day_ms - 10_001)));
        assert!(may_have_expired(at(0), at(day_ms - 10_000)));
    }
}
