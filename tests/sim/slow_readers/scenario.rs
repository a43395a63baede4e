//! The parameters of a world, drawn from a seed.

use super::server::Bug;
use crate::random::Random;

/// The size of a world, and what goes wrong in it.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) bug: Option<Bug>,
    /// Whether no call fails and no function crashes; sockets may still not read.
    pub(super) healthy: bool,
    pub(super) users: u32,
    pub(super) devices: u32,
    /// Time until the faults end. Unit: seconds.
    pub(super) length: u64,
    /// Longest time between two messages of a user. Unit: milliseconds.
    pub(super) pause_ms_max: u64,
    /// One call in so many fails; 0 for none.
    pub(super) failure_once_in: u64,
    /// At one poll in so many, a function crashes; 0 for never.
    pub(super) crash_once_in: u64,
    /// One record in so many is delivered twice; 0 for none.
    pub(super) doubled_once_in: u64,
    /// Largest delay of a record. Unit: milliseconds.
    pub(super) late_ms_max: u64,
    /// A time span in which the gateway fails for all sockets.
    pub(super) outage: Option<Outage>,
}

/// When and how the gateway fails. Unit: milliseconds since the start.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
    pub(super) kind: OutageKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutageKind {
    /// The gateway answers 5xx or not at all.
    Fails,
    /// The account is throttled: posts and queries get the answer that also stands for a full buffer.
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

    /// The gateway fails while late readers are busy, all of them at the start; nothing else fails.
    ///
    /// So some sockets have had a full buffer a few times before the outage, and some are busy again after it.
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
