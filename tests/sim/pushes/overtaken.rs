//! Two devices read on within seconds of each other: each phone is cleared up to the position of the other.

use std::sync::Arc;
use std::time::Duration;

use confab_domain::{ConversationId, Seq};

use super::scenario::Scenario;
use super::server::Bug;
use super::world::World;
use super::{check, set_up};
use crate::presence::clock::{Executor, START};
use crate::world::{identity, user};

const MESSAGES: u64 = 3;

/// Longer than any push waits.
const DONE: Duration = Duration::from_secs(60);

/// Alerts a user with two phones to some messages; each phone reads some of them, and the first not all.
pub(crate) fn read_on_two(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let scenario = Scenario {
        healthy: true,
        users: 2,
        devices: 2,
        late_ms_max: 200,
        skew_ms_max: 0,
        ..Scenario::of(seed, bug)
    };
    let world = Arc::new(World::new(scenario));
    let mut executor = Executor::default();
    set_up(&world);
    let acting = Arc::clone(&world);
    executor.spawner.spawn(async move {
        let conversation = ConversationId::dm(user(0), user(1)).unwrap();
        for _ in 0..MESSAGES {
            acting.send(user(1), conversation, None).await;
            acting.clock.sleep(Duration::from_secs(1)).await;
        }
        let [first, second] = [0, 1].map(|device| identity(0, device));
        let sockets = [acting.connect(first).await.unwrap(), acting.connect(second).await.unwrap()];
        for (device, seq) in [(0, 1), (0, 2), (1, MESSAGES)] {
            let reader = identity(0, device);
            let socket = &sockets[usize::try_from(device).unwrap()];
            acting.read(reader, socket, conversation, Seq::new(seq).unwrap()).await;
            acting.clock.sleep(Duration::from_millis(acting.random.below(1_000))).await;
        }
    });
    executor.run_until(&world, START.plus(DONE));
    check::check_cleared(&world);
    world.first_fault().map_or(Ok(()), Err)
}

#[test]
fn each_phone_is_cleared_up_to_the_read_of_the_other() {
    for seed in 0..200 {
        assert_eq!(read_on_two(seed, None), Ok(()), "seed {seed}");
    }
}
