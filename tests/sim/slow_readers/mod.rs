//! A seeded simulation of sockets that read late or never.
//!
//! Reading sockets get every event once, late readers get it soon, and a socket that never reads is closed. While the
//! gateway itself fails, no socket is closed, and missed events come afterwards.
//!
//! Time is virtual, with the clock of the simulation of presence. Start with [`simulate`]; then read `world`, the
//! sockets and failures, `check`, the invariants, and `server`, where bugs are planted.

mod check;
mod scenario;
mod server;
mod world;

use std::sync::Arc;
use std::time::Duration;

use confab_app::groups::change_group::{Actor, Context};
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

/// Longest time from the last message until every event is delivered or given up.
const QUIET: Duration = Duration::from_secs(15);

/// The same after faults: longer than a record waits that has failed a few times.
const LONG_QUIET: Duration = Duration::from_secs(400);

/// Seeds of which one must find a bug.
const SEEDS: u64 = 500;

/// Runs one seed to its end.
///
/// # Errors
///
/// Returns the first guarantee that was broken.
fn simulate(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    simulate_in(Scenario::of(seed, bug))
}

/// The same, in worlds where the gateway fails while some sockets are busy.
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
    // One more message of each user, without failures.
    for n in 0..world.scenario.users {
        let world = Arc::clone(&world);
        executor.spawner.spawn(async move { world.write(user(n)).await });
    }
    let patience = world.patience_at(START);
    let is_notified_by = ends.plus(patience + if world.scenario.healthy { QUIET } else { LONG_QUIET });
    executor.run_until(&world, is_notified_by);
    if !world.scenario.healthy {
        // After a failure of a store, a closed connection stays registered until it is a minute old and the next event
        // does not find it.
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

/// The conversations of a user: the group, and one with each other user.
fn conversations(world: &World, of: UserId) -> Vec<ConversationId> {
    let others = (0..world.scenario.users).map(user).filter(|other| *other != of);
    let pairs = others.map(|other| ConversationId::dm(of, other).unwrap());
    pairs.chain([ConversationId::Group(World::group())]).collect()
}

#[test]
fn readers_get_events_once_and_slow_readers_get_them_soon_or_are_closed() {
    check_seeds(400, |seed| simulate(seed, None));
}

#[test]
fn a_socket_that_is_busy_before_and_after_an_outage_gets_events_and_is_not_closed() {
    check_seeds(100, |seed| simulate_outage_of_the_busy(seed, None));
}

#[test]
fn counting_full_buffers_across_an_outage_is_found() {
    check_found_by(simulate_outage_of_the_busy, SEEDS, Bug::FullOverFailures);
}

#[test]
fn a_whole_record_that_is_repeated_for_one_connection_is_found() {
    check_found_by(simulate, SEEDS, Bug::WholeRepeated);
}

#[test]
fn a_dropped_list_of_unreached_connections_is_found() {
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
fn a_throttled_account_that_counts_as_a_full_buffer_is_found() {
    check_found_by(simulate, SEEDS, Bug::ThrottleBlamed);
}

#[test]
fn a_failed_post_that_is_not_retried_is_found() {
    check_found_by(simulate, SEEDS, Bug::FailureDropped);
}

#[test]
fn a_record_that_fails_for_what_a_client_does_is_found() {
    check_found_by(simulate, SEEDS, Bug::RecordFails);
}
