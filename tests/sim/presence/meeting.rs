//! Two friends who connect at the same time while servers are slow: neither may be treated as alone.

use std::time::Duration;

use super::clock::START;
use super::device::{Device, Going};
use super::scenario::Scenario;
use super::server::Bug;
use super::{FOR_EVER, run_slow_then_fast, two_friends};
use crate::broken_by;
use crate::world::{identity, user};

const SEEDS: u64 = 200;

/// How long servers are slow.
const SLOW: Duration = Duration::from_secs(60);

/// How long both are connected: by its end, a user treated as alone would send heartbeats rarely.
const TOGETHER: Duration = Duration::from_secs(400);

/// How much later than the timeout `offline` may come.
const LATENESS_MAX: Duration = Duration::from_secs(5);

/// Runs one seed to its end.
///
/// # Errors
///
/// Returns the first guarantee that was broken.
pub(super) fn meet(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let (world, mut executor) = two_friends(Scenario::slow(seed, bug));
    for (n, stays) in [(0, TOGETHER), (1, FOR_EVER)] {
        let mut device = Device::new(&world, &executor.spawner, identity(n, 0));
        executor.spawner.spawn(async move {
            device.take_over();
            device.pause(2_000).await;
            device.connect().await;
            device.stay(START.plus(stays)).await;
            device.go(Going::Silent).await;
        });
    }
    let end = TOGETHER + world.scenario.policy.timeout + LATENESS_MAX;
    run_slow_then_fast(&world, &mut executor, SLOW, end);
    let report = world.ledger().last_report(identity(1, 0).device, user(0));
    if report.is_none_or(|report| report.is_online) {
        world.fault(format!("no `offline` for a silent user: {report:?}"));
    }
    world.first_fault().map_or(Ok(()), Err)
}

#[test]
fn friends_who_connect_at_the_same_time_are_notified_when_one_goes_offline() {
    let broken = broken_by(0, SEEDS, |seed| meet(seed, None));
    assert_eq!(broken, []);
}
