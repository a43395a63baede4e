//! Pushes: alerts for messages that did not reach a user, and silent pushes that clear alerts.
//!
//! | file | contents |
//! |---|---|
//! | `register` | registers a device for pushes, and ends the registration: [`register::register`] |
//! | `task` | the messages of the queue: [`PushTask`] |
//! | `alert` | alerts members whom a message did not reach, and tries again |
//! | `decide` | decides whether a member is alerted, and records it in the inbox row |
//! | `words` | the text of an alert |
//! | `badge` | the badge: unread messages in all conversations that are not muted |
//! | `publish` | publishes a push to each device of a user |
//! | `silence` | alerts a user whose lease has ended to messages that a dead socket took |
//! | `clear` | clears the alerts of a conversation that was read, left or muted |
//! | `explain` | explains why a member was alerted to a message, or was not: [`explain::explain`] |
//!
//! [`crate::delivery`] puts the members whom a message did not reach into a queue. For each of them, the `push`
//! function checks whether the member still wants an alert, records in the inbox row that the member is alerted, and
//! only then publishes to the member's devices. So after a crash a push is dropped, never duplicated. Reading on one
//! device clears the alerts on the others; leaving or muting a conversation clears them on all. The rules are in
//! `confab_domain::{alerts, liveness, notification}`.

mod alert;
mod badge;
mod clear;
mod decide;
pub mod explain;
mod publish;
pub mod register;
mod silence;
mod task;
mod words;

use confab_domain::Timestamp;
use confab_domain::retention::Retention;

use crate::TaskFailure;
use crate::attempts::Attempts;
use crate::ports::{Devices, Groups, Inboxes, MessageLog, Push, PushQueue, Sessions, Sleeper, Users};

pub use task::{Absent, MessageRef, PushTask, Step};

/// Attempts to change a row that other requests change at the same time.
const ATTEMPTS_MAX: u32 = 8;

/// Stores, push service, queue and settings of one request about pushes.
#[derive(Debug)]
pub struct Context<'a, S, P, Q> {
    /// The stores that the use case needs.
    pub store: &'a S,
    /// The push service.
    pub push: &'a P,
    /// The queue of push tasks.
    pub queue: &'a Q,
    /// Whether an alert shows the text of its message.
    pub preview: bool,
    /// How long messages are kept.
    pub retention: Retention,
    /// A number drawn at random for each request, by which the request recognizes its own changes.
    pub writer: u64,
    /// Pauses the request between two attempts to change a row.
    pub sleeper: &'a dyn Sleeper,
    /// When the request began.
    pub now: Timestamp,
}

impl<S, P, Q> Context<'_, S, P, Q> {
    /// Attempts to change a row that other requests change at the same time.
    fn attempts(&self) -> Attempts<'_> {
        Attempts::racing(self.sleeper, ATTEMPTS_MAX, self.writer)
    }
}

/// Performs a task of the queue.
///
/// Performing a task again gives no second alert. A crash between the record of an alert and the publish drops the
/// alert: the next message alerts again, and its badge counts both.
///
/// # Errors
///
/// [`TaskFailure::Retry`] where a store failed, [`TaskFailure::Permanent`] for a task with an id or a position that
/// cannot be read, and for an alert that the push service did not take at any of its tries.
pub async fn perform(
    context: &Context<
        '_,
        impl Inboxes + Devices + Users + MessageLog + Groups + Sessions,
        impl Push,
        impl PushQueue,
    >,
    task: &PushTask,
) -> Result<(), TaskFailure> {
    let PushTask::V1(step) = task;
    match step {
        Step::Alert { message, absent, unless_renewed } => {
            alert::alert_each(context, message, absent, *unless_renewed).await
        }
        Step::Again { message, user, devices, attempt } => {
            alert::again(context, message, user, devices, *attempt).await
        }
        Step::Silence { user, renewed_at_ms } => silence::after_silence(context, user, *renewed_at_ms).await,
        Step::Clear { user, conversation, reader, read_seq } => {
            clear::clear(context, user, conversation, (reader, *read_seq)).await
        }
        Step::ClearAll { users, conversation, except } => {
            clear::clear_all(context, users, conversation, except.as_deref()).await
        }
    }
}
