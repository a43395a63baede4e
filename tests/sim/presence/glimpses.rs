//! A user who connects and logs out immediately, again and again, while the queue is late and a friend asks all the
//! time.

use std::time::Duration;

use super::clock::START;
use super::device::{Device, Going};
use super::scenario::Scenario;
use super::server::Bug;
use super::{FOR_EVER, check_faulty, run_slow_then_fast, two_friends};
use crate::broken_by;
use crate::world::identity;

const SEEDS: u64 = 50;

/// How long servers and the queue are slow.
const SLOW: Duration = Duration::from_secs(30);

/// After this time everything must be true: the last logout is longer ago than a lease lasts.
const SETTLED: Duration = Duration::from_secs(200);

const VISITS: usize = 3;

/// Runs one seed to its end.
///
/// # Errors
///
/// Returns the first guarantee that was broken.
pub(super) fn glimpse(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let late_ms_max = 5_000;
    let (world, mut executor) = two_friends(Scenario { late_ms_max, ..Scenario::slow(seed, bug) });
    let mut visitor = Device::new(&world, &executor.spawner, identity(0, 0));
    executor.spawner.spawn(async move {
        visitor.take_over();
        for _ in 0..VISITS {
            visitor.pause(8_000).await;
            visitor.connect().await;
            visitor.pause(500).await;
            visitor.go(Going::LogOut).await;
        }
    });
    let mut friend = Device::new(&world, &executor.spawner, identity(1, 0));
    executor.spawner.spawn(async move {
        friend.take_over();
        friend.connect().await;
        while friend.now() < START.plus(SLOW) {
            friend.ask().await;
            friend.pause(200).await;
        }
        friend.stay(START.plus(FOR_EVER)).await;
    });
    run_slow_then_fast(&world, &mut executor, SLOW, SLOW + SETTLED);
    check_faulty::check(&world);
    world.first_fault().map_or(Ok(()), Err)
}

#[test]
fn a_user_who_was_online_for_a_moment_does_not_stay_online() {
    let broken = broken_by(0, SEEDS, |seed| glimpse(seed, None));
    assert_eq!(broken.first(), None, "{} of {SEEDS}", broken.len());
}
