//! Sending a message: claim, append, announce.
//!
//! Three store round trips: (claim ∥ end of the log) → append → sessions of the recipients. The order matters: see
//! `confab_domain::claim` for why a claim precedes the append, [`crate::announce`] for why sessions are read after it.

use confab_domain::claim::{Claim, searched_far_enough};
use confab_domain::high_water::LogEnd;
use confab_domain::retention::Retention;
use confab_domain::{
    ClientMessageId, ConnectionId, Content, ConversationId, Kind, MembershipLimits, Message, Refusal, Seq,
    Timestamp, UserId, membership,
};
use confab_protocol as protocol;

use crate::append::{ATTEMPTS_MAX, NextPosition, TAIL_ENTRIES, next_position};
use crate::delivery::Delivery;
use crate::fan_out::{announce_in_group, announce_to_pair};
use crate::membership::{not_a_member, readable_by};
use crate::ports::{
    AppendError, Connections, Contacts, Direction, FanOutQueue, Groups, Inboxes, MessageLog, PushQueue,
    Range, Session, Sessions, StoreError, Tail, Users,
};
use crate::{Error, HeadCache, Lanes, metric, wire};

/// Entries in one page of a search for the caller's own message.
const SEARCH_PAGE: u32 = 100;

/// What the caller wants to send.
#[derive(Clone, Debug)]
pub struct SendMessage {
    /// Who sends.
    pub sender: UserId,
    /// The WebSocket that it came by, which gets the answer instead of the event.
    pub origin: Option<ConnectionId>,
    /// Where to.
    pub conversation: ConversationId,
    /// Idempotency key.
    pub key: ClientMessageId,
    /// What it says.
    pub content: Content,
    /// Drawn at random for each request.
    pub attempt: confab_domain::log::Attempt,
}

/// What a send came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The answer.
    pub ack: protocol::Ack,
    /// The sender's session row, where it was read to announce a 1:1 message.
    pub senders_session: Option<Session>,
}

/// What outlives one send in a process.
#[derive(Debug, Default)]
pub struct Writer {
    /// Heads of the logs that this process wrote to.
    pub heads: HeadCache,
    /// Order among this process's own sends.
    pub lanes: Lanes,
    /// How long messages are kept.
    pub retention: Retention,
    /// How many memberships a user may have.
    pub memberships: MembershipLimits,
}

/// Appends a message once, however often it is sent, and tells the members' devices.
///
/// Once this answers, the message is durable at its `seq`. Announcing is best
/// effort: a device that misses it finds the hole, or syncs.
///
/// # Errors
///
/// [`Error::Refused`]: nothing was appended. [`Error::Contended`] and
/// [`Error::Store`]: unknown; send it again with the same key.
pub async fn send_message(
    store: &(impl MessageLog + Inboxes + Groups + Contacts + Sessions + Users + Sync),
    (delivery, queue): (
        &Delivery<'_, impl Connections + Sync, impl PushQueue + Sync>,
        &(impl FanOutQueue + Sync),
    ),
    writer: &Writer,
    command: SendMessage,
    now: Timestamp,
) -> Result<Sent, Error> {
    let peer = match command.conversation {
        ConversationId::Dm { lower, upper } => Some(membership::peer_of((lower, upper), command.sender)?),
        ConversationId::Group(_) => None,
    };
    command.content.check(wire::CONTENT_LIMITS)?;
    check_answered(store, writer, &command).await?;
    let (message, duplicate) = append(store, writer, &command, peer, now).await?;
    let origin = command.origin.as_ref();
    let senders_session = match peer {
        Some(peer) => {
            let pair = [peer, command.sender];
            announce_to_pair(store, (delivery, queue), pair, &message, origin, now).await
        }
        None => {
            announce_in_group(store, (delivery, queue), &message, origin, now).await;
            None
        }
    };
    let ack = protocol::Ack {
        id: message.client_message_id.to_string(),
        conversation: message.conversation.to_string(),
        seq: message.seq.get(),
        sent_at_ms: message.sent_at.as_ms(),
        duplicate,
    };
    Ok(Sent { ack, senders_session })
}

/// Checks before the claim that what the message answers is there: a refused
/// message is none of those whose keys are remembered.
async fn check_answered(
    store: &(impl MessageLog + Inboxes + Groups + Sync),
    writer: &Writer,
    command: &SendMessage,
) -> Result<(), Error> {
    let Some(answered) = command.content.reply_to else { return Ok(()) };
    if writer.heads.get(command.conversation) >= Some(answered) {
        return Ok(());
    }
    let last = crate::unread::last_seq(store, command.conversation).await?;
    let next = Seq::following(last).ok_or(Error::Internal("a log is full"))?;
    let checked = command.content.check_at(next);
    if checked.is_err() && command.conversation.group().is_some() {
        // An outsider does not learn from the refusal how far the log goes.
        let joined = readable_by(store, command.conversation, command.sender).await?;
        joined.since().ok_or(Refusal::NotAMember)?;
    }
    Ok(checked?)
}

