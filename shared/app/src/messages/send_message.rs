//! Sending a message: claim, append, announce.
//!
//! Three store round trips: (claim ∥ end of the log) → append → sessions of the recipients. The order matters: see
//! `confab_domain::claim` for why a claim precedes the append, [`crate::delivery::announce`] for why sessions are read after it.

use std::sync::Arc;

use confab_domain::claim::Claim;
use confab_domain::log::Attempt;
use confab_domain::own_mark::{Before, ReadThrough, own_mark};
use confab_domain::retention::Retention;
use confab_domain::{
    ClientMessageId, ConnectionId, Content, ConversationId, DeviceId, Kind, MembershipLimits, Message,
    Refusal, Seq, Timestamp, UserId, membership,
};
use confab_protocol as protocol;
use futures_util::future;

use crate::attempts::Attempts;
use crate::delivery::deliver::Delivery;
use crate::delivery::fan_out::{announce_in_group, announce_to_pair};
use crate::messages::append::{ATTEMPTS_MAX, NextPosition, next_position};
use crate::messages::claim_message::{Claimed, check_still_in, claim, find_earlier};
use crate::messages::find_message::{Search, search_after, search_past};
use crate::messages::mark_read::mark_own;
use crate::ports::{
    AppendError, ClaimKey, Connections, Contacts, FanOutQueue, Groups, Inboxes, MessageLog, PushQueue,
    Sessions, Sleeper, Users,
};
use crate::{Error, HeadCache, KeyedSemaphore, metric, wire};

/// A message to send to a conversation.
#[derive(Clone, Debug)]
pub struct SendMessage {
    /// The user who sends.
    pub sender: UserId,
    /// The connection that the message came by: it gets the answer instead of the event.
    pub origin: Option<ConnectionId>,
    /// The conversation to which the message is sent.
    pub conversation: ConversationId,
    /// Idempotency key.
    pub key: ClientMessageId,
    /// The message's content.
    pub content: Content,
    /// Drawn at random for each request.
    pub attempt: Attempt,
    /// How far the sender had read, if the message states it.
    pub reading: Option<Reading>,
}

/// How far the author of a message had read while writing it.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The device on which the message was written.
    pub device: DeviceId,
    /// The entries that were read.
    pub through: ReadThrough,
}

impl Reading {
    /// Parses the `read_seq` of a message, where 0 means that nothing was read.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for a position beyond the end of any log.
    pub fn parse(device: DeviceId, read_seq: Option<u64>) -> Result<Self, Refusal> {
        let through = match read_seq {
            Some(seq) => ReadThrough::Seq(wire::parse_cursor("read_seq", seq)?),
            None => ReadThrough::BeforeMessage,
        };
        Ok(Self { device, through })
    }
}

impl SendMessage {
    pub(crate) fn claim_key(&self) -> ClaimKey<'_> {
        let Self { sender, conversation, ref key, attempt, .. } = *self;
        ClaimKey { user: sender, conversation, key, attempt }
    }

    /// Whether `message`, which was found under the key, is the message of this command.
    pub(crate) fn is_of(&self, message: &Message) -> bool {
        message.kind == Kind::Text && message.content.says_the_same_as(&self.content)
    }
}

/// State that a process keeps between sends.
#[derive(Debug)]
pub struct Writer {
    /// Heads of the logs that this process has written to.
    pub heads: HeadCache,
    /// One send into a conversation at a time.
    ///
    /// Concurrent sends of one process would only take positions from each other. Permits are granted in the order of
    /// the requests: a send that others overtake would claim its key late, perhaps after its own retry and 32 later
    /// messages. Sends of different processes still race, and the log decides.
    pub locks: KeyedSemaphore<ConversationId>,
    /// How long messages are kept.
    pub retention: Retention,
    /// How many memberships a user may have.
    pub memberships: MembershipLimits,
    /// How a send waits after it has lost a race for a position.
    pub sleeper: Arc<dyn Sleeper>,
}

impl Writer {
    /// Creates the state of a process that has not written anything yet.
    pub fn new(retention: Retention, sleeper: Arc<dyn Sleeper>) -> Self {
        let (heads, memberships) = Default::default();
        Self { heads, locks: KeyedSemaphore::new(1), retention, memberships, sleeper }
    }

    /// Attempts of an append. `attempt` is unique to the request.
    pub(crate) fn attempts(&self, attempt: Attempt) -> Attempts<'_> {
        Attempts::racing(&*self.sleeper, ATTEMPTS_MAX, attempt.0.into())
    }
}

