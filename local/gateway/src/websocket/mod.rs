//! The WebSocket API: from the handshake to `$disconnect`.

mod admission;
mod answer;
mod authorizer;
mod close;
mod closing;
mod event;
mod frames;
mod handshake;
mod order;
mod policy;
mod routes;
mod session;
mod socket;

pub(crate) use close::CloseReason;
pub(crate) use handshake::accept;
pub(crate) use routes::Routes;
