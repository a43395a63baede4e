//! The logs of conversations.

use std::collections::BTreeMap;

use confab_app::ports::{
    AppendError, Direction, End, MessageLog, PAGE_TEXT_BYTES_MAX, Page, Range, StoreError, Tail,
};
use confab_domain::high_water::HighWaterMark;
use confab_domain::{ConversationId, Heading, Message, Seq, Timestamp};

use crate::Memory;

#[derive(Debug, Default)]
pub(crate) struct LogTable {
    logs: BTreeMap<ConversationId, Log>,
    /// All appends that took effect, in order, removed or not.
    appended: Vec<Message>,
}

#[derive(Debug, Default)]
struct Log {
    entries: BTreeMap<Seq, Message>,
    mark: Option<HighWaterMark>,
}

impl Log {
    fn page(&self, range: Range, size: usize) -> Page {
        let mut bytes = 0;
        let within = self.within(range).enumerate().take_while(|(index, message)| {
            bytes += message.content.text.as_ref().map_or(0, String::len);
            *index == 0 || bytes <= PAGE_TEXT_BYTES_MAX
        });
        let entries: Vec<Message> = within.take(size).map(|(_, message)| message.clone()).collect();
        let more = self.within(range).nth(entries.len()).is_some();
        Page { entries, more }
    }

    fn headings(&self, range: Range, size: usize) -> Page<Heading> {
        let entries: Vec<Heading> = self.within(range).take(size).map(Heading::from).collect();
        let more = self.within(range).nth(entries.len()).is_some();
        Page { entries, more }
    }

    /// The messages of a range, in its direction.
    fn within(&self, range: Range) -> impl Iterator<Item = &Message> {
        // A map panics at a range that ends before it begins.
        let to = range.to.max(range.from);
        let is_empty = range.from > range.to;
        let within = self.entries.range(range.from..=to).map(|(_, entry)| entry);
        let (up, down) = match range.direction {
            Direction::Up => (Some(within), None),
            Direction::Down => (None, Some(within.rev())),
        };
        up.into_iter().flatten().chain(down.into_iter().flatten()).filter(move |_| !is_empty)
    }

    fn tail(&self, size: usize) -> Tail {
        let Page { entries, more } = self.page(Range::from_newest(), size);
        Tail { newest: entries, more }
    }
}

impl LogTable {
    /// The entry at a message's position.
    pub(crate) fn occupant(&self, message: &Message) -> Option<&Message> {
        self.logs.get(&message.conversation)?.entries.get(&message.seq)
    }

    /// Writes a message, whatever is at its position.
    pub(crate) fn put(&mut self, message: &Message) {
        let log = self.logs.entry(message.conversation).or_default();
        log.entries.insert(message.seq, message.clone());
        self.appended.push(message.clone());
    }
}

impl Memory {
    /// Removes the messages that have expired; marks stay.
    pub fn sweep(&self, now: Timestamp) {
        self.sweep_some(now, |_| true);
    }

    /// Removes the expired messages that `pick` picks: a real store removes them late and in no particular order.
    pub fn sweep_some(&self, now: Timestamp, mut pick: impl FnMut(&Message) -> bool) {
        let has_expired = |entry: &Message| entry.expires_at.is_some_and(|expires_at| expires_at <= now);
        for log in self.tables().logs.logs.values_mut() {
            log.entries.retain(|_, entry| !(has_expired(entry) && pick(entry)));
        }
    }

    /// All appends that took effect, in order, removed or not.
    pub fn appended(&self) -> Vec<Message> {
        self.tables().logs.appended.clone()
    }

    /// Reads all appends that took effect, in order, removed or not, without a copy.
    pub fn with_appended<T>(&self, read: impl FnOnce(&[Message]) -> T) -> T {
        read(&self.tables().logs.appended)
    }

    /// The message at a position. Not a call.
    pub fn message_at(&self, conversation: ConversationId, seq: Seq) -> Option<Message> {
        let tables = self.tables();
        tables.logs.logs.get(&conversation)?.entries.get(&seq).cloned()
    }

    /// Writes a message whatever is at its position, for tests that have to notice such a fault. Not a call.
    pub fn overwrite(&self, message: &Message) {
        self.tables().logs.put(message);
    }
}

impl MessageLog for Memory {
    async fn tail(&self, conversation: ConversationId, entries_max: u32) -> Result<Tail, StoreError> {
        let size = self.page_size(entries_max);
        self.call(|tables| tables.logs.logs.get(&conversation).map(|log| log.tail(size)).unwrap_or_default())
            .await
    }

    async fn end(&self, conversation: ConversationId, entries_max: u32) -> Result<End, StoreError> {
        let size = self.page_size(entries_max);
        self.call(|tables| {
            let log = tables.logs.logs.get(&conversation);
            log.map(|log| End { tail: log.tail(size), mark: log.mark }).unwrap_or_default()
        })
        .await
    }

    async fn page(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> Result<Page, StoreError> {
        let size = self.page_size(entries_max);
        self.call(|tables| {
            tables.logs.logs.get(&conversation).map_or_else(Page::default, |log| log.page(range, size))
        })
        .await
    }

    async fn headings(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> Result<Page<Heading>, StoreError> {
        let size = self.page_size(entries_max);
        self.call(|tables| {
            tables.logs.logs.get(&conversation).map_or_else(Page::default, |log| log.headings(range, size))
        })
        .await
    }

    async fn append(&self, message: &Message) -> Result<(), AppendError> {
        let appended = self.call(|tables| {
            if let Some(occupant) = tables.logs.occupant(message) {
                return Err(AppendError::Occupied(Box::new(occupant.clone())));
            }
            tables.logs.put(message);
            Ok(())
        });
        appended.await?
    }

    async fn mark(&self, conversation: ConversationId) -> Result<Option<HighWaterMark>, StoreError> {
        self.call(|tables| tables.logs.logs.get(&conversation).and_then(|log| log.mark)).await
    }

    async fn set_mark(&self, conversation: ConversationId, mark: HighWaterMark) -> Result<bool, StoreError> {
        self.call(|tables| {
            let log = tables.logs.logs.entry(conversation).or_default();
            let is_next = mark.revision == log.mark.map_or(0, |before| before.revision) + 1;
            if is_next {
                log.mark = Some(mark);
            }
            is_next
        })
        .await
    }
}
