//! Answers to `sync`: the messages of all conversations that a device lacks.
//!
//! | file | contents |
//! |---|---|
//! | `reader` | reads what a device lacks of each conversation |
//! | `answer` | the frames of an answer, each within the limits |
//! | `resume` | the token by which a device continues an answer: [`Resume`] |
//!
//! A `sync` reads each of the user's logs after the device's cursor, strongly consistent, after the device's connection
//! is registered: see [`crate::delivery::announce`].

mod answer;
mod reader;
mod resume;

use std::collections::BTreeMap;

use confab_domain::retention::Retention;
use confab_domain::{ConnectionId, ConversationId, Refusal, Seq, Timestamp, UserId};
use confab_protocol::{self as protocol, ServerFrame};
use futures_util::{StreamExt, TryFutureExt, TryStreamExt};

use self::answer::Answer;
use self::reader::{Membership, Missing, Part, Reader, StillMember};
pub use self::resume::{Resume, Within};
use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::ports::{Connections, Deadline, Groups, InboxRow, Inboxes, MessageLog, PostOutcome, StoreError};
use crate::{Error, wire};

/// Messages in one page of a log.
const LOG_PAGE: u32 = 50;

/// A parsed `sync` request: what the device has, and what it asks for.
#[derive(Clone, Debug)]
pub struct SyncQuery {
    /// Id of the request, which the answer repeats.
    pub id: String,
    /// Cursor of each conversation: the highest position up to which the device has everything.
    pub cursors: BTreeMap<ConversationId, Option<Seq>>,
    /// Upper limit of messages per conversation.
    pub limit: usize,
    /// Whether only the conversations that the cursors name are read.
    pub partial: bool,
    /// Where an earlier answer to the same request ended.
    pub after: Option<Resume>,
}

/// A conversation that a sync has read.
#[derive(Clone, Copy, Debug)]
pub struct ScannedConversation {
    /// The conversation.
    pub conversation: ConversationId,
    /// Whether the user has sent a message there.
    pub has_written: bool,
}

impl SyncQuery {
    /// Parses a `sync` frame.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for a wrong id, cursor or token, or a limit of 0.
    pub fn parse(frame: protocol::client::SyncRequest) -> Result<Self, Refusal> {
        let cursors = frame.cursors.iter().map(|(conversation, cursor)| {
            Ok((wire::parse_id("cursors", conversation)?, wire::parse_cursor("cursors", *cursor)?))
        });
        let limit = match frame.limit {
            Some(0) => return Err(Refusal::field("limit", "must be at least 1")),
            Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
            None => usize::MAX,
        };
        Ok(Self {
            cursors: cursors.collect::<Result<_, Refusal>>()?,
            id: frame.id,
            limit,
            partial: frame.partial.unwrap_or(false),
            after: frame.after.map(|token| token.parse()).transpose()?,
        })
    }

    /// The position up to which the device has everything of a conversation, by its cursors and by an earlier answer.
    fn cursor(&self, conversation: ConversationId) -> Option<Seq> {
        let cursor = self.cursors.get(&conversation).copied().flatten();
        cursor.max(self.within(conversation).map(|within| within.last))
    }

    /// How much of a conversation an earlier answer has given, if that answer ended within it.
    fn within(&self, conversation: ConversationId) -> Option<Within> {
        self.after.filter(|after| after.conversation == conversation)?.within
    }
}

