//! The size of a world, and what goes wrong in it, by seed.

use super::server::Bug;
use crate::random::Random;

/// The size of a world, and what goes wrong in it.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) bug: Option<Bug>,
    /// Nothing goes wrong but that some do not read.
    pub(super) healthy: bool,
    pub(super) users: u32,
    pub(super) devices: u32,
    /// Until the trouble ends. Unit: seconds.
    pub(super) length: u64,
    /// Longest time between two messages of a user. Unit: milliseconds.
    pub(super) pause_ms_max: u64,
    /// One call in so many fails; 0 is never.
    pub(super) failure_once_in: u64,
    /// Between two polls of so many a function dies; 0 is never.
    pub(super) crash_once_in: u64,
    /// One record in so many comes twice; 0 is never.
    pub(super) doubled_once_in: u64,
    /// Latest that a record comes. Unit: milliseconds.
    pub(super) late_ms_max: u64,
    /// The gateway fails in this time, for everybody.
    pub(super) outage: Option<Outage>,
}

/// When and how the gateway fails for reasons of its own. Unit: milliseconds since the beginning.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
    pub(super) kind: OutageKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutageKind {
    /// 5xx, or no answer.
    Fails,
    /// The account is throttled: posts and questions are answered by what also says that a buffer is full.
    Throttles,
}

impl Scenario {
    pub(super) fn of(seed: u64, bug: Option<Bug>) -> Self {
        // A generator of its own, so that a planted bug does not change the scenario.
        let random = Random::new(seed ^ 0x510_3ead);
        let healthy = random.once_in(2);
        let length = *random.pick(&[10, 40]);
        let outage = random.once_in(3).then(|| {
            let (from_ms, kind) = (random.below(length * 500), [OutageKind::Fails, OutageKind::Throttles]);
            Outage { from_ms, to_ms: from_ms + random.between(1_000, 60_000), kind: *random.pick(&kind) }
        });
        Self {
            seed,
            bug,
            healthy,
            users: u32::try_from(random.between(2, 5)).unwrap(),
            devices: u32::try_from(random.between(1, 3)).unwrap(),
            length,
            pause_ms_max: *random.pick(&[500, 6_000]),
            failure_once_in: if healthy { 0 } else { *random.pick(&[0, 10, 40]) },
            crash_once_in: if healthy { 0 } else { *random.pick(&[0, 40, 200]) },
            doubled_once_in: if healthy { 0 } else { *random.pick(&[0, 2, 10]) },
            late_ms_max: if healthy { 100 } else { *random.pick(&[100, 20_000]) },
            outage,
        }
    }

    /// The gateway fails while those who read late are busy, all of them at the beginning; nothing else goes wrong.
    ///
    /// So some have had no room a few times before it fails, and some are busy again when it is back.
    pub(super) fn with_outage_of_the_busy(seed: u64, bug: Option<Bug>) -> Self {
        let random = Random::new(seed ^ 0xb5_0b5);
        let from_ms = random.between(1_200, 7_500);
        let kind = *random.pick(&[OutageKind::Fails, OutageKind::Throttles]);
        let outage = Some(Outage { from_ms, to_ms: from_ms + random.between(5_000, 60_000), kind });
        let healthy = Self {
            healthy: true,
            failure_once_in: 0,
            crash_once_in: 0,
            doubled_once_in: 0,
            late_ms_max: 100,
            ..Self::of(seed, bug)
        };
        Self { outage, length: 10, ..healthy }
    }
}