/// How far the log has been searched for the caller's own message.
enum Search {
    /// Here it is.
    Found(Box<Message>),
    /// It is not at or before the newest message, which is this one.
    NotBefore(Option<Box<Message>>),
    /// Nor is it there, and what was looked at tells that the sender is out.
    Out(Option<Box<Message>>),
}

async fn append(
    store: &(impl MessageLog + Inboxes + Groups + Contacts + Users + Sync),
    writer: &Writer,
    command: &SendMessage,
    peer: Option<UserId>,
    now: Timestamp,
) -> Result<(Message, bool), Error> {
    let _turn = writer.lanes.enter(command.conversation).await;
    let (mut search, mut end) = claim_and_search(store, writer, command, peer, now).await?;
    for _ in 0..ATTEMPTS_MAX {
        let newest = match search {
            Search::Found(message) => return Ok((*message, true)),
            Search::NotBefore(newest) => newest,
            Search::Out(newest) => {
                check_still_in(store, command).await?;
                newest
            }
        };
        end = end.with_newest(newest.as_deref());
        let at = next_position(store, writer.retention, command.conversation, end, now).await?;
        let (seq, mark_revision) = match at {
            NextPosition::At(seq, mark_revision) => (seq, mark_revision),
            NextPosition::Moved(moved) => {
                (end, search) = (moved, search_after(store, command, newest).await?);
                continue;
            }
        };
        let message = Message { mark_revision, ..message_at(command, seq, writer.retention, now) };
        match store.append(&message).await {
            Ok(()) => {
                metrics::counter!(metric::SENDS).increment(1);
                writer.heads.put(command.conversation, seq);
                return Ok((message, false));
            }
            Err(AppendError::Store(error)) => return Err(error.into()),
            Err(AppendError::Occupied(occupant)) if occupant.is(command.sender, &command.key) => {
                let duplicate = occupant.attempt != command.attempt;
                return Ok((*occupant, duplicate));
            }
            Err(AppendError::Occupied(_)) => {
                metrics::counter!(metric::APPEND_CONFLICTS).increment(1);
                search = search_after(store, command, newest).await?;
            }
        }
    }
    Err(Error::Contended)
}

fn message_at(command: &SendMessage, seq: Seq, retention: Retention, now: Timestamp) -> Message {
    Message {
        conversation: command.conversation,
        seq,
        sender: command.sender,
        client_message_id: command.key.clone(),
        content: command.content.clone(),
        kind: Kind::Text,
        sent_at: now,
        attempt: command.attempt,
        expires_at: retention.expires_at(now),
        mark_revision: 0,
    }
}

/// Claims the key, and looks whether an earlier request with it has appended the message.
async fn claim_and_search(
    store: &(impl MessageLog + Inboxes + Groups + Contacts + Users + Sync),
    writer: &Writer,
    command: &SendMessage,
    peer: Option<UserId>,
    now: Timestamp,
) -> Result<(Search, LogEnd), Error> {
    let SendMessage { sender, conversation, key, .. } = command;
    // Known before the key was claimed, so a claim that is fresh was appended nowhere up to here.
    let known = writer.heads.get(*conversation);
    let (claim, end, is_blocked) = futures_util::future::try_join3(
        store.claim(*sender, *conversation, key, now),
        store.end(*conversation, TAIL_ENTRIES),
        is_blocked(store, *sender, peer),
    )
    .await?;
    let (tail, end) = (end.tail.clone(), end.decisive());
    let claim = match (claim, peer) {
        (Claim::NotAMember, Some(_)) if is_blocked => return Err(Refusal::NotAccepted.into()),
        (Claim::NotAMember, Some(peer)) => {
            open_conversation(store, *sender, peer, *conversation).await?;
            store.claim(*sender, *conversation, key, now).await?
        }
        (claim, _) => claim,
    };
    let search = match claim {
        Claim::NotAMember => return Ok((search_past(store, command).await?, end)),
        // The tail was read beside the claim, not before it: between the two, a
        // concurrent retry may have found the claim and appended the message.
        Claim::Fresh => search_back(store, command, tail, now, known).await?,
        Claim::Repeated { claimed_at } => search_back(store, command, tail, claimed_at, None).await?,
    };
    if let Search::NotBefore(newest) = &search
        && end.with_newest(newest.as_deref()).may_hide_newer(now)
    {
        // What told of the group's end, before its rows were all closed, may be gone.
        check_still_in(store, command).await?;
    }
    // What was appended before the block is acknowledged after it too.
    if is_blocked && !matches!(search, Search::Found(_)) {
        return Err(Refusal::NotAccepted.into());
    }
    Ok((search, end))
}

