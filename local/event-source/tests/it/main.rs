//! Queues in memory, event sources, and functions that answer as a test wants.

#![allow(clippy::unwrap_used, reason = "test harness")]

mod answers;
mod batches;
mod events;
mod failures;
mod shutdown;
mod support;
