//! Waiting receives, by queue.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::Notify;

use super::change::Change;

/// One notifier per queue that was ever received from.
#[derive(Debug, Default)]
pub(super) struct Pollers {
    bells: BTreeMap<String, Arc<Notify>>,
}

impl Pollers {
    pub(super) fn bell(&mut self, queue: &str) -> Arc<Notify> {
        Arc::clone(self.bells.entry(queue.to_owned()).or_default())
    }

    /// Wakes the receives that the changes concern: one of them for a message, all of them if a message becomes visible
    /// earlier than they expect, or the queue is removed.
    pub(super) fn wake(&self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Appended { queue, .. } | Change::DeadLettered { queue, .. } => self.wake_one(queue),
                Change::Sooner { queue } | Change::QueueGone { queue } => {
                    if let Some(bell) = self.bells.get(queue) {
                        bell.notify_waiters();
                    }
                }
                Change::QueueSet(_)
                | Change::Purged { .. }
                | Change::HandedOut { .. }
                | Change::Removed { .. } => {}
            }
        }
    }

    pub(super) fn wake_one(&self, queue: &str) {
        if let Some(bell) = self.bells.get(queue) {
            bell.notify_one();
        }
    }
}
