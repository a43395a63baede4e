//! `@connections`: access of functions to open sockets.

mod connection;
mod rest;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use bytes::Bytes;

pub(crate) use connection::{Closing, Connection, Mailbox, Opening};

use crate::{config::Limits, websocket::CloseReason};

/// The open sockets of a gateway. Clones are cheap and share the sockets.
#[derive(Clone)]
pub struct Connections {
    shared: Arc<Shared>,
}

struct Shared {
    stage: String,
    limits: Limits,
    open: RwLock<HashMap<String, Arc<Connection>>>,
    /// Handshakes under way, each with the reason with which its socket will be closed, if a function has set one.
    opening: Mutex<HashMap<String, Option<CloseReason>>>,
}

/// Guard of a handshake under way; the handshake ends with it.
pub(crate) struct HandshakeUnderWay {
    connections: Connections,
    connection_id: String,
}

impl Drop for HandshakeUnderWay {
    fn drop(&mut self) {
        self.connections.opening().remove(&self.connection_id);
    }
}

/// Reason why a post did not reach a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// There is no such connection, or it is not open yet, or no longer.
    #[error("the connection does not exist")]
    Gone,
    /// The client reads too slowly. The message is dropped; a retry may succeed.
    #[error("the client's queue is full")]
    Full,
    /// The message is over [`Limits::message_bytes_max`].
    #[error("the message is too large")]
    TooLarge,
}

/// Answer to `GetConnection`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Unit: milliseconds since the Unix epoch.
    pub connected_at_ms: u64,
    /// Time of the last frame in either direction. Unit: milliseconds since the Unix epoch.
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

    /// Queues `message` for the socket and returns; whether the client gets it is not known. Posts to one connection
    /// arrive in the order of the calls.
    ///
    /// It is sent as a text frame, or as a binary frame if it is not UTF-8, which a text frame cannot carry.
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

    /// Data of an open connection; `None` if there is no such connection.
    pub fn info(&self, connection_id: &str) -> Option<ConnectionInfo> {
        self.find(connection_id).map(|connection| connection.info())
    }

    /// Closes the socket with code 1000, or with the code of [`Connections::set_close_code`], after the posts before
    /// it. Later posts get [`PostError::Gone`], and `$disconnect` runs as for any socket. Returns whether there was
    /// such a connection.
    pub fn close(&self, connection_id: &str) -> bool {
        let connection = self.remove(connection_id);
        let found = connection.is_some();
        if let Some(connection) = connection {
            connection.close_as_asked();
        }
        found
    }

    /// Sets the code of RFC 6455 and the text of a later [`Connections::close`] of the socket. It also works during the
    /// handshake, since the socket may open between this and the close. AWS has no such call.
    ///
    /// `code` is one that applications may use, 4000 to 4999.
    pub fn set_close_code(&self, connection_id: &str, code: u16, text: &'static str) {
        let reason = CloseReason { code, text };
        let mut opening = self.opening();
        if let Some(close_reason) = opening.get_mut(connection_id) {
            *close_reason = Some(reason);
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

    /// Records that a handshake has begun that may open this connection.
    pub(crate) fn begin(&self, connection_id: &str) -> HandshakeUnderWay {
        self.opening().insert(connection_id.to_owned(), None);
        HandshakeUnderWay { connections: self.clone(), connection_id: connection_id.to_owned() }
    }

    fn opening(&self) -> MutexGuard<'_, HashMap<String, Option<CloseReason>>> {
        self.shared.opening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the connection for posts. They wait until the socket's task takes them from the mailbox.
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
