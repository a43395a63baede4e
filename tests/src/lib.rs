//! A client for tests, and the servers that it connects to.
//!
//! Knows: the protocol of `docs/PROTOCOL.md`, as plain JSON. It checks every frame and answer of a server: frames
//! within their limits, errors with a known code and without internal text.
//! Must not know: the product's types or its internals, so that a wrong name on the wire cannot hide behind a struct
//! that both sides share.
//!
//! A test always waits for something to arrive, with a deadline that only a failing test reaches. Start with [`Chat`].
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
pub mod template;
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

/// How long a test waits for the output of a program on this machine: far longer than it ever takes.
pub const DEADLINE: std::time::Duration = std::time::Duration::from_secs(10);
