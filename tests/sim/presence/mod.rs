//! A seeded simulation of presence: devices that connect, stop sending and disconnect, and the notifications that their
//! friends get.
//!
//! Time is virtual: leases, heartbeats and the delays of the queue take their real durations. Start with [`simulate`];
//! then read `device`, the behaviour of a device, `check_healthy` and `check_faulty`, the invariants, and `server`,
//! where bugs are planted.

mod alone;
mod around;
mod arrivals;
mod bugs;
mod check_faulty;
mod check_healthy;
pub(crate) mod clock;
mod device;
mod failures;
mod functions;
mod glimpses;
mod lease_checks;
mod ledger;
mod meeting;
mod numbers;
mod pairs;
mod passed_on;
mod scenario;
mod server;
mod server_contacts;
mod world;

use std::sync::Arc;
use std::time::Duration;

use confab_app::ports::{Contacts, CreateUserOutcome, Identity, PairChange, Users};
use confab_domain::{ContactChange, Relation, Timestamp, UserId};

use clock::{Executor, START};
use device::{Device, Going};
use scenario::Scenario;
use server::Bug;
use world::World;

use crate::check_seeds;
use crate::world::{account_of, device_of, identity, user};

/// From the end of the faults until everything must be true: longer than a watch is valid.
const QUIET: Duration = Duration::from_secs(900);

/// The time after which a socket that takes no event is closed or was offered one again, if each record fails once at
/// most.
const SLOW_FOR: Duration = Duration::from_secs(12);

/// Longer than any world lasts.
const FOR_EVER: Duration = Duration::from_secs(86_400);

/// Longest time from a device's last visit to the end of the faults. Unit: milliseconds.
const SETTLING_MS_MAX: u64 = 10_000;

/// Runs one seed to its end.
///
/// # Errors
///
/// Returns the first guarantee that was broken.
fn simulate(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let world = Arc::new(World::new(Scenario::of(seed, bug)));
    let mut executor = Executor::default();
    set_up(&world);
    let faults_end = START.plus(Duration::from_secs(world.scenario.length));
    for device in devices(&world, &executor) {
        // The last connects and disconnects of each device happen during the faults too.
        let settles_at = faults_end.minus(Duration::from_millis(world.random.below(SETTLING_MS_MAX)));
        executor.spawner.spawn(live(device, settles_at));
    }
    world.set_faulty(true);
    executor.run_until(&world, faults_end);
    if world.scenario.healthy {
        check_healthy::check(&world);
    } else {
        world.set_faulty(false);
        executor.run_until(&world, faults_end.plus(QUIET));
        check_faulty::check(&world);
    }
    let too_slow = world.too_slow(SLOW_FOR);
    // A user who is no friend any more is not notified again, so the slow socket is not closed.
    if !too_slow.is_empty() && !world.scenario.contacts_change {
        world.fault(format!("{too_slow:?} take no event and are still open"));
    }
    world.first_fault().map_or(Ok(()), Err)
}

fn set_up(world: &World) {
    for n in 0..world.scenario.users {
        sign_up(world, identity(n, 0));
        for other in 0..n {
            if !world.random.once_in(4) {
                befriend(world, user(n), user(other));
            }
            if world.random.once_in(8) {
                say(world, user(n), user(other), ContactChange::Block);
            }
            world.note_pair(user(n), user(other));
        }
    }
}

fn devices(world: &Arc<World>, executor: &Executor) -> Vec<Device> {
    let users = 0..world.scenario.users;
    let all = users.flat_map(|n| (0..world.scenario.devices).map(move |device| identity(n, device)));
    all.map(|identity| Device::new(world, &executor.spawner, identity)).collect()
}

/// Connects and disconnects until that time; then settles.
async fn live(mut device: Device, until: Timestamp) {
    device.take_over();
    let world = Arc::clone(&device.world);
    let visit_ms_max = world.scenario.visit_max * 1000;
    device.pause(if world.scenario.together { 50 } else { visit_ms_max / 3 }).await;
    while device.now() < until {
        device.connect().await;
        let stay = Duration::from_millis(world.random.below(*world.random.pick(&[2_000, visit_ms_max])));
        let leaves_at = device.now().plus(stay);
        device.stay(leaves_at.min(until)).await;
        if device.now() < until {
            device.go(*world.random.pick(&[Going::Silent, Going::Cut, Going::LogOut])).await;
            let away_ms = *world.random.pick(&[100, 20_000, visit_ms_max]);
            let back_at = device.now().plus(Duration::from_millis(world.random.below(away_ms)));
            world.clock.sleep(back_at.min(until).since(device.now())).await;
        }
    }
    settle(device).await;
}

/// Connects once more and disconnects soon; then stays connected or disconnected.
async fn settle(mut device: Device) {
    let random = Arc::clone(&device.world.random);
    if random.once_in(2) {
        if device.socket.is_none() {
            device.connect().await;
        }
        device.pause(*random.pick(&[2_000, 12_000])).await;
        device.go(*random.pick(&[Going::LogOut, Going::LogOut, Going::Silent, Going::Cut])).await;
        device.pause(*random.pick(&[2_000, 12_000])).await;
    }
    if random.once_in(2) {
        if device.socket.is_none() {
            device.connect().await;
        }
        device.stay(device.now().plus(FOR_EVER)).await;
    } else {
        device.go(*random.pick(&[Going::Silent, Going::Cut, Going::LogOut])).await;
    }
}

fn sign_up(world: &World, identity: Identity) {
    let account = account_of(identity.user, world.clock.now());
    let device = device_of(identity, world.clock.now());
    let outcome = world.peek(world.memory.create_user(&account, &device, None)).unwrap();
    assert_eq!(outcome, CreateUserOutcome::Created);
}

fn befriend(world: &World, one: UserId, other: UserId) {
    say(world, one, other, ContactChange::Put);
    say(world, other, one, ContactChange::Put);
}

/// A world of two friends with a device each, and its executor.
fn two_friends(scenario: Scenario) -> (Arc<World>, Executor) {
    let world = Arc::new(World::new(scenario));
    sign_up(&world, identity(0, 0));
    sign_up(&world, identity(1, 0));
    befriend(&world, user(0), user(1));
    world.note_pair(user(0), user(1));
    (world, Executor::default())
}

/// Runs a world in which servers are slow for `slow`, and then fast until `end`.
fn run_slow_then_fast(world: &Arc<World>, executor: &mut Executor, slow: Duration, end: Duration) {
    world.set_faulty(true);
    executor.run_until(world, START.plus(slow));
    world.set_faulty(false);
    executor.run_until(world, START.plus(end));
}

fn say(world: &World, user: UserId, other: UserId, change: ContactChange) {
    let relation = |one, other| -> Relation { world.peek(world.memory.relation(one, other)).unwrap() };
    let (mine, theirs, now) = (relation(user, other), relation(other, user), world.clock.now());
    let change = PairChange {
        user,
        other,
        relation: [mine, mine.after(change, now)],
        others_relation: [theirs, theirs.after_others(change, now)],
    };
    assert!(world.peek(world.memory.change_pair(&change)).unwrap());
}

#[test]
fn friends_see_the_true_presence_under_every_fault() {
    check_seeds(400, |seed| simulate(seed, None));
}
