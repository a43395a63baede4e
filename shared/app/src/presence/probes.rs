//! Users who were probed lately.

use std::sync::{Mutex, PoisonError};

use confab_domain::lease::HeartbeatPolicy;
use confab_domain::{Timestamp, UserId};

use crate::generations::Generations;

/// Users that are remembered at most. Unit: users of about 50 bytes each.
const CAPACITY: usize = 10_000;

/// Users who were probed lately by this process: one probe serves all messages that are sent until its answer is due.
///
/// Kept in memory only, since a write for each message would cost more than a probe. Several processes probe a user
/// once each.
#[derive(Debug)]
pub struct Probes {
    asked_at: Mutex<Generations<UserId, Timestamp>>,
}

impl Default for Probes {
    fn default() -> Self {
        Self { asked_at: Mutex::new(Generations::new(CAPACITY)) }
    }
}

impl Probes {
    /// Whether a user has to be probed now. If so, the user counts as probed until the answer is due.
    pub(crate) fn begin(&self, user: UserId, policy: HeartbeatPolicy, now: Timestamp) -> bool {
        let mut asked_at = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let due = |asked_at: Timestamp| asked_at.plus(policy.probe());
        // A time that a fast clock wrote does not prevent a probe.
        if asked_at.get(&user).is_some_and(|asked_at| asked_at <= now && now < due(asked_at)) {
            return false;
        }
        asked_at.put(user, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_user_is_probed_once_until_the_answer_is_due() {
        let policy = HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };
        let [ada, bob] = ["usr_01ARZ3NDEKTSV4RRFFQ69G5FAV", "usr_01BX5ZZKBKACTAV9WEVGEMMVRZ"]
            .map(|id| id.parse::<UserId>().unwrap());
        let probes = Probes::default();
        let at = |ms: u64| Timestamp::from_ms(1_000_000 + ms);
        assert!(probes.begin(ada, policy, at(0)));
        assert!((1..20).all(|n| !probes.begin(ada, policy, at(n))));
        assert!(probes.begin(bob, policy, at(5)));
        assert!(!probes.begin(ada, policy, at(3_999)));
        assert!(probes.begin(ada, policy, at(4_000)));
        assert!(probes.begin(ada, policy, at(100)), "probed by a clock that was ahead");
    }
}
