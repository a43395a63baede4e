//! Time, servers and their state: everything but the devices.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use confab_app::Error;
use confab_app::delivery::deliver::Delivery;
use confab_app::messages::send_message::{SendMessage, Writer};
use confab_app::ports::{
    Account, Connection, ConnectionKey, CreateUserOutcome, Identity, PasswordHash, Users,
};
use confab_app::presence::{self, PresenceTask, Probes};
use confab_app::push::PushTask;
use confab_domain::account::{GroupAdds, Handle, Profile};
use confab_domain::claim::APPEND_DELAY_MAX;
use confab_domain::device::Device;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::retention::Retention;
use confab_domain::{
    Attendance, ConnectionId, ConversationId, DeviceId, FamilyId, Group, GroupId, Timestamp, UserId, WatchId,
};
use confab_memory::{DelayQueue, Gateway, Memory, Queue, YieldingSleeper};
use confab_protocol::Ack;
use ulid::Ulid;

use crate::executor::mortal;
use crate::injector::Changeable;
use crate::planted::Bug;
use crate::random::Random;
use crate::scenario::Scenario;
use crate::truth::Truth;

pub(crate) const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

/// Length of a day. Unit: milliseconds.
const DAY_MS: u64 = 24 * 3600 * 1000;

/// Retention settings that a process may have. Unit: days; 0 for ever.
const SETTINGS: [u32; 5] = [0, 1, 1, 2, 30];

/// Largest lead of a server's clock. Unit: milliseconds.
const SKEW_MS_MAX: u64 = 10_000;

/// The state that all devices and servers share.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) random: Arc<Random>,
    pub(crate) memory: Memory,
    pub(crate) gateway: Gateway,
    pub(crate) queue: Queue,
    /// Lease checks; no simulation here receives them.
    lease_checks: DelayQueue<PresenceTask>,
    /// Tasks for pushes; no simulation here receives them.
    pushes: DelayQueue<PushTask>,
    /// The newest retention setting. Unit: days; 0 for ever.
    days: Mutex<u32>,
    /// Whether the rows of a group's members stay open when the group ends.
    pub(crate) leaves_rows_open: AtomicBool,
    /// Whether each request that sets a high-water mark comes twice.
    pub(crate) repeats_marks: AtomicBool,
    probes: Probes,
    /// Groups that a bug read too early.
    pub(crate) early_groups: Mutex<BTreeMap<GroupId, Group>>,
    injector: Arc<Changeable>,
    faulty: AtomicU64,
    /// Number of polls so far: the true order of events.
    step: AtomicU64,
    now_ms: AtomicU64,
    processes: Mutex<Vec<Arc<Process>>>,
    sends: Mutex<Vec<Request>>,
    pub(crate) got: Mutex<BTreeMap<(UserId, ConversationId, u64), &'static str>>,
    pub(crate) got_names: Mutex<BTreeSet<(UserId, ConversationId, String)>>,
    /// Counter for ids.
    count: AtomicU64,
    faults: Mutex<Vec<String>>,
}

/// A warm process: its cache, and its clock.
pub(crate) struct Process {
    pub(crate) writer: Writer,
    pub(crate) ahead: Duration,
}

/// One request to send a message, as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) command: SendMessage,
    pub(crate) began: u64,
    /// The step and the content of the ack; `None` if the request failed or crashed.
    pub(crate) acked: Option<(u64, Ack)>,
}

