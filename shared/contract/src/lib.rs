//! What every adapter of a store port must do, one sentence per behaviour.
//!
//! Knows: the promises of `confab_app::ports`.
//! Must not know: any adapter, or how its futures are run.
//!
//! Each sentence is an async function over a port, and panics where the port
//! breaks it. It uses ids of its own, so that all of them can run on one store.
//! [`suite!`] makes a test of each.
#![allow(clippy::unwrap_used, reason = "a sentence panics where a store breaks it")]

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
