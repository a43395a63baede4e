//! How far each member of a conversation has read.

use confab_domain::{ConversationId, UserId, membership};
use confab_protocol::http;

use crate::ports::Inboxes;
use crate::{Error, wire};

/// The members' read markers; empty where the conversation has not begun.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider; [`Error::Store`].
pub async fn read_markers(
    inboxes: &(impl Inboxes + Sync),
    reader: UserId,
    conversation: ConversationId,
) -> Result<http::Receipts, Error> {
    let peer = membership::peer_of(conversation, reader)?;
    let mut receipts = Vec::new();
    for user in [reader, peer] {
        if let Some(row) = inboxes.get(user, conversation).await? {
            let read_seq = wire::seq_or_zero(row.read_seq);
            receipts.push(http::ReadMarker { user: user.to_string(), read_seq });
        }
    }
    Ok(http::Receipts { receipts })
}
