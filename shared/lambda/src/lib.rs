//! Glue between Lambda and the use cases, the same in every function.
//!
//! Knows: events of a WebSocket API and of a queue and their answers, environment variables, how to build SDK clients,
//! how an invocation is logged.
//! Must not know: what any one route does.
//!
//! Start with [`websocket`].

pub mod apart;
pub mod bearer;
pub mod clients;
pub mod clock;
pub mod deadline;
mod emf;
pub mod env;
pub mod frame;
pub mod observability;
pub mod presence;
pub mod random;
pub mod records;
pub mod sleeper;
pub mod summary;
pub mod websocket;
