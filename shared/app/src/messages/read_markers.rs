//! The read marks of a conversation's members.

use confab_domain::{ConversationId, Refusal, UserId, membership};
use confab_protocol::http;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::ports::{Consistency, Groups, Inboxes};
use crate::{Costed, Error, wire};

/// Returns the members' read marks; empty where the conversation has not begun.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider; [`Error::Store`].
pub async fn read_markers(
    store: &(impl Inboxes + Groups),
    reader: UserId,
    conversation: ConversationId,
) -> Result<Costed<http::Receipts>, Error> {
    let members = match conversation {
        ConversationId::Dm { lower, upper } => vec![reader, membership::peer_of((lower, upper), reader)?],
        ConversationId::Group(group) => {
            let group = store.group(group).await?.ok_or(Refusal::NotFound("group"))?;
            group.role_of(reader)?;
            group.members.into_keys().collect()
        }
    };
    let rows = members.len();
    let receipts = stream::iter(members)
        .map(async |user| Ok::<_, Error>((user, store.get(user, conversation, Consistency::Strong).await?)))
        .buffered(STORE_CALLS_MAX)
        .try_filter_map(async |(user, row)| {
            Ok(row.map(|row| http::ReadMarker {
                user: user.to_string(),
                read_seq: wire::seq_or_zero(row.read_seq),
            }))
        })
        .try_collect()
        .await?;
    Ok(Costed::new(rows, http::Receipts { receipts }))
}
