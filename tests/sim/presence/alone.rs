//! A user without observers sends heartbeats ever more rarely, and is probed when the first observer comes.

use std::sync::Arc;
use std::time::Duration;

use confab_domain::lease::INTERVAL_MAX;

use super::clock::{Executor, START};
use super::device::{Device, Going};
use super::ledger::{Report, Source};
use super::scenario::Scenario;
use super::world::World;
use super::{FOR_EVER, befriend, check_healthy, sign_up};
use crate::world::{identity, user};

const SEEDS: u64 = 30;

/// Long enough for the heartbeat interval to reach its maximum.
const ALONE: Duration = Duration::from_secs(3 * 3600);

/// From the connect of a friend to the last effect of it, without the answer to a probe.
const PROMPT: Duration = Duration::from_secs(2);

/// A world of two friends, the first of whom is alone for hours.
struct Alone {
    world: Arc<World>,
    executor: Executor,
}

impl Alone {
    fn new(seed: u64) -> Self {
        let scenario = Scenario {
            healthy: true,
            users: 2,
            devices: 1,
            contacts_change: false,
            ..Scenario::of(seed, None)
        };
        let scenario = Scenario { silent_once_in: 0, flaky_once_in: 0, ..scenario };
        let world = Arc::new(World::new(scenario));
        sign_up(&world, identity(0, 0));
        sign_up(&world, identity(1, 0));
        befriend(&world, user(0), user(1));
        world.note_pair(user(0), user(1));
        Self { world, executor: Executor::default() }
    }

    /// The first user connects, and disconnects after that time or stays.
    fn one_comes(&mut self, goes_after: Option<Duration>) {
        let mut device = Device::new(&self.world, &self.executor.spawner, identity(0, 0));
        self.executor.spawner.spawn(async move {
            device.take_over();
            device.connect().await;
            device.stay(START.plus(goes_after.unwrap_or(FOR_EVER))).await;
            if device.interval != INTERVAL_MAX {
                device.world.fault(format!("alone, with a heartbeat interval of {:?}", device.interval));
            }
            device.go(Going::Silent).await;
        });
        self.run(goes_after.unwrap_or_default().max(ALONE));
    }

    /// The first user connects anew after one time, and disconnects after another.
    fn one_comes_back(&mut self, comes_after: Duration, goes_after: Duration) {
        let mut device = Device::new(&self.world, &self.executor.spawner, identity(0, 0));
        self.executor.spawner.spawn(async move {
            device.take_over();
            device.connect().await;
            device.stay(START.plus(comes_after)).await;
            device.go(Going::Cut).await;
            device.connect().await;
            device.stay(START.plus(goes_after)).await;
            device.go(Going::Silent).await;
        });
        self.run(comes_after.max(ALONE));
    }

    /// The second user connects and stays. Returns what that user received about the first within that time.
    fn other_comes(&mut self, within: Duration) -> Vec<Report> {
        let mut device = Device::new(&self.world, &self.executor.spawner, identity(1, 0));
        self.executor.spawner.spawn(async move {
            device.take_over();
            device.connect().await;
            device.stay(START.plus(FOR_EVER)).await;
        });
        self.run(self.world.clock.now().since(START) + within);
        let reports = self.world.ledger().reports.get(&(identity(1, 0).device, user(0))).cloned();
        reports.unwrap_or_default()
    }

    fn run(&mut self, until: Duration) {
        self.executor.run_until(&self.world, START.plus(until));
    }

    #[track_caller]
    fn check(&self, seed: u64) {
        check_healthy::check(&self.world);
        assert_eq!(self.world.first_fault(), None, "seed {seed}");
    }
}

#[test]
fn a_user_who_is_alone_is_probed_when_a_friend_connects_and_never_shown_offline() {
    for seed in 0..SEEDS {
        let mut alone = Alone::new(seed);
        alone.one_comes(None);
        let came_at = alone.world.clock.now();
        let reports = alone.other_comes(PROMPT);
        let last = alone.world.ledger().frames[&user(0)].last().copied();
        assert!(last > Some(came_at), "seed {seed}: not probed");
        assert!(
            reports.iter().all(|report| report.is_online) && !reports.is_empty(),
            "seed {seed}: {reports:?}"
        );
        alone.run(ALONE + Duration::from_secs(600));
        let frames = alone.world.ledger().frames[&user(0)].iter().filter(|at| **at > came_at).count();
        let usual = 600 / alone.world.scenario.policy.interval.as_secs();
        assert!(frames as u64 >= usual - 1, "seed {seed}: {frames} frames while a friend observes");
        alone.check(seed);
    }
}

#[test]
fn a_dead_connection_is_shown_offline_once_a_friend_connects_and_the_probe_is_not_answered() {
    for seed in 0..SEEDS {
        let mut alone = Alone::new(seed);
        let policy = alone.world.scenario.policy;
        let silent = Duration::from_secs(alone.world.random.between(1, 470));
        alone.one_comes(Some(ALONE - silent));
        let reports =
            alone.other_comes(policy.probe().max(policy.timeout.saturating_sub(silent)) + 3 * PROMPT);
        let was_online = reports.first().is_some_and(|report| report.is_online);
        let news = reports.iter().find(|report| !report.is_online).map(|report| report.source);
        // A query about a user whose lease has run out notifies everybody, and that event may come before the answer.
        assert!(news.is_some_and(|by| !was_online || by == Source::Event), "seed {seed}: {reports:?}");
        alone.check(seed);
    }
}

#[test]
fn a_user_who_reconnects_while_alone_is_shown_offline_in_time() {
    for seed in 0..SEEDS {
        let mut alone = Alone::new(seed);
        let policy = alone.world.scenario.policy;
        let (back, dies) = (Duration::from_secs(10), Duration::from_secs(60));
        alone.one_comes_back(ALONE, ALONE + back + dies);
        alone.run(ALONE + back);
        alone.other_comes(dies);
        let late = policy.timeout + Duration::from_secs(5);
        alone.run(ALONE + back + dies + late + Duration::from_secs(600));
        alone.check(seed);
    }
}
