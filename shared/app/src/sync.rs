//! Giving a device everything that it lacks.
//!
//! A device's `sync` reads the end of each of its user's logs after its cursors,
//! strongly consistent, after its connection is on record: see [`crate::announce`].

use std::collections::{BTreeMap, VecDeque};

use confab_domain::retention::Retention;
use confab_domain::{ConnectionId, ConversationId, Message, Refusal, Seq, Timestamp, UserId};
use confab_protocol::server::{Sync as SyncFrame, SyncConversation};
use confab_protocol::{self as protocol, ServerFrame, limits};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use crate::at_once::STORE_CALLS_MAX;
use crate::ports::{
    Connections, Direction, Groups, InboxRow, Inboxes, MessageLog, Page, PostOutcome, Range, StoreError,
};
use crate::unread::last_seq;
use crate::{Error, wire};

/// Inbox rows in one page.
const ROWS_PAGE: u32 = 200;

/// Times that a conversation is looked at whose user goes and comes meanwhile.
const LOOKS_MAX: u32 = 3;

/// Messages in one page of a log.
const LOG_PAGE: u32 = 50;

/// What a device has, and what it wants.
#[derive(Clone, Debug)]
pub struct Sync {
    /// Echoed.
    pub id: String,
    /// Per conversation the highest position up to which the device has everything.
    pub cursors: BTreeMap<ConversationId, Option<Seq>>,
    /// Most messages per conversation.
    pub limit: usize,
    /// Whether only the named conversations are looked at.
    pub partial: bool,
}

impl Sync {
    /// Reads a `sync` frame.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for a wrong id or cursor, or a limit of 0.
    pub fn parse(frame: protocol::client::Sync) -> Result<Self, Refusal> {
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
        })
    }
}

/// Where a sync reads from.
struct Reader<'a, S> {
    store: &'a S,
    user: UserId,
    sync: &'a Sync,
    retention: Retention,
    now: Timestamp,
}

/// What a device lacks of a conversation: the beginning of it, and where the rest is.
struct Lack {
    row: InboxRow,
    last: Option<Seq>,
    name: Option<String>,
    part: Part,
}

/// What a look at a conversation came to.
enum Look {
    /// This is what the device lacks.
    Lack(Box<Lack>),
    /// There is no message.
    Nothing,
    /// The membership that the row tells of has ended.
    Out,
}

/// Some messages as events, long texts shortened, and where the rest is.
struct Part {
    messages: Vec<protocol::Message>,
    rest: VecDeque<Range>,
}

/// Whether the user is in a conversation still.
enum Standing {
    /// Since the row was read; a group's name, where there is news of it.
    In { name: Option<String> },
    /// The row is of a membership that has ended.
    Out,
}

/// Posts all but the last frame of the answer to the connection, and gives the last.
///
/// When the last frame is out, the device has every message of every
/// conversation of its user that was appended before the sync began.
///
/// # Errors
///
/// [`Error::Store`] where a store, or the connection, did not keep up; the device syncs again.
pub async fn sync(
    store: &(impl Inboxes + Groups + MessageLog + std::marker::Sync),
    connections: &(impl Connections + std::marker::Sync),
    user: UserId,
    connection: &ConnectionId,
    command: &Sync,
    retention: Retention,
    now: Timestamp,
) -> Result<ServerFrame, Error> {
    let reader = Reader { store, user, sync: command, retention, now };
    let mut answer = Answer::new(&command.id);
    let mut lacks = reader.rows().map_ok(|row| reader.look(row)).try_buffered(STORE_CALLS_MAX).boxed();
    while let Some(lack) = lacks.try_next().await? {
        let Some(lack) = lack else { continue };
        let mut given = 0;
        answer.begin(&lack);
        let mut part = lack.part;
        loop {
            for message in part.messages.into_iter().take(command.limit - given) {
                given += 1;
                if let Some(full) = answer.add(message) {
                    post(connections, connection, &full).await?;
                }
            }
            let mut rest = part.rest;
            let Some(range) = rest.pop_front().filter(|_| given < command.limit) else { break };
            let page = store.page(lack.row.conversation, range, LOG_PAGE).await?;
            part = reader.part(page, range, rest, None);
            if let Standing::Out = reader.standing(&lack.row, &part).await? {
                if reader.is_in_again(&lack.row).await? {
                    return Err(StoreError::Unavailable("a membership changed meanwhile".into()).into());
                }
                break;
            }
        }
        if let Some(full) = answer.end() {
            post(connections, connection, &full).await?;
        }
    }
    Ok(answer.last())
}

