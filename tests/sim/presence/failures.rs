//! Each call of a request fails once: no friend is notified of a false state, and a repeated request completes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use confab_app::accounts::end_device::end_device;
use confab_app::connections::open_connection::open_connection;
use confab_app::ports::{
    ConnectionChange, Consistency, Contacts, Devices, Identity, OpenOutcome, PairChange, Session, Sessions,
};
use confab_app::presence::{Context, PresenceTask, Step, ask::get_presence};
use confab_app::{Error, contacts::unblock};
use confab_domain::device::Device;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::{ConnectionId, ContactChange, Presence, Relation, Status, Timestamp, WatchId};
use confab_memory::{
    CallOutcome, DelayQueue, FaultInjector, Gateway, Memory, NoFaults, Phones, PostFault, YieldingSleeper,
};

use crate::executor::{finish, mortal};
use crate::world::{device_of, identity, key, socket};

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
const POLICY: HeartbeatPolicy =
    HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

/// More calls than any request here makes.
const CALLS_MAX: u64 = 30;

/// Numbers of the two users.
const ADA: u32 = 0;
const BOB: u32 = 1;

/// An injector that fails one call and none after it.
struct OneFails {
    calls_before: AtomicU64,
    next_outcome: CallOutcome,
}

impl FaultInjector for OneFails {
    fn next_outcome(&self) -> CallOutcome {
        // Wraps around once the call has failed.
        if self.calls_before.fetch_sub(1, Relaxed) == 0 { self.next_outcome } else { CallOutcome::Done }
    }
}

/// Two users who have been connected for a while and are shown online to friends.
struct Pair {
    store: Memory,
    gateway: Gateway,
    queue: DelayQueue<PresenceTask>,
}

impl Pair {
    /// `calls_before` counts calls of the store and of the queue after the setup.
    fn new(calls_before: u64, next_outcome: CallOutcome, presence: Presence) -> Self {
        const SET_UP: u64 = 7;
        let injector =
            Arc::new(OneFails { calls_before: AtomicU64::new(SET_UP + calls_before), next_outcome });
        let pair = Self {
            store: Memory::new(Arc::clone(&injector) as _),
            gateway: Gateway::new(Arc::new(NoFaults)),
            queue: DelayQueue::new(injector, || NOW),
        };
        for n in [ADA, BOB] {
            let (identity, id) = (identity(n, 0), connection(n));
            let open = socket(identity, &id, before(100));
            let opened = finish(pair.store.open_connection(identity.user, &open, NOW)).unwrap();
            let OpenOutcome::Opened(row) = opened else { panic!("no room") };
            assert!(finish(pair.store.replace_presence(identity.user, &row.presence, &presence)).unwrap());
            finish(pair.store.put_device(&login(identity))).unwrap();
            pair.gateway.open(id);
        }
        let then = before(20_000);
        let friends =
            Relation::default().after(ContactChange::Put, then).after_others(ContactChange::Put, then);
        let change = PairChange {
            user: identity(ADA, 0).user,
            other: identity(BOB, 0).user,
            relation: [Relation::default(), friends],
            others_relation: [Relation::default(), friends],
        };
        assert!(finish(pair.store.change_pair(&change)).unwrap());
        pair
    }

    fn context(&self, watch: u64) -> Context<'_, Memory, DelayQueue<PresenceTask>> {
        let (store, queue, sleeper) = (&self.store, &self.queue, &YieldingSleeper);
        Context { store, queue, policy: POLICY, watch: WatchId(watch), sleeper, now: NOW }
    }

    fn row(&self, n: u32) -> Session {
        let mut answer = finish(self.store.session(identity(n, 0).user, Consistency::Strong));
        if answer.is_err() {
            answer = finish(self.store.session(identity(n, 0).user, Consistency::Strong));
        }
        answer.unwrap().unwrap()
    }

    /// Repeats a request until it succeeds. It fails once at most.
    fn repeat(&self, act: impl AsyncFn(&Context<'_, Memory, DelayQueue<PresenceTask>>) -> Result<(), Error>) {
        let done = |watch| finish(act(&self.context(watch)));
        done(2).or_else(|_| done(3)).unwrap();
    }

    /// Whether a record waits that will probe the user.
    fn will_be_asked(&self, n: u32) -> bool {
        let user = identity(n, 0).user.to_string();
        self.queue.waiting().iter().any(|delayed| {
            let PresenceTask::V1(step) = &delayed.task;
            matches!(step, Step::Ask { .. }) && step.user() == user
        })
    }

    fn is_probed(&self, n: u32) -> bool {
        !self.gateway.take_frames(&connection(n)).is_empty()
    }

    async fn ask(&self, context: &Context<'_, Memory, DelayQueue<PresenceTask>>) -> Result<(), Error> {
        let [ada, bob] = [ADA, BOB].map(|n| identity(n, 0).user);
        get_presence(context, &self.gateway, bob, &[ada, bob]).await.map(drop)
    }

    async fn log_out(&self, context: &Context<'_, Memory, DelayQueue<PresenceTask>>) -> Result<(), Error> {
        let Identity { user, device, family } = identity(ADA, 0);
        end_device(context, (&self.gateway, &Phones::default()), user, device, Some(family)).await.map(drop)
    }
}

fn before(seconds: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(seconds))
}

fn connection(n: u32) -> ConnectionId {
    ConnectionId::new(format!("c{n}="))
}

