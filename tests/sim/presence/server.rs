//! The stores and the gateway of one invocation, with or without a planted bug.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use confab_app::ports::{
    CloseOutcome, Connection, Connections, Consistency, ContactPage, PostOutcome, PresenceQueue, Session,
    Sessions, StoreError,
};
use confab_app::presence::{Context, PresenceTask, Step};
use confab_domain::budget::Charges;
use confab_domain::{ConnectionId, Presence, Status, Timestamp, UserId, WatchId};
use confab_memory::{YieldingSleeper, yield_once};
use confab_protocol::ServerFrame;
use confab_protocol::server::ClosingReason;
use ulid::Ulid;

use super::world::World;
use crate::passed_on::pass_on_sessions;

/// A bug that the simulation must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The next lease check is queued after the row names it.
    CheckQueuedAfterTheRow,
    /// Presence is replaced without a comparison with the value that was read.
    ReplaceWithoutCompare,
    /// After friends were notified, the row is not read again.
    NotifiedWithoutReadingAgain,
    /// A renewal does not clear the end that a probe has set.
    RenewKeepsTheEnd,
    /// A friend observes an alone user, who is not probed.
    ObservedWithoutProbe,
    /// A user is marked as alone after the search for observers, not before.
    AloneMarkedLater,
    /// When one connection of a friend does not take an event, all friends are notified again.
    AllNotifiedAgain,
    /// A friend who was not reached is not notified again.
    UnreachedDropped,
    /// A connection that takes no event stays open.
    SlowNeverClosed,
    /// A failed record is not retried.
    FailedRecordDropped,
    /// A user who loses the right to see presence gets no last `offline`.
    LastOfflineDropped,
    /// A user who gains the right to see presence is not notified of the present state.
    PresentStateDropped,
    /// After friends were notified that a user is online, the list of friends is not read again.
    FriendsNotReadAgain,
    /// The sessions of friends are read before the connection of the arriving user is registered.
    FriendsReadBeforeTheRecord,
    /// A task for a pair also notifies of a change by another request.
    PairNotifiedOfAnyChange,
    /// A pair is notified a second after the change.
    PairNotifiedLater,
    /// The task for a pair is queued after the change of the relation, not before.
    PairQueuedAfterTheChange,
    /// A user who was answered `online` is not notified of an end that comes before the notification of the start.
    AnswerNotCorrected,
    /// A lease check is queued twice.
    CheckQueuedTwice,
    /// A failed record is hidden for as long as the record of a crashed function.
    FailedRecordHidden,
}

/// The stores, queue and gateway of one invocation.
pub(crate) struct Server<'a> {
    pub(crate) world: &'a World,
    pub(crate) now: Timestamp,
    watch: WatchId,
    notes: Mutex<Notes>,
}

/// State that a bug keeps.
#[derive(Default)]
pub(super) struct Notes {
    held: Vec<(PresenceTask, Duration)>,
    notified_of: Option<UserId>,
    probes_nobody: bool,
    alone: Option<UserId>,
    saw_a_friend: bool,
    too_slow: BTreeSet<ConnectionId>,
    /// Pages of contacts that were read, by their owner and the contact before the page.
    pub(super) pages: BTreeMap<(UserId, Option<UserId>), ContactPage>,
    /// The arriving user of whom the invocation notifies friends.
    comes: Option<UserId>,
}

