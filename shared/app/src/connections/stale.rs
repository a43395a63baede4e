//! Finding the stale ones among registered connections.

use confab_domain::Timestamp;
use futures_util::{StreamExt, stream};

use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::ports::{Connection, Connections};

/// Returns the connections that are older than the gateway lets any be, and those that the gateway does not have;
/// except young ones, which may not be open yet. Where the gateway does not answer, a connection counts as open.
pub(crate) async fn stale_among(
    connections: &impl Connections,
    registered: Vec<Connection>,
    now: Timestamp,
) -> Vec<Connection> {
    stream::iter(registered)
        .map(|open| async move {
            let is_stale = open.is_expired(now)
                || (!open.is_young(now) && connections.is_open(&open.id).await.is_ok_and(|is_open| !is_open));
            is_stale.then_some(open)
        })
        .buffer_unordered(STORE_CALLS_MAX)
        .filter_map(std::future::ready)
        .collect()
        .await
}
