//! Sockets and the logins that they were opened by: many per device, handshakes under way while a login ends, logouts at
//! any await, displaced sockets that go on sending, registrations that get lost.
//!
//! Start with [`simulate`]; what must hold stands in [`world::World::check_silent`], [`world::World::check_end`] and at the
//! frames and events themselves.

mod server;
mod world;

use std::sync::Arc;

use confab_memory::yield_once;

use crate::bugs::check_found_by;
use crate::executor::Spawner;
use crate::{broken_by, number_from_env};
use server::Bug;
use world::{DEVICES, World};

/// Among so many seeds one must find a bug.
const SEEDS: u64 = 3_000;

/// Runs one seed to its end.
///
/// # Errors
///
/// The first guarantee that was broken.
fn simulate(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let world = Arc::new(World::new(seed, bug));
    let spawner = Spawner::default();
    let run = || spawner.run(&world.random, || world.tick());
    for device in 0..DEVICES {
        world.log_in(device);
    }
    world.set_stormy(true);
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
    world.set_stormy(false);
    // Whatever handshake is under way has ended for certain by then, and what is in the queue is done.
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

/// Lets others do up to so many steps.
async fn pause(world: &World, steps: u64) {
    for _ in 0..world.random.below(steps + 1) {
        yield_once().await;
    }
}

#[test]
fn a_socket_whose_login_has_ended_or_that_was_displaced_neither_reads_nor_writes() {
    let (first, count) = match number_from_env("CONFAB_SIM_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number_from_env("CONFAB_SIM_SEEDS").unwrap_or(2_000)),
    };
    let broken = broken_by(first, count, |seed| simulate(seed, None));
    if let Some((seed, fault)) = broken.first() {
        panic!("{} of {count} seeds fail; CONFAB_SIM_SEED={seed}: {fault}", broken.len());
    }
}

#[test]
fn a_410_of_a_young_connection_taken_for_closed_is_found() {
    check_found_by(simulate, SEEDS, Bug::GoneTakenForClosed);
}

#[test]
fn a_frame_that_acts_before_it_is_judged_is_found() {
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
