//! Queues of announcements, lease checks and pushes, in SQS.
//!
//! Knows: how a task is written into a message, and how the SDK reports a failure.
//! Must not know: what a task is about, or who performs it.

mod fan_out;
mod presence;
mod push;
mod queue;
mod source;

pub use fan_out::SqsFanOutQueue;
pub use presence::SqsPresenceQueue;
pub use push::SqsPushQueue;
pub use source::SourceQueue;
