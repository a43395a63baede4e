//! Presence as a lease: a frame from a user keeps the user online for a while.
//!
//! The store keeps when the lease was renewed, not when it ends. So a renewal need not know the lease: it is one
//! write, on the condition that the connection is registered. And every reader computes the same end.

use std::time::Duration;

use crate::Timestamp;
use crate::time::AHEAD_MAX;

/// How often clients send heartbeats, and how long a lease lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatPolicy {
    /// Time between two heartbeats of a client whose user has an observer.
    pub interval: Duration,
    /// Silence after which a user is offline.
    pub timeout: Duration,
}

/// Longest heartbeat interval of a client whose user is alone.
///
/// Less than the 10 minutes after which API Gateway closes a silent connection.
/// Source: API Gateway WebSocket quotas, "Idle connection timeout".
pub const INTERVAL_MAX: Duration = Duration::from_secs(480);

/// Longest [`HeartbeatPolicy::timeout`] that an operator may set.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(3_600);

/// Time alone before the interval grows.
const ALONE_MIN: Duration = Duration::from_secs(30);

/// The interval of a user alone is the time alone divided by this.
const ALONE_PER_INTERVAL: u32 = 4;

/// Longest [`HeartbeatPolicy::slack`].
pub(crate) const SLACK_MAX: Duration = Duration::from_secs(2);

/// Longest time that a client has to answer a probe.
const PROBE_MAX: Duration = Duration::from_secs(4);

/// The lease of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Time of the last renewal, give or take [`HeartbeatPolicy::slack`].
    pub renewed_at: Timestamp,
    /// When the user was last active, if idle heartbeats have come since; `None` if the user was active at
    /// `renewed_at`.
    pub attended_at: Option<Timestamp>,
    /// End of the lease unless it is renewed before: the time of a logout, or the deadline of a probe.
    pub ends_at: Option<Timestamp>,
    /// Since when the user is alone, with no friend connected; `None` if a friend may be connected.
    pub alone_since: Option<Timestamp>,
}

/// Presence of a user, as friends see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The lease has not run out.
    Online,
    /// The lease has run out, or there was none.
    Offline,
}

impl Status {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
        }
    }
}

/// Statement of a frame about whether anybody uses its device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attendance {
    /// The frame states nothing.
    #[default]
    Unstated,
    /// Somebody uses the device.
    Attended,
    /// Nobody uses the device: it is connected, and its user idle.
    Idle,
}

impl Lease {
    /// A lease that begins now.
    pub const fn begun(now: Timestamp) -> Self {
        Self { renewed_at: now, attended_at: None, ends_at: None, alone_since: None }
    }

    /// Renews the lease.
    #[must_use]
    pub fn renewed(self, attendance: Attendance, now: Timestamp) -> Self {
        let attended_at = match attendance {
            Attendance::Unstated => self.attended_at,
            Attendance::Attended => None,
            Attendance::Idle => Some(self.active_at().shown(now)),
        };
        Self { renewed_at: now, attended_at, ends_at: None, ..self }
    }

    /// When the user was last active, as others see it; idle heartbeats do not move it.
    pub fn active_at(&self) -> Timestamp {
        self.attended_at.unwrap_or(self.renewed_at)
    }
}

impl HeartbeatPolicy {
    /// Time after a renewal in which frames other than heartbeats need not renew.
    ///
    /// The lease lasts that much longer than the timeout, so that it covers such a frame.
    pub fn slack(&self) -> Duration {
        (self.interval / 2).min(SLACK_MAX)
    }

    /// Time that a client has to answer a probe.
    pub fn probe(&self) -> Duration {
        self.timeout.min(PROBE_MAX)
    }

    /// Time from the last heartbeat to the next, as the client was given it. Unit: whole seconds.
    pub fn next_heartbeat(&self, lease: &Lease) -> Duration {
        let alone = lease.alone_since.map_or(Duration::ZERO, |since| lease.renewed_at.since(since));
        if alone < ALONE_MIN {
            return self.interval;
        }
        let grown = Duration::from_secs((alone / ALONE_PER_INTERVAL).as_secs());
        grown.clamp(self.interval, self.interval.max(INTERVAL_MAX))
    }

