//! Watch of a lease: the lease checks that notice its end, and notify friends once.
//!
//! While friends see a user as online, one chain of delayed queue messages watches the user's lease. Each message
//! checks the lease at its expected end, and queues the next one if the lease was renewed. The session row names the
//! chain, so of two chains only one goes on. A row has a watch exactly when friends were last notified that the user is
//! online.

use std::time::Duration;

use crate::Timestamp;
use crate::lease::{HeartbeatPolicy, INTERVAL_MAX, Lease, Status, TIMEOUT_MAX};
use crate::time::AHEAD_MAX;

/// Id of a watch, drawn at random for each request that may begin one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WatchId(pub u64);

/// The watch of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Id of the watch.
    pub id: WatchId,
    /// Time until which the watch has to be renewed. After it the watch is broken: a message was lost.
    pub until: Timestamp,
}

/// Presence part of a session row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The lease of the user.
    pub lease: Lease,
    /// The watch of the lease; if there is one, friends were last notified that the user is online.
    pub watch: Option<Watch>,
    /// The watch whose lease check notified friends that the user is offline.
    pub ended_by: Option<WatchId>,
}

/// Kind of a lease check, the delayed queue message about one user's lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseCheck {
    /// The user has come online: begin a watch.
    First,
    /// The lease may have run out, or was ended.
    Due,
}

/// Action that a lease check requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseAction {
    /// Nothing: another watch goes on, or none is needed.
    Nothing,
    /// Begin a watch, and notify friends if they see the user as offline.
    Begin {
        /// Whether to notify friends.
        notifies: bool,
    },
    /// Check again at the expected end of the lease.
    CheckAgain,
    /// Renew the watch in the row, then check again at the expected end of the lease.
    Renew,
    /// End the watch, and notify friends that the user is offline.
    End,
    /// Notify friends of this status: the row is as this message has left it, but it is unknown whether friends were
    /// notified.
    NotifyAgain(Status),
}

/// Life of a watch without a renewal. Rarer renewals cost less, but a broken watch is found later.
const WATCH_SPAN: Duration = Duration::from_secs(600);

/// Longest time from a lease check to the next, and the largest clock difference. A watch that is due for renewal
/// later was written by a wrong clock.
const CHECK_AHEAD_MAX: Duration = TIMEOUT_MAX.saturating_add(INTERVAL_MAX).saturating_add(AHEAD_MAX);

/// Lateness of a lease check after which its watch counts as broken.
const LATENESS_MAX: Duration = Duration::from_secs(60);

impl Presence {
    /// Presence of a user whose lease begins now.
    pub const fn begun(now: Timestamp) -> Self {
        Self { lease: Lease::begun(now), watch: None, ended_by: None }
    }

    /// Whether friends who are notified of changes see the user as online.
    pub const fn friends_see_online(&self) -> bool {
        self.watch.is_some()
    }

    /// Whether the row names this watch, as the present one or as the one that ended.
    pub fn is_named(&self, id: WatchId) -> bool {
        self.ended_by == Some(id) || self.watch.is_some_and(|watch| watch.id == id)
    }

    /// Whether a new watch has to begin.
    pub fn needs_watch(&self, now: Timestamp) -> bool {
        let latest = now.plus(CHECK_AHEAD_MAX + WATCH_SPAN);
        self.watch.is_none_or(|watch| !(now..=latest).contains(&watch.until))
    }

    /// Marks the user as active. For a user who comes online, and who may have been idle when the last lease ended.
    #[must_use]
    pub const fn attended(self) -> Self {
        Self { lease: Lease { attended_at: None, ..self.lease }, ..self }
    }

    /// Adds a watch whose next lease check is at `check_at`.
    #[must_use]
    pub fn watched(self, id: WatchId, check_at: Timestamp) -> Self {
        Self { watch: Some(Watch { id, until: check_at.plus(WATCH_SPAN) }), ended_by: None, ..self }
    }

