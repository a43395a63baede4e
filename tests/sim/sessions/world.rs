//! Time, the stores, and the observed events of each socket.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use confab_app::accounts::authenticate::check_login;
use confab_app::accounts::end_device::end_device;
use confab_app::connections::authorize_frame::authorize_frame;
use confab_app::connections::close_connection::{close_connection, close_with_reason};
use confab_app::connections::open_connection::open_connection;
use confab_app::delivery::announce::hint;
use confab_app::ports::{ConnectionChange, Consistency, Devices, Identity, Sessions};
use confab_app::presence::{Context, PresenceTask, Step, perform};
use confab_app::{Error, Limiter, TaskFailure};
use confab_domain::budget::LOCAL_RATES;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::sockets::{REGISTERED_PER_DEVICE_MAX, SOCKETS_PER_DEVICE_MAX};
use confab_domain::{ConnectionId, DeviceId, FamilyId, Timestamp, WatchId};
use confab_memory::{DelayQueue, Delayed, Gateway, Memory, Phones, YieldingSleeper, yield_once};
use confab_protocol::ServerFrame;
use confab_protocol::server::{ClosingReason, TypingEvent};
use ulid::Ulid;

use super::server::{Bug, Server};
use crate::executor::{finish, mortal};
use crate::injector::Changeable;
use crate::random::Random;
use crate::world::{device_of, key, socket, user};

pub(crate) const DEVICES: u64 = 2;

const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

/// The state of one run, with the first broken guarantee.
pub(crate) struct World {
    pub(crate) random: Arc<Random>,
    pub(crate) memory: Memory,
    pub(crate) gateway: Gateway,
    queue: DelayQueue<PresenceTask>,
    injector: Arc<Changeable>,
    now_ms: Arc<AtomicU64>,
    step: AtomicU64,
    count: AtomicU64,
    bug: Option<Bug>,
    fails_once_in: u64,
    crashes_once_in: u64,
    is_faulty: AtomicU64,
    limiter: Limiter,
    seen: Mutex<Seen>,
}

/// The observed events, each with its step.
#[derive(Default)]
struct Seen {
    sockets: BTreeMap<ConnectionId, Identity>,
    /// Answered logouts.
    ended: BTreeMap<FamilyId, u64>,
    displaced: BTreeMap<ConnectionId, u64>,
    /// Sockets that lost their registration to a false 410.
    lost: BTreeSet<ConnectionId>,
    faults: Vec<String>,
}

impl World {
    pub(crate) fn new(seed: u64, bug: Option<Bug>) -> Self {
        let random = Arc::new(Random::new(seed));
        let injector = Arc::new(Changeable::new(Arc::clone(&random)));
        let now_ms = Arc::new(AtomicU64::new(1_790_000_000_000));
        let clock = Arc::clone(&now_ms);
        Self {
            memory: Memory::new(Arc::clone(&injector) as _),
            gateway: Gateway::new(Arc::clone(&injector) as _),
            queue: DelayQueue::new(Arc::clone(&injector) as _, move || {
                Timestamp::from_ms(clock.load(Relaxed))
            }),
            fails_once_in: *random.pick(&[0, 0, 40]),
            crashes_once_in: *random.pick(&[0, 0, 200]),
            random,
            injector,
            now_ms,
            step: AtomicU64::new(0),
            count: AtomicU64::new(0),
            bug,
            is_faulty: AtomicU64::new(0),
            limiter: Limiter::new(LOCAL_RATES),
            seen: Mutex::default(),
        }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub(crate) fn tick(&self) {
        self.step.fetch_add(1, Relaxed);
        self.now_ms.fetch_add(self.random.below(4), Relaxed);
    }

    pub(crate) fn set_faulty(&self, faulty: bool) {
        self.is_faulty.store(u64::from(faulty), Relaxed);
        self.injector.set(if faulty { self.fails_once_in } else { 0 });
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.load(Relaxed))
    }

