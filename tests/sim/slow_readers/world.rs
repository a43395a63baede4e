//! Time, stores, and sockets that read late or never.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use confab_app::TaskFailure;
use confab_app::delivery::fan_out::{FanOutTask, fan_out};
use confab_app::delivery::unreached::Unreached;
use confab_app::messages::send_message::{SendMessage, Writer, send_message};
use confab_app::ports::{Connection, Identity, PostOutcome, Sessions, StoreError};
use confab_app::presence::Probes;
use confab_app::push::PushTask;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::log::Attempt;
use confab_domain::retention::Retention;
use confab_domain::retry::pause_of_record;
use confab_domain::{Attendance, ConnectionId, Content, ConversationId, GroupId, Timestamp, UserId};
use confab_memory::{DelayQueue, Delayed, Gateway, Memory, YieldingSleeper};
use confab_protocol::ServerFrame;
use ulid::Ulid;

use super::conversations;
use super::scenario::{OutageKind, Scenario};
use super::server::{Bug, Server};
use crate::executor::{finish, mortal};
use crate::injector::Changeable;
use crate::presence::clock::{Clock, Spawner, Timed};
use crate::random::Random;

pub(super) const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

/// Longest time for which a late socket stops reading. Unit: milliseconds.
const BUSY_MS_MAX: u64 = 5_000;

/// Longest run time of a function.
const FUNCTION_MAX: Duration = Duration::from_secs(15);

/// How often a bug may announce to everybody again.
const REPEATED_MAX: u64 = 20;

/// How a socket reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    Always,
    /// Stops reading from time to time, for a while.
    Late {
        every_ms: u64,
        for_ms: u64,
    },
    Never,
}

/// A socket, and the outcomes of its posts.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    pub(super) user: UserId,
    pub(super) reads: Reads,
    /// The times at which it received each message, in order.
    pub(super) got: BTreeMap<(ConversationId, u64), Vec<Timestamp>>,
    /// How often it refused each message.
    pub(super) refused: BTreeMap<(ConversationId, u64), u32>,
    pub(super) warned_as_slow: bool,
}

/// The socket that a message was sent by, and the time.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) origin: ConnectionId,
    pub(super) at: Timestamp,
}

/// The state that all writers and servers share.
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) random: Arc<Random>,
    pub(super) clock: Arc<Clock>,
    pub(super) memory: Memory,
    pub(super) gateway: Gateway,
    pub(super) queue: DelayQueue<FanOutTask>,
    /// Tasks for pushes; no simulation here receives them.
    pub(super) pushes: DelayQueue<PushTask>,
    pub(super) probes: Probes,
    pub(super) writer: Writer,
    injector: Arc<Changeable>,
    faulty: AtomicBool,
    sockets: Mutex<BTreeMap<ConnectionId, Socket>>,
    /// The messages that were sent while nothing failed.
    sent: Mutex<BTreeMap<(ConversationId, u64), Sent>>,
    count: AtomicU64,
    /// How often a bug has announced to everybody again.
    repeated: AtomicU64,
    /// Kept for a bug: how often each connection had no room for a message.
    full: Mutex<BTreeMap<(String, u64, String), u32>>,
    faults: Mutex<Vec<String>>,
}

impl World {
    pub(super) fn new(scenario: Scenario) -> Self {
        let random = Arc::new(Random::new(scenario.seed));
        let injector = Arc::new(Changeable::new(Arc::clone(&random)));
        let clock = Arc::new(Clock::default());
        let queues_clock = Arc::clone(&clock);
        Self {
            memory: Memory::new(Arc::clone(&injector) as _),
            gateway: Gateway::new(Arc::clone(&injector) as _),
            queue: DelayQueue::new(Arc::clone(&injector) as _, move || queues_clock.now()),
            pushes: DelayQueue::default(),
            probes: Probes::default(),
            writer: Writer::new(Retention::FOR_EVER, Arc::new(YieldingSleeper)),
            injector,
            faulty: AtomicBool::new(false),
            sockets: Mutex::default(),
            sent: Mutex::default(),
            count: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            full: Mutex::default(),
            faults: Mutex::default(),
            clock,
            random,
            scenario,
        }
    }

    pub(super) fn group() -> GroupId {
        GroupId::new(Ulid(1_000_000))
    }

    pub(super) fn has(&self, bug: Bug) -> bool {
        self.scenario.bug == Some(bug)
    }

    /// Whether a bug may announce to everybody again. Bounded, since each time queues more of them.
    pub(super) fn may_repeat_all(&self) -> bool {
        self.repeated.fetch_add(1, Relaxed) < REPEATED_MAX
    }

