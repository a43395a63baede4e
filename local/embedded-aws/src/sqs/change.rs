//! Changes of an operation, for the journal and for waiting receives.

use std::sync::Arc;

use super::{account::Record, message::Content, queue::Key};
use crate::clock::Ms;

/// One step from one state of the account to the next.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// A queue was created, or its settings were changed.
    QueueSet(Record),
    /// A queue and its messages were removed.
    QueueGone {
        queue: String,
    },
    /// The messages of a queue were removed.
    Purged {
        queue: String,
    },
    Appended {
        queue: String,
        key: Key,
        visible_at: Ms,
        content: Arc<Content>,
    },
    HandedOut {
        key: Key,
        receives: u32,
        first_received_at: Option<Ms>,
    },
    DeadLettered {
        key: Key,
        queue: String,
        source_arn: String,
    },
    Removed {
        key: Key,
    },
    /// A hidden message becomes visible earlier than any hidden message before.
    Sooner {
        queue: String,
    },
}

impl Change {
    /// Whether an answer must wait until the change is on disk. If another change is lost, a message is delivered
    /// again: SQS delivers at least once.
    pub(super) fn must_be_durable(&self) -> bool {
        match self {
            Self::QueueSet(_) | Self::QueueGone { .. } | Self::Purged { .. } | Self::Appended { .. } => true,
            Self::HandedOut { .. }
            | Self::DeadLettered { .. }
            | Self::Removed { .. }
            | Self::Sooner { .. } => false,
        }
    }

    /// Whether the journal stores the change.
    pub(super) fn is_kept(&self) -> bool {
        !matches!(self, Self::Sooner { .. })
    }
}
