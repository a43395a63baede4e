//! Generations of a login's tokens: which refresh token renews a login, which is answered again, and which ends it.
//!
//! A refresh makes the next generation. Its answer may get lost, and two programs of one device may refresh at once, so
//! the token before the current one is answered again for a while. A token that is used after that is in two hands.

use std::time::Duration;

use crate::Timestamp;
use crate::device::Device;
use crate::ids::chosen_name;

/// How long every holder of the token before is given the current generation again, after that was first made.
pub const SHARED: Duration = Duration::from_secs(60);

chosen_name! {
    /// Names one attempt to refresh, chosen by the device: 1–64 bytes. The same attempt may ask until it has its answer.
    RefreshAttempt
}

/// The refresh that made the current generation of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The attempt that asked; that no attempt was named counts as a name.
    pub attempt: Option<RefreshAttempt>,
    /// Until when the token before is answered whoever asks.
    pub shared_until: Timestamp,
    /// Whether a token of the current generation was used: a call, a handshake.
    pub is_used: bool,
}

impl Rotation {
    /// The rotation of a refresh.
    pub fn by(attempt: Option<RefreshAttempt>, now: Timestamp) -> Self {
        Self { attempt, shared_until: now.plus(SHARED), is_used: false }
    }

    /// The rotation of a changed password: the token before is answered again only to whom the answer may have been lost.
    pub const fn unshared(now: Timestamp) -> Self {
        Self { attempt: None, shared_until: now, is_used: false }
    }

    /// Whether the token before the current generation is answered with the current one.
    fn answers(&self, attempt: Option<&RefreshAttempt>, now: Timestamp) -> bool {
        // A clock that was far ahead has written a time from which nothing follows.
        let is_shared = now < self.shared_until && self.shared_until.minus(SHARED).may_have_been(now);
        is_shared || (!self.is_used && self.attempt.as_ref() == attempt)
    }
}

/// What becomes of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshDecision {
    /// It is the current one: the next generation is made.
    Rotate,
    /// It is the one before: the current generation is given again.
    Repeat,
    /// It was used before, and the login ends: its rightful holder or a thief has a later one.
    Reuse,
    /// It is of no generation that was made, as far as is known: it is refused.
    Unknown,
}

/// Judges a refresh token of `generation` that is of the living login of `device`.
///
/// A generation of which it is not known how it was made does not answer the token before.
pub fn judge(
    device: &Device,
    generation: u64,
    attempt: Option<&RefreshAttempt>,
    now: Timestamp,
) -> RefreshDecision {
    if generation >= device.generation {
        return if generation == device.generation {
            RefreshDecision::Rotate
        } else {
            RefreshDecision::Unknown
        };
    }
    let is_answered = device.rotation.as_ref().is_some_and(|rotation| rotation.answers(attempt, now));
    if generation + 1 == device.generation && is_answered {
        RefreshDecision::Repeat
    } else {
        RefreshDecision::Reuse
    }
}

