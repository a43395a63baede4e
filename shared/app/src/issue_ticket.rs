//! Service discovery: where to open a WebSocket, and with what.

use confab_domain::Timestamp;
use confab_protocol::http::Ticket;

use crate::ports::{Identity, Tokens};

/// A short-lived ticket, and the address that it opens.
///
/// The address carries the ticket, since a browser cannot set headers on a
/// WebSocket; it is of no use after a few seconds, and is not logged.
pub fn issue_ticket(tokens: &impl Tokens, identity: Identity, endpoint: &str, now: Timestamp) -> Ticket {
    let (ticket, expires_in_seconds) = tokens.issue_ticket(identity, now);
    Ticket { url: format!("{endpoint}?ticket={ticket}"), ticket, expires_in_seconds }
}