impl World {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let random = Arc::new(Random::new(scenario.seed));
        let injector = Arc::new(Changeable::new(Arc::clone(&random)));
        let memory = Memory::new(Arc::clone(&injector) as _).with_page_max(scenario.page_max);
        let world = Self {
            memory,
            gateway: Gateway::new(Arc::clone(&injector) as _),
            queue: Queue::new(Arc::clone(&injector) as _),
            lease_checks: DelayQueue::new(Arc::clone(&injector) as _, || Timestamp::from_ms(0)),
            pushes: DelayQueue::default(),
            days: Mutex::new(1),
            leaves_rows_open: AtomicBool::new(false),
            repeats_marks: AtomicBool::new(false),
            probes: Probes::default(),
            early_groups: Mutex::default(),
            injector,
            faulty: AtomicU64::new(0),
            step: AtomicU64::new(0),
            now_ms: AtomicU64::new(1_790_000_000_000),
            processes: Mutex::default(),
            sends: Mutex::default(),
            got: Mutex::default(),
            got_names: Mutex::default(),
            count: AtomicU64::new(0),
            faults: Mutex::default(),
            random,
            scenario,
        };
        let processes = (0..world.scenario.processes).map(|_| world.new_process()).collect();
        *world.processes.lock().unwrap() = processes;
        world
    }

    fn new_process(&self) -> Arc<Process> {
        let writer = Writer {
            memberships: self.scenario.memberships,
            ..Writer::new(self.any_retention(), Arc::new(YieldingSleeper))
        };
        Arc::new(Process { writer, ahead: Duration::from_millis(self.random.below(SKEW_MS_MAX + 1)) })
    }

    /// The process that a request reaches; now and then a cold one.
    pub(crate) fn any_process(&self) -> Arc<Process> {
        let mut processes = self.processes.lock().unwrap();
        if self.random.once_in(12) {
            let oldest = processes.remove(0);
            drop(oldest);
            processes.push(self.new_process());
        }
        Arc::clone(self.random.pick(&processes))
    }

    /// The retention setting of a process that starts. Where settings change, it may differ from the others.
    fn any_retention(&self) -> Retention {
        if !self.scenario.retention {
            return Retention::FOR_EVER;
        }
        let mut days = self.days.lock().unwrap();
        if self.scenario.settings_change && self.random.once_in(2) {
            let any = *self.random.pick(&SETTINGS);
            if !self.random.once_in(3) {
                *days = any;
            }
            return Retention::days(any);
        }
        Retention::days(*days)
    }

    /// Sets the retention and restarts all processes. Unit: days; 0 for ever.
    pub(crate) fn set_days(&self, days: u32) {
        *self.days.lock().unwrap() = days;
        for process in self.processes.lock().unwrap().iter_mut() {
            *process = self.new_process();
        }
    }

    /// Advances the time.
    pub(crate) fn wait(&self, duration: Duration) {
        self.now_ms.fetch_add(u64::try_from(duration.as_millis()).unwrap(), Relaxed);
    }

    /// The shortest retention that any process may have.
    pub(crate) fn shortest_retention(&self) -> Retention {
        Retention::days(u32::from(self.scenario.retention))
    }

    /// The presence context of one request.
    pub(crate) fn presence<'a, S>(
        &'a self,
        store: &'a S,
        now: Timestamp,
    ) -> presence::Context<'a, S, DelayQueue<PresenceTask>> {
        let watch = WatchId(self.random.draw());
        presence::Context {
            store,
            queue: &self.lease_checks,
            policy: POLICY,
            watch,
            sleeper: &YieldingSleeper,
            now,
        }
    }

    /// The gateway and the queue of pushes.
    pub(crate) fn delivery(&self) -> Delivery<'_, Gateway, DelayQueue<PushTask>> {
        Delivery { connections: &self.gateway, push: &self.pushes, policy: POLICY, probes: &self.probes }
    }

    /// The queue of pushes.
    pub(crate) fn pushes(&self) -> &DelayQueue<PushTask> {
        &self.pushes
    }

    /// Turns the scenario's failures on or off.
    pub(crate) fn set_faulty(&self, faulty: bool) {
        self.faulty.store(u64::from(faulty), Relaxed);
        self.injector.set(if self.is_faulty() { self.scenario.failure_once_in } else { 0 });
    }

    pub(crate) fn is_faulty(&self) -> bool {
        self.faulty.load(Relaxed) == 1 && !self.scenario.healthy
    }

    /// Counts one poll and advances the time a little.
    pub(crate) fn tick(&self) {
        // Polls of many devices must not make a function late in a healthy run.
        let mut passed_ms = u64::from(self.step.fetch_add(1, Relaxed).is_multiple_of(16));
        if self.is_faulty() {
            passed_ms = self.random.below(self.scenario.step_ms_max + 1);
            if self.random.once_in(self.scenario.leap_once_in) {
                passed_ms += self.random.below(20 * 60_000);
            }
        }
        self.now_ms.fetch_add(passed_ms, Relaxed);
        if self.random.once_in(self.scenario.sweep_once_in) {
            self.memory.sweep_some(self.now(), |_| self.random.once_in(2));
        }
    }

    /// Whether this bug is the planted one.
    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.scenario.bug == Some(bug)
    }

    /// Advances the time by a day or more: every entry that can expire has expired or is about to, and processes
    /// restart. Expired entries may be swept or not.
    pub(crate) fn pass_days(&self) {
        let newest = self.memory.appended().last().map_or(0, |newest| newest.sent_at.as_ms());
        let passed_ms = *self.random.pick(&[DAY_MS, DAY_MS, 3 * DAY_MS]);
        let margin_ms = 120_000;
        let then_ms = newest + passed_ms - margin_ms + self.random.below(2 * margin_ms);
        self.now_ms.fetch_max(then_ms, Relaxed);
        if self.random.once_in(2) {
            self.memory.sweep(self.now());
        }
        for process in self.processes.lock().unwrap().iter_mut() {
            *process = self.new_process();
        }
    }

    /// Advances the time.
    pub(crate) fn pass(&self, time: Duration) {
        self.now_ms.fetch_add(u64::try_from(time.as_millis()).unwrap(), Relaxed);
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.load(Relaxed))
    }

    /// The number of polls so far.
    pub(crate) fn step(&self) -> u64 {
        self.step.load(Relaxed)
    }

    /// Records a broken guarantee.
    pub(crate) fn fault(&self, what: String) {
        self.faults.lock().unwrap().push(what);
    }

    pub(crate) fn first_fault(&self) -> Option<String> {
        self.faults.lock().unwrap().first().cloned()
    }

    /// The state of groups, derived from the logs.
    pub(crate) fn truth(&self) -> Truth {
        if self.scenario.groups { self.memory.with_appended(Truth::of) } else { Truth::default() }
    }

    /// A number that is used nowhere else.
    pub(crate) fn next_number(&self) -> u64 {
        self.count.fetch_add(1, Relaxed)
    }

    pub(crate) fn sends(&self) -> MutexGuard<'_, Vec<Request>> {
        self.sends.lock().unwrap()
    }

    /// Runs one invocation of a function, which may crash, and ends at its deadline.
    pub(crate) async fn invoke<T>(&self, function: impl Future<Output = Result<T, Error>>) -> Option<T> {
        let deadline = self.now().plus(APPEND_DELAY_MAX - Duration::from_secs(1));
        let dies = || {
            let crashes = self.is_faulty() && self.random.once_in(self.scenario.crash_once_in);
            crashes || self.now() > deadline
        };
        match mortal(function, dies).await? {
            Ok(answer) => Some(answer),
            Err(Error::Store(_) | Error::Contended) => None,
            Err(error @ (Error::Refused(_) | Error::ConnectionEnded(_) | Error::Internal(_))) => {
                self.fault(format!("answered {error:?}"));
                None
            }
        }
    }

    /// Signs a user up with one device.
    pub(crate) async fn sign_up(&self, identity: Identity) {
        let account = account_of(identity.user, self.now());
        let device = device_of(identity, self.now());
        let outcome = self.memory.create_user(&account, &device, None).await.unwrap();
        assert_eq!(outcome, CreateUserOutcome::Created);
    }

    /// Logs a user in on one more device.
    pub(crate) async fn log_in(&self, identity: Identity) {
        use confab_app::ports::Devices;
        self.memory.put_device(&device_of(identity, self.now())).await.unwrap();
    }
}