    /// Marks the user as alone, if not yet marked.
    #[must_use]
    pub fn alone(self, now: Timestamp) -> Self {
        let alone_since = self.lease.alone_since.or(Some(now));
        Self { lease: Lease { alone_since, ..self.lease }, ..self }
    }

    /// Marks the user as having an observer.
    #[must_use]
    pub const fn observed(self) -> Self {
        Self { lease: Lease { alone_since: None, ..self.lease }, ..self }
    }

    /// Sets the end of the lease.
    #[must_use]
    pub const fn ending(self, ends_at: Timestamp) -> Self {
        Self { lease: Lease { ends_at: Some(ends_at), ..self.lease }, ..self }
    }

    /// Whether a row with this presence has had `seen` replaced by `next`, perhaps with a renewal since.
    ///
    /// False if a renewal makes the two equal, so that the row does not show which one it was.
    pub fn has_become(&self, seen: &Self, next: &Self) -> bool {
        let Lease { renewed_at, attended_at, .. } = self.lease;
        let renewed = |row: &Self| Self {
            lease: Lease { renewed_at, attended_at, ends_at: None, ..row.lease },
            ..*row
        };
        self == next || (*self == renewed(next) && renewed(next) != renewed(seen))
    }

    /// Ends the watch. The user counts as having observers, since friends may have come online when the user comes
    /// back.
    #[must_use]
    pub const fn ended(self, by: WatchId) -> Self {
        Self { watch: None, ended_by: Some(by), ..self.observed() }
    }
}

