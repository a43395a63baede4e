//! Lambda's event source mapping between an SQS queue and a function: polls, invokes, and deletes finished messages.
//!
//! Knows: the SQS client, the JSON of SQS events, and the answers that report failures.
//! Must not know: chat, what runs the functions, where the queue is.
//!
//! Start with [`EventSource`] (`source.rs`), then `poller.rs`.

mod answer;
mod backoff;
mod event;
mod poller;
mod source;

pub use source::EventSource;
