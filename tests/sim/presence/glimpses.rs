//! Somebody who comes and logs out at once, again and again, while the queue is late and a friend asks all the time.

use std::sync::Arc;
use std::time::Duration;

use super::clock::{Executor, START};
use super::device::{Device, Going};
use super::scenario::Scenario;
use super::server::Bug;
use super::world::World;
use super::{FOR_EVER, befriend, check_storm, sign_up};
use crate::broken_by;
use crate::world::{identity, user};

const SEEDS: u64 = 50;

/// Until servers and the queue are fast again.
const SLOW: Duration = Duration::from_secs(30);

/// After which everything must be as it should: who has come last has gone for longer than a lease lasts.
const SETTLED: Duration = Duration::from_secs(200);

const VISITS: usize = 3;

/// Runs one seed to its end.
///
/// # Errors
///
/// The first guarantee that was broken.
pub(super) fn glimpse(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let late_ms_max = 5_000;
    let world = Arc::new(World::new(Scenario { late_ms_max, ..Scenario::slow(seed, bug) }));
    let mut executor = Executor::default();
    sign_up(&world, identity(0, 0));
    sign_up(&world, identity(1, 0));
    befriend(&world, user(0), user(1));
    world.note_pair(user(0), user(1));
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
    world.set_stormy(true);
    executor.run_until(&world, START.plus(SLOW));
    world.set_stormy(false);
    executor.run_until(&world, START.plus(SLOW + SETTLED));
    check_storm::check(&world);
    world.first_fault().map_or(Ok(()), Err)
}

#[test]
fn whoever_was_seen_for_a_moment_is_not_seen_for_ever() {
    let broken = broken_by(0, SEEDS, |seed| glimpse(seed, None));
    assert_eq!(broken.first(), None, "{} of {SEEDS}", broken.len());
}
