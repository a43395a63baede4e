//! A connection has ended.

use confab_domain::{ConnectionId, UserId};

use crate::Error;
use crate::ports::Sessions;

/// Takes a connection off the record. Its user stays online for the rest of the
/// lease: a tunnel is not a logout.
///
/// # Errors
///
/// [`Error::Store`]; the first post to the connection will take it off then.
pub async fn close_connection(
    sessions: &impl Sessions,
    user: UserId,
    connection: &ConnectionId,
) -> Result<(), Error> {
    Ok(sessions.close_connections(user, std::slice::from_ref(connection)).await?)
}
