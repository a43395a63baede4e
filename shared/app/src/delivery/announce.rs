//! Posting events to connected devices.
//!
//! Sessions are read **after** the announced entry was stored, strongly consistent. A device writes its session, then
//! syncs; a send appends, then reads sessions. Whatever the interleaving, one of the two sees the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use confab_domain::liveness::PostStatus;
use confab_domain::{ConnectionId, Timestamp, UserId};
use confab_protocol::ServerFrame;
use futures_util::StreamExt;
use futures_util::stream;

use crate::delivery::unreached::CONNECTIONS_PER_TASK;
use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::ports::{Connection, ConnectionChange, Connections, PostOutcome, Session, Sessions, StoreError};
use crate::{chain, metric};

/// Maximum number of concurrent posts: enough to hide the latency of one HTTP request each.
pub(crate) const POSTS_IN_FLIGHT_MAX: usize = 32;

/// After so many connections refuse an event, the others are left to a later request: each refusal may have taken a
/// second, and a client that reads its events must not wait for clients that do not.
const REFUSED_MAX: usize = CONNECTIONS_PER_TASK;

/// Outcome of posting an event to several connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posted {
    /// Users for whom the gateway took the event on at least one connection.
    pub(crate) taken_by: BTreeSet<UserId>,
    /// Connections that the gateway does not have.
    pub(crate) stale: BTreeSet<ConnectionId>,
    /// Connections that have no room for the event.
    pub(crate) full: Vec<FullConnection>,
    /// Connections to which the post failed, where the fault is the gateway's.
    pub(crate) failed: Vec<(UserId, Connection)>,
    /// Connections to which the event was not offered.
    pub(crate) unoffered: Vec<(UserId, Connection)>,
}

/// A connection that the gateway has and that has no room.
///
/// Only the answer to a post creates this value, and [`close_slow`](crate::delivery::unreached::close_slow) closes no other
/// connections: so a failure of the gateway never closes a connection.
#[derive(Clone, Debug)]
pub(crate) struct FullConnection {
    user: UserId,
    connection: Connection,
}

impl FullConnection {
    pub(crate) fn id(&self) -> &ConnectionId {
        &self.connection.id
    }

    pub(crate) fn into_parts(self) -> (UserId, Connection) {
        (self.user, self.connection)
    }
}

impl Posted {
    /// Whether no connection needs another offer of the event.
    pub(crate) fn is_done(&self) -> bool {
        self.full.is_empty() && self.failed.is_empty() && self.unoffered.is_empty()
    }

    /// Outcome of the posts to one user.
    pub(crate) fn status_of(&self, user: UserId) -> PostStatus {
        if self.taken_by.contains(&user) {
            PostStatus::Taken
        } else if self.unoffered.iter().any(|(other, _)| *other == user) {
            PostStatus::Pending
        } else {
            PostStatus::NotTaken
        }
    }
}

/// Posts an event to every connection of `users` but the one that the event came from (`except`).
///
/// Ends the registrations of stale connections, except young ones.
///
/// # Errors
///
/// [`StoreError`]; then no connection got the event.
pub(crate) async fn announce(
    sessions: &impl Sessions,
    connections: &impl Connections,
    users: &[UserId],
    except: Option<&ConnectionId>,
    event: &ServerFrame,
    now: Timestamp,
) -> Result<Posted, StoreError> {
    let rows = sessions.sessions(users).await?;
    post_to(sessions, connections, &rows, except, event, now).await
}

