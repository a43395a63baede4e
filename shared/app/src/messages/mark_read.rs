//! Moving a read mark, and announcing the receipt.

use std::time::Duration;

use confab_domain::{Alerts, ConnectionId, ConversationId, DeviceId, Refusal, Seq, Timestamp, UserId};
use confab_protocol::{ServerFrame, server::ReceiptEvent};

use crate::delivery::fan_out::receipt_audience;
use crate::messages::membership::{Member, membership_of};
use crate::messages::send_message::SendMessage;
use crate::messages::unread::last_seq;
use crate::ports::{
    Connections, Consistency, Groups, Identity, Inboxes, MarkReadOutcome, MessageLog, PushQueue, Sessions,
    StoreError,
};
use crate::push::PushTask;
use crate::{Error, chain, delivery::announce};

/// Maximum number of receipts that one read announces while others move the read mark: each of these announces too.
const RECEIPTS_MAX: u32 = 8;

/// Refusal text for a position outside the reader's memberships.
const OUT: &str = "is of a time in which you were not in this conversation";

/// Marks a conversation as read up to `seq`, or up to its last message where the one at `seq` has expired. If the
/// read mark moves, the members' devices are notified; in a group of more than
/// [`RECEIPT_AUDIENCE_MAX`](confab_domain::group::RECEIPT_AUDIENCE_MAX) members, only the reader's.
///
/// Alerts on the reader's other phones are cleared, best effort.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider, for a position that has no message yet, and for a position beyond the read
/// mark from a time in which the reader was no member; [`Error::Store`].
pub async fn mark_read(
    store: &(impl Inboxes + Groups + MessageLog + Sessions),
    (connections, push): (&impl Connections, &impl PushQueue),
    reader: Identity,
    origin: Option<&ConnectionId>,
    conversation: ConversationId,
    seq: Seq,
    now: Timestamp,
) -> Result<(), Error> {
    let user = reader.user;
    let Some(seq) = check_readable(store, user, conversation, seq, now).await? else { return Ok(()) };
    match store.mark_read(user, conversation, seq).await? {
        MarkReadOutcome::Already => Ok(()),
        MarkReadOutcome::NotAMember => Err(Refusal::NotAMember.into()),
        MarkReadOutcome::Moved(alerts) => {
            let notified = match conversation {
                ConversationId::Dm { lower, upper } => vec![lower, upper],
                ConversationId::Group(group) => receipt_audience(store, group, user).await?,
            };
            let hint = async {
                let receipts =
                    announce_receipts(store, connections, &notified, origin, (user, conversation, seq), now);
                if let Err(error) = receipts.await {
                    tracing::warn!(event = "receipt_failed", error = chain(&error));
                }
            };
            let clearing = clear_alerts(push, &alerts, (user, reader.device), conversation, seq);
            futures_util::future::join(hint, clearing).await;
            Ok(())
        }
    }
}

/// Announces how far a member has read, until the row says the same after the posts. So of two concurrent reads, the
/// last announcement has the further read mark.
async fn announce_receipts(
    store: &(impl Inboxes + Sessions),
    connections: &impl Connections,
    notified: &[UserId],
    origin: Option<&ConnectionId>,
    (user, conversation, mut read_seq): (UserId, ConversationId, Seq),
    now: Timestamp,
) -> Result<(), StoreError> {
    for _ in 0..RECEIPTS_MAX {
        let receipt = ServerFrame::Receipt(ReceiptEvent {
            conversation: conversation.to_string(),
            user: user.to_string(),
            read_seq: read_seq.get(),
        });
        announce::announce(store, connections, notified, origin, &receipt, now).await?;
        let row = store.get(user, conversation, Consistency::Strong).await?;
        match row.and_then(|row| row.read_seq) {
            Some(further) if further > read_seq => read_seq = further,
            _ => break,
        }
    }
    Ok(())
}

/// Marks as read what the author of a message had read, best effort. The other members are not notified.
pub(crate) async fn mark_own(
    inboxes: &impl Inboxes,
    push: &impl PushQueue,
    command: &SendMessage,
    mark: Option<Seq>,
) {
    let (Some(seq), Some(reading)) = (mark, command.reading) else { return };
    let SendMessage { sender, conversation, .. } = *command;
    match inboxes.mark_read(sender, conversation, seq).await {
        Ok(MarkReadOutcome::Moved(alerts)) => {
            clear_alerts(push, &alerts, (sender, reading.device), conversation, seq).await;
        }
        Ok(MarkReadOutcome::Already | MarkReadOutcome::NotAMember) => {}
        Err(error) => {
            let error = chain(&error);
            tracing::warn!(event = "own_mark_failed", error, "the sender's read mark did not move");
        }
    }
}

/// The position to mark; `None` where nothing is left to be marked.
async fn check_readable(
    store: &(impl Inboxes + Groups + MessageLog),
    user: UserId,
    conversation: ConversationId,
    seq: Seq,
    now: Timestamp,
) -> Result<Option<Seq>, Error> {
    let Member { joined, read_seq } = membership_of(store, conversation, user).await?;
    if joined.since().is_none() {
        return Err(Refusal::NotAMember.into());
    }
    if joined.within(seq, seq).is_empty() {
        // A member cannot mark entries from outside their memberships; a read mark beyond such an entry has passed
        // it.
        let is_passed = Some(seq) <= read_seq;
        return if is_passed { Ok(None) } else { Err(Refusal::field("seq", OUT).into()) };
    }
    if Some(seq) <= last_seq(store, conversation).await? {
        return Ok(Some(seq));
    }
    let end = store.end(conversation, 1).await?;
    let last = end.tail.last();
    // A position that is only reserved has no message. One whose message has expired reveals nothing, and is
    // accepted.
    if Some(seq) > last && !end.decisive().may_have_been_used(seq, now) {
        return Err(Refusal::field("seq", "is after the last message").into());
    }
    Ok(last.map(|last| last.min(seq)))
}

async fn clear_alerts(
    queue: &impl PushQueue,
    alerts: &Alerts,
    (user, reader): (UserId, DeviceId),
    conversation: ConversationId,
    seq: Seq,
) {
    if !alerts.is_shown() {
        return;
    }
    let task = PushTask::clear(user, conversation, (reader, seq));
    if let Err(error) = queue.put(&task, Duration::ZERO).await {
        tracing::warn!(event = "clear_failed", error = chain(&error), "alerts stay on other phones");
    }
}
