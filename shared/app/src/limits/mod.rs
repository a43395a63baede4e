//! Limits on what one user may do, and on what a process does concurrently.
//!
//! | file | contents |
//! |---|---|
//! | `limiter` | the budgets of messages, frames and answers. Start here |
//! | `costed` | an answer and what was read for it |
//! | `rare_changes` | the rates of changes of contacts, profiles and groups |
//! | `user_permits`, `keyed_semaphore` | how many requests of one user, or in one conversation, run side by side |
//! | `concurrency` | how many store calls of one request run side by side |

pub mod concurrency;
pub(crate) mod costed;
pub(crate) mod keyed_semaphore;
pub(crate) mod limiter;
pub mod rare_changes;
pub(crate) mod user_permits;