/// Whether an access token of `generation` is the first use of the current generation, which is to be recorded.
///
/// Tokens of earlier versions name no generation; the first generation of a login follows no other.
pub fn is_first_use(device: &Device, generation: Option<u64>) -> bool {
    generation == Some(device.generation)
        && device.rotation.as_ref().is_some_and(|rotation| !rotation.is_used)
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeviceId, FamilyId, UserId};

    pub(super) const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

    pub(super) fn device(generation: u64, rotation: Option<Rotation>) -> Device {
        Device {
            user: UserId::new(ulid::Ulid(1)),
            device: DeviceId::new(ulid::Ulid(2)),
            family: FamilyId::new(ulid::Ulid(3)),
            generation,
            rotation,
            name: None,
            platform: None,
            push: None,
            created_at: NOW,
            last_active_at: NOW,
        }
    }

    fn attempt(name: &str) -> Option<RefreshAttempt> {
        (!name.is_empty()).then(|| name.parse().unwrap())
    }

    /// Presents the token before the current one; the answer that makes the current one was to `asked`.
    #[track_caller]
    fn check(asked: &str, asks: &str, after: Duration, is_used: bool, expected: RefreshDecision) {
        let rotation = Rotation { is_used, ..Rotation::by(attempt(asked), NOW) };
        let decision = judge(&device(5, Some(rotation)), 4, attempt(asks).as_ref(), NOW.plus(after));
        assert_eq!(decision, expected, "{asked:?} was answered, {asks:?} asks after {after:?}");
    }

    #[test]
    fn the_token_before_is_answered_to_anybody_for_a_minute() {
        for is_used in [false, true] {
            for asks in ["a", "b", ""] {
                check("a", asks, Duration::ZERO, is_used, RefreshDecision::Repeat);
                check("a", asks, SHARED - Duration::from_millis(1), is_used, RefreshDecision::Repeat);
            }
        }
    }

    #[test]
    fn later_it_is_answered_to_the_same_attempt_until_its_answer_was_used() {
        let late = Duration::from_secs(30 * 24 * 3600);
        for (asked, asks, is_used, expected) in [
            ("a", "a", false, RefreshDecision::Repeat),
            ("", "", false, RefreshDecision::Repeat),
            ("a", "b", false, RefreshDecision::Reuse),
            ("a", "", false, RefreshDecision::Reuse),
            ("", "a", false, RefreshDecision::Reuse),
            ("a", "a", true, RefreshDecision::Reuse),
            ("", "", true, RefreshDecision::Reuse),
        ] {
            check(asked, asks, SHARED, is_used, expected);
            check(asked, asks, late, is_used, expected);
        }
    }

    #[test]
    fn a_token_of_an_older_generation_ends_the_login_at_any_time() {
        let device = device(5, Some(Rotation::by(None, NOW)));
        assert_eq!(judge(&device, 5, None, NOW), RefreshDecision::Rotate);
        for generation in [0, 3] {
            assert_eq!(judge(&device, generation, None, NOW), RefreshDecision::Reuse);
        }
        assert_eq!(judge(&device, 6, None, NOW), RefreshDecision::Unknown);
        assert_eq!(judge(&device, u64::MAX, None, NOW), RefreshDecision::Unknown);
    }

    #[test]
    fn a_generation_of_which_nothing_is_known_answers_no_token_before() {
        assert_eq!(judge(&device(5, None), 5, None, NOW), RefreshDecision::Rotate);
        assert_eq!(judge(&device(5, None), 4, None, NOW), RefreshDecision::Reuse);
    }

    #[test]
    fn a_changed_password_answers_only_the_one_that_changed_it_again() {
        let device = device(5, Some(Rotation::unshared(NOW)));
        assert_eq!(judge(&device, 4, None, NOW), RefreshDecision::Repeat);
        assert_eq!(judge(&device, 4, attempt("a").as_ref(), NOW), RefreshDecision::Reuse);
        let used = Rotation { is_used: true, ..Rotation::unshared(NOW) };
        assert_eq!(judge(&Device { rotation: Some(used), ..device }, 4, None, NOW), RefreshDecision::Reuse);
    }

    #[test]
    fn a_clock_that_was_far_ahead_shares_nothing_for_long() {
        let day = Duration::from_secs(24 * 3600);
        let rotation = Rotation { is_used: true, ..Rotation::by(None, NOW.plus(day)) };
        assert_eq!(judge(&device(5, Some(rotation)), 4, None, NOW), RefreshDecision::Reuse);
    }

    #[test]
    fn the_first_use_of_a_generation_is_recorded_once() {
        let unused = device(5, Some(Rotation::by(None, NOW)));
        let used = Rotation { is_used: true, ..Rotation::by(None, NOW) };
        assert!(is_first_use(&unused, Some(5)));
        assert!(!is_first_use(&unused, Some(4)) && !is_first_use(&unused, None));
        assert!(!is_first_use(&device(5, Some(used)), Some(5)));
        assert!(!is_first_use(&device(0, None), Some(0)));
    }
}
