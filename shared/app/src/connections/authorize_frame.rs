//! Whether a frame may act. The decision precedes all effects of the frame.
//!
//! A frame of a registered connection may act, and an eventually consistent read of the sender's own session row is
//! enough to decide that. Only where this read does not show the connection, the login and the row are read strongly
//! consistent: the connection may be newer than the row that was read, may have lost its registration to a post that
//! came before it was open, may have been displaced, or may be of a login that has ended.

use confab_domain::Presence;
use confab_domain::budget::Budgets;
use confab_domain::sockets::has_free_place;
use confab_protocol::server::ClosingReason;
use futures_util::future;

use crate::accounts::authenticate::check_login;
use crate::ports::{
    Connection, Connections, Consistency, Devices, Identity, PresenceQueue, ReopenOutcome, Session, Sessions,
};
use crate::presence::Context;
use crate::presence::renew::{ensure_watched, renew_on_activity};
use crate::{Error, Limiter};

/// Decides whether a frame may act, renews the lease of its user, and returns the session row. The `attendance` of
/// `connection` is the one that the frame states.
///
/// # Errors
///
/// [`Error::ConnectionEnded`] where the frame may not act; [`Error::Store`] where that is unknown.
pub async fn authorize_frame(
    context: &Context<'_, impl Sessions + Devices, impl PresenceQueue>,
    connections: &impl Connections,
    limiter: &Limiter,
    identity: Identity,
    connection: &Connection,
) -> Result<Session, Error> {
    let seen = context.store.session(identity.user, Consistency::Eventual).await?;
    match seen.filter(|session| session.has_registered(connection)) {
        Some(session) => {
            renew_on_activity(context, connections, limiter, identity, connection, &session).await?;
            Ok(session)
        }
        None => authorize_unregistered(context, connections, identity, connection).await,
    }
}

/// Decides whether a frame of an unregistered connection may act, and registers the connection again if its device
/// has a free place. No other connection is displaced for it: only handshakes displace.
///
/// # Errors
///
/// As [`authorize_frame`].
pub(crate) async fn authorize_unregistered(
    context: &Context<'_, impl Sessions + Devices, impl PresenceQueue>,
    connections: &impl Connections,
    identity: Identity,
    connection: &Connection,
) -> Result<Session, Error> {
    // Boxed, since this path is rare and its future is large.
    Box::pin(authorize_strongly(context, connections, identity, connection)).await
}

async fn authorize_strongly(
    context: &Context<'_, impl Sessions + Devices, impl PresenceQueue>,
    connections: &impl Connections,
    identity: Identity,
    connection: &Connection,
) -> Result<Session, Error> {
    const DISPLACED: Error = Error::ConnectionEnded(ClosingReason::Displaced);
    let (user, now) = (identity.user, context.now);
    let login = async { check_login(context.store, identity).await.map_err(ended) };
    let row = async { Ok(context.store.session(user, Consistency::Strong).await?) };
    let ((), row) = future::try_join(login, row).await?;
    let mut session = row.unwrap_or_else(|| Session {
        user,
        presence: Presence::begun(now),
        connections: Vec::new(),
        displaced: Vec::new(),
        budgets: Budgets::default(),
    });
    if session.has_registered(connection) {
        return Ok(session);
    }
    let is_displaced = session.displaced.iter().any(|other| other.id == connection.id);
    if is_displaced || !has_free_place(identity.device, &session.connections) {
        return Err(DISPLACED);
    }
    if let Ok(false) = connections.is_open(&connection.id).await {
        // The connection has closed by itself after it sent this frame.
        return Ok(session);
    }
    match context.store.reopen_connection(user, connection, now).await? {
        ReopenOutcome::Ended => Err(Error::ConnectionEnded(ClosingReason::LoggedOut)),
        ReopenOutcome::NoPlace => {
            let row = context.store.session(user, Consistency::Strong).await?;
            row.filter(|row| row.has_registered(connection)).ok_or(DISPLACED)
        }
        ReopenOutcome::Reopened => {
            session.presence.lease = session.presence.lease.renewed(connection.attendance, now);
            session.connections.push(connection.clone());
            ensure_watched(context, &session).await;
            Ok(session)
        }
    }
}

fn ended(error: Error) -> Error {
    match error {
        Error::Refused(_) => Error::ConnectionEnded(ClosingReason::LoggedOut),
        error @ (Error::ConnectionEnded(_) | Error::Contended | Error::Store(_) | Error::Internal(_)) => {
            error
        }
    }
}
