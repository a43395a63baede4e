//! Service discovery: the address of the WebSocket, and its ticket.

use confab_domain::Timestamp;
use confab_protocol::http::Ticket;

use crate::ports::{Identity, Tokens};

/// Issues a short-lived ticket and the address that it opens.
///
/// The address contains the ticket, since a browser cannot set headers on a WebSocket. The ticket is useless after a
/// few seconds, and the address is not logged.
pub fn issue_ticket(tokens: &impl Tokens, identity: Identity, endpoint: &str, now: Timestamp) -> Ticket {
    let (ticket, expires_in_seconds) = tokens.issue_ticket(identity, now);
    Ticket { url: format!("{endpoint}?ticket={ticket}"), ticket, expires_in_seconds }
}
