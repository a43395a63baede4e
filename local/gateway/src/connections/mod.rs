//! `@connections`: how functions reach open sockets.

mod connection;
mod rest;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use bytes::Bytes;

pub(crate) use connection::{Closing, Connection, Mailbox, Opening};

use crate::{config::Limits, websocket::CloseReason};

/// The open sockets of a gateway. Clones are cheap and see the same sockets.
#[derive(Clone)]
pub struct Connections {
    shared: Arc<Shared>,
}

struct Shared {
    stage: String,
    limits: Limits,
    open: RwLock<HashMap<String, Arc<Connection>>>,
    /// Of handshakes under way: how their sockets will be closed, if a function has said so already.
    opening: Mutex<HashMap<String, Option<CloseReason>>>,
}

/// A handshake under way; ends with it.
pub(crate) struct HandshakeUnderWay {
    connections: Connections,
    connection_id: String,
}

impl Drop for HandshakeUnderWay {
    fn drop(&mut self) {
        self.connections.opening().remove(&self.connection_id);
    }
}

/// Why a post did not reach a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// There is no such connection, or it is not open yet, or no longer.
    #[error("the connection is gone")]
    Gone,
    /// The client reads too slowly. The message is dropped; a retry may succeed.
    #[error("the client's queue is full")]
    Full,
    /// The message is over [`Limits::message_bytes_max`].
    #[error("the message is too large")]
    TooLarge,
}

/// What `GetConnection` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Unit: milliseconds since the Unix epoch.
    pub connected_at_ms: u64,
    /// When the last frame went either way. Unit: milliseconds since the Unix epoch.
    pub last_active_at_ms: u64,
    pub source_ip: String,
    pub user_agent: Option<String>,
}

impl Connections {
    pub(crate) fn new(stage: String, limits: Limits) -> Self {
        Self {
            shared: Arc::new(Shared { stage, limits, open: RwLock::default(), opening: Mutex::default() }),
        }
    }

    /// Queues `message` for the socket and returns; whether the client gets it
    /// is not known. Posts to one connection arrive in the order of the calls.
    ///
    /// It goes out as a text frame, or as a binary frame if it is not UTF-8,
    /// which a text frame cannot carry.
    ///
    /// # Errors
    ///
    /// See [`PostError`]; in every case nothing is sent.
    pub fn post(&self, connection_id: &str, message: Bytes) -> Result<(), PostError> {
        if message.len() > self.shared.limits.message_bytes_max {
            return Err(PostError::TooLarge);
        }
        self.find(connection_id).ok_or(PostError::Gone)?.post(message)
    }

    /// What is known of an open connection.
    pub fn info(&self, connection_id: &str) -> Option<ConnectionInfo> {
        self.find(connection_id).map(|connection| connection.info())
    }

    /// Closes the socket with code 1000, or as [`Connections::set_close_code`] said, after what was posted before.
    /// It is gone for later posts at once, and `$disconnect` runs as for any socket.
    /// Returns whether there was such a connection.
    pub fn close(&self, connection_id: &str) -> bool {
        let connection = self.remove(connection_id);
        let found = connection.is_some();
        if let Some(connection) = connection {
            connection.close_as_asked();
        }
        found
    }

    /// Has a later [`Connections::close`] of the socket give this code of RFC 6455 and text, also where its handshake is
    /// under way: it may open between this and the close. AWS has no such call.
    ///
    /// `code` is one that applications may use, 4000 to 4999.
    pub fn set_close_code(&self, connection_id: &str, code: u16, text: &'static str) {
        let reason = CloseReason { code, text };
        let mut opening = self.opening();
        if let Some(said) = opening.get_mut(connection_id) {
            *said = Some(reason);
        } else if let Some(connection) = self.find(connection_id) {
            connection.set_close_reason(reason);
        }
    }

    /// Number of open sockets.
    pub fn count(&self) -> usize {
        self.shared.open.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub(crate) fn stage(&self) -> &str {
        &self.shared.stage
    }

    /// Notes that a handshake has begun which may come to open this connection.
    pub(crate) fn begin(&self, connection_id: &str) -> HandshakeUnderWay {
        self.opening().insert(connection_id.to_owned(), None);
        HandshakeUnderWay { connections: self.clone(), connection_id: connection_id.to_owned() }
    }

    fn opening(&self) -> MutexGuard<'_, HashMap<String, Option<CloseReason>>> {
        self.shared.opening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the connection for posts. They wait until the socket's task
    /// collects them from the mailbox.
    pub(crate) fn open(&self, opening: Opening) -> Mailbox {
        let mailbox = connection::new(opening, self);
        let connection = Arc::clone(&mailbox.connection);
        let mut handshakes = self.opening();
        if let Some(reason) = handshakes.remove(connection.id()).flatten() {
            connection.set_close_reason(reason);
        }
        let mut open = self.shared.open.write().unwrap_or_else(PoisonError::into_inner);
        open.insert(connection.id().to_owned(), connection);
        drop(open);
        mailbox
    }

    fn remove(&self, connection_id: &str) -> Option<Arc<Connection>> {
        self.shared.open.write().unwrap_or_else(PoisonError::into_inner).remove(connection_id)
    }

    fn find(&self, connection_id: &str) -> Option<Arc<Connection>> {
        self.shared.open.read().unwrap_or_else(PoisonError::into_inner).get(connection_id).cloned()
    }
}