impl<'a> Server<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let ahead = Duration::from_millis(world.random.below(world.skew_ms_max() + 1));
        let watch = WatchId(world.random.draw());
        Self { world, now: world.clock.now().plus(ahead), watch, notes: Mutex::default() }
    }

    pub(crate) fn context(&self) -> Context<'_, Self, Self> {
        let policy = self.world.scenario.policy;
        Context {
            store: self,
            queue: self,
            policy,
            watch: self.watch,
            sleeper: &YieldingSleeper,
            now: self.now,
        }
    }

    fn is_warned_as_slow(&self, connection: &ConnectionId) -> bool {
        self.notes.lock().unwrap().too_slow.contains(connection)
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    /// Records the task of an invocation.
    pub(crate) fn performs(&self, PresenceTask::V1(step): &PresenceTask) {
        if let (Step::Begin { user, .. }, true) = (step, self.has(Bug::FriendsReadBeforeTheRecord)) {
            self.notes().comes = Some(user.parse().unwrap());
        }
    }

    /// The rows of friends as they were before the arriving user connected.
    fn too_early(&self, sessions: Vec<Session>) -> Vec<Session> {
        let Some(comes) = self.notes().comes else { return sessions };
        let early = self.world.rows_before(comes);
        early.into_iter().filter(|row| sessions.iter().any(|now| now.user == row.user)).collect()
    }

    pub(super) fn has(&self, bug: Bug) -> bool {
        self.world.scenario.bug == Some(bug)
    }

    /// Does the work that a bug has postponed to the end of the invocation.
    pub(crate) async fn finish(&self) -> Result<(), StoreError> {
        self.queue_held().await?;
        let alone = {
            let notes = self.notes.lock().unwrap();
            notes.alone.filter(|_| !notes.saw_a_friend)
        };
        let Some(user) = alone else { return Ok(()) };
        if let Some(session) = self.world.memory.session(user, Consistency::Strong).await? {
            let alone = session.presence.alone(self.now);
            self.world.memory.replace_presence(user, &session.presence, &alone).await?;
        }
        Ok(())
    }

    async fn queue_held(&self) -> Result<(), StoreError> {
        let held = std::mem::take(&mut self.notes.lock().unwrap().held);
        for (task, delay) in held {
            self.world.queue.put(&task, delay).await?;
        }
        Ok(())
    }

    fn notified_too_little(&self, seen: &Presence, next: &Presence) -> Presence {
        let is_probe = next.lease.ends_at.is_some() && next.lease.ends_at != seen.lease.ends_at;
        if self.has(Bug::ObservedWithoutProbe) && is_probe && seen.lease.alone_since.is_some() {
            self.notes.lock().unwrap().probes_nobody = true;
            return seen.observed();
        }
        *next
    }
}

