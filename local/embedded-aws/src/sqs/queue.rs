//! One standard queue: its visible and hidden messages.

use std::collections::{BTreeMap, BTreeSet};

use super::{message::Message, receipt::Receipt};
use crate::clock::Ms;

/// Position of a message in the order of acceptance, unique among all queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(pub(super) u64);

/// The messages of a queue. Every step takes time logarithmic in their number.
///
/// Time is an argument and never decreases; [`advance`](Self::advance) comes before any other step at a later time.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: BTreeMap<Key, Entry>,
    /// Visible messages, by the time since which they are visible: the oldest goes first.
    visible: BTreeSet<(Ms, Key)>,
    /// Hidden messages, by the time at which they become visible.
    hidden: BTreeSet<(Ms, Key)>,
    delayed_count: usize,
}

#[derive(Debug)]
struct Entry {
    message: Message,
    visible_at: Ms,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Visible,
    Delayed,
    InFlight,
}

/// Parameters of one receive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    pub(super) count_max: usize,
    pub(super) visibility_timeout: Ms,
    /// Hand-outs after which a message is dead-lettered.
    pub(super) receives_max: Option<u32>,
}

/// Result of one receive.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) handed_out: Vec<(Key, Message)>,
    /// Messages that were removed for the dead-letter queue.
    pub(super) given_up: Vec<(Key, Message)>,
}

/// Number of messages in each state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) visible: usize,
    pub(super) in_flight: usize,
    pub(super) delayed: usize,
}

/// Reason why the visibility of a message stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotChanged {
    /// The message was deleted or handed out again.
    Superseded,
    /// The visibility timeout of the message has passed.
    NotInFlight,
}

impl Queue {
    /// Adds a message that becomes visible at `visible_at`.
    pub(super) fn insert(&mut self, key: Key, message: Message, visible_at: Ms, now: Ms) {
        let phase = if visible_at > now { Phase::Delayed } else { Phase::Visible };
        self.put(key, Entry { message, visible_at, phase });
    }

    /// Makes the messages visible whose delay or visibility timeout has passed.
    pub(super) fn advance(&mut self, now: Ms) {
        while let Some(&(visible_at, key)) = self.hidden.first()
            && visible_at <= now
            && let Some(entry) = self.take(key)
        {
            self.put(key, Entry { phase: Phase::Visible, ..entry });
        }
    }

    /// Removes the messages that were sent at or before `sent_at`.
    pub(super) fn expire(&mut self, sent_at: Ms) -> Vec<Key> {
        let mut expired = Vec::new();
        // Keys are in the order of sending, so the first is the oldest.
        while let Some((&key, entry)) = self.entries.first_key_value()
            && entry.message.content.sent_at <= sent_at
        {
            self.take(key);
            expired.push(key);
        }
        expired
    }

    /// Hands out visible messages, longest visible first, and hides them.
    pub(super) fn receive(&mut self, demand: Demand, now: Ms) -> Received {
        let mut received = Received::default();
        while received.handed_out.len() < demand.count_max
            && let Some(&(_, key)) = self.visible.first()
            && let Some(Entry { mut message, .. }) = self.take(key)
        {
            if demand.receives_max.is_some_and(|max| message.receives >= max) {
                received.given_up.push((key, message));
                continue;
            }
            message.receives += 1;
            message.first_received_at.get_or_insert(now);
            received.handed_out.push((key, message));
        }
        let visible_at = now + demand.visibility_timeout;
        let phase = if visible_at > now { Phase::InFlight } else { Phase::Visible };
        for (key, message) in &received.handed_out {
            self.put(*key, Entry { message: message.clone(), visible_at, phase });
        }
        received
    }

    /// Removes a message. Returns whether the receipt was of the latest hand-out.
    pub(super) fn delete(&mut self, receipt: &Receipt) -> bool {
        let is_latest =
            self.entries.get(&receipt.key).is_some_and(|entry| receipt.is_latest_of(&entry.message));
        is_latest && self.take(receipt.key).is_some()
    }

    /// Hides a message in flight until `timeout` has passed from now on.
    pub(super) fn change_visibility(
        &mut self,
        receipt: &Receipt,
        timeout: Ms,
        now: Ms,
    ) -> Result<(), NotChanged> {
        match self.entries.get(&receipt.key) {
            Some(entry) if receipt.is_latest_of(&entry.message) => match entry.phase {
                Phase::InFlight => {}
                Phase::Visible | Phase::Delayed => return Err(NotChanged::NotInFlight),
            },
            _ => return Err(NotChanged::Superseded),
        }
        if let Some(entry) = self.take(receipt.key) {
            self.put(receipt.key, Entry { visible_at: now + timeout, ..entry });
            self.advance(now);
        }
        Ok(())
    }

    /// Removes the visible messages, longest visible first.
    pub(super) fn take_visible(&mut self) -> Vec<(Key, Message)> {
        let everything = Demand { count_max: usize::MAX, visibility_timeout: 0, receives_max: Some(0) };
        self.receive(everything, 0).given_up
    }

    /// When the next hidden message becomes visible.
    pub(super) fn next_visible_at(&self) -> Option<Ms> {
        self.hidden.first().map(|(visible_at, _)| *visible_at)
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            visible: self.visible.len(),
            in_flight: self.hidden.len() - self.delayed_count,
            delayed: self.delayed_count,
        }
    }

    fn put(&mut self, key: Key, entry: Entry) {
        match entry.phase {
            Phase::Visible => self.visible.insert((entry.visible_at, key)),
            Phase::Delayed | Phase::InFlight => self.hidden.insert((entry.visible_at, key)),
        };
        self.delayed_count += usize::from(entry.phase == Phase::Delayed);
        self.entries.insert(key, entry);
    }

    fn take(&mut self, key: Key) -> Option<Entry> {
        let entry = self.entries.remove(&key)?;
        match entry.phase {
            Phase::Visible => self.visible.remove(&(entry.visible_at, key)),
            Phase::Delayed | Phase::InFlight => self.hidden.remove(&(entry.visible_at, key)),
        };
        self.delayed_count -= usize::from(entry.phase == Phase::Delayed);
        Some(entry)
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
