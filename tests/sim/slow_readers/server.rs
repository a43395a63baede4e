//! The queue and the gateway of one invocation, with or without a planted bug.

use std::time::Duration;

use confab_app::delivery::deliver::Delivery;
use confab_app::delivery::fan_out::FanOutTask;
use confab_app::ports::{CloseOutcome, Connections, FanOutQueue, PostOutcome, StoreError};
use confab_app::push::PushTask;
use confab_domain::{ConnectionId, Timestamp};
use confab_memory::{DelayQueue, yield_once};
use confab_protocol::ServerFrame;
use confab_protocol::server::ClosingReason;

use super::world::{POLICY, World};

/// A bug that the simulation must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// When one connection is not reached, the event is announced to everybody again.
    WholeRepeated,
    /// Unreached connections are not retried.
    UnreachedDropped,
    /// A connection that takes no event stays open.
    SlowNeverClosed,
    /// A connection that refuses an event once is closed at the next refusal.
    ClosedAtOnce,
    /// A record fails as a whole when a connection does not take an event.
    RecordFails,
    /// A failure of the gateway counts against the connection of the post.
    FailureBlamed,
    /// "Too many requests" counts as a full buffer, whatever else the gateway answers.
    ThrottleBlamed,
    /// Posts that failed in the gateway are not retried.
    FailureDropped,
    /// Full buffers from before a failure of the gateway count after it.
    FullOverFailures,
}

/// The queue and the gateway of one invocation.
pub(super) struct Server<'a> {
    pub(super) world: &'a World,
    pub(super) now: Timestamp,
}

impl<'a> Server<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        Self { world, now: world.clock.now() }
    }

    pub(super) fn delivery(&self) -> Delivery<'_, Self, DelayQueue<PushTask>> {
        Delivery { connections: self, push: &self.world.pushes, policy: POLICY, probes: &self.world.probes }
    }
}

impl FanOutQueue for Server<'_> {
    async fn enqueue(&self, task: &FanOutTask, delay: Duration) -> Result<(), StoreError> {
        let mut task = task.clone();
        if let FanOutTask::V2 { conversation, seq, tries, unreached, .. } = &mut task {
            if self.world.has(Bug::UnreachedDropped) {
                return Ok(());
            }
            if self.world.has(Bug::RecordFails) {
                return Err(StoreError::Unavailable("some connections were not reached".into()));
            }
            if self.world.has(Bug::FailureDropped) && tries.failed > 0 {
                return Ok(());
            }
            if self.world.has(Bug::ClosedAtOnce) {
                tries.full = 3;
            }
            if self.world.has(Bug::FullOverFailures) {
                tries.full = self.world.most_full(conversation, *seq, unreached, tries.full);
            }
            if self.world.has(Bug::WholeRepeated) && self.world.may_repeat_all() {
                task = FanOutTask::V1 { conversation: conversation.clone(), seq: *seq, origin: None };
            }
        }
        self.world.queue.enqueue(&task, delay).await
    }
}

impl Connections for Server<'_> {
    async fn post(&self, connection: &ConnectionId, frame: &[u8]) -> Result<PostOutcome, StoreError> {
        let event: ServerFrame = serde_json::from_slice(frame).unwrap();
        if let ServerFrame::Closing(closing) = &event {
            let is_too_slow = closing.reason == ClosingReason::TooSlow;
            self.world.sockets().get_mut(connection).unwrap().warned_as_slow = is_too_slow;
        }
        if let Some(outcome) = self.world.post_fault(connection, &event) {
            yield_once().await;
            return match outcome {
                Err(_) if self.world.has(Bug::FailureBlamed) => Ok(PostOutcome::Limited),
                outcome => outcome,
            };
        }
        let outcome = self.world.gateway.post(connection, frame).await;
        self.world.take_frames(connection);
        outcome
    }

    async fn is_open(&self, connection: &ConnectionId) -> Result<bool, StoreError> {
        let is_blamed = self.world.has(Bug::FailureBlamed) || self.world.has(Bug::ThrottleBlamed);
        match self.world.question_fault().filter(|_| !is_blamed) {
            Some(error) => Err(error),
            None => Connections::is_open(&self.world.gateway, connection).await,
        }
    }

    async fn close(&self, connection: &ConnectionId) -> Result<CloseOutcome, StoreError> {
        if self.world.has(Bug::SlowNeverClosed) {
            return Ok(CloseOutcome::Closed);
        }
        self.world.gateway.close(connection).await
    }
}
