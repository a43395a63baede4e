//! A seeded simulation of pushes: users with several phones who connect and disconnect, and the pushes that the phones
//! receive.
//!
//! Time is virtual, with the clock of the simulation of presence. Start with [`simulate`]; then read `device`, the
//! behaviour of a device, `ledger`, the invariants of every write and push, `check`, the invariants of healthy runs,
//! and `server`, where bugs are planted.

mod attendance;
mod bugs;
mod check;
mod device;
mod functions;
mod ledger;
mod marks;
mod overtaken;
mod passed_on;
mod scenario;
mod server;
mod world;

use std::sync::Arc;
use std::time::Duration;

use confab_app::delivery::deliver::Delivery;
use confab_app::groups::change_group::{Actor, Context};
use confab_app::ports::{CreateUserOutcome, Devices, Identity, Push, Users};
use confab_domain::log::Attempt;
use confab_domain::push::{Platform, PushToken, Registration};
use confab_domain::{ConversationId, Timestamp, UserId};
use confab_memory::Phones;
use confab_protocol::http;

use crate::check_seeds;
use crate::presence::clock::{Executor, START};
use crate::world::{account_of, device_of, identity, user};
use device::Device;
use scenario::{POLICY, Scenario};
use server::Bug;
use world::World;

/// From the end of the faults to the end of all pushes: longer than the last retry waits, and than a failed record is
/// hidden.
const QUIET: Duration = Duration::from_secs(300);

/// Longest time that an unhindered alert takes.
const ALERTED: Duration = Duration::from_secs(20);

/// Runs one seed to its end.
///
/// # Errors
///
/// Returns the first guarantee that was broken.
fn simulate(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let world = Arc::new(World::new(Scenario::of(seed, bug)));
    let mut executor = Executor::default();
    set_up(&world);
    let ends = START.plus(Duration::from_secs(world.scenario.length));
    for n in 0..world.scenario.users {
        for device in 0..world.scenario.devices {
            let device = Device::new(&world, &executor.spawner, identity(n, device));
            executor.spawner.spawn(device.live(ends));
        }
    }
    world.set_faulty(true);
    executor.run_until(&world, ends);
    world.set_faulty(false);
    let mut now = ends.plus(QUIET);
    executor.run_until(&world, now);
    world.take_alert_writes();
    world.take_published();
    marks::check_marks(&world);
    if world.scenario.healthy {
        check::check_alerts(&world);
        check::check_cleared(&world);
        for n in 0..world.scenario.users {
            check_badge(&world, &mut executor, user(n), &mut now);
        }
    }
    world.first_fault().map_or(Ok(()), Err)
}

/// Checks the badge of an alert that comes alone.
///
/// Of two concurrent alerts, one may not count the message of the other.
fn check_badge(world: &Arc<World>, executor: &mut Executor, to: UserId, now: &mut Timestamp) {
    let from = if to == user(0) { user(1) } else { user(0) };
    let conversation = ConversationId::dm(from, to).unwrap();
    let sender = Arc::clone(world);
    let before = world.ledger().pushed.len();
    executor.spawner.spawn(async move { sender.send(from, conversation, None).await });
    *now = now.plus(ALERTED);
    executor.run_until(world, *now);
    let expected = check::unread(world, to);
    let badges: Vec<u64> = world
        .ledger()
        .pushed
        .iter()
        .skip(before)
        .map(|pushed| pushed.notification.badge.unwrap_or(u64::MAX))
        .collect();
    if badges.iter().any(|badge| *badge != expected) {
        world.fault(format!("the badges of {to:?} are {badges:?}, but {expected} messages are unread"));
    }
}

fn set_up(world: &World) {
    for n in 0..world.scenario.users {
        for device in 0..world.scenario.devices {
            log_in(world, identity(n, device), device == 0);
            if device == 0 || !world.random.once_in(3) {
                register(world, identity(n, device));
            }
        }
    }
    let members = (1..world.scenario.users).map(|n| user(n).to_string()).collect();
    let (connections, push) = (&world.gateway, &world.queue);
    let delivery = Delivery { connections, push, policy: POLICY, probes: &world.probes };
    let context =
        Context { store: &world.memory, delivery, queue: &world.fan_out_queue, writer: &world.writer };
    let actor = Actor { user: user(0), key: "made".parse().unwrap(), attempt: Attempt(0) };
    let wanted = http::NewGroup { name: "Everybody".to_owned(), members };
    let made = context.create(World::group(), actor, &wanted, world.clock.now());
    world.peek(Box::pin(made)).unwrap();
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

fn register(world: &World, identity: Identity) {
    let token = PushToken::parse(&format!("token-{}", identity.device)).unwrap();
    let endpoint = Phones::endpoint_of(Platform::Fcm, &token);
    world.peek(world.phones.endpoint(Platform::Fcm, &token)).unwrap();
    let registration =
        Registration { platform: Platform::Fcm, token, endpoint, since: Timestamp::from_ms(0) };
    let Identity { user, device, family } = identity;
    world.peek(world.memory.register_push(user, device, family, &registration)).unwrap();
}

#[test]
fn phones_are_alerted_to_missed_messages_under_every_fault() {
    check_seeds(400, |seed| simulate(seed, None));
}
