//! Telling connected devices.
//!
//! Sessions are read **after** what is announced was stored, strongly
//! consistent. A device writes its session, then syncs; a send appends, then
//! reads sessions: whatever the interleaving, one of the two sees the other.

use confab_domain::lease::YOUNG_CONNECTION;
use confab_domain::{ConnectionId, Timestamp, UserId};
use confab_protocol::ServerFrame;
use futures_util::StreamExt;
use futures_util::stream;

use crate::metric;
use crate::ports::{Connection, Connections, PostOutcome, Sessions, StoreError};

/// Posts under way at once: enough to hide the latency of one HTTP request each.
const POSTS_IN_FLIGHT_MAX: usize = 16;

/// Posts an event to every connection of some users, but for the one it came from.
///
/// Never fails: an announcement is a hint, and whoever misses it finds the hole
/// or syncs. Connections that turn out to be gone are removed from the record.
pub async fn announce(
    sessions: &(impl Sessions + Sync),
    connections: &(impl Connections + Sync),
    users: &[UserId],
    except: Option<&ConnectionId>,
    event: &ServerFrame,
    now: Timestamp,
) {
    let rows = match sessions.sessions(users).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "announced to nobody");
            return;
        }
    };
    let Ok(frame) = serde_json::to_vec(event) else { return };
    let targets: Vec<(UserId, Connection)> = rows
        .into_iter()
        .flat_map(|row| row.connections.into_iter().map(move |connection| (row.user, connection)))
        .filter(|(_, connection)| Some(&connection.id) != except)
        .collect();
    let gone: Vec<(UserId, Connection)> = stream::iter(targets)
        .map(|(user, connection)| {
            let frame = &frame;
            async move {
                let outcome = connections.post(&connection.id, frame).await;
                is_gone(&connection, outcome).then_some((user, connection))
            }
        })
        .buffer_unordered(POSTS_IN_FLIGHT_MAX)
        .filter_map(std::future::ready)
        .collect()
        .await;
    for (user, connection) in gone {
        forget(sessions, user, &connection, now).await;
    }
}

fn is_gone(connection: &Connection, outcome: Result<PostOutcome, StoreError>) -> bool {
    match outcome {
        Ok(PostOutcome::Taken) => false,
        Ok(PostOutcome::Gone) => true,
        Ok(PostOutcome::Throttled) => {
            tracing::warn!(connection_id = %connection.id, "a post was throttled");
            false
        }
        Err(error) => {
            tracing::warn!(
                connection_id = %connection.id,
                error = &error as &dyn std::error::Error,
                "a post failed"
            );
            false
        }
    }
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
