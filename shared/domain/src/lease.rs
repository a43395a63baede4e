//! Presence as a lease: whoever is heard from is online for a while.

use std::time::Duration;

use crate::Timestamp;

/// How often clients say that they are alive, and how long that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatPolicy {
    /// Between two heartbeats of a client.
    pub interval: Duration,
    /// Silence after which a user is offline.
    pub timeout: Duration,
}

impl HeartbeatPolicy {
    /// Until when somebody who was heard from at `now` is online.
    pub fn lease_until(&self, now: Timestamp) -> Timestamp {
        now.plus(self.timeout)
    }
}

/// Age below which a connection that seems gone is kept on record.
///
/// API Gateway answers 410 also for a connection that is not open yet, between
/// its `$connect` and the end of the handshake. Removing it then would leave a
/// living device without events.
pub const YOUNG_CONNECTION: Duration = Duration::from_secs(60);

/// Connections of one user that are told of events, the newest ones: ten devices with five windows each.
///
/// Bounds what a message to the user costs, and the size of the session row.
pub const CONNECTIONS_MAX: usize = 50;

/// Age at which a connection is certainly gone.
///
/// Source: API Gateway WebSocket quotas, "Connection duration" (2 hours), and
/// a margin for clocks.
pub const CONNECTION_AGE_MAX: Duration = Duration::from_secs(2 * 3600 + 600);
