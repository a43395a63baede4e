//! The logs of conversations.

use std::collections::BTreeMap;

use confab_app::ports::{AppendError, Direction, MessageLog, Page, Range, StoreError, Tail};
use confab_domain::log::Head;
use confab_domain::{ConversationId, Message, Seq, Timestamp};

use crate::Memory;

#[derive(Debug, Default)]
pub(crate) struct LogTable {
    logs: BTreeMap<ConversationId, Log>,
    /// Every append that took effect, in that order, swept or not.
    appended: Vec<Message>,
}

#[derive(Debug, Default)]
struct Log {
    entries: BTreeMap<Seq, Entry>,
    reserved: Option<Seq>,
}

#[derive(Debug)]
struct Entry {
    message: Message,
    /// As it was when the entry was written.
    reserved: Option<Seq>,
    expires_at: Option<Timestamp>,
}

impl Log {
    /// An emptied log goes on after what was reserved, since all of it may have been used.
    fn head(&self) -> Head {
        match self.entries.last_key_value() {
            Some((seq, newest)) => Head { last: Some(*seq), reserved: newest.reserved },
            None => Head { last: self.reserved, reserved: self.reserved },
        }
    }

    fn page(&self, range: Range, size: usize) -> Page {
        // A map panics at a range that ends before it begins.
        if range.from > range.to {
            return Page::default();
        }
        let within = self.entries.range(range.from..=range.to).map(|(_, entry)| entry.message.clone());
        match range.direction {
            Direction::Up => cut(within, size),
            Direction::Down => cut(within.rev(), size),
        }
    }
}

fn cut(mut entries: impl Iterator<Item = Message>, size: usize) -> Page {
    let page = entries.by_ref().take(size).collect();
    Page { entries: page, more: entries.next().is_some() }
}

impl Memory {
    /// Removes the messages that have expired; what is reserved stays.
    pub fn sweep(&self, now: Timestamp) {
        self.sweep_some(now, |_| true);
    }

    /// Removes those of the expired messages that `pick` picks: a real store
    /// removes them late and in no particular order.
    pub fn sweep_some(&self, now: Timestamp, mut pick: impl FnMut(&Message) -> bool) {
        let has_expired = |entry: &Entry| entry.expires_at.is_some_and(|expires_at| expires_at <= now);
        for log in self.tables().logs.logs.values_mut() {
            log.entries.retain(|_, entry| !(has_expired(entry) && pick(&entry.message)));
        }
    }

    /// Every append that took effect, in that order, swept or not.
    pub fn appended(&self) -> Vec<Message> {
        self.tables().logs.appended.clone()
    }

    /// The message at a position, without a call.
    pub fn message_at(&self, conversation: ConversationId, seq: Seq) -> Option<Message> {
        let tables = self.tables();
        let entry = tables.logs.logs.get(&conversation)?.entries.get(&seq)?;
        Some(entry.message.clone())
    }

    /// Up to where positions are set aside, without a call.
    pub fn reserved(&self, conversation: ConversationId) -> Option<Seq> {
        self.tables().logs.logs.get(&conversation)?.reserved
    }

    /// Writes a message whatever is at its position, without a call: for tests
    /// that have to notice such a fault.
    pub fn overwrite(&self, message: &Message) {
        let tables = &mut *self.tables();
        let log = tables.logs.logs.entry(message.conversation).or_default();
        let entry = Entry { message: message.clone(), reserved: log.reserved, expires_at: None };
        log.entries.insert(message.seq, entry);
        tables.logs.appended.push(message.clone());
    }
}

impl MessageLog for Memory {
    async fn tail(&self, conversation: ConversationId, entries_max: u32) -> Result<Tail, StoreError> {
        let size = self.page_size(entries_max);
        self.call(|tables| {
            let Some(log) = tables.logs.logs.get(&conversation) else { return Tail::default() };
            let Page { entries, more } = log.page(Range::from_newest(), size);
            Tail { newest: entries, head: log.head(), more }
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

    async fn append(
        &self,
        message: &Message,
        reserved: Option<Seq>,
        expires_at: Option<Timestamp>,
    ) -> Result<(), AppendError> {
        let appended = self.call(|tables| {
            let log = tables.logs.logs.entry(message.conversation).or_default();
            if let Some(occupant) = log.entries.get(&message.seq) {
                return Err(AppendError::Occupied(Box::new(occupant.message.clone())));
            }
            log.entries.insert(message.seq, Entry { message: message.clone(), reserved, expires_at });
            log.reserved = log.reserved.max(reserved);
            tables.logs.appended.push(message.clone());
            Ok(())
        });
        appended.await?
    }

    async fn reserve(&self, conversation: ConversationId, upto: Seq) -> Result<(), StoreError> {
        self.call(|tables| {
            let log = tables.logs.logs.entry(conversation).or_default();
            log.reserved = log.reserved.max(Some(upto));
        })
        .await
    }
}