    /// End of the lease.
    ///
    /// An interval above the usual counts only while a connection exists that a probe could reach.
    pub fn ends_at(&self, lease: &Lease, connected: bool) -> Timestamp {
        let by_silence = self.ends_by_silence(lease, connected);
        match lease.ends_at {
            // No connection is left to answer a probe.
            Some(ends_at) if !connected => ends_at.min(by_silence),
            Some(ends_at) => ends_at,
            None => by_silence,
        }
    }

    fn ends_by_silence(&self, lease: &Lease, connected: bool) -> Timestamp {
        let longer = if connected { self.next_heartbeat(lease) - self.interval } else { Duration::ZERO };
        lease.renewed_at.plus(self.timeout + self.slack() + longer)
    }

    /// Whether the user is online. A time that a wrong clock wrote does not count.
    pub fn status(&self, lease: &Lease, connected: bool, now: Timestamp) -> Status {
        let ends_at = self.ends_at(lease, connected);
        // Latest end that a probe sent now would set.
        let latest = self.ends_by_silence(lease, connected).max(now.plus(self.probe() + AHEAD_MAX));
        let is_right = lease.renewed_at.may_have_been(now) && ends_at <= latest;
        if is_right && ends_at > now { Status::Online } else { Status::Offline }
    }

    /// Whether a frame other than a heartbeat renews the lease.
    pub fn renews(&self, lease: &Lease, now: Timestamp) -> bool {
        lease.ends_at.is_some()
            || !lease.renewed_at.may_have_been(now)
            || now.since(lease.renewed_at) > self.slack()
    }

    /// End of the lease if a probe sent now is not answered; `None` if no probe is needed, since the client has the
    /// usual interval.
    pub fn probed(&self, lease: &Lease, now: Timestamp) -> Option<Timestamp> {
        let usual_end = lease.renewed_at.plus(self.timeout + self.slack());
        (self.next_heartbeat(lease) > self.interval).then(|| usual_end.max(now.plus(self.probe())))
    }
}

/// Age below which a connection stays registered although the gateway reports it as stale.
///
/// API Gateway answers 410 also for a connection that is not open yet, between its `$connect` and the end of the
/// handshake. Removing that connection would leave a live device without events.
pub const YOUNG_CONNECTION: Duration = Duration::from_secs(60);

/// Most connections of one user that get events: ten devices with five sockets each.
///
/// Bounds the cost of a message to the user.
pub const CONNECTIONS_MAX: usize = 50;

