//! Time, stores, phones, sockets and failures of a world of pushes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use confab_app::delivery::fan_out::{FanOutTask, fan_out};
use confab_app::messages::send_message::Writer;
use confab_app::ports::{Consistency, InboxPage, InboxRow, Sessions};
use confab_app::presence::{self, PresenceTask, Probes};
use confab_app::push::{PushTask, Step};
use confab_app::{Error, Limiter, TaskFailure};
use confab_domain::budget::LOCAL_RATES;
use confab_domain::retention::Retention;
use confab_domain::{ConversationId, GroupId, Refusal, Seq, Timestamp, UserId};
use confab_memory::{DelayQueue, Delayed, Gateway, Memory, Phones, YieldingSleeper};
use ulid::Ulid;

use super::ledger::Ledger;
use super::scenario::Scenario;
use super::server::{Bug, Server};
use crate::executor::{finish, mortal};
use crate::injector::Changeable;
use crate::presence::clock::{Clock, START, Spawner, Timed};
use crate::random::Random;

/// Longest run time of a function.
const FUNCTION_MAX: Duration = Duration::from_secs(15);

/// Longest lag of a replica.
const LAG_MAX: Duration = Duration::from_secs(1);

/// The state that all devices and servers share.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) random: Arc<Random>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) memory: Memory,
    pub(crate) limiter: Limiter,
    pub(crate) gateway: Gateway,
    pub(crate) phones: Phones,
    pub(crate) queue: DelayQueue<PushTask>,
    pub(crate) fan_out_queue: DelayQueue<FanOutTask>,
    pub(crate) lease_checks: DelayQueue<PresenceTask>,
    pub(crate) probes: Probes,
    pub(crate) writer: Writer,
    replicas: Mutex<BTreeMap<UserId, (Timestamp, Vec<InboxRow>)>>,
    injector: Arc<Changeable>,
    faulty: AtomicBool,
    ledger: Mutex<Ledger>,
    count: AtomicU64,
    faults: Mutex<Vec<String>>,
}

