//! Sockets and their logins: many sockets per device, handshakes that overlap with the end of a login, logouts at any
//! await, displaced sockets that go on sending, and lost registrations.
//!
//! Start with [`simulate`]; the invariants are in [`world::World::check_silent`] and [`world::World::check_end`], and
//! are checked at every frame and event.

mod server;
mod world;

use std::sync::Arc;

use confab_domain::sockets::{DISPLACED_KEPT, SOCKETS_PER_DEVICE_MAX};
use confab_memory::yield_once;

use crate::bugs::check_found_by;
use crate::check_seeds;
use crate::executor::{Spawner, finish};
use server::Bug;
use world::{DEVICES, World};

/// Seeds of which one must find a bug.
const SEEDS: u64 = 3_000;

/// Runs one seed to its end.
///
/// # Errors
///
/// Returns the first guarantee that was broken.
fn simulate(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let world = Arc::new(World::new(seed, bug));
    let spawner = Spawner::default();
    let run = || spawner.run(&world.random, || world.tick());
    for device in 0..DEVICES {
        world.log_in(device);
    }
    world.set_faulty(true);
    for _ in 0..world.random.between(4, 16) {
        let world = Arc::clone(&world);
        spawner.spawn(async move { world.live(world.random.below(DEVICES)).await });
    }
    for _ in 0..world.random.below(3) {
        let world = Arc::clone(&world);
        spawner.spawn(async move {
            pause(&world, 300).await;
            world.log_out(world.random.below(DEVICES)).await;
        });
    }
    for _ in 0..world.random.below(6) {
        let world = Arc::clone(&world);
        spawner.spawn(async move {
            pause(&world, 300).await;
            world.announce().await;
        });
    }
    {
        let world = Arc::clone(&world);
        spawner.spawn(async move {
            for _ in 0..10 {
                pause(&world, 60).await;
                world.perform_one().await;
            }
        });
    }
    run();
    world.set_faulty(false);
    // By then every handshake has ended, and the queue is empty.
    while world.advance_to_next_task() {
        let world = Arc::clone(&world);
        spawner.spawn(async move { world.perform_one().await });
        run();
    }
    world.check_silent();
    for socket in world.open_sockets() {
        let world = Arc::clone(&world);
        spawner.spawn(async move { world.send_frame(&socket).await });
    }
    run();
    world.check_end();
    world.first_fault().map_or(Ok(()), Err)
}

/// Lets other tasks run for up to so many steps.
async fn pause(world: &World, steps: u64) {
    for _ in 0..world.random.below(steps + 1) {
        yield_once().await;
    }
}

#[test]
fn a_socket_whose_login_has_ended_or_that_was_displaced_neither_reads_nor_writes() {
    check_seeds(2_000, |seed| simulate(seed, None));
}

/// Handshakes that never complete leave displaced connections in the row, which bound how many more can be displaced.
#[test]
fn a_device_can_connect_a_minute_after_a_flood_of_handshakes() {
    let world = World::new(0, None);
    world.log_in(0);
    let opened = (0..60).filter(|_| finish(world.begin_handshake(0))).count();
    assert!((SOCKETS_PER_DEVICE_MAX..60).contains(&opened), "{opened} handshakes were let in");
    world.pass(DISPLACED_KEPT);
    assert!(finish(world.begin_handshake(0)), "the flood keeps its device out");
}

#[test]
fn a_young_connection_that_counts_as_closed_after_a_410_is_found() {
    check_found_by(simulate, SEEDS, Bug::GoneTakenForClosed);
}

#[test]
fn a_frame_that_acts_before_it_is_authorized_is_found() {
    check_found_by(simulate, SEEDS, Bug::ActsBeforeItIsJudged);
}

#[test]
fn a_registration_without_a_free_place_is_found() {
    check_found_by(simulate, SEEDS, Bug::RegisteredAgainAnyway);
}

#[test]
fn a_login_read_before_the_connection_is_registered_is_found() {
    check_found_by(simulate, SEEDS, Bug::LoginReadBeforeRegistration);
}

#[test]
fn a_displaced_connection_that_is_forgotten_is_found() {
    check_found_by(simulate, SEEDS, Bug::DisplacedForgotten);
}

#[test]
fn a_connection_that_is_not_closed_again_is_found() {
    check_found_by(simulate, SEEDS, Bug::NotClosedAgain);
}