    fn step(&self) -> u64 {
        self.step.load(Relaxed)
    }

    fn next_number(&self) -> u64 {
        self.count.fetch_add(1, Relaxed) + 1
    }

    fn fault(&self, what: String) {
        self.seen.lock().unwrap().faults.push(what);
    }

    pub(crate) fn first_fault(&self) -> Option<String> {
        self.seen.lock().unwrap().faults.first().cloned()
    }

    pub(crate) fn note_displaced<'a>(&self, those: impl Iterator<Item = &'a ConnectionId>) {
        let step = self.step();
        let mut seen = self.seen.lock().unwrap();
        for id in those {
            seen.displaced.entry(id.clone()).or_insert(step);
        }
    }

    fn context<'a>(&'a self, server: &'a Server<'a>) -> Context<'a, Server<'a>, DelayQueue<PresenceTask>> {
        let (queue, now, watch) = (&self.queue, self.now(), WatchId(self.random.draw()));
        Context { store: server, queue, policy: POLICY, watch, sleeper: &YieldingSleeper, now }
    }

    /// Runs an invocation, which may crash between any two calls.
    async fn invoke<T>(&self, function: impl Future<Output = Result<T, Error>>) -> Option<Result<T, Error>> {
        let dies = || self.is_faulty.load(Relaxed) == 1 && self.random.once_in(self.crashes_once_in);
        mortal(function, dies).await
    }

    fn device(n: u64) -> DeviceId {
        DeviceId::new(Ulid(u128::from(n) + 1))
    }

    fn living(&self, n: u64) -> Option<FamilyId> {
        loop {
            if let Ok(login) = finish(self.memory.device(user(0), Self::device(n))) {
                return login.map(|login| login.family);
            }
        }
    }

    /// The writes of a login.
    pub(crate) fn log_in(&self, n: u64) {
        let family = FamilyId::new(Ulid(u128::from(self.next_number())));
        let login = device_of(Identity { user: user(0), device: Self::device(n), family }, self.now());
        finish(self.memory.put_device(&login)).unwrap();
    }

    /// A logout from elsewhere; then perhaps another login on the device.
    pub(crate) async fn log_out(&self, n: u64) {
        let Some(family) = self.living(n) else { return };
        let server = Server::new(self);
        let context = self.context(&server);
        let ways = (&server, &Phones::default());
        let by = self.random.once_in(2).then_some(family);
        let ending = end_device(&context, ways, user(0), Self::device(n), by);
        if let Some(Ok(true)) = self.invoke(ending).await {
            let step = self.step();
            self.seen.lock().unwrap().ended.insert(family, step);
        }
    }

    /// Lets time pass without any activity.
    pub(crate) fn pass(&self, time: Duration) {
        self.now_ms.fetch_add(u64::try_from(time.as_millis()).unwrap(), Relaxed);
    }

    /// Runs a handshake that never completes. Returns whether the socket may open.
    pub(crate) async fn begin_handshake(&self, n: u64) -> bool {
        let Some((identity, id)) = self.new_socket(n) else { return false };
        self.connect(identity, &id).await
    }

    fn new_socket(&self, n: u64) -> Option<(Identity, ConnectionId)> {
        let identity = Identity { user: user(0), device: Self::device(n), family: self.living(n)? };
        let id = ConnectionId::new(format!("c{}=", self.next_number()));
        self.seen.lock().unwrap().sockets.insert(id.clone(), identity);
        Some((identity, id))
    }

    /// Runs a socket from its handshake to its last frame; it stays open.
    pub(crate) async fn live(&self, n: u64) {
        super::pause(self, 200).await;
        let Some((identity, id)) = self.new_socket(n) else { return };
        if !self.connect(identity, &id).await {
            return;
        }
        super::pause(self, *self.random.pick(&[0, 5, 200])).await;
        self.gateway.open(id.clone());
        for _ in 0..self.random.below(4) {
            super::pause(self, 100).await;
            match self.random.below(8) {
                0 => return self.leave(identity, &id).await,
                1 => self.lose_registration(identity, &id).await,
                _ => self.send_frame(&id).await,
            }
        }
    }

    /// The `$connect` function. Returns whether the socket may open.
    async fn connect(&self, identity: Identity, id: &ConnectionId) -> bool {
        let server = Server::new(self);
        let context = self.context(&server);
        let connection = socket(identity, id, context.now);
        let opening = async {
            if self.has(Bug::LoginReadBeforeRegistration) {
                check_login(&server, identity).await?;
                server.open_connection(identity.user, &connection, context.now).await?;
                return Ok(());
            }
            open_connection(&context, &server, identity, &connection).await
        };
        matches!(self.invoke(opening).await, Some(Ok(())))
    }

    async fn leave(&self, identity: Identity, id: &ConnectionId) {
        self.gateway.drop_socket(id);
        super::pause(self, 50).await;
        let server = Server::new(self);
        let closing = close_connection(&server, identity.user, key(identity, id), self.now());
        self.invoke(closing).await;
    }

    /// Removes an open connection from the row, as after a 410.
    async fn lose_registration(&self, identity: Identity, id: &ConnectionId) {
        self.seen.lock().unwrap().lost.insert(id.clone());
        let change = ConnectionChange { closed: vec![key(identity, id)], ..ConnectionChange::default() };
        let _ = self.memory.change_connections(identity.user, &change, self.now()).await;
    }

    /// Sends a frame, if the gateway has the socket, and checks whether it may act.
    pub(crate) async fn send_frame(&self, id: &ConnectionId) {
        let began = self.step();
        if !self.gateway.is_open(id) {
            return;
        }
        let identity = self.seen.lock().unwrap().sockets[id];
        let server = Server::new(self);
        let context = self.context(&server);
        let connection = socket(identity, id, context.now);
        let frame = async {
            if self.has(Bug::ActsBeforeItIsJudged) {
                self.acts(id, began);
            }
            let mut authorized =
                authorize_frame(&context, &server, &self.limiter, identity, &connection).await.map(drop);
            if self.has(Bug::RegisteredAgainAnyway)
                && matches!(authorized, Err(Error::ConnectionEnded(ClosingReason::Displaced)))
            {
                server.open_connection(identity.user, &connection, context.now).await?;
                authorized = Ok(());
            }
            match authorized {
                Ok(()) => {
                    yield_once().await;
                    self.acts(id, began);
                }
                Err(Error::ConnectionEnded(reason)) => {
                    close_with_reason(&server, id, reason).await?;
                }
                Err(error) => return Err(error),
            }
            Ok(())
        };
        self.invoke(frame).await;
    }

    fn acts(&self, id: &ConnectionId, began: u64) {
        let seen = self.seen.lock().unwrap();
        let family = seen.sockets[id].family;
        let ended = seen.ended.get(&family).is_some_and(|ended| *ended < began);
        let displaced = seen.displaced.get(id).is_some_and(|displaced| *displaced < began);
        drop(seen);
        if ended || displaced {
            self.fault(format!("{id:?} acts; logged out: {ended}, displaced: {displaced}"));
        }
    }

    /// Posts an event to all devices and checks that none whose login had ended gets it.
    pub(crate) async fn announce(&self) {
        let began = self.step();
        let text = format!("event {began}");
        let event = ServerFrame::Typing(TypingEvent { conversation: text.clone(), user: String::new() });
        let server = Server::new(self);
        let announcing = async {
            hint(&server, &server, &[user(0)], None, &event, self.now()).await;
            Ok(())
        };
        self.invoke(announcing).await;
        let sockets: Vec<(ConnectionId, Identity)> =
            self.seen.lock().unwrap().sockets.iter().map(|(id, who)| (id.clone(), *who)).collect();
        for (id, identity) in sockets {
            let frames = self.gateway.take_frames(&id);
            let has_it = frames.iter().any(|frame| String::from_utf8_lossy(frame).contains(&text));
            let ended = self.seen.lock().unwrap().ended.get(&identity.family).copied();
            if has_it && ended.is_some_and(|ended| ended < began) {
                self.fault(format!("{id:?} gets an event after its logout"));
            }
        }
    }

    /// Advances the time to the next due task; false if none waits.
    pub(crate) fn advance_to_next_task(&self) -> bool {
        let Some(due) = self.queue.next_due() else { return false };
        self.now_ms.fetch_max(due.as_ms(), Relaxed);
        true
    }

    /// The `presence` function, for a due task; lease checks are left out.
    pub(crate) async fn perform_one(&self) {
        let Some(delayed) = self.queue.receive(0, self.now()) else { return };
        let PresenceTask::V1(step) = &delayed.task;
        let closes_again = matches!(step, Step::CloseAgain(_)) && !self.has(Bug::NotClosedAgain);
        if !closes_again && !matches!(step, Step::EndSockets { .. }) {
            return;
        }
        let server = Server::new(self);
        let (context, pushes) = (self.context(&server), DelayQueue::default());
        let performing = async {
            match perform(&context, (&server, &pushes), &delayed.task, false).await {
                Ok(()) => Ok(()),
                Err(TaskFailure::Retry(error)) => Err(error),
                Err(TaskFailure::Permanent(why)) => Err(Error::Internal(why)),
            }
        };
        if !matches!(self.invoke(performing).await, Some(Ok(()))) {
            self.queue.put_back(Delayed { received_before: true, ..delayed });
        }
    }

    pub(crate) fn open_sockets(&self) -> Vec<ConnectionId> {
        let seen = self.seen.lock().unwrap();
        seen.sockets.keys().filter(|id| self.gateway.is_open(id)).cloned().collect()
    }

    /// Checks the open sockets before their next frame: those with a registration have a valid login and are within the
    /// limit of their device.
    pub(crate) fn check_silent(&self) {
        let lost = self.seen.lock().unwrap().lost.clone();
        let open = self.open_sockets().into_iter().filter(|id| !lost.contains(id));
        self.check_open(open.collect(), "and silent");
    }

    /// Checks all open sockets after a frame of each: the same, and each of them is registered.
    pub(crate) fn check_end(&self) {
        let open = self.open_sockets();
        self.check_open(open.clone(), "in the end");
        let session = finish(self.memory.session(user(0), Consistency::Strong)).unwrap();
        let Some(session) = session else { return };
        for id in open {
            let identity = self.seen.lock().unwrap().sockets[&id];
            if !session.has_registered(&socket(identity, &id, self.now())) {
                self.fault(format!("{id:?} is open, has sent a frame, and is not registered"));
            }
        }
        for n in 0..DEVICES {
            let own = session.connections.iter().filter(|open| open.device == Self::device(n)).count();
            if own > REGISTERED_PER_DEVICE_MAX {
                self.fault(format!("device {n} has {own} connections in the row"));
            }
        }
    }

    fn check_open(&self, open: Vec<ConnectionId>, when: &str) {
        for n in 0..DEVICES {
            let (device, living) = (Self::device(n), self.living(n));
            let sockets = self.seen.lock().unwrap().sockets.clone();
            let own: Vec<&ConnectionId> = open.iter().filter(|id| sockets[*id].device == device).collect();
            if own.len() > SOCKETS_PER_DEVICE_MAX {
                self.fault(format!("device {n} has {} sockets open {when}", own.len()));
            }
            if let Some(id) = own.iter().find(|id| Some(sockets[**id].family) != living) {
                self.fault(format!("{id:?} is open {when}, and its login has ended"));
            }
        }
    }
}
