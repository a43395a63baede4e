//! A lease check of a row that changes at the same time: the check that the row then names is in the queue.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{self, Waker};
use std::time::Duration;

use confab_app::ports::{
    Connection, ConnectionChange, Consistency, OpenOutcome, PresenceQueue, Sessions, StoreError,
};
use confab_app::presence::{Context, PresenceTask, Step, perform};
use confab_domain::budget::Charges;
use confab_domain::lease::{HeartbeatPolicy, Lease};
use confab_domain::watch::Watch;
use confab_domain::{Attendance, ConnectionId, Presence, Timestamp, UserId, WatchId};
use confab_memory::{DelayQueue, Gateway, Memory, NoFaults, YieldingSleeper};

use crate::executor::finish;
use crate::world::identity;

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

/// More polls than a lease check takes.
const POLLS_MAX: usize = 40;

/// How long a watch is valid after its lease check is due.
const WATCH_SPAN: Duration = Duration::from_secs(600);

/// Lease checks are queued with delays of whole seconds.
const ROUNDING: Duration = Duration::from_secs(1);

const OLD: WatchId = WatchId(1);
const NEW: WatchId = WatchId(2);

/// The queue, or one that accepts only the first record of a request.
struct CheckQueue {
    queue: DelayQueue<PresenceTask>,
    one_each: bool,
    has_one: AtomicBool,
}

impl PresenceQueue for CheckQueue {
    async fn put(&self, task: &PresenceTask, delay: Duration) -> Result<(), StoreError> {
        if self.one_each && self.has_one.swap(true, Relaxed) {
            return Ok(());
        }
        self.queue.put(task, delay).await
    }
}

fn user() -> UserId {
    identity(0, 0).user
}

/// Runs a lease check of a user who sends heartbeats rarely. After so many polls of the check, the user sends a
/// heartbeat and the socket is closed.
///
/// # Errors
///
/// Returns the broken invariant.
fn beats_and_goes(polls: usize, until: Timestamp, one_each: bool) -> Result<(), String> {
    let (store, gateway, pushes) = (Memory::default(), Gateway::default(), DelayQueue::default());
    let lease_checks = CheckQueue {
        queue: DelayQueue::new(std::sync::Arc::new(NoFaults), || NOW),
        one_each,
        has_one: AtomicBool::new(false),
    };
    let (renewed_at, alone_since) =
        (NOW.minus(Duration::from_secs(100)), NOW.minus(Duration::from_secs(10_000)));
    let device = identity(0, 0).device;
    let open = Connection {
        id: ConnectionId::new("c="),
        device,
        family: None,
        opened_at: renewed_at,
        attendance: Attendance::Unstated,
    };
    let opened = finish(store.open_connection(user(), &open, renewed_at)).unwrap();
    let OpenOutcome::Opened(row) = opened else { panic!("{opened:?}") };
    let lease = Lease { alone_since: Some(alone_since), ..Lease::begun(renewed_at) };
    let watched = Presence { lease, watch: Some(Watch { id: OLD, until }), ended_by: None };
    assert!(finish(store.replace_presence(user(), &row.presence, &watched)).unwrap());

    let sleeper = &YieldingSleeper;
    let context =
        Context { store: &store, queue: &lease_checks, policy: POLICY, watch: NEW, sleeper, now: NOW };
    let step = Step::Check { user: user().to_string(), watch: OLD.0, named_by_ms: None };
    let task = PresenceTask::V1(step);
    let mut check = pin!(perform(&context, (&gateway, &pushes), &task, false));
    let mut done =
        (0..polls).any(|_| check.as_mut().poll(&mut task::Context::from_waker(Waker::noop())).is_ready());
    finish(store.renew(user(), &open, &Charges::default(), NOW)).unwrap();
    finish(store.change_connections(user(), &ConnectionChange::closed([&open]), NOW)).unwrap();
    while !done {
        done = check.as_mut().poll(&mut task::Context::from_waker(Waker::noop())).is_ready();
    }

    let row = finish(store.session(user(), Consistency::Strong)).unwrap().unwrap();
    let watch = row.presence.watch.expect("the user is not shown offline");
    // The time by which the lease check that the row names must be due.
    let by = if watch.id == OLD { row.ends_at(POLICY) } else { watch.until.minus(WATCH_SPAN) };
    let is_there = lease_checks.queue.waiting().iter().any(|delayed| {
        let PresenceTask::V1(step) = &delayed.task;
        matches!(step, Step::Check { watch: of, .. } if *of == watch.id.0) && delayed.due <= by.plus(ROUNDING)
    });
    if is_there {
        Ok(())
    } else {
        Err(format!("{watch:?} has no lease check by {by}: {:?}", lease_checks.queue.waiting()))
    }
}

/// Ends of the watch under check: before the usual end of the lease, and after it.
fn ends() -> [Timestamp; 2] {
    [50, 450].map(|seconds| NOW.plus(Duration::from_secs(seconds)))
}

#[test]
fn the_lease_check_that_a_row_names_is_queued_although_the_row_changes_during_a_check() {
    for until in ends() {
        for polls in 0..POLLS_MAX {
            assert_eq!(beats_and_goes(polls, until, false), Ok(()), "{polls}");
        }
    }
}

#[test]
fn one_check_per_request_is_found() {
    for until in ends() {
        assert!((0..POLLS_MAX).any(|polls| beats_and_goes(polls, until, true).is_err()));
    }
}
