//! SQS's standard queues, durable in one file or in memory.

mod account;
mod change;
mod dispatch;
mod error;
mod journal;
mod message;
mod operations;
mod pollers;
mod protocol;
mod queue;
mod receipt;
mod refusal;
mod settings;
mod writer;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, timeout_at};

pub use error::SqsError;

use self::{
    account::{Account, Delivery},
    journal::Journal,
    operations::{Call, receive::Receive},
    pollers::Pollers,
    protocol::Messages,
    refusal::Refusal,
    writer::{Commit, Writer},
};
use crate::{Service, ServiceFuture, ServiceRequest, clock::Timeline};

/// SQS for one process. Clones share the queues.
///
/// Standard queues: at least once, mostly in order. `MessageGroupId` is accepted and returned, and does not affect the
/// order. Time passes with tokio's clock.
///
/// The state is in memory. With a file, an answer that accepts a message waits until the message is written; receives
/// do not wait. Deletions and receive counts are written soon after.
#[derive(Clone)]
pub struct Sqs {
    state: Arc<Mutex<State>>,
    writer: Option<Arc<Writer>>,
    timeline: Timeline,
}

#[derive(Default)]
struct State {
    account: Account,
    pollers: Pollers,
}

impl Sqs {
    /// Opens the queues in the file at `path`, or creates the file.
    ///
    /// `epoch_ms` is the current time, in milliseconds since the Unix epoch.
    ///
    /// An accepted message survives the end of the process, however abrupt. A message that was in flight is visible
    /// again, and a delay goes on. Messages that were deleted in the last moments may come back. A power cut may lose
    /// the last moments but leaves the file consistent. Dropping the last clone writes the queued changes and closes
    /// the file.
    ///
    /// # Errors
    ///
    /// [`SqsError::Open`] if the file cannot be opened or read, is no database, or was written by another version.
    pub fn open(path: &Path, epoch_ms: u64) -> Result<Self, SqsError> {
        let failed = |source| SqsError::Open { path: path.to_owned(), source };
        let journal = Journal::open(path).map_err(|error| failed(error.into()))?;
        let account = journal.load(epoch_ms).map_err(|error| failed(error.into()))?;
        let writer = Writer::spawn(journal).map_err(|error| failed(error.into()))?;
        Ok(Self::new(account, Some(Arc::new(writer)), epoch_ms))
    }

    /// Starts without queues; they end with the last clone.
    ///
    /// `epoch_ms` is the current time, in milliseconds since the Unix epoch.
    pub fn in_memory(epoch_ms: u64) -> Self {
        Self::new(Account::default(), None, epoch_ms)
    }

    fn new(account: Account, writer: Option<Arc<Writer>>, epoch_ms: u64) -> Self {
        let state = State { account, pollers: Pollers::default() };
        Self { state: Arc::new(Mutex::new(state)), writer, timeline: Timeline::starting_at(epoch_ms) }
    }

    /// Runs one step, and waits until it is as durable as its changes require.
    async fn run<R>(
        &self,
        region: &str,
        step: impl FnOnce(&mut Account, &Call<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let (result, commit) = {
            let mut state = self.state();
            let result = step(&mut state.account, &Call { now: self.timeline.now(), region });
            (result, self.publish(&mut state))
        };
        commit.wait().await?;
        result
    }

    /// Receives messages; waits for them if there are none.
    async fn receive(&self, receive: &Receive) -> Result<Messages, Refusal> {
        let bell = self.state().pollers.bell(&receive.queue);
        let mut deadline = None;
        loop {
            let mut rung = std::pin::pin!(bell.notified());
            // From here on no notification is missed.
            rung.as_mut().enable();
            let (delivery, wait_seconds) = self.receive_now(receive)?;
            let wait = Duration::from_secs(wait_seconds.into());
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + wait);
            if !delivery.messages.is_empty() || Instant::now() >= deadline {
                return Ok(receive.answer(delivery));
            }
            let next = delivery.next_visible_at.map(|at| self.timeline.instant(at));
            // Whether notified or timed out, the loop receives again.
            let _ = timeout_at(next.map_or(deadline, |next| next.min(deadline)), rung).await;
        }
    }

    fn receive_now(&self, receive: &Receive) -> Result<(Delivery, u32), Refusal> {
        let mut state = self.state();
        let now = self.timeline.now();
        let Receive { queue, count_max, visibility_seconds, wait_seconds, .. } = receive;
        let wait_seconds_default = state.account.queue(queue, now)?.record.settings.wait_seconds;
        let delivery = state.account.receive(queue, *count_max, *visibility_seconds, now)?;
        // No change of a receive has to be durable.
        let _ = self.publish(&mut state);
        if delivery.leaves_some && !delivery.messages.is_empty() {
            state.pollers.wake_one(queue);
        }
        Ok((delivery, wait_seconds.unwrap_or(wait_seconds_default)))
    }

    fn publish(&self, state: &mut State) -> Commit {
        let changes = state.account.take_changes();
        state.pollers.wake(&changes);
        self.writer.as_ref().map_or(Commit::NONE, |writer| writer.write(changes))
    }

    /// Locks the state. A step that panicked has left it between two messages at worst.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Sqs {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        let sqs = self.clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            dispatch::answer(&sqs, &request).await
        })
    }
}
