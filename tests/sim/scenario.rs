//! The parameters of a world, drawn from a seed.

use std::num::NonZeroU32;

use confab_domain::MembershipLimits;

use crate::planted::Bug;
use crate::random::Random;

/// The size of a world, and what goes wrong in it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The seed that the parameters were drawn from.
    pub(crate) seed: u64,
    /// The bug that is planted.
    pub(crate) bug: Option<Bug>,
    /// Whether no call fails and no function crashes, so that every announcement must arrive.
    pub(crate) healthy: bool,
    /// Whether messages expire and days pass between chapters.
    pub(crate) retention: bool,
    /// Whether the retention setting changes now and then, in one process before another.
    pub(crate) settings_change: bool,
    /// At one poll in so many, some expired entries are swept; 0 for never.
    pub(crate) sweep_once_in: u64,
    /// Whether there are groups.
    pub(crate) groups: bool,
    /// Number of users.
    pub(crate) users: u32,
    /// Number of devices of each user.
    pub(crate) devices: u32,
    /// Messages that each device writes in a chapter.
    pub(crate) messages: u64,
    /// Length of a message's text; large ones make a sync answer in several frames.
    pub(crate) text_bytes: usize,
    /// How often a device connects in a chapter.
    pub(crate) visits: u64,
    /// Warm server processes.
    pub(crate) processes: u64,
    /// Most entries in a page of the store.
    pub(crate) page_max: NonZeroU32,
    /// One call in so many fails; 0 for none.
    pub(crate) failure_once_in: u64,
    /// At one poll in so many, a function crashes; 0 for never.
    pub(crate) crash_once_in: u64,
    /// Longest time between two polls. Unit: milliseconds.
    pub(crate) step_ms_max: u64,
    /// At one poll in so many, minutes pass; 0 for never.
    pub(crate) leap_once_in: u64,
    /// A sync ends early at one check of its deadline in so many; 0 for never.
    pub(crate) late_once_in: u64,
    /// How many memberships a user may have.
    pub(crate) memberships: MembershipLimits,
}

impl Scenario {
    /// The scenario of a seed.
    pub(crate) fn of(seed: u64, bug: Option<Bug>) -> Self {
        // A generator of its own, so that a planted bug does not change the scenario.
        let random = Random::new(seed ^ 0x5eed);
        let healthy = random.once_in(3);
        let two = random.once_in(2);
        let pages = [1, 2, 3, 100];
        // A generator of its own, so that older parameters of a seed stay as they are.
        let own = Random::new(seed ^ 0x1a7e);
        let late_once_in = *own.pick(&[0, 0, 2, 6]);
        let memberships =
            MembershipLimits { groups: *own.pick(&[2, 3, 99]), unanswered: *own.pick(&[1, 2, 99]) };
        let scenario = Self {
            seed,
            bug,
            healthy,
            groups: false,
            retention: random.once_in(4),
            settings_change: random.once_in(2),
            sweep_once_in: *random.pick(&[0, 500]),
            users: if two { 2 } else { u32::try_from(random.between(3, 4)).unwrap() },
            devices: u32::try_from(random.between(1, 2)).unwrap(),
            messages: if two { random.between(1, 7) } else { random.between(1, 3) },
            text_bytes: if random.once_in(24) { 9_000 } else { 1 },
            visits: random.between(1, 3) + 2 * u64::from(healthy),
            processes: random.between(1, 3),
            page_max: NonZeroU32::new(*random.pick(&pages)).unwrap(),
            failure_once_in: *random.pick(&[0, 8, 20, 60]),
            crash_once_in: *random.pick(&[0, 40, 200]),
            step_ms_max: *random.pick(&[2, 20, 200]),
            leap_once_in: *random.pick(&[0, 0, 500]),
            late_once_in,
            memberships,
        };
        if random.once_in(3) { scenario.with_groups(&random) } else { scenario }
    }

    fn with_groups(self, random: &Random) -> Self {
        Self {
            groups: true,
            users: u32::try_from(random.between(3, 8)).unwrap(),
            devices: u32::from(random.once_in(3)) + 1,
            messages: random.between(1, 4),
            visits: random.between(1, 3),
            // A chapter with groups has more steps, and must not last for days.
            leap_once_in: 10 * self.leap_once_in,
            ..self
        }
    }
}