impl<S: Inboxes + Groups + MessageLog + std::marker::Sync> Reader<'_, S> {
    /// The rows of the conversations to look at: those that the user is in.
    fn rows(&self) -> impl Stream<Item = Result<InboxRow, StoreError>> + Send + '_ {
        let rows =
            if self.sync.partial { self.named_rows().left_stream() } else { self.all_rows().right_stream() };
        rows.try_filter(|row| std::future::ready(row.joined.since().is_some()))
    }

    fn all_rows(&self) -> impl Stream<Item = Result<InboxRow, StoreError>> + Send + '_ {
        enum From {
            Start,
            After(ConversationId),
            End,
        }
        stream::try_unfold(From::Start, move |from| async move {
            let after = match from {
                From::Start => None,
                From::After(conversation) => Some(conversation),
                From::End => return Ok(None),
            };
            let page = self.store.list(self.user, after, ROWS_PAGE).await?;
            let next = page.next.map_or(From::End, From::After);
            Ok(Some((stream::iter(page.rows).map(Ok), next)))
        })
        .try_flatten()
    }

    /// Conversations that the user is not in, or has not begun, are left out.
    fn named_rows(&self) -> impl Stream<Item = Result<InboxRow, StoreError>> + Send + '_ {
        stream::iter(self.sync.cursors.keys().copied())
            .filter(|conversation| {
                std::future::ready(match *conversation {
                    ConversationId::Dm { lower, upper } => [lower, upper].contains(&self.user),
                    ConversationId::Group(_) => true,
                })
            })
            .map(|conversation| self.store.get(self.user, conversation))
            .buffered(STORE_CALLS_MAX)
            .try_filter_map(|row| std::future::ready(Ok(row)))
    }

    /// The first page of what the device lacks; `None` where the log never had a message, or the user is out.
    async fn look(&self, mut row: InboxRow) -> Result<Option<Lack>, StoreError> {
        for _ in 0..LOOKS_MAX {
            match self.look_once(row.clone()).await? {
                Look::Lack(lack) => return Ok(Some(*lack)),
                Look::Nothing => return Ok(None),
                Look::Out => match self.store.get(self.user, row.conversation).await? {
                    Some(again) if again.joined.since().is_some() && again.joined != row.joined => {
                        row = again
                    }
                    _ => return Ok(None),
                },
            }
        }
        Err(StoreError::Unavailable("memberships changed meanwhile".into()))
    }

    /// Whether somebody who was found to be out has come in again since their row was read.
    async fn is_in_again(&self, row: &InboxRow) -> Result<bool, StoreError> {
        let again = self.store.get(self.user, row.conversation).await?;
        Ok(again.is_some_and(|again| again.joined.since().is_some() && again.joined != row.joined))
    }

    async fn look_once(&self, row: InboxRow) -> Result<Look, StoreError> {
        let cursor = self.sync.cursors.get(&row.conversation).copied().flatten();
        // From the cursor on, not after it: with nothing new, the entry at the
        // cursor shows that the cursor is the end, at the price of one read.
        let from = cursor.unwrap_or(Seq::FIRST);
        let whole = Range { from, to: Seq::MAX, direction: Direction::Up };
        let mut parts: VecDeque<Range> = whole.readable(&row.joined).into();
        let Some(range) = parts.pop_front() else { return Ok(Look::Nothing) };
        let mut page = self.store.page(row.conversation, range, LOG_PAGE).await?;
        let last = match page.entries.last() {
            Some(last) if !page.more && parts.is_empty() => Some(last.seq),
            _ => last_seq(self.store, row.conversation).await?,
        };
        if page.entries.is_empty() && last > cursor {
            // Appended between the two reads: what is told to be the last is given too.
            page = self.store.page(row.conversation, range, LOG_PAGE).await?;
        }
        if last.is_none() {
            return Ok(Look::Nothing);
        }
        let part = self.part(page, range, parts, cursor);
        Ok(match self.standing(&row, &part).await? {
            Standing::In { name } => Look::Lack(Box::new(Lack { row, last, name, part })),
            Standing::Out => Look::Out,
        })
    }

    /// Whether the user is in a group still that there is news of.
    ///
    /// Asked after the news was read: it may be of a time when they were out already.
    async fn standing(&self, row: &InboxRow, part: &Part) -> Result<Standing, StoreError> {
        let has_news = !part.messages.is_empty() || !part.rest.is_empty();
        let Some(group) = row.conversation.group().filter(|_| has_news) else {
            return Ok(Standing::In { name: None });
        };
        let group = self.store.group(group).await?;
        let group = group.filter(|group| group.has_membership(self.user, row.joined.since()));
        Ok(group.map_or(Standing::Out, |group| Standing::In { name: Some(group.name) }))
    }

    /// Turned into events at once: a page of the longest texts would fill the memory.
    fn part(&self, page: Page, range: Range, mut rest: VecDeque<Range>, cursor: Option<Seq>) -> Part {
        let of_range = page.entries.last().filter(|_| page.more).and_then(|last| range.beyond(last.seq));
        of_range.into_iter().for_each(|range| rest.push_front(range));
        let is_news = |entry: &&Message| {
            Some(entry.seq) > cursor && !self.retention.has_expired(entry.sent_at, self.now)
        };
        Part { messages: page.entries.iter().filter(is_news).map(wire::event_message).collect(), rest }
    }
}

