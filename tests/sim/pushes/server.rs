//! The stores and services of one invocation, with or without a planted bug.

use std::sync::Mutex;
use std::time::Duration;

use confab_app::ports::{
    ClaimKey, ClaimOutcome, Consistency, EndpointOutcome, FanOutQueue, InboxPage, InboxRow, Inboxes,
    MarkReadOutcome, PublishOutcome, Push, ReplaceOutcome, Session, Sessions, StoreError,
};
use confab_app::{delivery::fan_out::FanOutTask, presence, push};
use confab_domain::notification::{Notice, Notification};
use confab_domain::push::{Endpoint, Platform, PushToken};
use confab_domain::retention::Retention;
use confab_domain::{Alerts, Attendance, ConversationId, Seq, Timestamp, UserId, WatchId};
use confab_memory::{DelayQueue, YieldingSleeper};

use super::scenario::POLICY;
use super::world::World;
use crate::passed_on::pass_on_sessions;
use crate::passed_on_inboxes::pass_on_inboxes;

/// A bug that the simulation must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// An alert is published before it is stored.
    PublishedBeforeTheRow,
    /// The alerts of older messages are not kept in the row.
    WindowNotKept,
    /// A count of unread messages is not reset by a read.
    CountKeptWhenRead,
    /// The absent recipients are determined before the message is appended.
    SessionsReadBeforeTheAppend,
    /// The device that read is never cleared, even after a read further on by another device.
    ReaderNeverNotified,
    /// The end of a lease alerts nobody.
    SilenceForgotten,
    /// Alerts are replaced without a comparison with the row that was read.
    AlertsReplacedWithoutCompare,
    /// A message does not move its author's read mark.
    OwnMarkLeft,
    /// A message moves the read mark to itself.
    OwnMarkOnTheMessage,
    /// A message marks everything before it, whatever its author claims to have read.
    ReadSeqIgnored,
    /// Every connected device counts as attended.
    IdleIgnored,
    /// Idle users are not alerted.
    IdleSuppresses,
    /// A user counts as idle if one device is idle, whatever the others report.
    IdleOnOneIsIdle,
}

/// The stores and services of one invocation.
pub(crate) struct Server<'a> {
    pub(crate) world: &'a World,
    pub(crate) now: Timestamp,
    /// Whether the invocation sends a message.
    is_send: bool,
    notes: Mutex<Notes>,
}

/// State that a bug keeps.
#[derive(Default)]
struct Notes {
    early: Option<Vec<Session>>,
    held: Vec<(UserId, InboxRow, Alerts)>,
}

impl<'a> Server<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let ahead = Duration::from_millis(world.random.below(world.scenario.skew_ms_max + 1));
        Self { world, now: world.clock.now().plus(ahead), is_send: false, notes: Mutex::default() }
    }

    /// The server of an invocation that sends a message.
    pub(crate) fn of_send(world: &'a World) -> Self {
        Self { is_send: true, ..Self::new(world) }
    }

    pub(crate) fn presence(&self) -> presence::Context<'_, Self, DelayQueue<presence::PresenceTask>> {
        let watch = WatchId(self.world.random.draw());
        let (queue, sleeper) = (&self.world.lease_checks, &YieldingSleeper);
        presence::Context { store: self, queue, policy: POLICY, watch, sleeper, now: self.now }
    }

    pub(crate) fn pushing(&self) -> push::Context<'_, Self, Self, DelayQueue<push::PushTask>> {
        push::Context {
            store: self,
            push: self,
            queue: &self.world.queue,
            preview: false,
            retention: Retention::FOR_EVER,
            writer: self.world.random.draw(),
            sleeper: &YieldingSleeper,
            now: self.now,
        }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.world.scenario.bug == Some(bug)
    }

    /// Does the writes that a bug has postponed to the end of the invocation.
    pub(crate) async fn finish(&self) -> Result<(), StoreError> {
        let held = std::mem::take(&mut self.notes.lock().unwrap().held);
        for (user, seen, next) in held {
            self.world.memory.replace_alerts(user, &seen, &next).await?;
        }
        Ok(())
    }

    /// The row as a bug shows it whose counts are not reset by reads.
    fn shown(&self, mut row: InboxRow) -> InboxRow {
        if self.has(Bug::CountKeptWhenRead)
            && let Some(count) = &mut row.alerts.count
        {
            count.from = row.read_seq;
        }
        row
    }

    /// The stored row of a row that was shown.
    async fn stored(&self, user: UserId, seen: &InboxRow) -> Result<InboxRow, StoreError> {
        if self.has(Bug::CountKeptWhenRead)
            && let Some(stored) = self.world.memory.get(user, seen.conversation, Consistency::Strong).await?
            && self.shown(stored.clone()) == *seen
        {
            return Ok(stored);
        }
        Ok(seen.clone())
    }
}