impl Sessions for Server<'_> {
    pass_on_sessions!(open_connection charge reopen_connection change_connections);

    async fn renew(
        &self,
        user: UserId,
        connection: &Connection,
        charges: &Charges,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let memory = &self.world.memory;
        if !self.has(Bug::RenewKeepsTheEnd) {
            return memory.renew(user, connection, charges, now).await;
        }
        let before = memory.session(user, Consistency::Strong).await?;
        let mut renewed = memory.renew(user, connection, charges, now).await?;
        let ends_at = before.and_then(|before| before.presence.lease.ends_at);
        if let (Some(ends_at), Some(session)) = (ends_at, &mut renewed) {
            let ending = session.presence.ending(ends_at);
            memory.replace_presence(user, &session.presence, &ending).await?;
            session.presence = ending;
        }
        Ok(renewed)
    }

    async fn replace_presence(
        &self,
        user: UserId,
        seen: &Presence,
        next: &Presence,
    ) -> Result<bool, StoreError> {
        let memory = &self.world.memory;
        if self.has(Bug::ReplaceWithoutCompare) {
            while let Some(now) = memory.session(user, Consistency::Strong).await? {
                if memory.replace_presence(user, &now.presence, next).await? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let mut next = self.notified_too_little(seen, next);
        let marks = seen.lease.alone_since.is_none() && next.lease.alone_since.is_some();
        if self.has(Bug::AloneMarkedLater) && marks {
            next = next.observed();
            self.notes.lock().unwrap().alone = Some(user);
        }
        if self.world.loses_an_answer() {
            // The SDK repeats the request.
            memory.replace_presence(user, seen, &next).await?;
        }
        let is_replaced = memory.replace_presence(user, seen, &next).await?;
        if is_replaced {
            self.queue_held().await?;
        }
        Ok(is_replaced)
    }

    async fn sessions(&self, users: &[UserId]) -> Result<Vec<Session>, StoreError> {
        let sessions = self.world.memory.sessions(users).await?;
        let policy = self.world.scenario.policy;
        let is_there = |row: &Session| {
            row.presence.friends_see_online() || row.status(policy, self.now) == Status::Online
        };
        self.notes.lock().unwrap().saw_a_friend |= sessions.iter().any(is_there);
        Ok(self.too_early(sessions))
    }

    async fn session(&self, user: UserId, consistency: Consistency) -> Result<Option<Session>, StoreError> {
        let session = self.world.memory.session(user, consistency).await?;
        let hides = consistency == Consistency::Strong && self.has(Bug::NotifiedWithoutReadingAgain);
        let notified_of = self.notes.lock().unwrap().notified_of;
        Ok(session.filter(|_| !(hides && notified_of == Some(user))))
    }
}

impl PresenceQueue for Server<'_> {
    async fn put(&self, task: &PresenceTask, delay: Duration) -> Result<(), StoreError> {
        let PresenceTask::V1(step) = task;
        if let (Step::Begin { user, watch, .. }, true) = (step, self.has(Bug::AnswerNotCorrected)) {
            let begin = Step::Begin { user: user.clone(), watch: *watch, shown: None };
            return self.world.queue.put(&PresenceTask::V1(begin), delay).await;
        }
        let is_lease_check = matches!(step, Step::Check { named_by_ms: Some(_), .. });
        if self.has(Bug::CheckQueuedTwice) && is_lease_check && self.world.random.once_in(8) {
            self.world.queue.put(task, delay).await?;
        }
        if let Step::NotifyAgain { user, online, .. } = step {
            if self.has(Bug::UnreachedDropped) {
                return Ok(());
            }
            if self.has(Bug::AllNotifiedAgain) && self.world.notifies_all_again() {
                let after = UserId::new(Ulid(0)).to_string();
                let all = Step::Notify { user: user.clone(), online: *online, after };
                return self.world.queue.put(&PresenceTask::V1(all), delay).await;
            }
        }
        if let Step::Pair { sees, .. } = step {
            let dropped = match self.world.scenario.bug {
                Some(Bug::LastOfflineDropped) => !sees,
                Some(Bug::PresentStateDropped) => *sees,
                _ => false,
            };
            if dropped {
                return Ok(());
            }
            if self.has(Bug::PairNotifiedLater) {
                return self.world.queue.put(task, delay.max(Duration::from_secs(1))).await;
            }
            if self.has(Bug::PairNotifiedOfAnyChange) {
                let mut any = step.clone();
                if let Step::Pair { number, .. } = &mut any {
                    *number = None;
                }
                return self.world.queue.put(&PresenceTask::V1(any), delay).await;
            }
            if self.has(Bug::PairQueuedAfterTheChange) {
                self.notes.lock().unwrap().held.push((task.clone(), delay));
                return Ok(());
            }
        }
        if self.has(Bug::CheckQueuedAfterTheRow) && matches!(step, Step::Check { .. }) && !delay.is_zero() {
            self.notes.lock().unwrap().held.push((task.clone(), delay));
            return Ok(());
        }
        self.world.queue.put(task, delay).await
    }
}

impl Connections for Server<'_> {
    async fn post(&self, connection: &ConnectionId, frame: &[u8]) -> Result<PostOutcome, StoreError> {
        let event: ServerFrame = serde_json::from_slice(frame).unwrap();
        if let ServerFrame::Presence(presence) = &event {
            self.notes.lock().unwrap().notified_of =
                presence.users.first().map(|user| user.user.parse().unwrap());
        }
        if matches!(event, ServerFrame::Heartbeat(_)) && self.notes.lock().unwrap().probes_nobody {
            return Ok(PostOutcome::Taken);
        }
        if matches!(&event, ServerFrame::Closing(closing) if closing.reason == ClosingReason::TooSlow) {
            self.notes.lock().unwrap().too_slow.insert(connection.clone());
        }
        if let Some(outcome) = self.world.post_fault(connection, &event) {
            yield_once().await;
            return Ok(outcome);
        }
        let outcome = self.world.gateway.post(connection, frame).await;
        self.world.take_frames(connection);
        outcome
    }

    async fn is_open(&self, connection: &ConnectionId) -> Result<bool, StoreError> {
        Connections::is_open(&self.world.gateway, connection).await
    }

    async fn close(&self, connection: &ConnectionId) -> Result<CloseOutcome, StoreError> {
        if self.has(Bug::SlowNeverClosed) && self.is_warned_as_slow(connection) {
            return Ok(CloseOutcome::Closed);
        }
        let closed = self.world.gateway.close(connection).await;
        self.world.closed(connection);
        closed
    }
}
