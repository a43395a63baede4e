//! A logout and a connect that overlap: no device stays connected whose login has ended.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{self, Poll, Waker};
use std::time::Duration;

use confab_app::accounts::end_device::{end_device, end_every_device};
use confab_app::connections::open_connection::open_connection;
use confab_app::ports::{
    CloseOutcome, Connections, Consistency, Devices, Identity, PostOutcome, Sessions, StoreError,
};
use confab_app::presence::{Context, PresenceTask};
use confab_domain::device::Device;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::sockets::SOCKETS_PER_DEVICE_MAX;
use confab_domain::{ConnectionId, DeviceId, FamilyId, Timestamp, UserId, WatchId};
use confab_memory::{DelayQueue, Gateway, Memory, NoFaults, Phones, YieldingSleeper, yield_once};
use ulid::Ulid;

use crate::executor::finish;
use crate::world::{device_of, socket};

type CheckQueue = DelayQueue<PresenceTask>;

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

fn identity(family: u128) -> Identity {
    Identity {
        user: UserId::new(Ulid(1)),
        device: DeviceId::new(Ulid(2)),
        family: FamilyId::new(Ulid(family)),
    }
}

fn login(family: u128) -> Device {
    device_of(identity(family), NOW)
}

fn world() -> (Memory, Gateway) {
    let store = Memory::default();
    finish(store.put_device(&login(3))).unwrap();
    (store, Gateway::new(Arc::new(NoFaults)))
}

fn context<'a>(store: &'a Memory, queue: &'a CheckQueue, now: Timestamp) -> Context<'a, Memory, CheckQueue> {
    Context { store, queue, policy: POLICY, watch: WatchId(1), sleeper: &YieldingSleeper, now }
}

/// Polls the first `before` times, then the second to its end, then the first to its end.
pub(crate) fn interleave<A, B>(
    first: impl Future<Output = A>,
    before: usize,
    second: impl Future<Output = B>,
) -> (A, B) {
    let (mut first, mut context) = (pin!(first), task::Context::from_waker(Waker::noop()));
    let mut done = None;
    for _ in 0..before {
        if let Poll::Ready(output) = first.as_mut().poll(&mut context) {
            done = Some(output);
            break;
        }
    }
    let second = finish(second);
    (done.unwrap_or_else(|| finish(first)), second)
}

/// More polls than either call takes.
const POLLS_MAX: usize = 40;

/// A socket that opens after its function has answered may stay open: it gets no events, and its next heartbeat is
/// refused.
#[test]
fn a_connect_that_overlaps_with_a_logout_leaves_no_registered_connection() {
    for polls in 0..POLLS_MAX {
        for logout_first in [false, true] {
            let (store, gateway) = world();
            let queue = CheckQueue::default();
            let context = context(&store, &queue, NOW);
            let opening = socket(identity(3), &ConnectionId::new("c="), NOW);
            let connect = open_connection(&context, &gateway, identity(3), &opening);
            let Identity { user, device, family } = identity(3);
            let phones = Phones::default();
            let logout = end_device(&context, (&gateway, &phones), user, device, Some(family));
            let ended = if logout_first {
                interleave(logout, polls, connect).0
            } else {
                interleave(connect, polls, logout).1
            };
            assert!(ended.unwrap());
            let sessions = finish(store.sessions(&[user])).unwrap();
            let registered = sessions.iter().any(|session| !session.connections.is_empty());
            assert!(!registered, "{polls} polls, logout first: {logout_first}");
        }
    }
}

#[test]
fn a_late_logout_does_not_end_a_newer_login_on_the_same_device() {
    let (store, gateway) = world();
    finish(store.put_device(&login(4))).unwrap();
    let Identity { user, device, family } = identity(3);
    let queue = CheckQueue::default();
    let context = context(&store, &queue, NOW);
    let ways = (&gateway, &Phones::default());
    let ended = finish(end_device(&context, ways, user, device, Some(family)));
    assert!(!ended.unwrap());
    assert!(finish(store.device(user, device)).unwrap().is_some());
}

#[test]
fn the_oldest_of_too_many_sockets_of_a_device_is_closed() {
    let (store, gateway) = world();
    let queue = CheckQueue::default();
    let id = |n: usize| ConnectionId::new(format!("c{n}="));
    for n in 0..=SOCKETS_PER_DEVICE_MAX {
        let now = NOW.plus(Duration::from_secs(n as u64));
        let context = context(&store, &queue, now);
        let opening = socket(identity(3), &id(n), now);
        finish(open_connection(&context, &gateway, identity(3), &opening)).unwrap();
        gateway.open(id(n));
    }
    let session = finish(store.sessions(&[identity(3).user])).unwrap().remove(0);
    let ids: Vec<ConnectionId> = session.connections.into_iter().map(|open| open.id).collect();
    assert_eq!(ids.len(), SOCKETS_PER_DEVICE_MAX);
    assert!(!ids.contains(&id(0)) && !gateway.is_open(&id(0)) && gateway.is_open(&id(1)));
    assert_eq!(session.displaced, []);
}

/// A gateway that takes many polls to close a socket.
#[derive(Default)]
struct Slow {
    gateway: Gateway,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Connections for Slow {
    async fn post(&self, connection: &ConnectionId, frame: &[u8]) -> Result<PostOutcome, StoreError> {
        self.gateway.post(connection, frame).await
    }

    async fn is_open(&self, connection: &ConnectionId) -> Result<bool, StoreError> {
        Connections::is_open(&self.gateway, connection).await
    }

    async fn close(&self, connection: &ConnectionId) -> Result<CloseOutcome, StoreError> {
        let under_way = self.under_way.fetch_add(1, Relaxed) + 1;
        self.most.fetch_max(under_way, Relaxed);
        for _ in 0..1_000 {
            yield_once().await;
        }
        self.under_way.fetch_sub(1, Relaxed);
        self.gateway.close(connection).await
    }
}

/// Where the gateway takes seconds for each close, nine devices in a row would exceed the deadline of a request.
#[test]
fn all_other_devices_of_a_user_are_logged_out_concurrently() {
    let (store, slow, queue) = (Memory::default(), Slow::default(), CheckQueue::default());
    let of = |n: u128| Identity { device: DeviceId::new(Ulid(100 + n)), ..identity(200 + n) };
    let context = context(&store, &queue, NOW);
    for n in 0..10 {
        let id = ConnectionId::new(format!("c{n}="));
        finish(store.put_device(&device_of(of(n), NOW))).unwrap();
        finish(open_connection(&context, &slow, of(n), &socket(of(n), &id, NOW))).unwrap();
        slow.gateway.open(id);
    }
    finish(end_every_device(&context, (&slow, &Phones::default()), of(0))).unwrap();
    assert_eq!(slow.most.load(Relaxed), 9);
    assert_eq!(finish(store.devices(of(0).user)).unwrap(), []);
    assert!(!finish(store.session(of(0).user, Consistency::Strong)).unwrap().unwrap().is_connected());
    assert!((0..10).all(|n| !slow.gateway.is_open(&ConnectionId::new(format!("c{n}=")))));
}
