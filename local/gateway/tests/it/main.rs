//! The gateway over real sockets on the loopback interface, with a test double of the functions that records every
//! event.

#![allow(clippy::unwrap_used, reason = "test harness")]

mod closing;
mod floods;
mod handshake;
mod http_api;
mod limits;
mod messages;
mod posts;
mod shutdown;
mod support;
mod well_formed;
