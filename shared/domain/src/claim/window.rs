//! The window of claims that an inbox row remembers.

use std::collections::VecDeque;

use super::{Claim, REMEMBERED, ROUNDING_MAX};
use crate::Timestamp;
use crate::log::Attempt;

/// A remembered claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot<K> {
    /// The id, or what a store keeps of it.
    pub key: K,
    /// When the id was first claimed, by the clock of the server that recorded it.
    pub claimed_at: Timestamp,
    /// Which attempt may release the claim.
    pub holder: Holder,
}

/// Which attempt may release a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The attempt with this tag, which recorded the claim.
    Attempt(AttemptTag),
    /// None: the attempt that recorded the claim is not known.
    Unknown,
    /// None: another send may append, or has appended, under the claim.
    Renewed,
}

/// Short form of the attempt that recorded a claim: its last three bytes.
///
/// Two attempts have the same tag with a chance of 1 in 16 million. A claim is released only by an attempt that has
/// its tag and recorded it at its time. So two sends are confused only if both claimed one id within
/// [`ROUNDING_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptTag([u8; 3]);

impl AttemptTag {
    /// The tag of an attempt.
    pub const fn of(attempt: Attempt) -> Self {
        let [_, a, b, c] = attempt.0.to_be_bytes();
        Self([a, b, c])
    }

    /// A tag from a store.
    pub const fn restored(bytes: [u8; 3]) -> Self {
        Self(bytes)
    }

    /// The bytes of the tag, for a store.
    pub const fn bytes(self) -> [u8; 3] {
        self.0
    }
}

/// The claims that an inbox row remembers, the oldest first.
///
/// A released place is used again before a claim is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimWindow<K> {
    slots: VecDeque<Slot<K>>,
    /// Times of the claims whose places were released; the last one is used first.
    freed: Vec<Timestamp>,
    capacity: usize,
    newest_by: Option<Attempt>,
}

impl<K> ClaimWindow<K> {
    /// An empty window of `capacity` places.
    pub const fn new(capacity: usize) -> Self {
        Self { slots: VecDeque::new(), freed: Vec::new(), capacity, newest_by: None }
    }

    /// A window of [`REMEMBERED`] places from a store: its claims, the oldest first, and its released places, the
    /// next one to be used first.
    pub fn restored(slots: Vec<Slot<K>>, freed: Vec<Timestamp>, newest_by: Option<Attempt>) -> Self {
        let mut window = Self { newest_by, ..Self::new(REMEMBERED) };
        window.slots = slots.into_iter().take(REMEMBERED).collect();
        window.freed = freed.into_iter().take(REMEMBERED - window.slots.len()).collect();
        window.freed.reverse();
        window
    }

    /// Times of the claims whose places were released, the next one to be used first.
    pub fn freed(&self) -> impl ExactSizeIterator<Item = Timestamp> {
        self.freed.iter().rev().copied()
    }

    /// The claims, the oldest first.
    pub fn slots(&self) -> impl ExactSizeIterator<Item = &Slot<K>> {
        self.slots.iter()
    }

    /// The attempt that recorded the newest id.
    pub const fn newest_by(&self) -> Option<Attempt> {
        self.newest_by
    }

    /// Records `key`, unless `is` finds it in the window.
    ///
    /// If the same attempt recorded the newest id and asks again, the id is fresh again: a store's client repeats a
    /// request whose answer was lost.
    pub fn claim(&mut self, is: impl Fn(&K) -> bool, key: K, attempt: Attempt, now: Timestamp) -> Claim {
        let holder = Holder::Attempt(AttemptTag::of(attempt));
        if let Some(index) = self.slots.iter().position(|slot| is(&slot.key)) {
            let is_own = self.slots.get(index).is_some_and(|slot| slot.holder == holder);
            return if self.newest_by == Some(attempt) && is_own {
                // The forgotten claim is not known any more, so it counts as the youngest possible.
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

    /// Latest time at which the claim in a place can have been made.
    ///
    /// It is not after the times of the claims that followed. If the claim's own time is later, a clock was ahead.
    fn latest_time_of(&self, index: usize, now: Timestamp) -> Timestamp {
        let followed = self.slots.iter().skip(index + 1).filter(|slot| slot.holder != Holder::Renewed);
        let own = self.slots.get(index).map(|slot| slot.claimed_at);
        followed.map(|slot| slot.claimed_at).chain(own).min().unwrap_or(now)
    }

    /// Makes a claim the newest one, with a time not after `claimed_at`, and prevents its release by other attempts.
    /// Records the claim if the window does not have it.
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

    /// Frees the place of a claim that this attempt recorded at this time and that was not renewed since. False if
    /// there is no such claim.
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

    /// Makes room for one more claim, and returns the time of the claim that had the place before.
    fn take_place(&mut self, now: Timestamp) -> Option<Timestamp> {
        let is_full = self.slots.len() >= self.capacity;
        self.freed.pop().or_else(|| self.slots.pop_front_if(|_| is_full).map(|slot| slot.forgotten_at(now)))
    }
}

impl<K> Slot<K> {
    /// A time not before the claim took its place in the window, give or take a slow send and another clock.
    pub fn forgotten_at(&self, now: Timestamp) -> Timestamp {
        // A renewed claim has a newer place than its time.
        if self.holder == Holder::Renewed { now } else { self.claimed_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: u64) -> Timestamp {
        Timestamp::from_ms(n)
    }

    fn claim(window: &mut ClaimWindow<u64>, key: u64, now: u64) -> Claim {
        window.claim(|other| *other == key, key, Attempt(u32::try_from(now).unwrap()), at(now))
    }

    /// Releases a claim by the attempt that claimed at that time.
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
        assert!(!release(&mut window, 99, 99), "released already");
    }

    #[test]
    fn only_the_attempt_that_recorded_a_claim_releases_it() {
        let mut window = ClaimWindow::new(1);
        claim(&mut window, 1, 5);
        claim(&mut window, 2, 6);
        claim(&mut window, 1, 7);
        assert!(!release(&mut window, 1, 5), "the claim of this attempt was forgotten");
        let other = Attempt(7 + (1 << 24));
        let hour = at(3_600_000);
        assert!(!window.release(|other| *other == 1, other, hour), "another attempt of that tag");
        assert_eq!(claim(&mut window, 1, 8), Claim::Repeated { claimed_at: at(7) });
        assert!(release(&mut window, 1, 7));
    }

    #[test]
    fn a_claim_of_an_unknown_attempt_is_never_released() {
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
    fn a_renewal_records_a_claim_that_the_window_does_not_have() {
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
}
