//! Each lease check that a request queues has a number of its own, and a friend who was shown a state is notified of
//! its end. Friends are notified of each change once, whatever happens between two calls.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{self, Waker};
use std::time::Duration;

use confab_app::Limiter;
use confab_app::accounts::end_device::{end_device, end_every_device};
use confab_app::connections::authorize_frame::authorize_frame;
use confab_app::contacts::unblock;
use confab_app::ports::{Connection, Consistency, Contacts, Devices, OpenOutcome, PairChange, Sessions};
use confab_app::presence::{Context, PresenceTask, Step, ask::get_presence, perform};
use confab_domain::budget::{Charges, LOCAL_RATES};
use confab_domain::lease::{HeartbeatPolicy, Lease};
use confab_domain::{ConnectionId, ContactChange, Presence, Relation, Timestamp, UserId, WatchId};
use confab_memory::{DelayQueue, Gateway, Memory, NoFaults, Phones, YieldingSleeper};
use confab_protocol::ServerFrame;

use crate::executor::finish;
use crate::world::{device_of, identity, socket};

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

/// More polls than a request here takes.
const POLLS_MAX: usize = 60;

/// Numbers of two friends. Bob is online, and is notified about Ada.
const ADA: u32 = 0;
const BOB: u32 = 1;

struct Two {
    store: Memory,
    gateway: Gateway,
    queue: DelayQueue<PresenceTask>,
    limiter: Limiter,
    count: AtomicU64,
}

impl Two {
    /// `ada` is the presence in Ada's row.
    fn new(ada: Presence) -> Self {
        let two = Self {
            store: Memory::default(),
            gateway: Gateway::default(),
            queue: DelayQueue::new(Arc::new(NoFaults), || NOW),
            limiter: Limiter::new(LOCAL_RATES),
            count: AtomicU64::new(1_000),
        };
        for (n, presence) in [(ADA, ada), (BOB, Presence::begun(NOW).watched(WatchId(1), NOW))] {
            let identity = identity(n, 0);
            let open = open(n);
            let opened = finish(two.store.open_connection(identity.user, &open, NOW)).unwrap();
            let OpenOutcome::Opened(row) = opened else { panic!("no room") };
            assert!(finish(two.store.replace_presence(identity.user, &row.presence, &presence)).unwrap());
            finish(two.store.put_device(&device_of(identity, NOW))).unwrap();
            two.gateway.open(open.id);
        }
        let friends =
            Relation::default().after(ContactChange::Put, NOW).after_others(ContactChange::Put, NOW);
        let change = PairChange {
            user: user(ADA),
            other: user(BOB),
            relation: [Relation::default(), friends],
            others_relation: [Relation::default(), friends],
        };
        assert!(finish(two.store.change_pair(&change)).unwrap());
        two
    }

    fn context(&self) -> Context<'_, Memory, DelayQueue<PresenceTask>> {
        let watch = WatchId(self.count.fetch_add(1, Relaxed));
        let (store, queue, sleeper) = (&self.store, &self.queue, &YieldingSleeper);
        Context { store, queue, policy: POLICY, watch, sleeper, now: NOW }
    }

    fn perform(&self, task: &PresenceTask) {
        finish(perform(&self.context(), (&self.gateway, &DelayQueue::default()), task, false)).unwrap();
    }

    /// Performs every record that is due within seconds, and returns the states of Ada that Bob received.
    fn notifications(&self) -> Vec<String> {
        let soon = NOW.plus(Duration::from_secs(3));
        while let Some(delayed) = self.queue.receive(0, soon) {
            self.perform(&delayed.task);
        }
        self.frames()
    }

    fn frames(&self) -> Vec<String> {
        let frames = self.gateway.take_frames(&open(BOB).id).into_iter();
        frames
            .filter_map(|frame| {
                let ServerFrame::Presence(presence) = serde_json::from_slice(&frame).unwrap() else {
                    return None;
                };
                Some(presence.users)
            })
            .flatten()
            .map(|news| news.status)
            .collect()
    }

    fn replace(&self, n: u32, next: impl FnOnce(Presence) -> Presence) {
        let row = finish(self.store.session(user(n), Consistency::Strong)).unwrap().unwrap();
        assert!(finish(self.store.replace_presence(user(n), &row.presence, &next(row.presence))).unwrap());
    }
}

