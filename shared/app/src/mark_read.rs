//! Moving a read marker, and telling the others.

use confab_domain::{ConnectionId, ConversationId, Refusal, Seq, Timestamp, UserId};
use confab_protocol::{ServerFrame, server::Receipt};

use crate::fan_out::told_of_receipt;
use crate::membership::readable_by;
use crate::ports::{Connections, Groups, Inboxes, MarkReadOutcome, MessageLog, Sessions};
use crate::{Error, announce};

/// Marks a conversation as read up to `seq`, and tells the members' devices if that is news; in a group of more than
/// [`TOLD_OF_RECEIPTS_MAX`](confab_domain::group::TOLD_OF_RECEIPTS_MAX), the reader's only.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider and for a position that has no message yet;
/// [`Error::Store`].
pub async fn mark_read(
    store: &(impl Inboxes + Groups + MessageLog + Sessions + Sync),
    connections: &(impl Connections + Sync),
    reader: UserId,
    origin: Option<&ConnectionId>,
    conversation: ConversationId,
    seq: Seq,
    now: Timestamp,
) -> Result<(), Error> {
    let joined = readable_by(store, conversation, reader).await?;
    if joined.since().is_none_or(|since| seq < since && joined.within(seq, seq).is_empty()) {
        return Err(Refusal::NotAMember.into());
    }
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
            let told = match conversation {
                ConversationId::Dm { lower, upper } => vec![lower, upper],
                ConversationId::Group(group) => told_of_receipt(store, group, reader).await?,
            };
            announce::hint(store, connections, &told, origin, &receipt, now).await;
            Ok(())
        }
    }
}