/// Appends a message once, however often it is sent, and announces it to the members' devices.
///
/// Once this returns `Ok`, the message is durable at its `seq`. Announcing is best effort: a device that misses the
/// event finds the hole, or syncs. Moving the sender's read mark is best effort too, and runs concurrently with the
/// announcement: see [`own_mark`].
///
/// `authorized` decides whether the sender may act. It runs concurrently with the claim, and has decided before
/// anything is appended or answered.
///
/// # Errors
///
/// Those of `authorized`, and [`Error::Refused`]: nothing was appended. [`Error::Contended`], [`Error::Store`]: the
/// outcome is unknown.
pub async fn send_message(
    store: &(impl MessageLog + Inboxes + Groups + Contacts + Sessions + Users),
    (delivery, queue): (&Delivery<'_, impl Connections, impl PushQueue>, &impl FanOutQueue),
    writer: &Writer,
    command: SendMessage,
    authorized: impl Future<Output = Result<(), Error>>,
    now: Timestamp,
) -> Result<protocol::Ack, Error> {
    let peer = match command.conversation {
        ConversationId::Dm { lower, upper } => Some(membership::peer_of((lower, upper), command.sender)?),
        ConversationId::Group(_) => None,
    };
    command.content.check(wire::CONTENT_LIMITS)?;
    let Appended { message, duplicate, mark } =
        append(store, writer, &command, peer, authorized, now).await?;
    let origin = command.origin.as_ref();
    let announcing = async {
        match peer {
            Some(peer) => {
                let pair = [peer, command.sender];
                announce_to_pair(store, (delivery, queue), pair, &message, origin, now).await;
            }
            None => announce_in_group(store, (delivery, queue), &message, origin, now).await,
        }
    };
    future::join(announcing, mark_own(store, delivery.push, &command, mark)).await;
    Ok(protocol::Ack {
        id: message.client_message_id.to_string(),
        conversation: message.conversation.to_string(),
        seq: message.seq.get(),
        sent_at_ms: message.sent_at.as_ms(),
        duplicate,
    })
}

/// A message that is in the log.
struct Appended {
    message: Message,
    /// Whether an earlier send appended it.
    duplicate: bool,
    /// The position to which the sender's read mark moves; `None` where it stays.
    mark: Option<Seq>,
}

/// Claims the key and appends the message, unless an earlier send has appended it.
async fn append(
    store: &(impl MessageLog + Inboxes + Groups + Contacts + Users),
    writer: &Writer,
    command: &SendMessage,
    peer: Option<UserId>,
    authorized: impl Future<Output = Result<(), Error>>,
    now: Timestamp,
) -> Result<Appended, Error> {
    let _permit = writer.locks.acquire(command.conversation).await;
    let mut claimed = claim(store, writer, command, peer, authorized, now).await?;
    let is_fresh = claimed.claim.is_fresh();
    let marker = claimed.read_seq;
    // A sender who is no longer in the conversation has no read mark there.
    let reading = command.reading.filter(|_| claimed.claim != Claim::NotAMember);
    let mut before = std::mem::take(&mut claimed.before);
    let appended = append_claimed(store, writer, command, claimed, &mut before, now).await;
    if is_fresh && matches!(appended, Err(Error::Refused(_))) {
        // A refused message takes no place among the remembered keys. If the release fails, the outcome is unknown.
        store.release_claim(command.claim_key(), now).await?;
    }
    let (message, duplicate) = appended?;
    let mark = reading.and_then(|reading| own_mark(marker, reading.through, message.seq, &before));
    Ok(Appended { message, duplicate, mark })
}

async fn append_claimed(
    store: &(impl MessageLog + Inboxes + Groups),
    writer: &Writer,
    command: &SendMessage,
    claimed: Claimed,
    before: &mut Before,
    now: Timestamp,
) -> Result<(Message, bool), Error> {
    let mut repeated = match claimed.claim {
        Claim::Repeated { claimed_at } => Some(claimed_at),
        Claim::Fresh { .. } | Claim::NotAMember => None,
    };
    let (mut search, mut end) = find_earlier(store, command, claimed, now).await?;
    let mut attempts = writer.attempts(command.attempt);
    while attempts.next().await {
        let newest = match search {
            Search::Found(message) => return outcome_of(command, *message),
            Search::NotBefore(newest) => newest,
            Search::Out(newest) => {
                check_still_in(store, command).await?;
                newest
            }
        };
        if let Some(claimed_at) = repeated.take()
            && !store.renew_claim(command.claim_key(), claimed_at).await?
        {
            search = search_past(store, command).await?;
            continue;
        }
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
                return outcome_of(command, *occupant);
            }
            Err(AppendError::Occupied(_)) => {
                before.add_unknown();
                metrics::counter!(metric::APPEND_CONFLICTS).increment(1);
                search = search_after(store, command, newest).await?;
            }
        }
    }
    Err(Error::Contended)
}

/// Returns the message that exists under the key, if it is the message of the command.
fn outcome_of(command: &SendMessage, message: Message) -> Result<(Message, bool), Error> {
    if !command.is_of(&message) {
        return Err(Refusal::IdUsed("must be new: it was used for another message").into());
    }
    let duplicate = message.attempt != command.attempt;
    Ok((message, duplicate))
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
