//! A seeded simulation of sockets that read late, or never: everybody else is told once, who reads late is told soon,
//! and who reads never is closed. While the gateway itself fails nobody is closed, and what was missed comes afterwards.
//!
//! Time is virtual, as in the simulation of presence, whose clock it has. Start with [`simulate`]; then `world`, what goes
//! wrong, `check`, what must hold, and `server`, where bugs are planted.

mod check;
mod scenario;
mod server;
mod world;

use std::sync::Arc;
use std::time::Duration;

use confab_app::change_group::{Actor, Context};
use confab_app::ports::{CreateUserOutcome, Devices, Identity, Users};
use confab_domain::log::Attempt;
use confab_domain::{ConversationId, UserId};
use confab_protocol::http;

use crate::bugs::check_found_by;
use crate::check_seeds;
use crate::presence::clock::{Executor, START};
use crate::world::{account_of, device_of, identity, user};
use scenario::Scenario;
use server::{Bug, Server};
use world::World;

/// From the last message to when all is told, or given up.
const QUIET: Duration = Duration::from_secs(15);

/// The same after a storm: longer than a record waits that has failed a few times.
const LONG_QUIET: Duration = Duration::from_secs(400);

/// Among so many seeds one must find a bug.
const SEEDS: u64 = 500;

/// Runs one seed to its end.
///
/// # Errors
///
/// The first guarantee that was broken.
fn simulate(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    simulate_in(Scenario::of(seed, bug))
}

/// The same where the gateway fails while some are busy.
fn simulate_outage_of_the_busy(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    simulate_in(Scenario::with_outage_of_the_busy(seed, bug))
}

fn simulate_in(scenario: Scenario) -> Result<(), String> {
    let world = Arc::new(World::new(scenario));
    let mut executor = Executor::default();
    set_up(&world);
    let ends = START.plus(Duration::from_secs(world.scenario.length));
    for n in 0..world.scenario.users {
        executor.spawner.spawn(Arc::clone(&world).write_until(user(n), ends));
    }
    world.set_faulty(true);
    executor.run_until(&world, ends);
    world.set_faulty(false);
    // One more of each, which nothing is in the way of.
    for n in 0..world.scenario.users {
        let world = Arc::clone(&world);
        executor.spawner.spawn(async move { world.write(user(n)).await });
    }
    let patience = world.patience_at(START);
    let is_notified_by = ends.plus(patience + if world.scenario.healthy { QUIET } else { LONG_QUIET });
    executor.run_until(&world, is_notified_by);
    if !world.scenario.healthy {
        // Where a store failed, one that was closed stays registered until it is a minute old and the next event does
        // not find it.
        for n in 0..world.scenario.users {
            let world = Arc::clone(&world);
            let group = ConversationId::Group(World::group());
            executor.spawner.spawn(async move { world.write_in(user(n), group).await });
        }
        executor.run_until(&world, is_notified_by.plus(QUIET));
    }
    check::check(&world);
    world.first_fault().map_or(Ok(()), Err)
}

fn set_up(world: &World) {
    for n in 0..world.scenario.users {
        for device in 0..world.scenario.devices {
            log_in(world, identity(n, device), device == 0);
            world.open_socket(identity(n, device));
        }
    }
    let members = (1..world.scenario.users).map(|n| user(n).to_string()).collect();
    let (server, writer) = (Server::new(world), &world.writer);
    let context = Context { store: &world.memory, delivery: server.delivery(), queue: &server, writer };
    let actor = Actor { user: user(0), key: "made".parse().unwrap(), attempt: Attempt(0) };
    let wanted = http::NewGroup { name: "Everybody".to_owned(), members };
    world.peek(Box::pin(context.create(World::group(), actor, &wanted, server.now))).unwrap();
}

fn log_in(world: &World, identity: Identity, is_first: bool) {
    let now = world.clock.now();
    let login = device_of(identity, now);
    if !is_first {
        return world.peek(world.memory.put_device(&login)).unwrap();
    }
    let account = account_of(identity.user, now);
    let made = world.peek(world.memory.create_user(&account, &login, None)).unwrap();
    assert_eq!(made, CreateUserOutcome::Created);
}

/// The conversations of a user: the group, and one with each other.
fn conversations(world: &World, of: UserId) -> Vec<ConversationId> {
    let others = (0..world.scenario.users).map(user).filter(|other| *other != of);
    let pairs = others.map(|other| ConversationId::dm(of, other).unwrap());
    pairs.chain([ConversationId::Group(World::group())]).collect()
}

#[test]
fn who_reads_is_told_once_and_who_does_not_is_told_soon_or_closed() {
    check_seeds(400, |seed| simulate(seed, None));
}

#[test]
fn who_was_busy_before_the_gateway_failed_and_is_again_afterwards_is_told_and_not_closed() {
    check_seeds(100, |seed| simulate_outage_of_the_busy(seed, None));
}

#[test]
fn what_had_no_room_before_the_gateway_failed_and_counts_afterwards_is_found() {
    check_found_by(simulate_outage_of_the_busy, SEEDS, Bug::FullOverFailures);
}

#[test]
fn a_whole_record_that_is_repeated_for_one_connection_is_found() {
    check_found_by(simulate, SEEDS, Bug::WholeRepeated);
}

#[test]
fn a_list_of_who_was_not_reached_that_is_dropped_is_found() {
    check_found_by(simulate, SEEDS, Bug::UnreachedDropped);
}

#[test]
fn a_connection_that_never_reads_and_is_never_closed_is_found() {
    check_found_by(simulate, SEEDS, Bug::SlowNeverClosed);
}

#[test]
fn a_connection_that_is_closed_as_soon_as_it_refuses_once_is_found() {
    check_found_by(simulate, SEEDS, Bug::ClosedAtOnce);
}

#[test]
fn a_failure_of_the_gateway_that_counts_against_a_connection_is_found() {
    check_found_by(simulate, SEEDS, Bug::FailureBlamed);
}

#[test]
fn a_throttled_account_that_is_taken_for_a_full_buffer_is_found() {
    check_found_by(simulate, SEEDS, Bug::ThrottleBlamed);
}

#[test]
fn what_the_gateway_failed_to_post_and_nobody_posts_again_is_found() {
    check_found_by(simulate, SEEDS, Bug::FailureDropped);
}

#[test]
fn a_record_that_fails_for_what_a_client_does_is_found() {
    check_found_by(simulate, SEEDS, Bug::RecordFails);
}
