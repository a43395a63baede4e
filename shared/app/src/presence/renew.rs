//! Renews leases for heartbeats and other frames.

use std::time::Duration;

use confab_domain::Attendance;
use confab_domain::budget::Charges;

use super::{Context, PresenceTask};
use crate::connections::authorize_frame::authorize_unregistered;
use crate::ports::{Connection, Connections, Devices, Identity, PresenceQueue, Session, Sessions};
use crate::{Error, Limiter, chain};

/// Renews the lease of a user for a heartbeat of a connection, and returns the time until the next heartbeat is due.
///
/// The `attendance` of `connection` is what the heartbeat states. An unregistered connection is authorized as for any
/// frame: see [`authorize_frame`](mod@crate::connections::authorize_frame). Where no watch checks the lease, a watch begins. What
/// the user took of their budgets is added in the same write.
///
/// # Errors
///
/// [`Error::ConnectionEnded`] where the connection may not act; [`Error::Store`].
pub async fn heartbeat(
    context: &Context<'_, impl Sessions + Devices, impl PresenceQueue>,
    connections: &impl Connections,
    limiter: &Limiter,
    identity: Identity,
    connection: &Connection,
) -> Result<Duration, Error> {
    let charges = limiter.take_charges(identity.user, false, context.now);
    let session = renew(context, (connections, limiter), identity, connection, &charges).await?;
    Ok(context.policy.next_heartbeat(&session.presence.lease))
}

async fn renew(
    context: &Context<'_, impl Sessions + Devices, impl PresenceQueue>,
    (connections, limiter): (&impl Connections, &Limiter),
    identity: Identity,
    connection: &Connection,
    charges: &Charges,
) -> Result<Session, Error> {
    let renewed = context.store.renew(identity.user, connection, charges, context.now).await?;
    match renewed.filter(|session| session.has_registered(connection)) {
        Some(session) => {
            limiter.observe(&session, context.now);
            ensure_watched(context, &session).await;
            Ok(session)
        }
        None => authorize_unregistered(context, connections, identity, connection).await,
    }
}

/// Renews the lease for a frame that is no heartbeat.
///
/// Writes only where the last renewal is [too long ago](confab_domain::lease::HeartbeatPolicy::renews), where the frame
/// ends the idleness of the user or of the connection, or where what the user took of their budgets has to be added to
/// the row.
///
/// Best effort: a failure of the store does not fail the frame.
///
/// # Errors
///
/// [`Error::ConnectionEnded`] where the renewal shows that the connection may not act.
pub(crate) async fn renew_on_activity(
    context: &Context<'_, impl Sessions + Devices, impl PresenceQueue>,
    connections: &impl Connections,
    limiter: &Limiter,
    identity: Identity,
    connection: &Connection,
    session: &Session,
) -> Result<(), Error> {
    limiter.observe(session, context.now);
    let shows_idle = session.is_idle() || session.says_idle(connection);
    let ends_idleness = connection.attendance == Attendance::Attended && shows_idle;
    let renews = ends_idleness || context.policy.renews(&session.presence.lease, context.now);
    if !renews && !limiter.is_due(identity.user, context.now) {
        return Ok(());
    }
    // The row was just read, so all pending charges are taken: a second write for them is unlikely.
    let charges = limiter.take_charges(identity.user, true, context.now);
    match Box::pin(renew(context, (connections, limiter), identity, connection, &charges)).await {
        Ok(_) => Ok(()),
        Err(error @ Error::ConnectionEnded(_)) => Err(error),
        Err(error) => {
            tracing::warn!(event = "lease_renew_failed", error = chain(&error));
            Ok(())
        }
    }
}

/// Queues the task that begins a watch, if no watch checks the lease.
///
/// Best effort: the next heartbeat finds the lease without a watch too.
pub(crate) async fn ensure_watched(context: &Context<'_, impl Sync, impl PresenceQueue>, session: &Session) {
    if !session.presence.needs_watch(context.now) {
        return;
    }
    let task = PresenceTask::begin(session.user, context.watch);
    if let Err(error) = context.queue.put(&task, Duration::ZERO).await {
        tracing::warn!(event = "watch_begin_failed", error = chain(&error), "a lease check was not queued");
    }
}
