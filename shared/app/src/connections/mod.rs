//! Connections, from the handshake to the end.
//!
//! | file | contents |
//! |---|---|
//! | `open_connection` | registers a connection at its handshake. Start here |
//! | `authorize_frame` | decides whether the connection of a frame may act |
//! | `close_connection` | ends a registration, and closes connections with a reason |
//! | `stale` | finds registered connections that no longer exist |

pub mod authorize_frame;
pub mod close_connection;
pub mod open_connection;
pub(crate) mod stale;