/// Answers a `sync` request: posts all but the last frame of the answer to the connection, and returns the last.
///
/// After a last frame that is complete, the device has every message of every conversation of its user that was
/// appended before the sync began; a resumed sync began with its first request. Of a group that the cursors name and
/// that the user has left, the device has what the user may still read. A last frame that is not complete has a token
/// by which the device continues; each answer gives at least one page of a conversation.
///
/// `on_scan` is called for each conversation that was read, whether the device lacked something of it or not.
///
/// # Errors
///
/// [`Error::Store`] where a store failed, the connection did not take a frame, or a membership changed meanwhile; the
/// device syncs again.
/// [`Error::Internal`] where a frame cannot be written as JSON.
#[expect(clippy::too_many_arguments, reason = "the parts of a request, and the stores that it reads")]
pub async fn sync(
    store: &(impl Inboxes + Groups + MessageLog),
    connections: &impl Connections,
    user: UserId,
    connection: &ConnectionId,
    command: &SyncQuery,
    retention: Retention,
    now: Timestamp,
    (deadline, on_scan): (&impl Deadline, &(impl Fn(&ScannedConversation) + Send + Sync)),
) -> Result<ServerFrame, Error> {
    let reader = Reader { store, user, sync: command, retention, now };
    let mut answer = Answer::new(&command.id);
    let find_missing = |row: InboxRow| {
        let scanned = ScannedConversation { conversation: row.conversation, has_written: row.has_written };
        reader.find_missing(row).map_ok(move |missing| (scanned, missing))
    };
    let mut missing = reader.rows().map_ok(find_missing).try_buffered(STORE_CALLS_MAX).boxed();
    while let Some((scanned, missing)) = missing.try_next().await? {
        on_scan(&scanned);
        let conversation = scanned.conversation;
        if let Some(missing) = missing
            && let Some(within) =
                give(&reader, connections, connection, &mut answer, missing, deadline).await?
        {
            return Ok(answer.resume(Resume { conversation, within: Some(within) }));
        }
        if deadline.is_near() {
            return Ok(answer.resume(Resume { conversation, within: None }));
        }
    }
    Ok(answer.complete())
}

/// Adds what the device lacks of a conversation to the answer. Returns how much was added, if there was no time for
/// all.
async fn give<S: Inboxes + Groups + MessageLog>(
    reader: &Reader<'_, S>,
    connections: &impl Connections,
    connection: &ConnectionId,
    answer: &mut Answer<'_>,
    missing: Missing,
    deadline: &impl Deadline,
) -> Result<Option<Within>, Error> {
    let conversation = missing.row.conversation;
    let limit = reader.sync.limit;
    let mut given = reader.sync.within(conversation).map_or(0, |within| within.given);
    answer.begin(&missing);
    let mut part = missing.part;
    let mut last = None;
    loop {
        let shows = !part.messages.is_empty();
        for message in part.messages.into_iter().take(limit.saturating_sub(given)) {
            given += 1;
            if let Some(full) = answer.add(message) {
                post(connections, connection, &full).await?;
            }
        }
        last = part.last.or(last);
        let mut rest = part.rest;
        let Some(range) = rest.pop_front().filter(|_| given < limit) else { break };
        if let Some(last) = last.filter(|_| deadline.is_near()) {
            return Ok(Some(Within { last, given }));
        }
        let range = if shows { Some(range) } else { reader.skip_hidden(conversation, range).await? };
        let Some(range) = range else {
            part = Part { messages: Vec::new(), last: None, rest };
            continue;
        };
        let page = reader.store.page(conversation, range, LOG_PAGE).await?;
        part = reader.part(page, range, rest, None);
        if let Membership::Present { .. } = missing.membership
            && let StillMember::Out = reader.still_member(&missing.row, &part).await?
        {
            if reader.is_in_again(&missing.row).await? {
                return Err(StoreError::Unavailable("a membership changed meanwhile".into()).into());
            }
            break;
        }
    }
    if let Some(full) = answer.end() {
        post(connections, connection, &full).await?;
    }
    Ok(None)
}

async fn post(
    connections: &impl Connections,
    connection: &ConnectionId,
    frame: &ServerFrame,
) -> Result<(), Error> {
    let frame = serde_json::to_vec(frame).map_err(|_| Error::Internal("a frame is no JSON"))?;
    match connections.post(connection, &frame).await? {
        PostOutcome::Taken => Ok(()),
        PostOutcome::Gone | PostOutcome::Limited => {
            Err(StoreError::Unavailable("the connection did not take a frame of a sync".into()).into())
        }
    }
}
