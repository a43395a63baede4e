//! Queues in memory, event sources, and functions that do as they are told.

#![allow(clippy::unwrap_used, reason = "test harness")]

mod answers;
mod batches;
mod events;
mod failures;
mod shutdown;
mod support;
