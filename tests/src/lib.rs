//! A client for tests, and the servers that it talks to.
//!
//! Knows: what `docs/PROTOCOL.md` tells every client, as plain JSON. Whatever a
//! server sends is held to it: frames within their limits, errors with a known
//! code and without internal text.
//! Must not know: the product's types or its insides, so that a wrong name on
//! the wire cannot hide behind a struct that both sides share.
//!
//! Waiting is always for something to arrive, with a deadline that only a
//! failing test meets. Start with [`Chat`].
#![allow(clippy::unwrap_used, reason = "test harness")]

mod chat;
mod closing;
mod cloud;
mod contacts;
mod fresh;
mod group;
mod heart;
mod http;
mod messages;
mod presence;
mod push;
mod refusal;
mod server;
mod socket;
mod typing;
mod user;

pub mod clock_ahead;
pub mod runner;
pub mod small_disk;
pub mod times;

pub use chat::Chat;
pub use cloud::{gateway_answers_for_itself, is_deployed, ministack_differs, signups_are_slow};
pub use contacts::{Contacts, ids};
pub use fresh::{fresh_handle, fresh_id};
pub use group::roles;
pub use http::{Answer, Http};
pub use messages::{check_entry, message_of, seqs};
pub use push::{Push, fresh_token};
pub use socket::{Received, Socket, synced};
pub use user::User;

/// How long a test waits for what must come of a program on this machine. Far longer than it ever takes.
pub const DEADLINE: std::time::Duration = std::time::Duration::from_secs(10);