impl Sessions for Server<'_> {
    pass_on_sessions!(open_connection renew charge reopen_connection change_connections);
    pass_on_sessions!(replace_presence session);

    async fn sessions(&self, users: &[UserId]) -> Result<Vec<Session>, StoreError> {
        let early = self.notes.lock().unwrap().early.take();
        let mut sessions = match early {
            Some(sessions) => sessions,
            None => self.world.memory.sessions(users).await?,
        };
        for session in &mut sessions {
            let attendances = session.connections.iter().map(|open| open.attendance);
            let of_all = if self.has(Bug::IdleIgnored) {
                Attendance::Unstated
            } else if self.has(Bug::IdleOnOneIsIdle) && attendances.clone().any(|one| one == Attendance::Idle)
            {
                Attendance::Idle
            } else {
                continue;
            };
            session.connections.iter_mut().for_each(|open| open.attendance = of_all);
        }
        Ok(sessions)
    }
}

impl Inboxes for Server<'_> {
    pass_on_inboxes!(renew_claim release_claim open leave forget mute accept_adds);

    async fn mark_read(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<MarkReadOutcome, StoreError> {
        if self.is_send && self.has(Bug::OwnMarkLeft) {
            return Ok(MarkReadOutcome::Already);
        }
        let is_too_far = self.is_send && self.has(Bug::OwnMarkOnTheMessage);
        let seq = Seq::following(Some(seq)).filter(|_| is_too_far).unwrap_or(seq);
        self.world.memory.mark_read(user, conversation, seq).await
    }

    async fn claim(&self, key: ClaimKey<'_>, now: Timestamp) -> Result<ClaimOutcome, StoreError> {
        let claim = self.world.memory.claim(key, now).await?;
        if let ConversationId::Dm { lower, upper } = key.conversation
            && self.has(Bug::SessionsReadBeforeTheAppend)
        {
            let early = self.world.memory.sessions(&[lower, upper]).await?;
            self.notes.lock().unwrap().early = Some(early);
        }
        if self.world.random.once_in(4) {
            // A slow claim: a user who is absent now may be connected at the append.
            self.world.clock.sleep(Duration::from_millis(self.world.random.below(1_500))).await;
        }
        Ok(claim)
    }

    /// Reads rows, sometimes from a replica that lags behind by up to a second.
    async fn list(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
        consistency: Consistency,
    ) -> Result<InboxPage, StoreError> {
        let mut page = self.world.memory.list(user, after, rows_max, consistency).await?;
        if consistency == Consistency::Strong {
            return Ok(page);
        }
        if after.is_none() && page.next.is_none() {
            page = self.world.replica(user, page);
        }
        page.rows = page.rows.into_iter().map(|row| self.shown(row)).collect();
        Ok(page)
    }

    async fn get(
        &self,
        user: UserId,
        conversation: ConversationId,
        consistency: Consistency,
    ) -> Result<Option<InboxRow>, StoreError> {
        let row = self.world.memory.get(user, conversation, consistency).await?;
        Ok(row.map(|row| self.shown(row)))
    }

    async fn replace_alerts(
        &self,
        user: UserId,
        seen: &InboxRow,
        next: &Alerts,
    ) -> Result<ReplaceOutcome, StoreError> {
        let memory = &self.world.memory;
        let mut next = *next;
        if self.has(Bug::WindowNotKept) {
            next.before = 0;
        }
        let mut seen = self.stored(user, seen).await?;
        if self.has(Bug::PublishedBeforeTheRow) && next.newest != seen.alerts.newest {
            self.notes.lock().unwrap().held.push((user, seen, next));
            return Ok(ReplaceOutcome::Replaced);
        }
        let mut replaced = memory.replace_alerts(user, &seen, &next).await;
        // An SDK retries by itself when an answer is lost.
        if replaced.is_err() && self.world.random.once_in(2) {
            replaced = memory.replace_alerts(user, &seen, &next).await;
        }
        while let Ok(ReplaceOutcome::Changed(changed)) = &replaced
            && self.has(Bug::AlertsReplacedWithoutCompare)
        {
            seen = *changed.clone();
            replaced = memory.replace_alerts(user, &seen, &next).await;
        }
        self.world.take_alert_writes();
        Ok(match replaced? {
            ReplaceOutcome::Changed(row) if row.alerts == next => ReplaceOutcome::Replaced,
            ReplaceOutcome::Changed(row) => ReplaceOutcome::Changed(Box::new(self.shown(*row))),
            outcome @ (ReplaceOutcome::Replaced | ReplaceOutcome::NotAMember) => outcome,
        })
    }
}

impl Push for Server<'_> {
    async fn endpoint(&self, platform: Platform, token: &PushToken) -> Result<EndpointOutcome, StoreError> {
        self.world.phones.endpoint(platform, token).await
    }

    async fn remove_endpoint(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
        self.world.phones.remove_endpoint(endpoint).await
    }

    async fn publish(
        &self,
        endpoint: &Endpoint,
        notification: &Notification,
    ) -> Result<PublishOutcome, StoreError> {
        self.world.take_alert_writes();
        let published = self.world.phones.publish(endpoint, notification).await;
        if let (Err(_), Notice::Message(alert)) = (&published, &notification.notice) {
            let (_, device) = notification.owner;
            self.world.ledger().doubtful.insert((device, notification.conversation, alert.seq));
        }
        self.world.take_published();
        published
    }
}

impl FanOutQueue for Server<'_> {
    async fn enqueue(&self, task: &FanOutTask, delay: Duration) -> Result<(), StoreError> {
        self.world.fan_out_queue.enqueue(task, delay).await
    }
}