fn login(identity: Identity) -> Device {
    device_of(identity, NOW)
}

/// A presence renewed `reports` seconds ago, and alone since `alone` seconds before that.
fn alone(reports: u64, alone: u64) -> Presence {
    Presence::begun(before(reports)).watched(WatchId(1), NOW).alone(before(reports + alone))
}

/// A presence renewed lately, with an observer.
fn seen() -> Presence {
    Presence::begun(before(1)).watched(WatchId(1), NOW)
}

fn each_failure() -> impl Iterator<Item = (u64, CallOutcome)> {
    (0..CALLS_MAX).flat_map(|call| {
        [CallOutcome::NotDone, CallOutcome::AnswerLost].map(|next_outcome| (call, next_outcome))
    })
}

#[test]
fn a_login_that_cannot_be_looked_up_ends_no_lease() {
    for (call, next_outcome) in each_failure() {
        let pair = Pair::new(1 + call, next_outcome, seen());
        let ada = identity(ADA, 0);
        let change = ConnectionChange { closed: vec![key(ada, &connection(ADA))], ..Default::default() };
        finish(pair.store.change_connections(ada.user, &change, NOW)).unwrap();
        let back = socket(ada, &ConnectionId::new("back="), NOW);
        let opened = finish(open_connection(&pair.context(2), &pair.gateway, ada, &back));
        assert!(opened.is_ok() || opened.is_err_and(|error| matches!(error, Error::Store(_))));
        assert_eq!(pair.row(ADA).status(POLICY, NOW), Status::Online, "{call} {next_outcome:?}");
    }
}

#[test]
fn a_user_who_has_to_answer_is_probed_whatever_call_fails() {
    for (call, next_outcome) in each_failure() {
        let pair = Pair::new(call, next_outcome, alone(100, 10_000));
        let asked = finish(pair.ask(&pair.context(2)));
        for n in [ADA, BOB] {
            let has_to_answer = pair.row(n).presence.lease.ends_at.is_some();
            assert!(asked.is_err() || has_to_answer || pair.will_be_asked(n), "{call} {next_outcome:?}");
            assert!(!has_to_answer || pair.is_probed(n), "{call} {next_outcome:?}");
        }
    }
}

#[test]
fn a_user_whom_a_probe_did_not_reach_need_not_answer_and_is_probed_by_the_next_query() {
    let pair = Pair::new(CALLS_MAX, CallOutcome::Done, alone(100, 10_000));
    pair.gateway.set_fault(Some(PostFault::Full));
    finish(pair.ask(&pair.context(2))).unwrap();
    assert_eq!(pair.row(ADA).status(POLICY, NOW.plus(POLICY.timeout)), Status::Online);
    assert!(pair.will_be_asked(ADA));
    pair.gateway.set_fault(None);
    finish(pair.ask(&pair.context(3))).unwrap();
    assert!(pair.is_probed(ADA));
}

#[test]
fn a_query_ends_the_alone_state_of_a_user_who_renews_as_usual() {
    let pair = Pair::new(CALLS_MAX, CallOutcome::Done, alone(1, 5));
    finish(pair.ask(&pair.context(2))).unwrap();
    assert_eq!(pair.row(ADA).presence, seen());
    assert!(!pair.is_probed(ADA));
}

#[test]
fn a_logout_that_is_repeated_until_it_succeeds_notifies_friends_immediately() {
    for (call, next_outcome) in each_failure() {
        let pair = Pair::new(call, next_outcome, seen());
        pair.repeat(async |context| pair.log_out(context).await);
        assert_eq!(pair.row(ADA).status(POLICY, NOW), Status::Offline, "{call} {next_outcome:?}");
        assert_eq!(pair.queue.next_due(), Some(NOW), "{call} {next_outcome:?}");
    }
}

#[test]
fn a_logout_that_crashes_notifies_friends_if_it_has_ended_the_lease() {
    for polls in 0..CALLS_MAX * 3 {
        let pair = Pair::new(CALLS_MAX, CallOutcome::Done, seen());
        let mut left = polls;
        let dies = || {
            left = left.saturating_sub(1);
            left == 0
        };
        finish(mortal(pair.log_out(&pair.context(2)), dies));
        let is_ended = pair.row(ADA).status(POLICY, NOW) == Status::Offline;
        assert!(!is_ended || !pair.queue.waiting().is_empty(), "{polls}");
    }
}

#[test]
fn friends_who_see_each_other_again_are_not_alone_whatever_call_fails() {
    for (call, next_outcome) in each_failure() {
        let pair = Pair::new(3 + call, next_outcome, alone(1, 5));
        let [ada, bob] = [ADA, BOB].map(|n| identity(n, 0).user);
        let mine = finish(pair.store.relation(ada, bob)).unwrap();
        let theirs = finish(pair.store.relation(bob, ada)).unwrap();
        let change = PairChange {
            user: ada,
            other: bob,
            relation: [mine, mine.after(ContactChange::Block, NOW)],
            others_relation: [theirs, theirs.after_others(ContactChange::Block, NOW)],
        };
        assert!(finish(pair.store.change_pair(&change)).unwrap());
        pair.repeat(async |context| unblock(context, &pair.gateway, ada, bob).await);
        for n in [ADA, BOB] {
            assert_eq!(pair.row(n).presence, seen(), "{call} {next_outcome:?}");
        }
    }
}
