//! Opening a connection.

use confab_domain::sockets::{
    Admission, DisplacedConnection, HANDSHAKE_RETRY_AFTER, admit, stuck, to_forget,
};
use confab_domain::{Attendance, Refusal, UserId};
use confab_protocol::server::ClosingReason;

use crate::Error;
use crate::accounts::authenticate::check_credential;
use crate::accounts::end_device::end_lease_if_alone;
use crate::connections::close_connection::{Closings, close_connection, close_each, close_later};
use crate::ports::{
    AccessClaims, Connection, ConnectionChange, ConnectionKey, Connections, Devices, OpenOutcome,
    PresenceQueue, Session, Sessions,
};
use crate::presence::Context;
use crate::presence::renew::ensure_watched;

/// Registers a connection, renews its user's lease, and has the lease watched if no watch exists.
///
/// The oldest connections beyond the device's five get a `closing` frame and are closed. The login is read after the
/// connection is registered: a logout removes the login and then searches for connections, so one of the two sees the
/// other. A handshake by an access token is a use of its generation.
///
/// # Errors
///
/// [`Error::Refused`] where the login has ended, and as [`Refusal::RateLimited`] where the device has too many
/// handshakes under way; [`Error::Store`], [`Error::Contended`]. Then the connection is not registered, unless the
/// store fails to end the registration too.
pub async fn open_connection(
    context: &Context<'_, impl Sessions + Devices, impl PresenceQueue>,
    connections: &impl Connections,
    claims: impl Into<AccessClaims>,
    connection: &Connection,
) -> Result<(), Error> {
    let claims: AccessClaims = claims.into();
    let identity = claims.identity;
    let registered = match context.store.open_connection(identity.user, connection, context.now).await {
        Ok(OpenOutcome::Full(session)) => {
            let forgotten = close_remembered(context, connections, &session).await;
            let stuck = stuck(identity.device, &session.connections, context.now);
            let change = ConnectionChange { forgotten, ..ConnectionChange::default() };
            displace(context, connections, identity.user, stuck, change).await?;
            return Err(too_many());
        }
        Ok(OpenOutcome::Opened(session)) => Ok(session),
        Err(error) => Err(error.into()),
    };
    let admitted = match registered {
        Ok(session) => make_room(context, connections, claims, connection, &session).await,
        Err(error) => Err(error),
    };
    let Err(error) = admitted else { return Ok(()) };
    let key = ConnectionKey::from(connection);
    close_connection(context.store, identity.user, key, context.now).await?;
    // A failed read does not show that the login has ended: the device connects again.
    if matches!(error, Error::Refused(Refusal::Unauthenticated(_))) {
        end_lease_if_alone(context, identity.user).await?;
    }
    Err(error)
}

/// Checks the login of a registered connection, and displaces other connections for it.
async fn make_room(
    context: &Context<'_, impl Sessions + Devices, impl PresenceQueue>,
    connections: &impl Connections,
    claims: AccessClaims,
    connection: &Connection,
    session: &Session,
) -> Result<(), Error> {
    check_credential(context.store, claims).await?;
    ensure_watched(context, session).await;
    let forgotten = close_remembered(context, connections, session).await;
    let is_kept = |other: &&DisplacedConnection| !forgotten.contains(&ConnectionKey::from(*other));
    let kept: Vec<DisplacedConnection> = session.displaced.iter().filter(is_kept).cloned().collect();
    let (displaced, expired) = match admit(connection, &session.connections, &kept, context.now) {
        Admission::Admitted { displaced, expired } => (displaced, expired),
        Admission::Refused => {
            let change = ConnectionChange { forgotten, ..ConnectionChange::default() };
            displace(context, connections, session.user, Vec::new(), change).await?;
            return Err(too_many());
        }
    };
    let change = ConnectionChange { forgotten, ..ConnectionChange::closed(&expired) };
    displace(context, connections, session.user, displaced, change).await
}

/// Closes displaced connections whose handshakes have certainly ended. Returns those that need not be remembered any
/// more.
async fn close_remembered(
    context: &Context<'_, impl Sync, impl Sync>,
    connections: &impl Connections,
    session: &Session,
) -> Vec<ConnectionKey> {
    let remembered = to_forget(&session.displaced, context.now).into_iter().map(|other| Connection {
        id: other.id,
        device: other.device,
        family: None,
        opened_at: other.displaced_at,
        attendance: Attendance::Unstated,
    });
    close_each(connections, remembered, ClosingReason::Displaced, context.now).await.closed
}

fn too_many() -> Error {
    Refusal::RateLimited { retry_after: HANDSHAKE_RETRY_AFTER }.into()
}

/// Closes displaced connections, and writes `change` together with those that may still open.
async fn displace(
    context: &Context<'_, impl Sessions, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    displaced: Vec<Connection>,
    mut change: ConnectionChange,
) -> Result<(), Error> {
    let Closings { closed, unconfirmed } =
        close_each(connections, displaced, ClosingReason::Displaced, context.now).await;
    change.closed.extend(closed);
    change.displaced = unconfirmed;
    if change.is_empty() {
        return Ok(());
    }
    // The message is queued before the row forgets the connections: a request that dies in between leaves none open
    // for good.
    close_later(context, user, &change.displaced, ClosingReason::Displaced).await?;
    Ok(context.store.change_connections(user, &change, context.now).await?)
}