impl World {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let random = Arc::new(Random::new(scenario.seed));
        let injector = Arc::new(Changeable::new(Arc::clone(&random)));
        let clock = Arc::new(Clock::default());
        let [queues_clock, checks_clock, fan_outs_clock] = [(); 3].map(|()| Arc::clone(&clock));
        Self {
            // Pages have the usual size: unread messages are counted on two of them, and estimated beyond.
            memory: Memory::new(Arc::clone(&injector) as _),
            limiter: Limiter::new(LOCAL_RATES),
            gateway: Gateway::new(Arc::clone(&injector) as _),
            phones: Phones::new(Arc::clone(&injector) as _),
            queue: DelayQueue::new(Arc::clone(&injector) as _, move || queues_clock.now()),
            fan_out_queue: DelayQueue::new(Arc::clone(&injector) as _, move || fan_outs_clock.now()),
            lease_checks: DelayQueue::new(Arc::clone(&injector) as _, move || checks_clock.now()),
            probes: Probes::default(),
            writer: Writer::new(Retention::FOR_EVER, Arc::new(YieldingSleeper)),
            replicas: Mutex::default(),
            injector,
            faulty: AtomicBool::new(false),
            ledger: Mutex::default(),
            count: AtomicU64::new(0),
            faults: Mutex::default(),
            clock,
            random,
            scenario,
        }
    }

    /// Turns the scenario's failures on or off.
    pub(crate) fn set_faulty(&self, faulty: bool) {
        self.faulty.store(faulty && !self.scenario.healthy, Relaxed);
        self.injector.set(if self.is_faulty() { self.scenario.failure_once_in } else { 0 });
    }

    pub(crate) fn is_faulty(&self) -> bool {
        self.faulty.load(Relaxed)
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    /// A number that is used nowhere else.
    pub(crate) fn next_number(&self) -> u64 {
        self.count.fetch_add(1, Relaxed)
    }

    /// Records a broken guarantee.
    pub(crate) fn fault(&self, what: String) {
        let at = self.clock.now().since(START).as_millis();
        self.faults.lock().unwrap().push(format!("at {at}: {what}"));
    }

    pub(crate) fn first_fault(&self) -> Option<String> {
        self.faults.lock().unwrap().first().cloned()
    }

    /// Runs a call of the checks, which never fails.
    pub(crate) fn peek<T>(&self, read: impl Future<Output = T>) -> T {
        self.injector.set(0);
        let answer = finish(read);
        self.injector.set(if self.is_faulty() { self.scenario.failure_once_in } else { 0 });
        answer
    }

    /// A page as a replica returns it, which may lag behind.
    pub(crate) fn replica(&self, user: UserId, now: InboxPage) -> InboxPage {
        let mut replicas = self.replicas.lock().unwrap();
        if let Some((at, rows)) = replicas.get(&user)
            && self.clock.now().since(*at) < LAG_MAX
            && self.random.once_in(2)
        {
            return InboxPage { rows: rows.clone(), ..InboxPage::default() };
        }
        replicas.insert(user, (self.clock.now(), now.rows.clone()));
        now
    }

    /// The group that all users are in at first.
    pub(crate) fn group() -> GroupId {
        GroupId::new(Ulid(1_000_000))
    }

    /// All possible conversations of a user.
    pub(crate) fn conversations(&self, user: UserId) -> Vec<ConversationId> {
        let users = (0..self.scenario.users).map(crate::world::user).filter(|other| *other != user);
        let pairs = users.map(|other| ConversationId::dm(user, other).unwrap());
        pairs.chain([ConversationId::Group(Self::group())]).collect()
    }

    /// Runs one invocation, which may crash, and ends at its deadline; `None` if it failed.
    pub(crate) async fn invoke<T>(
        &self,
        server: &Server<'_>,
        function: impl Future<Output = Result<T, Error>>,
    ) -> Option<Result<T, Refusal>> {
        let deadline = self.clock.now().plus(FUNCTION_MAX);
        let dies = || {
            let crashes = self.is_faulty() && self.random.once_in(self.scenario.crash_once_in);
            crashes || self.clock.now() > deadline
        };
        let whole = async {
            let answer = function.await?;
            server.finish().await?;
            Ok(answer)
        };
        match mortal(whole, dies).await {
            Some(Ok(answer)) => Some(Ok(answer)),
            Some(Err(Error::Refused(refusal))) => Some(Err(refusal)),
            failed if self.scenario.healthy => {
                self.fault(format!("failed in a healthy run: {:?}", failed.map(|answer| answer.err())));
                None
            }
            _ => None,
        }
    }

    /// Performs one task of a queue; false if the record is to be retried.
    async fn perform<T>(
        &self,
        server: &Server<'_>,
        task: impl Future<Output = Result<T, TaskFailure>>,
    ) -> bool {
        let performed = async {
            match task.await {
                Ok(_) => Ok(()),
                Err(TaskFailure::Retry(error)) => Err(error),
                Err(TaskFailure::Permanent(why)) => {
                    if self.scenario.healthy {
                        self.fault(format!("a record is dead-lettered: {why}"));
                    }
                    Ok(())
                }
            }
        };
        self.invoke(server, performed).await.is_some()
    }

    /// Waits for the delay of a due record.
    async fn be_late(&self) {
        let late_ms = if self.is_faulty() { self.scenario.late_ms_max } else { 200 };
        self.clock.sleep(Duration::from_millis(self.random.below(late_ms))).await;
    }

    /// Puts a failed record back after its visibility timeout.
    async fn put_back<T: Clone>(&self, queue: &DelayQueue<T>, delayed: Delayed<T>) {
        self.clock.sleep(Duration::from_secs(self.random.between(1, 30))).await;
        queue.put_back(Delayed { due: self.clock.now(), received_before: true, ..delayed });
    }

    /// A due record, once for each of its deliveries.
    fn take_due<T: Clone>(&self, queue: &DelayQueue<T>) -> Vec<Delayed<T>> {
        let now = self.clock.now();
        let any = usize::try_from(self.random.below(queue.due(now) as u64)).unwrap();
        let Some(delayed) = queue.receive(any, now) else { return Vec::new() };
        let copies = 1 + usize::from(self.is_faulty() && self.random.once_in(self.scenario.doubled_once_in));
        vec![delayed; copies]
    }

    async fn perform_check(&self, delayed: Delayed<PresenceTask>) {
        self.be_late().await;
        let server = Server::new(self);
        let presence::Context { queue, policy, watch, sleeper, now, .. } = server.presence();
        let context = presence::Context { store: &self.memory, queue, policy, watch, sleeper, now };
        let nowhere = DelayQueue::default();
        let pushes = if server.has(Bug::SilenceForgotten) { &nowhere } else { &self.queue };
        let ways = (&self.gateway, pushes);
        let checked = presence::perform(&context, ways, &delayed.task, delayed.received_before);
        if !self.perform(&server, checked).await {
            self.put_back(&self.lease_checks, delayed).await;
        }
    }

    async fn perform_push(&self, delayed: Delayed<PushTask>) {
        self.be_late().await;
        let server = Server::new(self);
        let context = server.pushing();
        let mut task = delayed.task.clone();
        if let PushTask::V1(Step::Clear { read_seq, .. }) = &mut task
            && server.has(Bug::ReaderNeverNotified)
        {
            *read_seq = Seq::MAX.get();
        }
        if let PushTask::V1(Step::Alert { absent, .. }) = &mut task
            && server.has(Bug::IdleSuppresses)
        {
            absent.retain(|absent| {
                let row = self.peek(self.memory.session(absent.user.parse().unwrap(), Consistency::Strong));
                row.unwrap().is_none_or(|row| !row.is_idle())
            });
        }
        if !self.perform(&server, confab_app::push::perform(&context, &task)).await {
            self.put_back(&self.queue, delayed).await;
        }
    }

    /// Performs a task of the fan-out queue.
    async fn perform_fan_out(&self, delayed: Delayed<FanOutTask>) {
        self.be_late().await;
        let server = Server::new(self);
        let delivery = server.delivery();
        let announced = fan_out(&server, (&delivery, &server), &delayed.task, server.now);
        if !self.perform(&server, announced).await {
            self.put_back(&self.fan_out_queue, delayed).await;
        }
    }
}

impl Timed for World {
    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn random(&self) -> &Random {
        &self.random
    }

    fn slowness(&self) -> u64 {
        if self.is_faulty() { *self.random.pick(&[1, 1, 4, 20]) } else { 1 }
    }

    fn next_due(&self) -> Option<Timestamp> {
        [self.queue.next_due(), self.lease_checks.next_due(), self.fan_out_queue.next_due()]
            .into_iter()
            .flatten()
            .min()
    }

    fn receive(self: &Arc<Self>, spawner: &Spawner) {
        for delayed in self.take_due(&self.queue) {
            let world = Arc::clone(self);
            spawner.spawn(async move { world.perform_push(delayed).await });
        }
        for delayed in self.take_due(&self.lease_checks) {
            let world = Arc::clone(self);
            spawner.spawn(async move { world.perform_check(delayed).await });
        }
        for delayed in self.take_due(&self.fan_out_queue) {
            let world = Arc::clone(self);
            spawner.spawn(async move { world.perform_fan_out(delayed).await });
        }
    }
}
