//! Reading a page of a conversation.

use std::collections::VecDeque;

use confab_domain::retention::Retention;
use confab_domain::{ConversationId, Joined, Message, Refusal, Seq, Timestamp, UserId};

use crate::Error;
use crate::messages::hidden::{PAGES_MAX, SCAN_PAGE, skip_hidden};
use crate::messages::membership::readable_by;
use crate::ports::{Direction, Groups, Inboxes, MessageLog, Range};

/// Position of a page in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The newest messages.
    Newest,
    /// The messages before this position.
    Before(Seq),
    /// The messages after this position; from the first message where `None`.
    After(Option<Seq>),
    /// The message at this position, with as many before it as after.
    Around(Seq),
}

impl Anchor {
    /// Parses the fields by which a client names a page.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for a wrong position, or for more than one.
    pub fn parse(before: Option<u64>, after: Option<u64>, around: Option<u64>) -> Result<Self, Refusal> {
        match (before, after, around) {
            (None, None, None) => Ok(Self::Newest),
            (Some(before), None, None) => Ok(Self::Before(crate::wire::parse_seq("before", before)?)),
            (None, Some(after), None) => Ok(Self::After(crate::wire::parse_cursor("after", after)?)),
            (None, None, Some(around)) => Ok(Self::Around(crate::wire::parse_seq("around", around)?)),
            _ => Err(Refusal::field("before", "give only one of before, after and around")),
        }
    }
}

/// Maximum size of a page.
#[derive(Clone, Copy)]
pub struct PageSize<F> {
    /// Maximum number of messages.
    pub messages_max: u32,
    /// Maximum number of bytes, by `bytes_of`; a page has at least one message, if there is one.
    pub bytes_max: usize,
    /// The size of a message. Unit: bytes.
    pub bytes_of: F,
}

/// A page, and whether more messages follow in the requested direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryPage {
    /// Ascending by `seq`.
    pub messages: Vec<Message>,
    /// For [`Anchor::Around`]: on either side.
    pub more: bool,
    /// Number of pages of the log that were read for it.
    pub scanned: u32,
}

/// Reads a page of a conversation for a present or former member, within their memberships.
///
/// Strongly consistent; expired messages are left out. Pages tile: each begins where the one before ended, whatever
/// their sizes.
///
/// Entries that today's retention hides are skipped without a read, however many are stored. Of the entries that have
/// expired by their own time, at most [`PAGES_MAX`] pages are read; where there are more of them, the page may be
/// empty though more messages follow.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider; [`Error::Store`].
pub async fn read_history(
    store: &(impl MessageLog + Inboxes + Groups),
    reader: UserId,
    conversation: ConversationId,
    anchor: Anchor,
    size: PageSize<impl Fn(&Message) -> usize>,
    retention: Retention,
    now: Timestamp,
) -> Result<HistoryPage, Error> {
    let joined = readable_by(store, conversation, reader).await?;
    let reading = Reading { log: store, conversation, joined, retention, now };
    let mut page = match anchor {
        Anchor::Newest => reading.page(Some(Range::from_newest()), &size, size.messages_max).await?,
        Anchor::Before(seq) => reading.page(Range::before(seq), &size, size.messages_max).await?,
        Anchor::After(seq) => reading.page(Range::after(seq), &size, size.messages_max).await?,
        Anchor::Around(seq) => reading.around(seq, &size).await?,
    };
    if conversation.group().is_some() && !page.messages.is_empty() {
        // The page may hold messages from after a removal of the reader that happened meanwhile.
        let joined = readable_by(store, conversation, reader).await?;
        page.messages.retain(|message| !joined.within(message.seq, message.seq).is_empty());
    }
    Ok(page)
}

struct Reading<'a, L> {
    log: &'a L,
    conversation: ConversationId,
    joined: Joined,
    retention: Retention,
    now: Timestamp,
}

impl<L: MessageLog> Reading<'_, L> {
    async fn around(
        &self,
        seq: Seq,
        size: &PageSize<impl Fn(&Message) -> usize>,
    ) -> Result<HistoryPage, Error> {
        let through = Range { from: Seq::FIRST, to: seq, direction: Direction::Down };
        let half = PageSize {
            messages_max: size.messages_max.div_ceil(2),
            bytes_max: size.bytes_max / 2,
            bytes_of: &size.bytes_of,
        };
        let mut page = self.page(Some(through), &half, half.messages_max).await?;
        let after_max = size.messages_max / 2;
        let after = self.page(Range::after(Some(seq)), &half, after_max.max(1)).await?;
        if after_max == 0 && !page.messages.is_empty() {
            page.more |= !after.messages.is_empty();
        } else {
            page.messages.extend(after.messages);
            page.more |= after.more;
        }
        page.scanned += after.scanned;
        Ok(page)
    }

    async fn page(
        &self,
        range: Option<Range>,
        size: &PageSize<impl Fn(&Message) -> usize>,
        messages_max: u32,
    ) -> Result<HistoryPage, Error> {
        let Some(range) = range else { return Ok(HistoryPage::default()) };
        let (mut messages, mut bytes) = (Vec::new(), 0);
        let (mut more, mut scanned, mut of_hidden) = (false, 0, 0);
        let mut parts: VecDeque<Range> = range.readable(&self.joined).into();
        'pages: while let Some(range) = parts.pop_front() {
            if of_hidden == PAGES_MAX {
                more = true;
                break;
            }
            let wanted = messages_max.saturating_sub(u32::try_from(messages.len()).unwrap_or(u32::MAX));
            // One more than wanted shows whether more messages follow.
            let size_max = if of_hidden == 0 { wanted + 1 } else { SCAN_PAGE.max(wanted + 1) };
            let page = self.log.page(self.conversation, range, size_max).await?;
            scanned += 1;
            let (last, mut shows) = (page.entries.last().map(|entry| entry.seq), false);
            for entry in page.entries {
                if range.direction == Direction::Down
                    && self.retention.hides_all_through(entry.sent_at, self.now)
                {
                    break 'pages;
                }
                if self.retention.hides(entry.sent_at, entry.expires_at, self.now) {
                    continue;
                }
                shows = true;
                bytes += (size.bytes_of)(&entry);
                let full = messages.len() >= messages_max as usize;
                if full || (bytes > size.bytes_max && !messages.is_empty()) {
                    more = true;
                    break 'pages;
                }
                messages.push(entry);
            }
            let mut rest = last.filter(|_| page.more).and_then(|last| range.beyond(last));
            if !shows {
                of_hidden += 1;
                if let Some(hidden) = rest.filter(|rest| rest.direction == Direction::Up) {
                    rest = skip_hidden(self.log, self.conversation, hidden, self.retention, self.now).await?;
                    scanned += 1;
                }
            }
            rest.into_iter().for_each(|rest| parts.push_front(rest));
        }
        if range.direction == Direction::Down {
            messages.reverse();
        }
        Ok(HistoryPage { messages, more, scanned })
    }
}
