//! Moving a read marker, and telling the others.

use confab_domain::{ConnectionId, ConversationId, Refusal, Seq, Timestamp, UserId, membership};
use confab_protocol::{ServerFrame, server::Receipt};

use crate::ports::{Connections, Inboxes, MarkReadOutcome, MessageLog, Sessions};
use crate::{Error, announce};

/// Marks a conversation as read up to `seq`, and tells both users' other devices if that is news.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider and for a position that has no message yet;
/// [`Error::Store`].
pub async fn mark_read(
    store: &(impl Inboxes + MessageLog + Sessions + Sync),
    connections: &(impl Connections + Sync),
    reader: UserId,
    origin: Option<&ConnectionId>,
    conversation: ConversationId,
    seq: Seq,
    now: Timestamp,
) -> Result<(), Error> {
    let peer = membership::peer_of(conversation, reader)?;
    if Some(seq) > store.tail(conversation, 1).await?.last() {
        // It may have been there, and have expired.
        let floor = store.floor(conversation).await?;
        if floor.is_none_or(|floor| seq > floor.upto) {
            return Err(Refusal::field("seq", "is after the last message").into());
        }
    }
    match store.mark_read(reader, conversation, seq).await? {
        MarkReadOutcome::Already => Ok(()),
        MarkReadOutcome::NotAMember => Err(Refusal::NotAMember.into()),
        MarkReadOutcome::Moved => {
            let receipt = ServerFrame::Receipt(Receipt {
                conversation: conversation.to_string(),
                user: reader.to_string(),
                read_seq: seq.get(),
            });
            announce::announce(store, connections, &[peer, reader], origin, &receipt, now).await;
            Ok(())
        }
    }
}
