//! The parameters of a world of pushes, drawn from a seed.

use std::time::Duration;

use confab_domain::lease::HeartbeatPolicy;

use super::server::Bug;
use crate::random::Random;

pub(crate) const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

/// The size of a world, and what goes wrong in it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) bug: Option<Bug>,
    /// Whether no call fails and no function crashes.
    pub(crate) healthy: bool,
    pub(crate) users: u32,
    /// Number of devices of each user. Most are registered for pushes.
    pub(crate) devices: u32,
    /// Longest stay, and longest absence. Unit: seconds.
    pub(crate) stay_max: u64,
    pub(crate) absence_max: u64,
    /// At one act of a connected device in so many, it becomes idle; 0 for never.
    pub(crate) idle_once_in: u64,
    /// Whether all devices connect at the same times.
    pub(crate) together: bool,
    /// Longest time between two acts of a connected device. Unit: milliseconds.
    pub(crate) act_ms_max: u64,
    /// Time until the faults end. Unit: seconds.
    pub(crate) length: u64,
    /// One call in so many fails; 0 for none.
    pub(crate) failure_once_in: u64,
    /// At one poll in so many, a function crashes; 0 for never.
    pub(crate) crash_once_in: u64,
    /// One record in so many is delivered twice.
    pub(crate) doubled_once_in: u64,
    /// One socket in so many never takes an event; 0 for none.
    pub(crate) silent_once_in: u64,
    /// Largest delay of a record. Unit: milliseconds.
    pub(crate) late_ms_max: u64,
    /// Largest lead of a server's clock. Unit: milliseconds.
    pub(crate) skew_ms_max: u64,
}

impl Scenario {
    pub(crate) fn of(seed: u64, bug: Option<Bug>) -> Self {
        // A generator of its own, so that a planted bug does not change the scenario.
        let random = Random::new(seed ^ 0x9054_11ed);
        let healthy = random.once_in(2);
        Self {
            seed,
            bug,
            healthy,
            users: u32::try_from(random.between(2, 4)).unwrap(),
            devices: u32::try_from(random.between(1, 3)).unwrap(),
            stay_max: *random.pick(&[5, 20, 60]),
            absence_max: *random.pick(&[60, 200, 400]),
            act_ms_max: *random.pick(&[500, 3_000]),
            together: random.once_in(3),
            length: *random.pick(&[200, 400]),
            failure_once_in: if healthy { 0 } else { *random.pick(&[0, 10, 40]) },
            crash_once_in: if healthy { 0 } else { *random.pick(&[0, 40, 200]) },
            doubled_once_in: if healthy { 0 } else { *random.pick(&[2, 10]) },
            late_ms_max: if healthy { 200 } else { *random.pick(&[200, 20_000]) },
            skew_ms_max: if healthy { 0 } else { 500 },
            silent_once_in: *random.pick(&[0, 0, 5]),
            idle_once_in: *random.pick(&[0, 5, 20]),
        }
    }
}
