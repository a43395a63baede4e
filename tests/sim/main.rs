//! A seeded simulation of the use cases.
//!
//! Several devices and servers run with every interleaving of their calls and with failing calls. The checks are the
//! guarantees that clients are given.
//!
//! The same seed makes the same run. `CONFAB_SIM_SEED=7` replays one seed; `CONFAB_SIM_SEEDS=100000` tries that many
//! seeds.
//!
//! Start with [`simulate`]; then read `device`, the behaviour of a device, and `checker`, the invariants. `planted` has
//! the bugs that the simulation must find; they show that it can find bugs at all.
#![allow(clippy::unwrap_used, reason = "test harness")]

mod bugs;
mod check_groups;
mod check_memberships;
mod checker;
mod device;
mod ended_groups;
mod executor;
mod expired_retries;
mod expired_unread;
mod functions;
mod group_acts;
mod group_functions;
mod hidden_history;
mod injector;
mod logouts;
mod members;
mod new_groups;
mod notes;
mod own_marks;
mod passed_on;
mod passed_on_devices;
mod passed_on_inboxes;
mod password_changes;
mod planted;
mod presence;
mod pushes;
mod queue;
mod random;
mod receipts;
mod refreshes;
mod resends;
mod scenario;
mod sessions;
mod slow_readers;
mod syncing;
mod truth;
mod world;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use device::Device;
use executor::{Answer, Spawner};
use planted::Bug;
use scenario::Scenario;
use world::{World, identity};

/// Runs one seed to its end.
///
/// # Errors
///
/// Returns the first guarantee that was broken.
fn simulate(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let world = Arc::new(World::new(Scenario::of(seed, bug)));
    let simulation = Simulation { world: Arc::clone(&world), spawner: Spawner::default() };
    let mut devices = simulation.sign_everybody_up();
    let chapters = if world.scenario.retention { 3 } else { 1 };
    for chapter in 0..chapters {
        if chapter > 0 {
            world.pass_days();
        }
        devices = simulation.chapter(devices);
        if let Some(fault) = world.first_fault() {
            return Err(fault);
        }
    }
    Ok(())
}

struct Simulation {
    world: Arc<World>,
    spawner: Spawner,
}

impl Simulation {
    fn sign_everybody_up(&self) -> Vec<Device> {
        let mut devices = Vec::new();
        for user in 0..self.world.scenario.users {
            for device in 0..self.world.scenario.devices {
                let (world, identity) = (Arc::clone(&self.world), identity(user, device));
                self.spawner.spawn(async move {
                    if device == 0 {
                        world.sign_up(identity).await;
                    } else {
                        world.log_in(identity).await;
                    }
                });
                devices.push(Device::new(&self.world, &self.spawner, identity));
            }
        }
        self.run();
        if self.world.scenario.groups {
            let world = Arc::clone(&self.world);
            self.spawner.spawn(async move { world.make_group(world.anybody()).await });
            self.run();
        }
        devices
    }

    /// Runs all devices with the scenario's failures, then without failures until every device has everything, then the
    /// checks.
    fn chapter(&self, devices: Vec<Device>) -> Vec<Device> {
        self.world.set_faulty(true);
        let mut devices = self.all(devices, async |device| device.live().await);
        self.world.set_faulty(false);
        for device in &mut devices {
            device.receive();
            if self.world.scenario.healthy && device.caught_up {
                checker::check_connected(device);
            }
        }
        let devices = self.all(devices, async |device| device.settle().await);
        let mut devices = self.all(devices, async |device| device.catch_up().await);
        if self.world.scenario.groups {
            check_memberships::check_memberships(&self.world);
            if !check_memberships::dead_rows(&self.world).is_empty() {
                // By now every creation of a group has finished, or never will.
                self.world.pass(Duration::from_secs(60));
                devices = self.all(devices, async |device| device.catch_up().await);
                check_memberships::check_no_dead_rows(&self.world);
            }
        }
        checker::check_log(&self.world);
        checker::check_acks(&self.world);
        checker::check_read_markers(&self.world);
        check_groups::check_groups(&self.world);
        devices.iter().for_each(checker::check_screen);
        devices
    }

    /// Runs `what` on all devices side by side, with deliveries of the queue, until all tasks have ended.
    fn all(&self, devices: Vec<Device>, what: impl AsyncFn(&mut Device) + Copy + 'static) -> Vec<Device> {
        let living = Rc::new(Cell::new(devices.len()));
        let answers: Vec<Answer<Device>> = devices
            .into_iter()
            .map(|mut device| {
                let living = Rc::clone(&living);
                self.spawner.spawn(async move {
                    what(&mut device).await;
                    living.set(living.get() - 1);
                    device
                })
            })
            .collect();
        self.spawner.spawn(queue::deliver(Arc::clone(&self.world), self.spawner.clone(), living));
        self.run();
        answers.into_iter().map(|answer| answer.take().unwrap()).collect()
    }

    fn run(&self) {
        self.spawner.run(&self.world.random, || self.world.tick());
    }
}

/// The seeds from `first` on that break a guarantee, each with the guarantee.
fn broken_by(
    first: u64,
    count: u64,
    simulate: impl Fn(u64) -> Result<(), String> + Sync,
) -> Vec<(u64, String)> {
    let next = AtomicU64::new(first);
    let search = || {
        let mut broken = Vec::new();
        loop {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= first + count {
                return broken;
            }
            broken.extend(simulate(seed).err().map(|fault| (seed, fault)));
        }
    };
    let mut broken = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let searches: Vec<_> = (0..threads).map(|_| scope.spawn(search)).collect();
        searches.into_iter().flat_map(|search| search.join().unwrap()).collect::<Vec<_>>()
    });
    broken.sort();
    broken
}

/// Checks that no seed breaks a guarantee. Runs `usual_count` seeds, unless `CONFAB_SIM_SEED` or `CONFAB_SIM_SEEDS` is
/// set.
#[track_caller]
fn check_seeds(usual_count: u64, simulate: impl Fn(u64) -> Result<(), String> + Sync) {
    let (first, count) = match number_from_env("CONFAB_SIM_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number_from_env("CONFAB_SIM_SEEDS").unwrap_or(usual_count)),
    };
    let broken = broken_by(first, count, simulate);
    if let Some((seed, fault)) = broken.first() {
        panic!("{} of {count} seeds fail; CONFAB_SIM_SEED={seed}: {fault}", broken.len());
    }
}

#[expect(clippy::disallowed_methods, reason = "which seeds to try is the caller's to say")]
fn number_from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn every_guarantee_holds_under_every_fault() {
    check_seeds(2_000, |seed| simulate(seed, None));
}

#[test]
fn a_seed_replays_itself() {
    let trace = |seed| {
        let world = Arc::new(World::new(Scenario::of(seed, None)));
        let simulation = Simulation { world: Arc::clone(&world), spawner: Spawner::default() };
        simulation.chapter(simulation.sign_everybody_up());
        (world.step(), world.now(), world.memory.appended())
    };
    for seed in 0..20 {
        assert_eq!(trace(seed), trace(seed));
    }
}