    /// The largest number of times that any of these connections had no room for a message, at least `full`.
    pub(super) fn most_full(&self, conversation: &str, seq: u64, unreached: &[Unreached], full: u32) -> u32 {
        let mut most = self.full.lock().unwrap();
        let connections = unreached.iter().flat_map(|those| &those.connections);
        let counts = connections.map(|connection| {
            let count = most.entry((conversation.to_owned(), seq, connection.clone())).or_default();
            *count = full.max(*count);
            *count
        });
        counts.max().unwrap_or(full)
    }

    pub(super) fn set_faulty(&self, faulty: bool) {
        self.faulty.store(faulty && !self.scenario.healthy, Relaxed);
        self.injector.set(if self.is_faulty() { self.scenario.failure_once_in } else { 0 });
    }

    fn is_faulty(&self) -> bool {
        self.faulty.load(Relaxed)
    }

    pub(super) fn sockets(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, Socket>> {
        self.sockets.lock().unwrap()
    }

    pub(super) fn sent(&self) -> MutexGuard<'_, BTreeMap<(ConversationId, u64), Sent>> {
        self.sent.lock().unwrap()
    }

    pub(super) fn fault(&self, what: String) {
        let at = self.clock.now().since(crate::presence::clock::START).as_millis();
        self.faults.lock().unwrap().push(format!("at {at}: {what}"));
    }

    pub(super) fn first_fault(&self) -> Option<String> {
        self.faults.lock().unwrap().first().cloned()
    }

    /// Runs a call of the checks, which never fails.
    pub(super) fn peek<T>(&self, read: impl Future<Output = T>) -> T {
        self.injector.set(0);
        let answer = finish(read);
        self.injector.set(if self.is_faulty() { self.scenario.failure_once_in } else { 0 });
        answer
    }

    pub(super) fn open_socket(&self, identity: Identity) {
        let id = ConnectionId::new(format!("c{}=", self.count.fetch_add(1, Relaxed)));
        let reads = match self.random.below(6) {
            0 => Reads::Never,
            1 | 2 => Reads::Late {
                every_ms: self.random.between(20_000, 40_000),
                for_ms: self.random.below(BUSY_MS_MAX),
            },
            _ => Reads::Always,
        };
        self.gateway.open(id.clone());
        let opened_at = self.clock.now();
        let connection = Connection {
            id: id.clone(),
            device: identity.device,
            family: None,
            opened_at,
            attendance: Attendance::Unstated,
        };
        self.peek(self.memory.open_connection(identity.user, &connection, opened_at)).unwrap();
        let socket = Socket {
            user: identity.user,
            reads,
            got: BTreeMap::new(),
            refused: BTreeMap::new(),
            warned_as_slow: false,
        };
        self.sockets().insert(id, socket);
    }

    /// The kind of failure, if the gateway fails now.
    fn fails(&self) -> Option<OutageKind> {
        let passed_ms =
            u64::try_from(self.clock.now().since(crate::presence::clock::START).as_millis()).unwrap();
        let outage = self.scenario.outage.as_ref()?;
        (outage.from_ms..outage.to_ms).contains(&passed_ms).then_some(outage.kind)
    }

    /// How late an event may come because of the gateway: twice the length of the outage, since pauses double.
    pub(super) fn patience_at(&self, at: Timestamp) -> Duration {
        let Some(outage) = &self.scenario.outage else { return Duration::ZERO };
        let ends = crate::presence::clock::START.plus(Duration::from_millis(outage.to_ms));
        ends.since(at) * 2 + Duration::from_secs(20)
    }

    /// The error of a query to the gateway, if it fails now.
    pub(super) fn question_fault(&self) -> Option<StoreError> {
        self.fails().map(|kind| StoreError::Unavailable(format!("the gateway: {kind:?}").into()))
    }

    /// The outcome of a post that is not delivered.
    pub(super) fn post_fault(
        &self,
        id: &ConnectionId,
        event: &ServerFrame,
    ) -> Option<Result<PostOutcome, StoreError>> {
        match self.fails() {
            Some(OutageKind::Fails) => return self.question_fault().map(Err),
            Some(OutageKind::Throttles) => return Some(Ok(PostOutcome::Limited)),
            None => {}
        }
        let mut sockets = self.sockets();
        let socket = sockets.get_mut(id).unwrap();
        let passed_ms = self.clock.now().since(crate::presence::clock::START).as_millis();
        let refuses = match socket.reads {
            Reads::Always => false,
            Reads::Never => true,
            Reads::Late { every_ms, for_ms } => passed_ms % u128::from(every_ms) < u128::from(for_ms),
        };
        if refuses && let Some(message) = message_of(event) {
            *socket.refused.entry(message).or_default() += 1;
        }
        refuses.then_some(Ok(PostOutcome::Limited))
    }

