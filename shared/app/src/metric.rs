//! Names of the metrics of use cases.
//!
//! Use cases record them through the `metrics` facade; the composition root chooses the collector.
//! `docs/OPERATIONS.md` explains each one to operators.

/// Messages appended, repeats not included.
pub const SENDS: &str = "Sends";

/// Appends, and changes of groups, that found their position taken and went on to the next.
pub const APPEND_CONFLICTS: &str = "AppendConflicts";

/// Registered connections that turned out to be stale.
pub const STALE_CONNECTIONS: &str = "StaleConnections";

/// Rows of ended memberships that a list found and could not move out of the way.
pub const UNMOVED_ROWS: &str = "UnmovedRows";

/// Connections that were closed because they did not take an event after several offers.
pub const SLOW_CONNECTIONS: &str = "SlowConnections";

/// From an entry's time to the end of its announcement by the queue. Unit: milliseconds.
pub const FAN_OUT_LAG: &str = "FanOutLag";

/// Requests that were refused or failed, by error code in the dimension [`CODE`].
pub const REFUSALS: &str = "Refusals";

/// An error code on the wire.
pub const CODE: &str = "Code";

/// Changes of presence of which friends were notified, by [`STATUS`].
pub const PRESENCE_CHANGES: &str = "PresenceChanges";

/// `online` or `offline`.
pub const STATUS: &str = "Status";

/// Watches of leases that a heartbeat found broken.
pub const BROKEN_WATCHES: &str = "BrokenWatches";

/// Pushes handed to the push service, by [`OUTCOME`].
pub const PUSHES: &str = "Pushes";

/// `taken`, `dead` or `failed`.
pub const OUTCOME: &str = "Outcome";

/// From a message's time to the start of its push by the function. Unit: milliseconds.
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
