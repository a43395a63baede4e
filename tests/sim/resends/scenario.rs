//! The parameters of a world, drawn from a seed.

use std::num::NonZeroU32;

use super::server::Bug;
use crate::random::Random;

/// The size of a world, and what goes wrong in it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) bug: Option<Bug>,
    /// Places for claims in a row.
    pub(crate) claims_max: usize,
    /// Number of keys that a store distinguishes; 0 for all.
    pub(crate) kinds_of_keys: u64,
    /// Whether messages expire after a day.
    pub(crate) retention: bool,
    /// Devices of the sender.
    pub(crate) devices: u32,
    /// Acts of each device.
    pub(crate) acts: u64,
    pub(crate) processes: u64,
    pub(crate) page_max: NonZeroU32,
    pub(crate) failure_once_in: u64,
    pub(crate) crash_once_in: u64,
    /// Longest time between two polls. Unit: milliseconds.
    pub(crate) step_ms_max: u64,
    /// At one poll in so many, minutes pass.
    pub(crate) leap_once_in: u64,
    /// At one act in so many, the other user blocks or unblocks.
    pub(crate) block_once_in: u64,
    /// Whether devices send in sequences that make rare cases likely.
    pub(crate) has_stories: bool,
}

impl Scenario {
    pub(crate) fn of(seed: u64, bug: Option<Bug>) -> Self {
        let random = Random::new(seed ^ 0xa9a1);
        let scenario = Self {
            seed,
            bug,
            claims_max: usize::try_from(random.between(2, 5)).unwrap(),
            kinds_of_keys: *random.pick(&[0, 0, 3]),
            retention: false,
            devices: u32::try_from(random.between(1, 3)).unwrap(),
            acts: random.between(5, 25),
            processes: random.between(1, 3),
            page_max: NonZeroU32::new(*random.pick(&[1, 2, 5, 100])).unwrap(),
            failure_once_in: *random.pick(&[0, 8, 20, 60]),
            crash_once_in: *random.pick(&[0, 40, 200]),
            step_ms_max: *random.pick(&[2, 20, 200]),
            leap_once_in: *random.pick(&[0, 100, 400]),
            block_once_in: *random.pick(&[0, 2, 4]),
            has_stories: random.once_in(4),
        };
        if !scenario.has_stories {
            return scenario;
        }
        // Long sequences run to their end, mostly undisturbed.
        Self {
            devices: scenario.devices.min(2),
            acts: scenario.acts.min(8),
            kinds_of_keys: 0,
            failure_once_in: if random.once_in(2) { 0 } else { scenario.failure_once_in },
            crash_once_in: 0,
            step_ms_max: 2,
            leap_once_in: 0,
            block_once_in: 0,
            ..scenario
        }
    }

    /// A scenario without failures.
    pub(crate) fn healthy() -> Self {
        Self {
            failure_once_in: 0,
            crash_once_in: 0,
            kinds_of_keys: 0,
            page_max: NonZeroU32::MAX,
            ..Self::of(0, None)
        }
    }
}
