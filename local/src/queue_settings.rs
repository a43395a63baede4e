//! Settings of the queues, as `template.yaml` declares them; a test compares the two.

/// Settings of a queue that feeds a function, and of its dead-letter queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSettings {
    /// The function that the queue feeds; the queue has its name.
    pub function: &'static str,
    /// Most messages of one invocation.
    pub batch_size: usize,
    /// Time for which a received message stays hidden, unless its function sets another. Unit: seconds; six times the
    /// function's timeout.
    pub visibility_timeout_seconds: u32,
    /// Longest time that a message waits. Unit: seconds.
    pub retention_seconds: u32,
    /// Receives of a message before it is dead-lettered.
    pub receives_max: u32,
    /// Longest time that a message waits in the dead-letter queue. Unit: seconds.
    pub dead_letter_retention_seconds: u32,
}

impl QueueSettings {
    /// What all queues have in common.
    const fn of(function: &'static str) -> Self {
        Self {
            function,
            batch_size: 10,
            visibility_timeout_seconds: 90,
            retention_seconds: 86_400,
            receives_max: 12,
            dead_letter_retention_seconds: 1_209_600,
        }
    }
}

/// Announcements of entries.
pub const FAN_OUT: QueueSettings = QueueSettings::of("fan-out");

/// Lease checks and other presence tasks.
pub const PRESENCE: QueueSettings = QueueSettings::of("presence");

/// Pushes.
pub const PUSH: QueueSettings = QueueSettings::of("push");
