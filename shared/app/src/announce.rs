//! Telling connected devices.
//!
//! Sessions are read **after** what is announced was stored, strongly
//! consistent. A device writes its session, then syncs; a send appends, then
//! reads sessions: whatever the interleaving, one of the two sees the other.

use std::collections::BTreeSet;

use confab_domain::lease::YOUNG_CONNECTION;
use confab_domain::{ConnectionId, Timestamp, UserId};
use confab_protocol::ServerFrame;
use futures_util::StreamExt;
use futures_util::stream;

use crate::ports::{Connection, Connections, PostOutcome, Session, Sessions, StoreError};
use crate::{Error, metric};

/// Posts under way at once: enough to hide the latency of one HTTP request each.
const POSTS_IN_FLIGHT_MAX: usize = 32;

/// Whether everybody who was to be told was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// The gateway took the event for every connection that there is.
    All,
    /// A post was throttled, or failed.
    NotAll,
}

/// What posting came to.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    /// Whether everybody was told.
    pub(crate) reached: Reached,
    /// Users of whom the gateway took the event for a connection at least.
    pub(crate) taken_by: BTreeSet<UserId>,
}

impl Reached {
    /// Of two announcements together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == Self::All { other } else { self }
    }

    /// For who has to announce again where not everybody was told.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] in that case.
    pub(crate) fn or_again(self) -> Result<(), Error> {
        match self {
            Self::All => Ok(()),
            Self::NotAll => Err(StoreError::Unavailable("some connections were not reached".into()).into()),
        }
    }
}

/// Posts an event to every connection of up to 100 users, but for the one it came from.
///
/// Connections that turn out to be gone are removed from the record.
///
/// # Errors
///
/// [`StoreError`], where nobody was told.
pub async fn announce(
    sessions: &(impl Sessions + Sync),
    connections: &(impl Connections + Sync),
    users: &[UserId],
    except: Option<&ConnectionId>,
    event: &ServerFrame,
    now: Timestamp,
) -> Result<Reached, StoreError> {
    let rows = sessions.sessions(users).await?;
    Ok(post_to(sessions, connections, &rows, except, event, now).await?.reached)
}

/// As [`announce`], by whom has read the session rows.
pub(crate) async fn post_to(
    sessions: &(impl Sessions + Sync),
    connections: &(impl Connections + Sync),
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
    let mut posts = stream::iter(targets)
        .map(|(user, connection)| {
            let frame = &frame;
            async move {
                let outcome = connections.post(&connection.id, frame).await;
                (user, outcome_of(&connection, outcome), connection)
            }
        })
        .buffer_unordered(POSTS_IN_FLIGHT_MAX);
    let (mut reached, mut gone, mut taken_by) = (Reached::All, Vec::new(), BTreeSet::new());
    while let Some((user, outcome, connection)) = posts.next().await {
        match outcome {
            None => {}
            Some(PostOutcome::Taken) => {
                taken_by.insert(user);
            }
            Some(PostOutcome::Gone) => gone.push((user, connection)),
            Some(PostOutcome::Throttled) => reached = Reached::NotAll,
        }
    }
    for (user, connection) in gone {
        forget(sessions, user, &connection, now).await;
    }
    Ok(Posted { reached, taken_by })
}

/// Announces what nobody needs to be told of for certain.
pub(crate) async fn hint(
    sessions: &(impl Sessions + Sync),
    connections: &(impl Connections + Sync),
    users: &[UserId],
    except: Option<&ConnectionId>,
    event: &ServerFrame,
    now: Timestamp,
) {
    if let Err(error) = announce(sessions, connections, users, except, event, now).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "announced to nobody");
    }
}

/// `None` where nothing would come of trying again.
fn outcome_of(connection: &Connection, outcome: Result<PostOutcome, StoreError>) -> Option<PostOutcome> {
    Some(match outcome {
        Ok(PostOutcome::Throttled) => {
            tracing::warn!(connection_id = %connection.id, "a post was throttled");
            PostOutcome::Throttled
        }
        Ok(outcome) => outcome,
        Err(error @ StoreError::Rejected(_)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a post was rejected");
            return None;
        }
        Err(error) => {
            tracing::warn!(
                connection_id = %connection.id,
                error = &error as &dyn std::error::Error,
                "a post failed"
            );
            PostOutcome::Throttled
        }
    })
}

async fn forget(sessions: &(impl Sessions + Sync), user: UserId, connection: &Connection, now: Timestamp) {
    if now.since(connection.opened_at) < YOUNG_CONNECTION {
        return;
    }
    metrics::counter!(metric::STALE_CONNECTIONS).increment(1);
    if let Err(error) = sessions.close_connections(user, std::slice::from_ref(&connection.id)).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a gone connection stays on record");
    }
}