/// As [`announce`], for session rows that the caller has read.
pub(crate) async fn post_to(
    sessions: &impl Sessions,
    connections: &impl Connections,
    rows: &[Session],
    except: Option<&ConnectionId>,
    event: &ServerFrame,
    now: Timestamp,
) -> Result<Posted, StoreError> {
    let frame = serde_json::to_vec(event).map_err(|error| StoreError::Rejected(error.into()))?;
    let targets: Vec<(UserId, Connection)> = rows
        .iter()
        .flat_map(|row| row.connections.iter().map(move |connection| (row.user, connection.clone())))
        .filter(|(_, connection)| Some(&connection.id) != except)
        .collect();
    let refused_count = AtomicUsize::new(0);
    let mut posts = stream::iter(targets)
        .map(|(user, connection)| {
            let (frame, refused_count) = (&frame, &refused_count);
            async move {
                if refused_count.load(Relaxed) >= REFUSED_MAX {
                    return (user, Outcome::Unoffered, connection);
                }
                let outcome = offer(connections, &connection, frame).await;
                let is_refused = matches!(outcome, Outcome::Full | Outcome::Failed);
                refused_count.fetch_add(usize::from(is_refused), Relaxed);
                (user, outcome, connection)
            }
        })
        .buffer_unordered(POSTS_IN_FLIGHT_MAX);
    let (mut posted, mut stale) = (Posted::default(), Vec::new());
    while let Some((user, outcome, connection)) = posts.next().await {
        match outcome {
            Outcome::Taken => {
                posted.taken_by.insert(user);
            }
            Outcome::Gone => {
                posted.stale.insert(connection.id.clone());
                stale.push((user, connection));
            }
            Outcome::Full => posted.full.push(FullConnection { user, connection }),
            Outcome::Failed => posted.failed.push((user, connection)),
            Outcome::Unoffered => posted.unoffered.push((user, connection)),
            Outcome::Unpostable => {}
        }
    }
    forget(sessions, stale, now).await;
    Ok(posted)
}

/// Announces an event best effort: logs a failure and returns nothing.
pub async fn hint(
    sessions: &impl Sessions,
    connections: &impl Connections,
    users: &[UserId],
    except: Option<&ConnectionId>,
    event: &ServerFrame,
    now: Timestamp,
) {
    if let Err(error) = announce(sessions, connections, users, except, event, now).await {
        tracing::warn!(
            event = "typing_event_failed",
            error = chain(&error),
            "a typing event was not delivered"
        );
    }
}

/// Outcome of offering an event to one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Taken,
    Gone,
    /// The connection has no room; it may take it later.
    Full,
    /// The gateway failed, or has too many requests.
    Failed,
    Unoffered,
    /// The gateway rejects the event, so another offer is useless.
    Unpostable,
}

/// Posts a frame to one connection. Where the gateway limits the post, asks whether it has the connection, which
/// separates a full connection from a failure of the gateway.
async fn offer(connections: &impl Connections, connection: &Connection, frame: &[u8]) -> Outcome {
    match connections.post(&connection.id, frame).await {
        Ok(PostOutcome::Taken) => Outcome::Taken,
        Ok(PostOutcome::Gone) => Outcome::Gone,
        Ok(PostOutcome::Limited) => match connections.is_open(&connection.id).await {
            Ok(true) => {
                tracing::info!(event = "connection_full", connection_id = %connection.id);
                Outcome::Full
            }
            Ok(false) => Outcome::Gone,
            Err(error) => failed(connection, &error),
        },
        Err(error @ StoreError::Rejected(_)) => {
            tracing::error!(event = "post_rejected", error = chain(&error));
            Outcome::Unpostable
        }
        Err(error) => failed(connection, &error),
    }
}

fn failed(connection: &Connection, error: &StoreError) -> Outcome {
    let error = chain(error);
    tracing::warn!(event = "post_failed", connection_id = %connection.id, error);
    Outcome::Failed
}

/// Ends the registrations of stale connections, in one write for each user. Young connections stay: they may not be
/// open yet.
async fn forget(sessions: &impl Sessions, stale: Vec<(UserId, Connection)>, now: Timestamp) {
    let mut by_user: BTreeMap<UserId, Vec<Connection>> = BTreeMap::new();
    for (user, connection) in stale {
        if !connection.is_young(now) {
            metrics::counter!(metric::STALE_CONNECTIONS).increment(1);
            by_user.entry(user).or_default().push(connection);
        }
    }
    stream::iter(by_user)
        .for_each_concurrent(STORE_CALLS_MAX, |(user, connections)| async move {
            let change = ConnectionChange::closed(&connections);
            if let Err(error) = sessions.change_connections(user, &change, now).await {
                let error = chain(&error);
                tracing::warn!(event = "stale_removal_failed", %user, error, "stale connections stay registered");
            }
        })
        .await;
}
