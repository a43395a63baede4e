//! Claiming a message's key, and the checks that precede its append.

use confab_domain::claim::{Claim, lies_after_known};
use confab_domain::high_water::LogEnd;
use confab_domain::own_mark::Before;
use confab_domain::{ConversationId, Refusal, Seq, Timestamp, UserId};
use futures_util::future;

use crate::messages::append::TAIL_ENTRIES;
use crate::messages::find_message::{Bound, Search, search_back, search_past};
use crate::messages::membership::{Member, membership_of};
use crate::messages::send_message::{SendMessage, Writer};
use crate::messages::unread::last_seq;
use crate::ports::{ClaimOutcome, Contacts, Groups, Inboxes, MessageLog, StoreError, Tail, Users};
use crate::{Error, chain};

/// What a send knows once it has claimed its key.
pub(crate) struct Claimed {
    pub(crate) claim: Claim,
    /// The newest entries, read concurrently with the claim.
    tail: Tail,
    end: LogEnd,
    /// Whether the peer in a 1:1 conversation has blocked the sender.
    is_blocked: bool,
    /// The head that this process knew before the claim.
    known: Option<Seq>,
    /// The sender's read mark.
    pub(crate) read_seq: Option<Seq>,
    /// The entries before the message, as far as they were read concurrently with the claim.
    pub(crate) before: Before,
}

/// Claims the key, and concurrently reads everything that decides about the message. Opens a 1:1 conversation at its
/// first message.
///
/// `authorized` runs concurrently with the claim, and decides before anything else is written or answered. If it
/// refuses, the claim is released, best effort.
pub(crate) async fn claim(
    store: &(impl MessageLog + Inboxes + Groups + Contacts + Users),
    writer: &Writer,
    command: &SendMessage,
    peer: Option<UserId>,
    authorized: impl Future<Output = Result<(), Error>>,
    now: Timestamp,
) -> Result<Claimed, Error> {
    let SendMessage { sender, conversation, .. } = command;
    let known = writer.heads.get(*conversation);
    let claimed = async {
        check_answered(store, writer, command).await?;
        let claimed = future::try_join3(
            store.claim(command.claim_key(), now),
            store.end(*conversation, TAIL_ENTRIES),
            is_blocked(store, *sender, peer),
        );
        Ok::<_, Error>(claimed.await?)
    };
    let (claimed, authorized) = future::join(claimed, authorized).await;
    if let Err(refusal) = authorized {
        if claimed.is_ok_and(|(outcome, ..)| outcome.claim.is_fresh())
            && let Err(error) = store.release_claim(command.claim_key(), now).await
        {
            // The claim stays, like one of a send whose outcome is unknown. The decision itself is known.
            let error = chain(&error);
            tracing::warn!(event = "claim_release_failed", error, "the claim of a refused message stays");
        }
        return Err(refusal);
    }
    let (outcome, end, is_blocked) = claimed?;
    let (tail, end) = (end.tail.clone(), end.decisive());
    let outcome = match (outcome.claim, peer) {
        (Claim::NotAMember, Some(_)) if is_blocked => return Err(Refusal::NotAccepted.into()),
        (Claim::NotAMember, Some(peer)) => {
            open_conversation(store, *sender, peer, *conversation).await?;
            store.claim(command.claim_key(), now).await?
        }
        _ => outcome,
    };
    let ClaimOutcome { claim, read_seq } = outcome;
    let before = Before::of(&tail.newest, *sender);
    Ok(Claimed { claim, tail, end, is_blocked, known, read_seq, before })
}

/// Checks, before the claim, that the message that is replied to exists: a refused message takes no place among the
/// remembered keys.
async fn check_answered(
    store: &(impl MessageLog + Inboxes + Groups),
    writer: &Writer,
    command: &SendMessage,
) -> Result<(), Error> {
    let Some(answered) = command.content.reply_to else { return Ok(()) };
    if writer.heads.get(command.conversation) >= Some(answered) {
        return Ok(());
    }
    let last = last_seq(store, command.conversation).await?;
    let next = Seq::following(last).ok_or(Error::Internal("a log is full"))?;
    let checked = command.content.check_at(next);
    if checked.is_err() && command.conversation.group().is_some() {
        // The refusal must not show an outsider where the log ends.
        let Member { joined, .. } = membership_of(store, command.conversation, command.sender).await?;
        joined.since().ok_or(Refusal::NotAMember)?;
    }
    Ok(checked?)
}

/// Searches for a message that an earlier request with the same key has appended, and refuses a message that may not
/// be appended.
pub(crate) async fn find_earlier(
    store: &(impl MessageLog + Inboxes + Groups),
    command: &SendMessage,
    claimed: Claimed,
    now: Timestamp,
) -> Result<(Search, LogEnd), Error> {
    let Claimed { claim, tail, end, is_blocked, known, .. } = claimed;
    let search = match claim {
        Claim::NotAMember => return Ok((search_past(store, command).await?, end)),
        // The tail was read concurrently with the claim, not before it: between the two, a concurrent retry may have
        // found the claim and appended the message.
        Claim::Fresh { forgot } => {
            let bound = Bound::fresh(now, known, lies_after_known(forgot, now));
            let search = search_back(store, command, tail, bound).await?;
            if let Search::Found(message) = &search
                && command.is_of(message)
            {
                // The message is from a claim that was forgotten. The renewed claim bears its time, so that the next
                // retry searches as far back.
                store.renew_claim(command.claim_key(), message.sent_at).await?;
            }
            search
        }
        Claim::Repeated { claimed_at } => {
            let hides_newer = end.with_newest(tail.newest.first()).may_hide_newer(now);
            let bound = Bound::repeated(claimed_at, hides_newer, now);
            search_back(store, command, tail, bound).await?
        }
    };
    if let Search::NotBefore(newest) = &search
        && end.with_newest(newest.as_deref()).may_hide_newer(now)
    {
        // The entry that ended the group may have expired before all of the group's rows were closed.
        check_still_in(store, command).await?;
    }
    // A message that was appended before the block is acknowledged after it too.
    if is_blocked && !matches!(search, Search::Found(_)) {
        return Err(Refusal::NotAccepted.into());
    }
    Ok((search, end))
}

/// Whether the peer in a 1:1 conversation has blocked the sender.
async fn is_blocked(
    contacts: &impl Contacts,
    sender: UserId,
    peer: Option<UserId>,
) -> Result<bool, StoreError> {
    let Some(peer) = peer else { return Ok(false) };
    Ok(contacts.relation(sender, peer).await?.blocked_by_at.is_some())
}

/// Refuses a sender who is not in the group, by the group itself: the log entry of the sender's return may have
/// expired.
pub(crate) async fn check_still_in(groups: &impl Groups, command: &SendMessage) -> Result<(), Error> {
    if let Some(group) = command.conversation.group() {
        let group = groups.group(group).await?.ok_or(Refusal::NotFound("group"))?;
        group.role_of(command.sender)?;
    }
    Ok(())
}

/// Opens a 1:1 conversation at its first message.
async fn open_conversation(
    store: &(impl Inboxes + Users),
    sender: UserId,
    peer: UserId,
    conversation: ConversationId,
) -> Result<(), Error> {
    if store.user(peer).await?.is_none() {
        return Err(Refusal::NotFound("user").into());
    }
    Ok(store.open(conversation, [sender, peer]).await?)
}