/// The account of a user after a signup.
pub(crate) fn account_of(user: UserId, now: Timestamp) -> Account {
    let profile = Profile {
        user,
        handle: Handle::parse(&format!("user_{}", user.ulid().0)).unwrap(),
        display_name: "Somebody".to_owned(),
        avatar: None,
    };
    Account {
        profile,
        password_hash: PasswordHash(String::new()),
        password_changes: 0,
        created_at: now,
        group_adds: GroupAdds::default(),
    }
}

/// The device of a user after a signup or a login.
pub(crate) fn device_of(identity: Identity, now: Timestamp) -> Device {
    Device {
        user: identity.user,
        device: identity.device,
        family: identity.family,
        generation: 0,
        rotation: None,
        name: None,
        platform: None,
        push: None,
        created_at: now,
        last_active_at: now,
    }
}

/// The `n`th user.
pub(crate) fn user(n: u32) -> UserId {
    UserId::new(Ulid(u128::from(n) + 1))
}

/// The `n`th user on their `device`th device.
pub(crate) fn identity(n: u32, device: u32) -> Identity {
    let number = Ulid(u128::from(n) * 100 + u128::from(device) + 1);
    Identity { user: user(n), device: DeviceId::new(number), family: FamilyId::new(number) }
}

/// A connection as the `$connect` function gets it.
pub(crate) fn socket(identity: Identity, id: &ConnectionId, opened_at: Timestamp) -> Connection {
    Connection {
        id: id.clone(),
        device: identity.device,
        family: Some(identity.family),
        opened_at,
        attendance: Attendance::Unstated,
    }
}

/// The key of a connection in a session row.
pub(crate) fn key(identity: Identity, id: &ConnectionId) -> ConnectionKey {
    ConnectionKey { device: identity.device, id: id.clone() }
}