    /// Records the delivered events.
    pub(super) fn take_frames(&self, id: &ConnectionId) {
        let now = self.clock.now();
        for frame in self.gateway.take_frames(id) {
            let event: ServerFrame = serde_json::from_slice(&frame).unwrap();
            if let Some(message) = message_of(&event) {
                self.sockets().get_mut(id).unwrap().got.entry(message).or_default().push(now);
            }
        }
    }

    /// Writes from time to time.
    pub(super) async fn write_until(self: Arc<Self>, user: UserId, until: Timestamp) {
        while self.clock.now() < until {
            self.write(user).await;
            let pause = Duration::from_millis(self.random.below(self.scenario.pause_ms_max));
            self.clock.sleep(pause).await;
        }
    }

    pub(super) async fn write(&self, sender: UserId) {
        self.write_in(sender, *self.random.pick(&conversations(self, sender))).await;
    }

    pub(super) async fn write_in(&self, sender: UserId, conversation: ConversationId) {
        let ids: Vec<ConnectionId> = {
            let sockets = self.sockets();
            sockets.iter().filter(|(_, socket)| socket.user == sender).map(|(id, _)| id.clone()).collect()
        };
        let origin = self.random.pick(&ids).clone();
        let key = format!("m{}", self.count.fetch_add(1, Relaxed)).parse().unwrap();
        let attempt = Attempt(u32::try_from(self.random.below(1 << 32)).unwrap());
        let content = Content { text: Some("Shall we meet?".to_owned()), ..Content::default() };
        let command = SendMessage {
            sender,
            origin: Some(origin.clone()),
            conversation,
            key,
            content,
            attempt,
            reading: None,
        };
        let (server, sent_at, is_healthy) = (Server::new(self), self.clock.now(), !self.is_faulty());
        let delivery = server.delivery();
        let authorized = std::future::ready(Ok(()));
        let ways = (&delivery, &server);
        let sending = send_message(&self.memory, ways, &self.writer, command, authorized, server.now);
        match self.invoke(sending).await {
            Some(Ok(sent)) if is_healthy => {
                self.sent().insert((conversation, sent.seq), Sent { origin, at: sent_at });
            }
            Some(Err(error)) if self.scenario.healthy => self.fault(format!("a send fails: {error:?}")),
            _ => {}
        }
    }

    /// Runs one invocation, which may crash, and ends at its deadline.
    async fn invoke<T>(&self, function: impl Future<Output = T>) -> Option<T> {
        let deadline = self.clock.now().plus(FUNCTION_MAX);
        let dies = || {
            let crashes = self.is_faulty() && self.random.once_in(self.scenario.crash_once_in);
            crashes || self.clock.now() > deadline
        };
        mortal(function, dies).await
    }

    /// The `fan-out` function, for one record, repeated while it fails.
    async fn perform(&self, delayed: Delayed<FanOutTask>) {
        for receives in 1.. {
            let late_ms = if self.is_faulty() { self.scenario.late_ms_max } else { 100 };
            self.clock.sleep(Duration::from_millis(self.random.below(late_ms))).await;
            let server = Server::new(self);
            let delivery = server.delivery();
            let announced = fan_out(&self.memory, (&delivery, &server), &delayed.task, server.now);
            match self.invoke(announced).await {
                Some(Ok(_)) => return,
                Some(Err(TaskFailure::Permanent(why))) => {
                    return self.fault(format!("{:?} is dead-lettered: {why}", delayed.task));
                }
                Some(Err(TaskFailure::Retry(error))) if self.scenario.healthy => {
                    return self.fault(format!("a record fails although no store does: {error:?}"));
                }
                Some(Err(TaskFailure::Retry(_))) | None => self.clock.sleep(pause_of_record(receives)).await,
            }
        }
    }
}

fn message_of(event: &ServerFrame) -> Option<(ConversationId, u64)> {
    let ServerFrame::Message(message) = event else { return None };
    Some((message.conversation.parse().unwrap(), message.seq))
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
        self.queue.next_due()
    }

    fn receive(self: &Arc<Self>, spawner: &Spawner) {
        let now = self.clock.now();
        let any = usize::try_from(self.random.below(self.queue.due(now) as u64)).unwrap();
        let Some(delayed) = self.queue.receive(any, now) else { return };
        let copies = 1 + usize::from(self.is_faulty() && self.random.once_in(self.scenario.doubled_once_in));
        for _ in 0..copies {
            let (world, delayed) = (Arc::clone(self), delayed.clone());
            spawner.spawn(async move { world.perform(delayed).await });
        }
    }
}
