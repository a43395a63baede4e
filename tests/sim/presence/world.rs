//! Time, stores, sockets and failures of a world of presence.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use confab_app::ports::{Consistency, PostOutcome, Session, Sessions};
use confab_app::presence::PresenceTask;
use confab_app::push::PushTask;
use confab_app::{Error, Limiter};
use confab_domain::budget::LOCAL_RATES;
use confab_domain::retry::pause_of_record;
use confab_domain::{ConnectionId, DeviceId, Refusal, Timestamp, UserId};
use confab_memory::{DelayQueue, Delayed, Gateway, Memory};
use confab_protocol::ServerFrame;
use confab_protocol::server::UserPresence;

use super::clock::{Clock, Spawner, Timed};
use super::ledger::{Ledger, Report, Source};
use super::scenario::Scenario;
use super::server::{Bug, Server};
use crate::executor::{finish, mortal};
use crate::injector::Changeable;
use crate::random::Random;

/// Longest run time of a function; API Gateway waits no longer.
const FUNCTION_MAX: Duration = Duration::from_secs(29);

/// How often a bug may notify all friends again.
const NOTIFIED_AGAIN_MAX: u64 = 20;

/// The state that all devices and servers share.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) random: Arc<Random>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) memory: Memory,
    pub(crate) limiter: Limiter,
    pub(crate) gateway: Gateway,
    pub(crate) queue: DelayQueue<PresenceTask>,
    /// Tasks for pushes; no simulation here receives them.
    pub(crate) pushes: DelayQueue<PushTask>,
    injector: Arc<Changeable>,
    faulty: AtomicBool,
    phones: Mutex<BTreeMap<DeviceId, Phone>>,
    /// Sockets that take no event, each with the time of the last offer.
    silent: Mutex<BTreeMap<ConnectionId, Option<Timestamp>>>,
    ledger: Mutex<Ledger>,
    /// All rows as they were before each user connected last.
    rows_before: Mutex<BTreeMap<UserId, Vec<Session>>>,
    count: AtomicU64,
    /// How often a bug has notified all friends again.
    notified_again: AtomicU64,
    faults: Mutex<Vec<String>>,
}

/// The state of a device that changes while its own task waits.
#[derive(Debug)]
pub(crate) struct Phone {
    pub(crate) user: UserId,
    pub(crate) task: u64,
    pub(crate) socket: Option<ConnectionId>,
    /// Whether a probe is to be answered.
    pub(crate) is_probed: bool,
}

