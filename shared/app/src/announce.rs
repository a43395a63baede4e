//! Telling connected devices.
//!
//! Sessions are read **after** what is announced was stored, strongly
//! consistent. A device writes its session, then syncs; a send appends, then
//! reads sessions: whatever the interleaving, one of the two sees the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use confab_domain::liveness::PostStatus;
use confab_domain::{ConnectionId, Timestamp, UserId};
use confab_protocol::ServerFrame;
use futures_util::StreamExt;
use futures_util::stream;

use crate::chain;
use crate::concurrency::STORE_CALLS_MAX;
use crate::metric;
use crate::ports::{Connection, ConnectionChange, Connections, PostOutcome, Session, Sessions, StoreError};
use crate::unreached::CONNECTIONS_PER_TASK;

/// Posts under way at once: enough to hide the latency of one HTTP request each.
pub(crate) const POSTS_IN_FLIGHT_MAX: usize = 32;

/// After so many connections that do not take an event the others are left to another request: each may have taken a
/// second, and whoever reads is not to wait for who does not.
const REFUSED_MAX: usize = CONNECTIONS_PER_TASK;

/// What posting came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posted {
    /// Users of whom the gateway took the event for a connection at least.
    pub(crate) taken_by: BTreeSet<UserId>,
    /// Connections that the gateway does not have.
    pub(crate) stale: BTreeSet<ConnectionId>,
    /// Connections that have no room for it.
    pub(crate) full: Vec<FullConnection>,
    /// Connections to which the gateway failed to post it, for reasons of its own.
    pub(crate) failed: Vec<(UserId, Connection)>,
    /// Connections that it was not offered to.
    pub(crate) unoffered: Vec<(UserId, Connection)>,
}

/// A connection of which the gateway said that it is there and has no room.
///
/// Made from a post's answer alone, and the one thing that [`close_slow`](crate::unreached::close_slow) closes: a
/// failure of the gateway cannot become a reason to close anybody.
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
    /// Whether there is nobody to whom it is to be offered again.
    pub(crate) fn is_done(&self) -> bool {
        self.full.is_empty() && self.failed.is_empty() && self.unoffered.is_empty()
    }

    /// What has become of the posts to one user.
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

/// Posts an event to every connection of some users, but for the one it came from.
///
/// Connections that turn out to be gone are removed from the record.
///
/// # Errors
///
/// [`StoreError`], where nobody was told.
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

/// As [`announce`], by whom has read the session rows.
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

/// Announces what nobody needs to be told of for certain.
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

/// What became of an event for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Taken,
    Gone,
    /// The connection has no room; it may take it later.
    Full,
    /// The gateway failed, or is asked too much.
    Failed,
    Unoffered,
    /// Nothing would come of offering it again.
    Unpostable,
}

/// Posts a frame to one connection, and finds out whose fault it is where that was not taken.
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

/// Ends the registrations of stale connections, in one write for each user; young ones may not be open yet.
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
