//! Two friends who connect at the same time while servers are slow, and in some worlds end their friendship at that
//! moment. In the end, each has the true presence of the other.

use std::time::Duration;

use confab_domain::ContactChange;

use super::clock::START;
use super::device::Device;
use super::scenario::Scenario;
use super::server::Bug;
use super::{FOR_EVER, check_faulty, run_slow_then_fast, two_friends};
use crate::broken_by;
use crate::world::{identity, user};

const SEEDS: u64 = 100;

/// How long servers are slow.
const SLOW: Duration = Duration::from_secs(30);

/// After this time everything must be true: a message that waits for a change has given up.
const SETTLED: Duration = Duration::from_secs(100);

/// Runs one seed to its end.
///
/// # Errors
///
/// Returns the first guarantee that was broken.
pub(super) fn arrive(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let (world, mut executor) = two_friends(Scenario::slow(seed, bug));
    let parts = world.random.once_in(2);
    for n in [0, 1] {
        let mut device = Device::new(&world, &executor.spawner, identity(n, 0));
        executor.spawner.spawn(async move {
            device.take_over();
            device.pause(1_000).await;
            device.connect().await;
            if n == 0 && parts {
                let change = *device.world.random.pick(&[ContactChange::Remove, ContactChange::Block]);
                device.pause(1_000).await;
                device.world.note_pair(user(0), user(1));
                device.world.change_contact(user(0), user(1), change).await;
                device.world.note_pair(user(0), user(1));
            }
            device.stay(START.plus(FOR_EVER)).await;
        });
    }
    run_slow_then_fast(&world, &mut executor, SLOW, SLOW + SETTLED);
    check_faulty::check(&world);
    world.first_fault().map_or(Ok(()), Err)
}

#[test]
fn friends_who_connect_and_part_at_the_same_time_end_with_the_true_presence() {
    let broken = broken_by(0, SEEDS, |seed| arrive(seed, None));
    assert_eq!(broken.first(), None, "{} of {SEEDS}", broken.len());
}
