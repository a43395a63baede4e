//! A device says that it is alive.

use std::time::Duration;

use confab_domain::ConnectionId;
use confab_domain::budget::Charges;

use super::{Context, PresenceTask};
use crate::open_connection::put_on_record;
use crate::ports::{Devices, Identity, PresenceQueue, Session, Sessions};
use crate::{Error, Limiter};

/// Renews the lease of a user, by one of its connections, and gives when the next heartbeat is due.
///
/// A connection that fell off the record, by a post that came before it was open, is put back; unless its login has
/// ended. Where nobody watches the lease, somebody begins to. What the user took of their budgets goes with it.
///
/// # Errors
///
/// [`Error::Refused`] where the login has ended; [`Error::Store`], [`Error::Contended`].
pub async fn heartbeat(
    context: &Context<'_, impl Sessions + Devices + Sync, impl PresenceQueue + Sync>,
    limiter: &Limiter,
    identity: Identity,
    connection: ConnectionId,
) -> Result<Duration, Error> {
    let charges = limiter.take_charges(identity.user, false, context.now);
    renew(context, limiter, identity, connection, &charges).await
}

async fn renew(
    context: &Context<'_, impl Sessions + Devices + Sync, impl PresenceQueue + Sync>,
    limiter: &Limiter,
    identity: Identity,
    connection: ConnectionId,
    charges: &Charges,
) -> Result<Duration, Error> {
    let session = match context.store.renew(identity.user, &connection, charges, context.now).await? {
        Some(session) => session,
        None => put_on_record(context, identity, connection).await?,
    };
    limiter.observe(&session, context.now);
    begin_to_watch(context, &session).await;
    Ok(context.policy.next_heartbeat(&session.presence.lease))
}

/// Any other frame says the same as a heartbeat; the lease is renewed if that says anything new, or if the user took so
/// much of their budgets that the row has to be told.
///
/// Best effort, for the frame has its own purpose.
pub async fn frame(
    context: &Context<'_, impl Sessions + Devices + Sync, impl PresenceQueue + Sync>,
    limiter: &Limiter,
    identity: Identity,
    connection: &ConnectionId,
) {
    match context.store.glance(identity.user).await {
        Ok(session) => frame_of(context, limiter, identity, connection, session.as_ref()).await,
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "a sign of life is lost"),
    }
}

/// As [`frame`], by whom knows the session row.
pub async fn frame_of(
    context: &Context<'_, impl Sessions + Devices + Sync, impl PresenceQueue + Sync>,
    limiter: &Limiter,
    identity: Identity,
    connection: &ConnectionId,
    session: Option<&Session>,
) {
    if let Some(session) = session {
        limiter.observe(session, context.now);
    }
    let is_known = session.is_some_and(|session| {
        session.connections.iter().any(|open| open.id == *connection)
            && !context.policy.renews(&session.presence.lease, context.now)
    });
    if is_known && !limiter.is_due(identity.user, context.now) {
        return;
    }
    // The row was just seen, so it is known what is expected of it.
    let charges = limiter.take_charges(identity.user, true, context.now);
    // Boxed, since it is rare and its future is large.
    if let Err(error) = Box::pin(renew(context, limiter, identity, connection.clone(), &charges)).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a sign of life is lost");
    }
}

/// Has the lease watched, if nobody does.
///
/// Best effort: the next heartbeat finds it unwatched too.
pub(crate) async fn begin_to_watch(
    context: &Context<'_, impl Sync, impl PresenceQueue + Sync>,
    session: &Session,
) {
    if !session.presence.needs_watch(context.now) {
        return;
    }
    let task = PresenceTask::begin(session.user, context.watch);
    if let Err(error) = context.queue.put(&task, Duration::ZERO).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "nobody watches a lease yet");
    }
}
