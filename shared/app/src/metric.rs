//! Names of what is counted while the use cases run.
//!
//! Counted through the `metrics` facade; who collects is the composition root's to say. What each one tells an operator
//! stands in `docs/OPERATIONS.md`.

/// Messages appended, repeats not included.
pub const SENDS: &str = "Sends";

/// Appends that found their position taken and went on to the next.
pub const APPEND_CONFLICTS: &str = "AppendConflicts";

/// Connections that were on record and turned out to be gone.
pub const STALE_CONNECTIONS: &str = "StaleConnections";

/// Rows of ended memberships that a list met, and whose move out of the way failed.
pub const UNMOVED_ROWS: &str = "UnmovedRows";

/// Connections that were closed, since they did not take an event however often it was offered.
pub const SLOW_CONNECTIONS: &str = "SlowConnections";

/// From an entry's time to the end of its announcement by the queue. Unit: milliseconds.
pub const FAN_OUT_LAG: &str = "FanOutLag";

/// Requests that were not done, by error code in the dimension [`CODE`].
pub const REFUSALS: &str = "Refusals";

/// An error code on the wire.
pub const CODE: &str = "Code";

/// Changes of presence that friends were told, by [`STATUS`].
pub const PRESENCE_CHANGES: &str = "PresenceChanges";

/// `online` or `offline`.
pub const STATUS: &str = "Status";

/// Watches over leases that a heartbeat found broken.
pub const BROKEN_WATCHES: &str = "BrokenWatches";

/// Pushes handed to the push service, by [`OUTCOME`].
pub const PUSHES: &str = "Pushes";

/// `taken`, `dead` or `failed`.
pub const OUTCOME: &str = "Outcome";

/// From a message's time to its push being taken up by the function. Unit: milliseconds.
pub const PUSH_LAG: &str = "PushLag";

/// Every counter.
pub const ALL: [&str; 9] = [
    SENDS,
    APPEND_CONFLICTS,
    STALE_CONNECTIONS,
    UNMOVED_ROWS,
    SLOW_CONNECTIONS,
    REFUSALS,
    PRESENCE_CHANGES,
    BROKEN_WATCHES,
    PUSHES,
];
