//! The parameters of a world of presence, drawn from a seed.

use std::time::Duration;

use confab_domain::lease::HeartbeatPolicy;

use super::server::Bug;
use crate::random::Random;

/// The size of a world, and what goes wrong in it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) bug: Option<Bug>,
    /// Whether no call fails and no function crashes.
    pub(crate) healthy: bool,
    pub(crate) policy: HeartbeatPolicy,
    pub(crate) users: u32,
    /// Number of devices of each user.
    pub(crate) devices: u32,
    /// Whether friendships and blocks begin and end.
    pub(crate) contacts_change: bool,
    /// Whether all devices connect at the same time.
    pub(crate) together: bool,
    /// Longest visit, and longest absence. Unit: seconds.
    pub(crate) visit_max: u64,
    /// Time until the faults end, in a faulty run. Unit: seconds.
    pub(crate) length: u64,
    /// Whether seconds may pass between two calls of a server.
    pub(crate) stalls: bool,
    /// One call in so many fails; 0 for none.
    pub(crate) failure_once_in: u64,
    /// At one poll in so many, a function crashes; 0 for never.
    pub(crate) crash_once_in: u64,
    /// One post in so many is throttled, and one in so many is lost; 0 for none.
    pub(crate) throttled_once_in: u64,
    pub(crate) swallowed_once_in: u64,
    /// One socket in so many never takes an event; 0 for none.
    pub(crate) silent_once_in: u64,
    /// One record in so many fails at its first delivery, before any of its work; 0 for none.
    pub(crate) flaky_once_in: u64,
    /// One record in so many is delivered twice; 0 for none.
    pub(crate) doubled_once_in: u64,
    /// Largest delay of a record. Unit: milliseconds.
    pub(crate) late_ms_max: u64,
    /// Largest lead of a server's clock. Unit: milliseconds.
    pub(crate) skew_ms_max: u64,
}

impl Scenario {
    pub(crate) fn of(seed: u64, bug: Option<Bug>) -> Self {
        // A generator of its own, so that a planted bug does not change the scenario.
        let random = Random::new(seed ^ 0x9e5e_9ce0);
        let healthy = random.once_in(2);
        let long = random.once_in(4);
        let (interval, timeout) = *random.pick(&[(10, 30), (10, 30), (30, 90)]);
        let (visit_max, length) = match (long, healthy) {
            (false, _) => (90, 300),
            (true, false) => (240, 900),
            (true, true) => (900, 3000),
        };
        Self {
            seed,
            bug,
            healthy,
            policy: HeartbeatPolicy {
                interval: Duration::from_secs(interval),
                timeout: Duration::from_secs(timeout),
            },
            users: u32::try_from(random.between(2, 4)).unwrap(),
            devices: u32::try_from(random.between(1, 2)).unwrap(),
            contacts_change: random.once_in(3),
            together: random.once_in(3),
            visit_max: visit_max * interval / 10,
            length: length * interval / 10,
            stalls: random.once_in(2),
            failure_once_in: *random.pick(&[0, 8, 20, 60]),
            crash_once_in: *random.pick(&[0, 40, 200]),
            throttled_once_in: *random.pick(&[0, 5, 40]),
            swallowed_once_in: *random.pick(&[0, 0, 20]),
            doubled_once_in: *random.pick(&[0, 10, 30]),
            late_ms_max: *random.pick(&[100, 5_000]),
            skew_ms_max: *random.pick(&[0, 500]),
            silent_once_in: *random.pick(&[0, 0, 4]),
            flaky_once_in: *random.pick(&[0, 0, 3]),
        }
    }

    /// Two users with one device each, without failures; only the test changes their relation.
    pub(crate) fn two(seed: u64, bug: Option<Bug>) -> Self {
        Self { healthy: true, silent_once_in: 0, flaky_once_in: 0, ..Self::slow(seed, bug) }
    }

    /// Two users with one device each, without failures but with slow servers.
    pub(crate) fn slow(seed: u64, bug: Option<Bug>) -> Self {
        Self {
            healthy: false,
            users: 2,
            devices: 1,
            contacts_change: false,
            stalls: true,
            failure_once_in: 0,
            crash_once_in: 0,
            throttled_once_in: 0,
            swallowed_once_in: 0,
            silent_once_in: 0,
            flaky_once_in: 0,
            doubled_once_in: 0,
            late_ms_max: 100,
            ..Self::of(seed, bug)
        }
    }
}
