//! All queues, the operations between them, and their changes.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    change::Change,
    message::{Content, Message},
    protocol::Move,
    queue::{Demand, Key, NotChanged, Queue},
    receipt::Receipt,
    refusal::Refusal,
    settings::{Settings, seconds},
};
use crate::clock::Ms;

/// Every queue by its name. It does no I/O; time is an argument and never decreases.
#[derive(Debug, Default)]
pub(super) struct Account {
    queues: BTreeMap<String, Registered>,
    last_key: u64,
    changes: Vec<Change>,
    /// Tasks that moved dead letters back, oldest first.
    pub(super) moves: Vec<Move>,
}

/// A queue without its messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) created_at: Ms,
    pub(super) changed_at: Ms,
    pub(super) settings: Settings,
}

#[derive(Debug)]
pub(super) struct Registered {
    pub(super) record: Record,
    pub(super) messages: Queue,
}

/// Result of one receive.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    pub(super) messages: Vec<(Receipt, Message)>,
    /// Whether there are visible messages beyond these.
    pub(super) leaves_some: bool,
    pub(super) next_visible_at: Option<Ms>,
}

impl Account {
    /// Returns the changes since the last call.
    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.queues.keys()
    }

    /// Returns a queue as it is at `now`.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if there is no queue of that name.
    pub(super) fn queue(&mut self, name: &str, now: Ms) -> Result<&mut Registered, Refusal> {
        let queue = self.queues.get_mut(name).ok_or_else(Refusal::no_such_queue)?;
        queue.messages.advance(now);
        let sent_at = now.checked_sub(queue.record.settings.retention());
        let expired = sent_at.map_or_else(Vec::new, |sent_at| queue.messages.expire(sent_at));
        self.changes.extend(expired.into_iter().map(|key| Change::Removed { key }));
        Ok(queue)
    }

    /// Name of the queue with this ARN; only the name in the ARN counts.
    pub(super) fn name_of(&self, arn: &str) -> Option<String> {
        let name = arn.rsplit(':').next().unwrap_or_default();
        self.queues.contains_key(name).then(|| name.to_owned())
    }

    /// Creates a queue, or replaces its record.
    pub(super) fn set(&mut self, record: Record) {
        self.changes.push(Change::QueueSet(record.clone()));
        match self.queues.get_mut(&record.name) {
            Some(queue) => queue.record = record,
            None => self.restore_queue(record),
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Result<(), Refusal> {
        self.queues.remove(name).ok_or_else(Refusal::no_such_queue)?;
        self.changes.push(Change::QueueGone { queue: name.to_owned() });
        Ok(())
    }

    pub(super) fn purge(&mut self, name: &str, now: Ms) -> Result<(), Refusal> {
        self.queue(name, now)?.messages = Queue::default();
        self.changes.push(Change::Purged { queue: name.to_owned() });
        Ok(())
    }

    /// Accepts a message; `delay_seconds` overrides the queue's.
    pub(super) fn append(
        &mut self,
        name: &str,
        content: Arc<Content>,
        delay_seconds: Option<u32>,
        now: Ms,
    ) -> Result<(), Refusal> {
        let key = Key(self.last_key + 1);
        let queue = self.queue(name, now)?;
        let before = queue.messages.next_visible_at();
        let visible_at = now + seconds(delay_seconds.unwrap_or(queue.record.settings.delay_seconds));
        let message = Message {
            content: Arc::clone(&content),
            receives: 0,
            first_received_at: None,
            dead_letter_source: None,
        };
        queue.messages.insert(key, message, visible_at, now);
        self.last_key = key.0;
        self.changes.push(Change::Appended { queue: name.to_owned(), key, visible_at, content });
        self.note_sooner(name, before);
        Ok(())
    }

    /// Hands out up to `count_max` messages, and moves messages that were handed out too often to the dead-letter
    /// queue, if that exists.
    pub(super) fn receive(
        &mut self,
        name: &str,
        count_max: usize,
        visibility_seconds: Option<u32>,
        now: Ms,
    ) -> Result<Delivery, Refusal> {
        let settings = &self.queue(name, now)?.record.settings;
        let visibility_timeout = seconds(visibility_seconds.unwrap_or(settings.visibility_timeout_seconds));
        let redrive = settings.redrive.clone();
        let target = redrive.as_ref().and_then(|redrive| self.name_of(&redrive.target_arn));
        let receives_max = redrive.filter(|_| target.is_some()).map(|redrive| redrive.receives_max);

        let queue = self.queue(name, now)?;
        let source_arn = queue.record.arn.clone();
        let before = queue.messages.next_visible_at();
        let received = queue.messages.receive(Demand { count_max, visibility_timeout, receives_max }, now);
        let delivery = Delivery {
            leaves_some: queue.messages.counts().visible > 0,
            next_visible_at: queue.messages.next_visible_at(),
            messages: Vec::new(),
        };
        self.note_sooner(name, before);
        if let Some(target) = target {
            for (key, message) in received.given_up {
                self.dead_letter(&target, &source_arn, key, message, now)?;
            }
        }
        let messages = received.handed_out.into_iter().map(|(key, message)| {
            let Message { receives, first_received_at, .. } = message;
            self.changes.push(Change::HandedOut { key, receives, first_received_at });
            (Receipt::of(key, &message), message)
        });
        Ok(Delivery { messages: messages.collect(), ..delivery })
    }

    /// Deletes a message; a receipt of an earlier hand-out does nothing.
    pub(super) fn delete(&mut self, name: &str, receipt: &Receipt, now: Ms) -> Result<(), Refusal> {
        if self.queue(name, now)?.messages.delete(receipt) {
            self.changes.push(Change::Removed { key: receipt.key });
        }
        Ok(())
    }

    /// Hides a message in flight for `timeout_seconds` from now on.
    pub(super) fn change_visibility(
        &mut self,
        name: &str,
        receipt: &Receipt,
        timeout_seconds: u32,
        now: Ms,
    ) -> Result<(), Refusal> {
        let messages = &mut self.queue(name, now)?.messages;
        let changed = messages.change_visibility(receipt, seconds(timeout_seconds), now);
        changed.map_err(|reason| match reason {
            NotChanged::NotInFlight => Refusal::not_in_flight(),
            NotChanged::Superseded => Refusal::parameter(
                "ReceiptHandle",
                "Message does not exist or is not available for visibility timeout change.",
            ),
        })?;
        self.changes.push(Change::Sooner { queue: name.to_owned() });
        Ok(())
    }

    /// Removes the visible messages from a queue and returns them.
    pub(super) fn take_visible(&mut self, name: &str, now: Ms) -> Result<Vec<Message>, Refusal> {
        let taken = self.queue(name, now)?.messages.take_visible();
        self.changes.extend(taken.iter().map(|(key, _)| Change::Removed { key: *key }));
        Ok(taken.into_iter().map(|(_, message)| message).collect())
    }

    /// Adds a queue from the journal.
    pub(super) fn restore_queue(&mut self, record: Record) {
        let queue = Registered { record, messages: Queue::default() };
        self.queues.insert(queue.record.name.clone(), queue);
    }

    /// Adds a message from the journal; one of no queue is ignored. If the machine's clock went back, the delay of the
    /// message does not become longer.
    pub(super) fn restore_message(
        &mut self,
        name: &str,
        key: Key,
        message: Message,
        visible_at: Ms,
        now: Ms,
    ) {
        self.last_key = self.last_key.max(key.0);
        let delay = visible_at.saturating_sub(message.content.sent_at);
        if let Some(queue) = self.queues.get_mut(name) {
            queue.messages.insert(key, message, visible_at.min(now + delay), now);
        }
    }

    fn dead_letter(
        &mut self,
        target: &str,
        source: &str,
        key: Key,
        message: Message,
        now: Ms,
    ) -> Result<(), Refusal> {
        let message = Message { dead_letter_source: Some(source.to_owned()), ..message };
        self.queue(target, now)?.messages.insert(key, message, now, now);
        let (queue, source_arn) = (target.to_owned(), source.to_owned());
        self.changes.push(Change::DeadLettered { key, queue, source_arn });
        Ok(())
    }

    fn note_sooner(&mut self, name: &str, before: Option<Ms>) {
        let after = self.queues.get(name).and_then(|queue| queue.messages.next_visible_at());
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.changes.push(Change::Sooner { queue: name.to_owned() });
        }
    }
}