fn user(n: u32) -> UserId {
    identity(n, 0).user
}

fn open(n: u32) -> Connection {
    socket(identity(n, 0), &ConnectionId::new(format!("c{n}=")), before(100))
}

fn before(seconds: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(seconds))
}

/// An alone user whose lease has run out without a notification.
fn gone_unnoticed() -> Presence {
    Presence::begun(before(100)).watched(WatchId(1), before(60)).alone(before(101))
}

/// Runs `act` after so many polls of a request, then finishes the request. Returns false if the request had ended
/// before.
fn interrupt(request: impl Future, polls: usize, act: impl FnOnce()) -> bool {
    let (mut request, mut context) = (pin!(request), task::Context::from_waker(Waker::noop()));
    if (0..polls).any(|_| request.as_mut().poll(&mut context).is_ready()) {
        return false;
    }
    act();
    while request.as_mut().poll(&mut context).is_pending() {}
    true
}

#[test]
fn a_heartbeat_while_a_watch_begins_leaves_one_lease_check() {
    let begun = Presence { watch: None, ..Presence::begun(before(2)) };
    for polls in 0..POLLS_MAX {
        let two = Two::new(begun);
        let begin = PresenceTask::V1(Step::Begin { user: user(ADA).to_string(), watch: 7, shown: None });
        let context = two.context();
        let pushes = DelayQueue::default();
        let performed = perform(&context, (&two.gateway, &pushes), &begin, false);
        interrupt(performed, polls, || {
            finish(two.store.renew(user(ADA), &open(ADA), &Charges::default(), NOW)).unwrap();
        });
        let lease_checks = two
            .queue
            .waiting()
            .into_iter()
            .filter(|delayed| matches!(&delayed.task, PresenceTask::V1(Step::Check { watch: 7, .. })));
        assert_eq!(lease_checks.count(), 1, "{polls}");
    }
}

#[test]
fn friends_are_notified_once_of_an_expiry_that_two_requests_find() {
    let mut interrupted = 0;
    for polls in 0..POLLS_MAX {
        let two = Two::new(gone_unnoticed());
        let (context, ada) = (two.context(), [user(ADA)]);
        let asked = get_presence(&context, &two.gateway, user(BOB), &ada);
        interrupted += usize::from(interrupt(asked, polls, || {
            let is_notified = finish(two.store.session(user(ADA), Consistency::Strong))
                .unwrap()
                .unwrap()
                .presence
                .friends_see_online();
            if is_notified {
                two.replace(ADA, Presence::observed);
            }
        }));
        assert_eq!(two.notifications(), ["offline"], "{polls}");
    }
    assert!(interrupted > 3);
}

#[test]
fn friends_are_notified_once_of_an_expiry_that_one_check_finds_twice() {
    let mut interrupted = 0;
    for polls in 0..POLLS_MAX {
        let two = Two::new(gone_unnoticed());
        let context = two.context();
        let unblocked = unblock(&context, &two.gateway, user(BOB), user(ADA));
        interrupted += usize::from(interrupt(unblocked, polls, || {
            // Another request has renewed the watch; the lease has run out all the same.
            two.replace(ADA, |row| if row.friends_see_online() { row.watched(WatchId(2), NOW) } else { row });
        }));
        assert_eq!(two.notifications(), ["offline"], "{polls}");
    }
    assert!(interrupted > 3);
}