/// Whether the other of a 1:1 conversation takes no messages from the sender.
async fn is_blocked(
    contacts: &(impl Contacts + Sync),
    sender: UserId,
    peer: Option<UserId>,
) -> Result<bool, StoreError> {
    let Some(peer) = peer else { return Ok(false) };
    Ok(contacts.relation(sender, peer).await?.blocked_by_at.is_some())
}

/// Refuses who is not in the group, by the group itself: the log may have lost to expiry what tells that they came back.
async fn check_still_in(groups: &(impl Groups + Sync), command: &SendMessage) -> Result<(), Error> {
    if let Some(group) = command.conversation.group() {
        let group = groups.group(group).await?.ok_or(Refusal::NotFound("group"))?;
        group.role_of(command.sender)?;
    }
    Ok(())
}

/// Looks for a message that somebody sent before they were taken out, and of which they have lost the ack.
async fn search_past(
    store: &(impl MessageLog + Inboxes + Groups + Sync),
    command: &SendMessage,
) -> Result<Search, Error> {
    let Some(group) = command.conversation.group() else {
        return Err(Error::Internal("an inbox row vanished"));
    };
    let refusal = not_a_member(store, group).await?;
    let row = store.get(command.sender, command.conversation).await?;
    let left = row.as_ref().and_then(|row| row.joined.past().last());
    if let (Refusal::NotAMember, Some((from, to))) = (&refusal, left) {
        let range = Range { from: *from, to: *to, direction: Direction::Down };
        let page = store.page(command.conversation, range, SEARCH_PAGE).await?;
        let own = page.entries.into_iter().find(|entry| entry.is(command.sender, &command.key));
        if let Some(own) = own {
            return Ok(Search::Found(Box::new(own)));
        }
    }
    Err(refusal.into())
}

/// Makes a 1:1 conversation at its first message.
async fn open_conversation(
    store: &(impl Inboxes + Users + Sync),
    sender: UserId,
    peer: UserId,
    conversation: ConversationId,
) -> Result<(), Error> {
    if store.user(peer).await?.is_none() {
        return Err(Refusal::NotFound("user").into());
    }
    Ok(store.open(conversation, [sender, peer]).await?)
}

/// Looks for the caller's message from the newest entry back to the time of its
/// claim, or to a position that it is known not to be at or before.
async fn search_back(
    store: &(impl MessageLog + Sync),
    command: &SendMessage,
    tail: Tail,
    claimed_at: Timestamp,
    known: Option<Seq>,
) -> Result<Search, Error> {
    let newest = tail.newest.first().cloned().map(Box::new);
    let told =
        |entries: &[Message]| entries.iter().find_map(|entry| membership::told_by(entry, command.sender));
    let mut standing = told(&tail.newest);
    let (mut entries, mut more) = (tail.newest, tail.more);
    loop {
        if let Some(own) = entries.iter().position(|entry| entry.is(command.sender, &command.key)) {
            return Ok(Search::Found(Box::new(entries.swap_remove(own))));
        }
        let rest = entries.last().filter(|_| more).and_then(|oldest| {
            let enough = searched_far_enough(oldest, claimed_at) || oldest.seq.previous() <= known;
            Range::before(oldest.seq).filter(|_| !enough)
        });
        let Some(range) = rest else { return not_before(newest, standing) };
        let page = store.page(command.conversation, range, SEARCH_PAGE).await?;
        (entries, more) = (page.entries, page.more);
        standing = standing.or_else(|| told(&entries));
    }
}

/// Looks for the caller's message in everything after what was the newest when it lost a race.
///
/// Everything, not only the new end: a concurrent retry may have appended it anywhere in between.
async fn search_after(
    store: &(impl MessageLog + Sync),
    command: &SendMessage,
    mut newest: Option<Box<Message>>,
) -> Result<Search, Error> {
    let mut standing = None;
    while let Some(range) = Range::after(newest.as_ref().map(|newest| newest.seq)) {
        let page = store.page(command.conversation, range, SEARCH_PAGE).await?;
        for entry in page.entries {
            if entry.is(command.sender, &command.key) {
                return Ok(Search::Found(Box::new(entry)));
            }
            standing = membership::told_by(&entry, command.sender).or(standing);
            newest = Some(Box::new(entry));
        }
        if !page.more {
            break;
        }
    }
    not_before(newest, standing)
}

/// Nobody writes after the end of a group; who was taken out after the claim is told of among what was looked at.
fn not_before(newest: Option<Box<Message>>, standing: Option<bool>) -> Result<Search, Error> {
    match newest {
        Some(newest) if newest.kind == Kind::GroupDeleted => Err(Refusal::NotFound("group").into()),
        newest if standing == Some(false) => Ok(Search::Out(newest)),
        newest => Ok(Search::NotBefore(newest)),
    }
}