/// Decides the action for the lease check `id` on a row.
pub fn decide_lease_action(
    check: LeaseCheck,
    id: WatchId,
    presence: &Presence,
    connected: bool,
    policy: HeartbeatPolicy,
    now: Timestamp,
) -> LeaseAction {
    let ends_at = policy.ends_at(&presence.lease, connected);
    if check == LeaseCheck::Due && presence.is_named(id) && presence.watch.is_none() {
        // The user may be online again by now; then another message notifies friends of that.
        return LeaseAction::NotifyAgain(Status::Offline);
    }
    match (policy.status(&presence.lease, connected, now), presence.watch) {
        (Status::Offline, Some(_)) => LeaseAction::End,
        (Status::Offline, None) => LeaseAction::Nothing,
        (Status::Online, None) if check == LeaseCheck::First => LeaseAction::Begin { notifies: true },
        // A renewal without a watch has queued a message that begins one.
        (Status::Online, None) => LeaseAction::Nothing,
        (Status::Online, Some(watch)) if watch.id == id => match check {
            LeaseCheck::First => LeaseAction::NotifyAgain(Status::Online),
            LeaseCheck::Due if watch.until < ends_at.plus(LATENESS_MAX) || presence.needs_watch(now) => {
                LeaseAction::Renew
            }
            LeaseCheck::Due => LeaseAction::CheckAgain,
        },
        (Status::Online, Some(_)) if check == LeaseCheck::First && presence.needs_watch(now) => {
            LeaseAction::Begin { notifies: false }
        }
        (Status::Online, Some(_)) => LeaseAction::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::Attendance;

    const POLICY: HeartbeatPolicy =
        HeartbeatPolicy { interval: Duration::from_secs(10), timeout: Duration::from_secs(30) };
    const OURS: WatchId = WatchId(1);
    const OTHER: WatchId = WatchId(2);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(1_000_000 + seconds * 1000)
    }

    fn unwatched() -> Presence {
        Presence::begun(at(0))
    }

    fn watched() -> Presence {
        unwatched().watched(OURS, at(32))
    }

    #[track_caller]
    fn check(check: LeaseCheck, id: WatchId, presence: Presence, now: u64, expected: LeaseAction) {
        assert_eq!(decide_lease_action(check, id, &presence, true, POLICY, at(now)), expected);
    }

    #[test]
    fn a_watch_that_a_wrong_clock_wrote_is_broken() {
        let day = 24 * 3_600;
        let ahead = unwatched().watched(OTHER, at(day));
        assert!(ahead.needs_watch(at(10)));
        check(LeaseCheck::First, OURS, ahead, 10, LeaseAction::Begin { notifies: false });
        check(LeaseCheck::Due, OTHER, ahead, 10, LeaseAction::Renew);
        // The latest time that a right clock may have written.
        let right = unwatched().watched(OTHER, at(3_600 + 480));
        assert!(!right.needs_watch(at(0)));
    }

    #[test]
    fn a_change_is_recognized_after_a_renewal() {
        let renewed =
            |row: Presence| Presence { lease: row.lease.renewed(Attendance::Unstated, at(5)), ..row };
        let (seen, next) = (watched().alone(at(1)), watched().ending(at(4)));
        assert!(next.has_become(&seen, &next) && renewed(next).has_become(&seen, &next));
        assert!(!seen.has_become(&seen, &next) && !renewed(seen).has_become(&seen, &next));
        assert!(!next.watched(OTHER, at(32)).has_become(&seen, &next));
        // A renewal removes the end of the lease, whether one was set before or not.
        assert!(!renewed(seen).has_become(&seen, &seen.ending(at(4))));
    }

    #[test]
    fn friends_are_notified_once_when_a_user_comes_online() {
        check(LeaseCheck::First, OURS, unwatched(), 0, LeaseAction::Begin { notifies: true });
        check(LeaseCheck::First, OTHER, watched(), 0, LeaseAction::Nothing);
    }

    #[test]
    fn a_repeated_message_notifies_again_and_begins_no_second_watch() {
        check(LeaseCheck::First, OURS, watched(), 0, LeaseAction::NotifyAgain(Status::Online));
        check(LeaseCheck::Due, OURS, watched().ended(OURS), 40, LeaseAction::NotifyAgain(Status::Offline));
        check(LeaseCheck::Due, OTHER, watched().ended(OURS), 40, LeaseAction::Nothing);
        let back = Presence { lease: Lease::begun(at(41)), ..watched().ended(OURS) };
        check(LeaseCheck::Due, OURS, back, 41, LeaseAction::NotifyAgain(Status::Offline));
    }

    #[test]
    fn only_its_own_watch_checks_a_renewed_lease_again() {
        check(LeaseCheck::Due, OURS, watched(), 20, LeaseAction::CheckAgain);
        check(LeaseCheck::Due, OTHER, watched(), 20, LeaseAction::Nothing);
        check(LeaseCheck::Due, OURS, unwatched(), 20, LeaseAction::Nothing);
    }

    #[test]
    fn any_lease_check_ends_a_lease_that_has_run_out() {
        check(LeaseCheck::Due, OURS, watched(), 32, LeaseAction::End);
        check(LeaseCheck::Due, OTHER, watched(), 32, LeaseAction::End);
        check(LeaseCheck::First, OTHER, watched(), 32, LeaseAction::End);
        check(LeaseCheck::Due, OTHER, watched().ending(at(3)), 3, LeaseAction::End);
    }

    #[test]
    fn a_watch_is_renewed_before_it_counts_as_broken() {
        let renewed = Presence { lease: Lease::begun(at(530)), ..watched() };
        check(LeaseCheck::Due, OURS, renewed, 532, LeaseAction::CheckAgain);
        let later = Presence { lease: Lease::begun(at(550)), ..watched() };
        check(LeaseCheck::Due, OURS, later, 552, LeaseAction::Renew);
        assert!(!later.needs_watch(at(552)));
    }

    #[test]
    fn a_broken_watch_is_replaced_without_notifying_friends() {
        let broken = Presence { lease: Lease::begun(at(700)), ..watched() };
        assert!(broken.needs_watch(at(700)));
        check(LeaseCheck::First, OTHER, broken, 700, LeaseAction::Begin { notifies: false });
        check(LeaseCheck::Due, OURS, broken.watched(OTHER, at(732)), 701, LeaseAction::Nothing);
    }
}