impl World {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let random = Arc::new(Random::new(scenario.seed));
        let injector = Arc::new(Changeable::new(Arc::clone(&random)));
        let clock = Arc::new(Clock::default());
        let queues_clock = Arc::clone(&clock);
        let page_max = NonZeroU32::new(*random.pick(&[1, 2, 100])).unwrap();
        Self {
            memory: Memory::new(Arc::clone(&injector) as _).with_page_max(page_max),
            limiter: Limiter::new(LOCAL_RATES),
            gateway: Gateway::new(Arc::clone(&injector) as _),
            queue: DelayQueue::new(Arc::clone(&injector) as _, move || queues_clock.now()),
            pushes: DelayQueue::default(),
            injector,
            faulty: AtomicBool::new(false),
            phones: Mutex::default(),
            silent: Mutex::default(),
            ledger: Mutex::default(),
            rows_before: Mutex::default(),
            count: AtomicU64::new(0),
            notified_again: AtomicU64::new(0),
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

    pub(crate) fn skew_ms_max(&self) -> u64 {
        if self.scenario.healthy { 0 } else { self.scenario.skew_ms_max }
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    pub(crate) fn phones(&self) -> MutexGuard<'_, BTreeMap<DeviceId, Phone>> {
        self.phones.lock().unwrap()
    }

    /// Whether a bug may notify all friends again. Bounded, since each time queues more of them.
    pub(crate) fn notifies_all_again(&self) -> bool {
        self.notified_again.fetch_add(1, Relaxed) < NOTIFIED_AGAIN_MAX
    }

    /// A number that is used nowhere else.
    pub(crate) fn next_number(&self) -> u64 {
        self.count.fetch_add(1, Relaxed)
    }

    /// Records a broken guarantee.
    pub(crate) fn fault(&self, what: String) {
        self.faults.lock().unwrap().push(format!("at {}: {what}", self.elapsed_ms()));
    }

    pub(crate) fn first_fault(&self) -> Option<String> {
        self.faults.lock().unwrap().first().cloned()
    }

    fn elapsed_ms(&self) -> u128 {
        self.clock.now().since(super::clock::START).as_millis()
    }

    /// Runs a call of the checks, which never fails.
    pub(crate) fn peek<T>(&self, read: impl Future<Output = T>) -> T {
        self.injector.set(0);
        let answer = finish(read);
        self.injector.set(if self.is_faulty() { self.scenario.failure_once_in } else { 0 });
        answer
    }

    pub(crate) fn row(&self, user: UserId) -> Option<Session> {
        self.peek(self.memory.session(user, Consistency::Strong)).unwrap()
    }

    pub(crate) fn note_rows_before(&self, user: UserId) {
        let rows = (0..self.scenario.users).filter_map(|n| self.row(crate::world::user(n))).collect();
        self.rows_before.lock().unwrap().insert(user, rows);
    }

    pub(crate) fn rows_before(&self, user: UserId) -> Vec<Session> {
        self.rows_before.lock().unwrap().get(&user).cloned().unwrap_or_default()
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

    /// Whether the answer to a call is lost and the SDK repeats the call.
    pub(crate) fn loses_an_answer(&self) -> bool {
        self.is_faulty() && self.random.once_in(self.scenario.failure_once_in)
    }

    /// Decides whether a socket takes no event from now on, and returns that.
    pub(crate) fn may_be_silent(&self, connection: &ConnectionId) -> bool {
        let is_silent = self.random.once_in(self.scenario.silent_once_in);
        if is_silent {
            self.silent.lock().unwrap().insert(connection.clone(), None);
        }
        is_silent
    }

    /// Open sockets that were offered an event that long ago and did not take it.
    pub(crate) fn too_slow(&self, patience: Duration) -> Vec<ConnectionId> {
        let now = self.clock.now();
        let silent = self.silent.lock().unwrap();
        let slow = silent.iter().filter(|(id, offered_at)| {
            offered_at.is_some_and(|at| at.plus(patience) < now) && self.gateway.is_open(id)
        });
        slow.map(|(id, _)| id.clone()).collect()
    }

    /// The outcome of a post that is not delivered.
    pub(crate) fn post_fault(&self, connection: &ConnectionId, event: &ServerFrame) -> Option<PostOutcome> {
        if let Some(offered_at) = self.silent.lock().unwrap().get_mut(connection) {
            *offered_at = Some(self.clock.now());
            return Some(PostOutcome::Limited);
        }
        if !self.is_faulty() {
            return None;
        }
        if self.random.once_in(self.scenario.throttled_once_in) {
            return Some(PostOutcome::Limited);
        }
        if self.random.once_in(self.scenario.swallowed_once_in) {
            let device = self.device_at(connection);
            if let (Some(device), ServerFrame::Presence(presence)) = (device, event) {
                for user in &presence.users {
                    self.ledger().doubtful.insert((device, user.user.parse().unwrap()));
                }
            }
            return Some(PostOutcome::Taken);
        }
        None
    }

    fn device_at(&self, connection: &ConnectionId) -> Option<DeviceId> {
        let phones = self.phones();
        phones.iter().find_map(|(id, phone)| (phone.socket.as_ref() == Some(connection)).then_some(*id))
    }

    /// Wakes a device whose socket was closed.
    pub(crate) fn closed(&self, connection: &ConnectionId) {
        if let Some(device) = self.device_at(connection) {
            // The device answers nothing from now on, even if it is busy and notices later.
            self.ledger().end(device, self.clock.now());
            self.clock.ring(self.phones()[&device].task);
        }
    }

    /// Passes to the device the frames that the gateway has delivered to its socket.
    pub(crate) fn take_frames(&self, connection: &ConnectionId) {
        let frames = self.gateway.take_frames(connection);
        let Some(device) = self.device_at(connection) else { return };
        for frame in frames {
            let frame: ServerFrame = serde_json::from_slice(&frame).unwrap();
            if let ServerFrame::Presence(presence) = frame {
                for news in presence.users {
                    let subject = news.user.parse().unwrap();
                    self.note_report(device, subject, &news, Source::Event);
                }
            } else if matches!(&frame, ServerFrame::Heartbeat(probe) if probe.server_at_ms.is_none()) {
                let mut phones = self.phones();
                let phone = phones.get_mut(&device).unwrap();
                phone.is_probed = true;
                self.clock.ring(phone.task);
            } else if !matches!(frame, ServerFrame::Closing(_) | ServerFrame::Contact(_)) {
                self.fault(format!("unexpected frame {frame:?}"));
            }
        }
    }

    /// Records a presence that a device received.
    pub(crate) fn note_report(&self, device: DeviceId, subject: UserId, news: &UserPresence, source: Source) {
        let asker = self.phones()[&device].user;
        let (at, is_online) = (self.clock.now(), news.status == "online");
        let active_at = news.last_active_at_ms.map(Timestamp::from_ms);
        // One last `offline` may come after the right to see has ended, however late.
        if is_online || source == Source::Answer || self.ledger().last_report(device, subject).is_none() {
            self.check_may_know(asker, subject);
        }
        self.ledger().report(device, subject, Report { at, is_online, active_at, source });
    }

    async fn perform_record(&self, delayed: Delayed<PresenceTask>) {
        let late_ms = if self.is_faulty() { self.scenario.late_ms_max } else { 100 };
        self.clock.sleep(Duration::from_millis(self.random.below(late_ms))).await;
        let is_first = !delayed.received_before;
        let fails = is_first && self.random.once_in(self.scenario.flaky_once_in);
        if !fails && self.perform(&delayed).await {
            return;
        }
        let pause = match self.scenario.bug {
            Some(Bug::FailedRecordDropped) => return,
            Some(Bug::FailedRecordHidden) => Duration::from_secs(90),
            // The record of a crashed function is hidden by the queue for longer.
            _ if self.is_faulty() => Duration::from_secs(self.random.between(1, 30)),
            _ => pause_of_record(1),
        };
        self.clock.sleep(pause).await;
        self.queue.put_back(Delayed { due: self.clock.now(), received_before: true, ..delayed });
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
        let slow: &[u64] = if self.scenario.stalls { &[1, 1, 4, 200] } else { &[1, 1, 4, 20] };
        if self.is_faulty() { *self.random.pick(slow) } else { 1 }
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.queue.next_due()
    }

    fn receive(self: &Arc<Self>, spawner: &Spawner) {
        let now = self.clock.now();
        let any = usize::try_from(self.random.below(self.queue.due(now) as u64)).unwrap();
        let Some(delayed) = self.queue.receive(any, now) else { return };
        let copies = 1 + usize::from(self.is_faulty() && self.random.once_in(self.scenario.doubled_once_in));
        for _ in 0..copies {
            let (world, delayed) = (Arc::clone(self), delayed.clone());
            spawner.spawn(async move { world.perform_record(delayed).await });
        }
    }
}
