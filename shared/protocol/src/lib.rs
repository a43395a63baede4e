//! Confab's wire format: JSON frames, HTTP bodies, error codes and limits.
//!
//! Knows: shapes and names, as `docs/PROTOCOL.md` gives them to clients.
//! Must not know: rules, storage, AWS, or how a request is carried out.
//!
//! Every field is a plain string, number or list. `confab-app` converts them to the domain's types, so a change of
//! the wire format cannot change a rule.
//!
//! Start with the frames in [`client`], then [`ServerFrame`].

mod error;
mod message;

pub mod client;
pub mod http;
pub mod limits;
#[cfg(feature = "openapi")]
pub mod schema;
pub mod server;

pub use error::{ErrorBody, ErrorCode, ErrorFrame};
pub use message::{Ack, Message};
pub use server::ServerFrame;
