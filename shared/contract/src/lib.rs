//! The contract of the store ports: one sentence per behaviour that every adapter must have.
//!
//! Knows: the promises of `confab_app::ports`.
//! Must not know: any adapter, or how its futures are run.
//!
//! A sentence is an async function over a port, named as a sentence. It panics if the port does not keep it. It uses
//! its own ids, so that all sentences can run on one store. [`suite!`] makes a test of each.
#![allow(clippy::unwrap_used, reason = "a sentence panics if a store does not keep it")]

pub mod message_log;
pub mod message_pages;
pub mod message_texts;

pub mod alerts;
pub mod budgets;
pub mod claims;
pub mod contacts;
pub mod groups;
pub mod high_water;
pub mod inboxes;
pub mod inboxes_groups;
pub mod memberships;
pub mod places;
pub mod presence;
pub mod sessions;

pub mod devices;
pub mod push_tokens;
pub mod rate_limits;
pub mod users;

mod ids;
mod suite;

pub use ids::Ids;
pub use suite::block_on;
