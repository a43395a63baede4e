//! The tokens of one device: programs that refresh them concurrently, lost answers, and a thief with old tokens.
//!
//! Start with [`simulate`]; the invariants are in [`world`].

mod server;
mod world;

use std::sync::Arc;
use std::time::Duration;

use crate::bugs::check_found_by;
use crate::check_seeds;
use crate::executor::Spawner;
use server::Bug;
use world::World;

/// Seeds of which one must find a bug.
const SEEDS: u64 = 2_000;

/// Runs one seed to its end.
///
/// # Errors
///
/// Returns the first guarantee that was broken.
fn simulate(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let world = Arc::new(World::new(seed, bug));
    let spawner = Spawner::default();
    let mut before = world.held();
    for _ in 0..world.random.between(1, 5) {
        world.set_faulty(true);
        before = world.held();
        for _ in 0..world.programs {
            let world = Arc::clone(&world);
            spawner.spawn(async move { world.refresh().await });
        }
        spawner.run(&world.random, || world.tick());
        world.set_faulty(false);
        world.pass(Duration::from_secs(3600));
        if let Some(fault) = world.first_fault() {
            return Err(fault);
        }
    }
    if before.refresh_token() != world.held().refresh_token() {
        world.steal(&before);
    }
    world.first_fault().map_or(Ok(()), Err)
}

#[test]
fn lost_answers_and_concurrent_refreshes_keep_a_login_and_an_old_token_gets_none() {
    check_seeds(2_000, |seed| simulate(seed, None));
}

#[test]
fn a_token_that_is_good_once_is_found() {
    check_found_by(simulate, SEEDS, Bug::GoodOnce);
}

#[test]
fn an_attempt_that_is_forgotten_is_found() {
    check_found_by(simulate, SEEDS, Bug::AttemptForgotten);
}

#[test]
fn a_use_that_is_not_recorded_is_found() {
    check_found_by(simulate, SEEDS, Bug::UseForgotten);
}

#[test]
fn a_token_that_renews_whatever_has_happened_to_its_login_is_found() {
    check_found_by(simulate, SEEDS, Bug::RotatesAnyway);
}

#[test]
fn a_login_that_goes_on_after_an_old_token_was_used_is_found() {
    check_found_by(simulate, SEEDS, Bug::LoginGoesOn);
}
