//! Refresh tokens: which token renews a login, which gets its answer again, and which ends the login.
//!
//! A refresh makes the next generation. Its answer may get lost, and two programs of one device may refresh side by
//! side, so the previous token gets the answer again for a while. A token that is used after that is in two hands.

use std::time::Duration;

use crate::Timestamp;
use crate::device::Device;
use crate::ids::chosen_name;

/// Time after the first answer in which every holder of the previous token gets the current generation again.
pub const SHARED: Duration = Duration::from_secs(60);

chosen_name! {
    /// Name of one attempt to refresh, chosen by the device: 1–64 bytes. An attempt may repeat until it has its
    /// answer.
    RefreshAttempt
}

/// The refresh that made the current generation of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Name of the attempt that asked. An attempt without a name matches only attempts without a name.
    pub attempt: Option<RefreshAttempt>,
    /// Time until which every holder of the previous token gets the answer again.
    pub shared_until: Timestamp,
    /// Whether a token of the current generation was used, by a call or a handshake.
    pub is_used: bool,
}

impl Rotation {
    /// The rotation of a refresh.
    pub fn by(attempt: Option<RefreshAttempt>, now: Timestamp) -> Self {
        Self { attempt, shared_until: now.plus(SHARED), is_used: false }
    }

    /// The rotation of a changed password. The previous token gets the answer again only for a device that may have
    /// lost it.
    pub const fn unshared(now: Timestamp) -> Self {
        Self { attempt: None, shared_until: now, is_used: false }
    }

    /// Whether the previous token gets the current generation again.
    fn answers(&self, attempt: Option<&RefreshAttempt>, now: Timestamp) -> bool {
        // A time that a clock far ahead wrote does not count.
        let is_shared = now < self.shared_until && self.shared_until.minus(SHARED).may_have_been(now);
        is_shared || (!self.is_used && self.attempt.as_ref() == attempt)
    }
}

/// Decision about a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshDecision {
    /// The token is the current one: the next generation is made.
    Rotate,
    /// The token is the previous one: the current generation is given again.
    Repeat,
    /// The token was used before, so the login ends: its rightful holder or a thief has a later one.
    Reuse,
    /// The token is of no known generation: it is refused.
    Unknown,
}

/// Decides about a refresh token of `generation`, of the present login of `device`.
///
/// If the refresh that made the current generation is not known, the previous token gets no answer again.
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

/// Whether an access token of `generation` is the first use of the current generation, which has to be recorded.
///
/// Tokens of earlier versions name no generation. The first generation of a login has no previous token.
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

    /// Presents the previous token. The attempt `asked` made the current generation; the attempt `asks` presents the
    /// token.
    #[track_caller]
    fn check(asked: &str, asks: &str, after: Duration, is_used: bool, expected: RefreshDecision) {
        let rotation = Rotation { is_used, ..Rotation::by(attempt(asked), NOW) };
        let decision = judge(&device(5, Some(rotation)), 4, attempt(asks).as_ref(), NOW.plus(after));
        assert_eq!(decision, expected, "{asked:?} made the generation, {asks:?} asks after {after:?}");
    }

    #[test]
    fn the_previous_token_gets_its_answer_again_for_a_minute() {
        for is_used in [false, true] {
            for asks in ["a", "b", ""] {
                check("a", asks, Duration::ZERO, is_used, RefreshDecision::Repeat);
                check("a", asks, SHARED - Duration::from_millis(1), is_used, RefreshDecision::Repeat);
            }
        }
    }

    #[test]
    fn later_only_the_same_attempt_gets_the_answer_again_until_it_is_used() {
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
    fn a_generation_of_unknown_origin_gives_the_previous_token_no_answer() {
        assert_eq!(judge(&device(5, None), 5, None, NOW), RefreshDecision::Rotate);
        assert_eq!(judge(&device(5, None), 4, None, NOW), RefreshDecision::Reuse);
    }

    #[test]
    fn a_changed_password_answers_again_only_the_device_that_changed_it() {
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