#[test]
fn friends_are_notified_once_of_an_expiry_found_by_a_check_and_a_probe_of_one_request() {
    let mut probed = 0;
    for polls in 0..POLLS_MAX {
        // Ada has a probe without an answer, and her socket no longer exists, which no request has noticed.
        let alone = Presence::begun(before(100)).watched(WatchId(1), NOW).alone(before(10_000));
        let two = Two::new(alone.ending(before(1)));
        two.gateway.drop_socket(&open(ADA).id);
        let context = two.context();
        let unblocked = unblock(&context, &two.gateway, user(BOB), user(ADA));
        interrupt(unblocked, polls, || {
            // The probing request finds out that its probe was not delivered.
            let unasked = |row: Presence| Presence { lease: Lease { ends_at: None, ..row.lease }, ..row };
            two.replace(ADA, |row| if row.lease.alone_since.is_some() { unasked(row) } else { row });
        });
        // The first check found the lease expired. The second check had Ada probed, which queues one check for now and
        // one for later.
        if two.queue.waiting().len() == 3 {
            probed += 1;
            assert_eq!(two.notifications(), ["offline"], "{polls}");
        }
    }
    assert!(probed > 0);
}

#[test]
fn friends_are_notified_once_of_an_unanswered_probe_with_two_queued_checks() {
    let two = Two::new(Presence::begun(before(100)).watched(WatchId(1), NOW).alone(before(10_000)));
    two.gateway.drop_socket(&open(ADA).id);
    let answer = finish(get_presence(&two.context(), &two.gateway, user(BOB), &[user(ADA)])).unwrap();
    assert_eq!(answer.answer[0].status, "online");
    let mut notifications = two.notifications();
    let later = two.queue.waiting();
    assert!(!later.is_empty(), "a check waits for the answer");
    later.iter().for_each(|delayed| two.perform(&delayed.task));
    notifications.extend(two.frames());
    assert_eq!(notifications, ["offline"]);
}

#[test]
fn friends_are_notified_once_of_a_user_who_returns_by_a_query_for_themselves() {
    let two = Two::new(Presence::begun(before(100)).ended(WatchId(1)));
    let (context, ada) = (two.context(), identity(ADA, 0));
    finish(authorize_frame(&context, &two.gateway, &two.limiter, ada, &open(ADA))).unwrap();
    finish(get_presence(&context, &two.gateway, ada.user, &[ada.user])).unwrap();
    assert_eq!(two.notifications(), ["online"]);
}

#[test]
fn friends_are_notified_once_of_a_logout_everywhere_from_a_device_without_a_socket() {
    let two = Two::new(Presence::begun(before(1)).watched(WatchId(1), NOW));
    let elsewhere = identity(ADA, 1);
    finish(two.store.put_device(&device_of(elsewhere, NOW))).unwrap();
    finish(end_every_device(&two.context(), (&two.gateway, &Phones::default()), elsewhere)).unwrap();
    assert_eq!(two.notifications(), ["offline"]);
}

#[test]
fn a_friend_who_was_answered_online_is_notified_of_a_logout_before_any_notification() {
    for is_notified_before in [false, true] {
        let two = Two::new(Presence::begun(before(1)).ended(WatchId(1)));
        let begin = PresenceTask::V1(Step::Begin { user: user(ADA).to_string(), watch: 7, shown: None });
        let answer = finish(get_presence(&two.context(), &two.gateway, user(BOB), &[user(ADA)])).unwrap();
        assert_eq!(answer.answer[0].status, "online");
        let shown = two.queue.receive(0, NOW).unwrap();
        if is_notified_before {
            two.perform(&begin);
        }
        let (context, ada) = (two.context(), identity(ADA, 0));
        let ways = (&two.gateway, &Phones::default());
        finish(end_device(&context, ways, ada.user, ada.device, Some(ada.family))).unwrap();
        let mut notifications = two.notifications();
        two.perform(&shown.task);
        notifications.extend(two.notifications());
        assert_eq!(notifications, if is_notified_before { &["online", "offline"][..] } else { &["offline"] });
    }
}