/// Age at which a connection is certainly stale.
///
/// Source: API Gateway WebSocket quotas, "Connection duration" (2 hours), and
/// a margin for clocks.
pub const CONNECTION_AGE_MAX: Duration = Duration::from_secs(2 * 3600 + 600);

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: HeartbeatPolicy =
        HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(1_000_000 + seconds * 1000)
    }

    fn lease(renewed: u64, alone_since: Option<u64>) -> Lease {
        Lease { renewed_at: at(renewed), attended_at: None, ends_at: None, alone_since: alone_since.map(at) }
    }

    #[test]
    fn silence_for_the_timeout_and_no_more_than_five_seconds_longer_is_offline() {
        let ends_at = POLICY.ends_at(&lease(0, None), true);
        assert!(ends_at >= at(30) && ends_at < at(34), "{ends_at}");
        assert_eq!(POLICY.status(&lease(0, None), true, at(30)), Status::Online);
        assert_eq!(POLICY.status(&lease(0, None), true, ends_at), Status::Offline);
    }

    #[test]
    fn a_frame_that_did_not_renew_is_covered_for_the_timeout_all_the_same() {
        let lease = lease(0, None);
        let last = at(0).plus(POLICY.slack());
        assert!(!POLICY.renews(&lease, last));
        assert!(POLICY.ends_at(&lease, true) >= last.plus(POLICY.timeout));
        assert!(POLICY.renews(&lease, last.plus(Duration::from_millis(1))));
    }

    #[test]
    fn a_logout_ends_the_lease_and_a_later_frame_renews_it() {
        let ended = Lease { ends_at: Some(at(3)), ..lease(2, None) };
        assert_eq!(POLICY.status(&ended, true, at(3)), Status::Offline);
        assert!(POLICY.renews(&ended, at(3)));
        assert_eq!(POLICY.status(&ended.renewed(Attendance::Unstated, at(4)), true, at(4)), Status::Online);
    }

    #[test]
    fn no_user_is_online_by_a_clock_that_was_a_day_ahead() {
        let day_ahead = lease(24 * 3600, None);
        assert_eq!(POLICY.status(&day_ahead, true, at(0)), Status::Offline);
        assert!(POLICY.renews(&day_ahead, at(0)));
        assert_eq!(
            POLICY.status(&day_ahead.renewed(Attendance::Unstated, at(1)), true, at(1)),
            Status::Online
        );
        assert_eq!(POLICY.status(&lease(40, None), true, at(0)), Status::Online, "a request may be slow");
        let probed = Lease { ends_at: Some(at(24 * 3600)), ..lease(0, Some(0)) };
        assert_eq!(POLICY.status(&probed, true, at(1)), Status::Offline);
    }

    #[test]
    fn idle_heartbeats_renew_the_lease_and_keep_the_last_activity() {
        let idle = lease(0, None).renewed(Attendance::Idle, at(10)).renewed(Attendance::Idle, at(20));
        assert_eq!((idle.renewed_at, idle.active_at()), (at(20), at(0)));
        assert_eq!(POLICY.status(&idle, true, at(45)), Status::Online);
        assert_eq!(idle.renewed(Attendance::Unstated, at(30)).active_at(), at(0));
        assert_eq!(idle.renewed(Attendance::Attended, at(30)).active_at(), at(30));
    }

    #[track_caller]
    fn check_next(alone_since: Option<u64>, renewed: u64, expected_seconds: u64) {
        let lease = lease(renewed, alone_since);
        let next = POLICY.next_heartbeat(&lease);
        assert_eq!(next, Duration::from_secs(expected_seconds));
        assert!(POLICY.ends_at(&lease, true) >= at(renewed).plus(next + Duration::from_secs(20)));
    }

    #[test]
    fn the_interval_of_a_user_alone_grows_up_to_eight_minutes_and_the_lease_with_it() {
        check_next(None, 10_000, 10);
        check_next(Some(0), 29, 10);
        check_next(Some(0), 40, 10);
        check_next(Some(0), 60, 15);
        check_next(Some(0), 800, 200);
        check_next(Some(0), 100_000, 480);
        // Renewed before the user was found to be alone.
        check_next(Some(100), 90, 10);
    }

    #[test]
    fn a_longer_interval_counts_only_while_there_is_a_connection() {
        let alone = lease(800, Some(0));
        assert_eq!(POLICY.status(&alone, true, at(900)), Status::Online);
        assert_eq!(POLICY.status(&alone, false, at(900)), Status::Offline);
    }

    #[test]
    fn a_probe_has_to_be_answered_soon_but_never_before_the_usual_end() {
        assert_eq!(POLICY.probed(&lease(0, None), at(9)), None);
        assert_eq!(POLICY.probed(&lease(800, Some(0)), at(900)), Some(at(904)));
        assert_eq!(POLICY.probed(&lease(800, Some(0)), at(801)), Some(at(832)));
    }

    #[test]
    fn a_probed_user_stays_online_until_the_answer_is_due() {
        let alone = lease(800, Some(0));
        let probed = Lease { ends_at: POLICY.probed(&alone, at(900)), alone_since: None, ..alone };
        assert_eq!(POLICY.status(&probed, true, at(903)), Status::Online);
        assert_eq!(POLICY.status(&probed, true, at(904)), Status::Offline);
        assert_eq!(POLICY.status(&probed, false, at(900)), Status::Offline);
        assert_eq!(POLICY.next_heartbeat(&probed.renewed(Attendance::Unstated, at(902))), POLICY.interval);
    }

    /// Number of heartbeats that a user sends who is alone for some hours.
    fn heartbeats_alone(hours: u64, policy: HeartbeatPolicy) -> u64 {
        let (mut renewed_at, mut count) = (at(0), 0);
        while renewed_at < at(hours * 3600) {
            let lease = Lease { renewed_at, alone_since: Some(at(0)), ..Lease::begun(renewed_at) };
            renewed_at = renewed_at.plus(policy.next_heartbeat(&lease));
            count += 1;
        }
        count
    }

    #[test]
    fn an_hour_alone_takes_a_fraction_of_the_heartbeats() {
        let policy = HeartbeatPolicy { interval: Duration::from_secs(30), timeout: Duration::from_secs(90) };
        assert_eq!(heartbeats_alone(1, policy), 21);
        assert_eq!(heartbeats_alone(8, policy), 73);
    }
}
