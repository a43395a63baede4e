//! A user who is alone and has more contact rows than one queue message reads: requests of strangers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use confab_app::ports::{Connection, Consistency, Contacts, OpenOutcome, PairChange, Sessions};
use confab_app::presence::{Context, PresenceTask, Step, perform};
use confab_domain::ContactChange;
use confab_domain::lease::{HeartbeatPolicy, Lease};
use confab_domain::watch::Watch;
use confab_domain::{Attendance, ConnectionId, DeviceId, Presence, Relation, Timestamp, UserId, WatchId};
use confab_memory::{CallOutcome, DelayQueue, FaultInjector, Gateway, Memory, YieldingSleeper};
use ulid::Ulid;

use crate::executor::finish;

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

const STRANGERS: u128 = 1_200;

/// Calls that one message may take: five pages of rows, their sessions, and the changes of the user's own row.
const CALLS_MAX: u32 = 20;

/// Counts the calls to a store.
#[derive(Default)]
struct Counted(AtomicU32);

impl FaultInjector for Counted {
    fn next_outcome(&self) -> CallOutcome {
        self.0.fetch_add(1, Relaxed);
        CallOutcome::Done
    }
}

fn user(n: u128) -> UserId {
    UserId::new(Ulid(n))
}

/// One user adds another; with `both`, they add each other and are friends.
fn ask(store: &Memory, user: UserId, other: UserId, both: bool) {
    let none = Relation::default();
    let (mut mine, mut theirs) =
        (none.after(ContactChange::Put, NOW), none.after_others(ContactChange::Put, NOW));
    if both {
        (mine, theirs) = (mine.after_others(ContactChange::Put, NOW), theirs.after(ContactChange::Put, NOW));
    }
    let pair = PairChange { user, other, relation: [none, mine], others_relation: [none, theirs] };
    assert!(finish(store.change_pair(&pair)).unwrap());
}

fn connects(store: &Memory, user: UserId, lease: Lease, watch: Option<Watch>) {
    let open = Connection {
        id: ConnectionId::new(format!("{user}=")),
        device: DeviceId::new(Ulid(1)),
        family: None,
        opened_at: lease.renewed_at,
        attendance: Attendance::Unstated,
    };
    let opened = finish(store.open_connection(user, &open, lease.renewed_at)).unwrap();
    let OpenOutcome::Opened(row) = opened else { panic!("{opened:?}") };
    let presence = Presence { lease, watch, ended_by: None };
    assert!(finish(store.replace_presence(user, &row.presence, &presence)).unwrap());
}

#[test]
fn an_online_friend_among_many_requests_is_found_by_messages_that_each_read_some_rows() {
    let calls = Arc::new(Counted::default());
    let store = Memory::new(Arc::clone(&calls) as Arc<dyn FaultInjector>);
    let (me, friend) = (user(1), user(10 + STRANGERS));
    (0..STRANGERS).for_each(|n| ask(&store, user(10 + n), me, false));
    ask(&store, friend, me, true);
    let watched = WatchId(1);
    let ends_at = NOW.plus(Duration::from_secs(10));
    connects(&store, me, Lease::begun(NOW), Some(Watch { id: watched, until: ends_at }));
    connects(&store, friend, Lease::begun(NOW), None);

    let (gateway, pushes, queue) = (Gateway::default(), DelayQueue::default(), DelayQueue::default());
    let (queue, sleeper): (&DelayQueue<PresenceTask>, _) = (&queue, &YieldingSleeper);
    let context = Context { store: &store, queue, policy: POLICY, watch: WatchId(2), sleeper, now: ends_at };
    let step = Step::Check { user: me.to_string(), watch: watched.0, named_by_ms: None };
    let mut next = Some(PresenceTask::V1(step));
    let mut messages = 0;
    let is_alone = || {
        finish(store.session(me, Consistency::Strong)).unwrap().unwrap().presence.lease.alone_since.is_some()
    };
    while let Some(task) = next.take() {
        messages += 1;
        assert!(messages < 10, "the chain ends");
        let before = calls.0.load(Relaxed);
        finish(perform(&context, (&gateway, &pushes), &task, false)).unwrap();
        let took = calls.0.load(Relaxed) - before;
        assert!(took <= CALLS_MAX, "{took} calls for {task:?}");
        let waiting = queue.waiting();
        let mut further = waiting
            .into_iter()
            .map(|delayed| delayed.task)
            .filter(|task| matches!(task, PresenceTask::V1(Step::FindObservers { .. })));
        next = further.next_back().filter(|further| *further != task);
        assert_eq!(is_alone(), next.is_some(), "until the friend is found");
    }
    assert_eq!(messages, 3);
}
