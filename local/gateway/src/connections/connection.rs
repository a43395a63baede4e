//! One open connection: its queue of outbound messages, between posts and the task that writes to the socket.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use super::{ConnectionInfo, Connections, PostError};
use crate::{
    clock::{self, EpochMs},
    websocket::CloseReason,
};

/// Data of a connection that the handshake fixes.
pub(crate) struct Opening {
    pub(crate) connection_id: String,
    pub(crate) connected_at_ms: EpochMs,
    pub(crate) source_ip: String,
    pub(crate) user_agent: Option<String>,
    /// `principalId` and the authorizer's context; `None` without an authorizer.
    pub(crate) authorizer: Option<BTreeMap<String, String>>,
}

/// The side of a connection that posts.
pub(crate) struct Connection {
    opening: Opening,
    last_active_at_ms: AtomicU64,
    queue: mpsc::Sender<Bytes>,
    queued_bytes: AtomicUsize,
    queued_bytes_max: usize,
    close: watch::Sender<Option<CloseReason>>,
    /// How a close that functions ask for is reported to the client.
    close_reason: Mutex<CloseReason>,
}

/// The side of the socket's task. The connection no longer exists after a drop.
pub(crate) struct Mailbox {
    pub(crate) connection: Arc<Connection>,
    pub(crate) queue: Queue,
    pub(crate) closing: Closing,
    _registration: Registration,
}

/// Messages that wait to be sent.
pub(crate) struct Queue {
    connection: Arc<Connection>,
    messages: mpsc::Receiver<Bytes>,
}

/// Signal to close the socket.
pub(crate) struct Closing(watch::Receiver<Option<CloseReason>>);

struct Registration {
    connections: Connections,
    connection: Arc<Connection>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.connections.remove(self.connection.id());
    }
}

pub(super) fn new(opening: Opening, connections: &Connections) -> Mailbox {
    let limits = connections.limits();
    let (queue, messages) = mpsc::channel(limits.outbound_queue_max);
    let (close, closing) = watch::channel(None);
    let connection = Arc::new(Connection {
        last_active_at_ms: AtomicU64::new(opening.connected_at_ms),
        opening,
        queue,
        queued_bytes: AtomicUsize::new(0),
        queued_bytes_max: limits.outbound_queue_bytes_max,
        close,
        close_reason: Mutex::new(CloseReason::DELETED),
    });
    Mailbox {
        connection: Arc::clone(&connection),
        queue: Queue { connection: Arc::clone(&connection), messages },
        closing: Closing(closing),
        _registration: Registration { connections: connections.clone(), connection },
    }
}

impl Connection {
    pub(crate) fn id(&self) -> &str {
        &self.opening.connection_id
    }

    pub(crate) fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Queues a message, or refuses it if the client is too slow.
    pub(super) fn post(&self, message: Bytes) -> Result<(), PostError> {
        let size = message.len();
        let before = self.queued_bytes.fetch_add(size, Ordering::Relaxed);
        // An empty queue takes any message, whatever the limit.
        let sent = if before > 0 && before + size > self.queued_bytes_max {
            Err(PostError::Full)
        } else {
            self.queue.try_send(message).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => PostError::Full,
                mpsc::error::TrySendError::Closed(_) => PostError::Gone,
            })
        };
        if sent.is_err() {
            self.queued_bytes.fetch_sub(size, Ordering::Relaxed);
        }
        sent
    }

    /// Queues the answer to a message of this client. It waits for room, which in turn holds up the reading of further
    /// messages.
    pub(crate) async fn answer(&self, answer: Bytes) {
        let size = answer.len();
        self.queued_bytes.fetch_add(size, Ordering::Relaxed);
        // A socket that has closed meanwhile gets no answer, as on AWS.
        if self.queue.send(answer).await.is_err() {
            self.queued_bytes.fetch_sub(size, Ordering::Relaxed);
        }
    }

    /// Asks the socket's task to close the socket. The first reason stays.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.close.send_if_modified(|current| {
            let first = current.is_none();
            if first {
                *current = Some(reason);
            }
            first
        });
    }

    /// Sets the reason that [`Connection::close_as_asked`] gives the client.
    pub(super) fn set_close_reason(&self, reason: CloseReason) {
        *self.close_reason.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// Closes the socket because a function asked for it.
    pub(super) fn close_as_asked(&self) {
        let reason = *self.close_reason.lock().unwrap_or_else(PoisonError::into_inner);
        self.close(reason);
    }

    /// Records that a frame was sent or received.
    pub(crate) fn touch(&self) {
        self.last_active_at_ms.store(clock::now_ms(), Ordering::Relaxed);
    }

    pub(super) fn info(&self) -> ConnectionInfo {
        ConnectionInfo {
            connected_at_ms: self.opening.connected_at_ms,
            last_active_at_ms: self.last_active_at_ms.load(Ordering::Relaxed),
            source_ip: self.opening.source_ip.clone(),
            user_agent: self.opening.user_agent.clone(),
        }
    }
}

impl Queue {
    /// Waits for the next message. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        let message = self.messages.recv().await;
        self.collected(message)
    }

    /// Returns the next message, if there is one.
    pub(crate) fn try_next(&mut self) -> Option<Bytes> {
        let message = self.messages.try_recv().ok();
        self.collected(message)
    }

    fn collected(&self, message: Option<Bytes>) -> Option<Bytes> {
        let size = message.as_ref().map_or(0, Bytes::len);
        self.connection.queued_bytes.fetch_sub(size, Ordering::Relaxed);
        message
    }
}

impl Closing {
    /// Waits until [`Connection::close`] has been called; returns its reason.
    pub(crate) async fn asked(&mut self) -> CloseReason {
        // Waiting fails only without a connection, which the mailbox holds.
        let reason = self.0.wait_for(Option::is_some).await.ok().and_then(|reason| *reason);
        reason.unwrap_or(CloseReason::GOING_AWAY)
    }
}
