//! Pushes: telling phones of what their user has missed.
//!
//! Whoever announces a message notes which members it did not reach, and puts one task for all of them into a queue
//! ([`crate::announce`]). For each of them the `push` function looks whether they still want to know, writes down that
//! they are alerted, and only then publishes to their devices ([`alert`]). Who turns out to have been away is alerted to
//! what they missed meanwhile ([`silence`]). Reading on one device clears the alerts of the others; leaving or muting a
//! conversation clears those on all ([`clear`]). The rules
//! stand in `confab_domain::{alerts, reach, notification}`.

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

/// How often a change of a row is tried that others change at the same time.
const ATTEMPTS_MAX: u32 = 8;

/// What pushes are made with, in one request.
#[derive(Debug)]
pub struct Context<'a, S, P, Q> {
    /// The stores that the use case needs.
    pub store: &'a S,
    /// The push service.
    pub push: &'a P,
    /// What is pushed later.
    pub queue: &'a Q,
    /// Whether an alert shows the text of its message.
    pub preview: bool,
    /// How long messages are kept.
    pub retention: Retention,
    /// A number drawn at random for each request, by which it knows its own changes.
    pub writer: u64,
    /// How a request waits that has lost a race for a row.
    pub sleeper: &'a dyn Sleeper,
    /// When the request began.
    pub now: Timestamp,
}

impl<S, P, Q> Context<'_, S, P, Q> {
    /// Tries of a change of a row that others change at the same time.
    fn attempts(&self) -> Attempts<'_> {
        Attempts::racing(self.sleeper, ATTEMPTS_MAX, self.writer)
    }
}

/// Does what a message of the queue asks for.
///
/// Doing it again gives no second alert. Dying between what is written down and what is published gives none: the next
/// message does, and the badge has both.
///
/// # Errors
///
/// [`TaskFailure::Retry`] where a store failed, [`TaskFailure::Permanent`] for what names nothing, and for what the push service
/// did not take however often it was tried.
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