async fn post(
    connections: &(impl Connections + std::marker::Sync),
    connection: &ConnectionId,
    frame: &ServerFrame,
) -> Result<(), Error> {
    let frame = serde_json::to_vec(frame).map_err(|_| Error::Internal("a frame is no JSON"))?;
    match connections.post(connection, &frame).await? {
        PostOutcome::Taken => Ok(()),
        PostOutcome::Gone | PostOutcome::Throttled => {
            Err(StoreError::Unavailable("the connection did not take a frame of a sync".into()).into())
        }
    }
}

/// The frames of an answer, each within the limits.
struct Answer<'a> {
    id: &'a str,
    conversations: Vec<SyncConversation>,
    bytes: usize,
}

impl<'a> Answer<'a> {
    fn new(id: &'a str) -> Self {
        Self { id, conversations: Vec::new(), bytes: 0 }
    }

    fn begin(&mut self, Lack { row, last, name, .. }: &Lack) {
        self.open(SyncConversation {
            conversation: row.conversation.to_string(),
            kind: wire::conversation_kind(row.conversation).to_owned(),
            name: name.clone(),
            last_seq: wire::seq_or_zero(*last),
            read_seq: wire::seq_or_zero(row.read_seq),
            messages: Vec::new(),
        });
    }

    fn open(&mut self, conversation: SyncConversation) {
        self.bytes += wire::json_bytes(&conversation) + 1;
        self.conversations.push(conversation);
    }

    /// Adds a message to the conversation begun last; gives a frame if that filled one.
    fn add(&mut self, message: protocol::Message) -> Option<ServerFrame> {
        let bytes = wire::json_bytes(&message) + 1;
        let full = (self.bytes + bytes > limits::ANSWER_BYTES_MAX).then(|| self.take_and_go_on());
        self.bytes += bytes;
        if let Some(last) = self.conversations.last_mut() {
            last.messages.push(message);
        }
        full
    }

    /// Takes the frame so far; the conversation begun last goes on in the next.
    fn take_and_go_on(&mut self) -> ServerFrame {
        let heading = self.conversations.last_mut().map(|last| {
            let messages = std::mem::take(&mut last.messages);
            let heading = last.clone();
            last.messages = messages;
            heading
        });
        let full = self.take(false);
        if let Some(heading) = heading {
            self.open(heading);
        }
        full
    }

    /// Ends the conversation begun last; gives a frame if another might not fit.
    fn end(&mut self) -> Option<ServerFrame> {
        const CONVERSATION_BYTES_MAX: usize = 1024;
        (self.bytes + CONVERSATION_BYTES_MAX > limits::ANSWER_BYTES_MAX).then(|| self.take(false))
    }

    fn last(mut self) -> ServerFrame {
        self.take(true)
    }

    fn take(&mut self, complete: bool) -> ServerFrame {
        self.bytes = 0;
        let conversations = std::mem::take(&mut self.conversations);
        ServerFrame::Sync(SyncFrame { id: self.id.to_owned(), conversations, complete })
    }
}
