//! Who notices that a lease has run out, and tells it once.
//!
//! While friends believe that a user is online, one chain of delayed queue messages watches the lease: each looks when
//! the lease should end, and puts the next one into the queue if it was renewed. The session row names the chain, so
//! of two only one goes on. That a row has a watch *is* what friends were told: online with it, offline without.

use std::time::Duration;

use crate::Timestamp;
use crate::lease::{HeartbeatPolicy, INTERVAL_MAX, Lease, Status, TIMEOUT_MAX};
use crate::time::AHEAD_MAX;

/// Names a chain. Drawn at random for each request that may begin one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WatchId(pub u64);

/// The chain that watches a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Which.
    pub id: WatchId,
    /// A watch that is not renewed by then is broken: a message was lost.
    pub until: Timestamp,
}

/// What a session row says of its user's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Whether the user is there.
    pub lease: Lease,
    /// Who watches; friends were told that the user is online.
    pub watch: Option<Watch>,
    /// Whose message told friends that the user is offline.
    pub ended_by: Option<WatchId>,
}

/// A message about one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseCheck {
    /// The user has come online: begin to watch.
    First,
    /// The lease may have run out, or was ended.
    Due,
}

/// What is to be done about a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseAction {
    /// Nothing: another watches, or nobody needs to.
    Nothing,
    /// Begin to watch, and tell friends if they believe that the user is offline.
    Begin {
        /// Whether they do.
        notifies: bool,
    },
    /// Look again when the lease should end.
    CheckAgain,
    /// The same, after the row says that the watch goes on.
    Renew,
    /// Stop to watch, and tell friends that the user is offline.
    End,
    /// The row is as this message has made it, but it cannot be known whether friends were told.
    NotifyAgain(Status),
}

/// How long a watch is believed in without a renewal. Rarer renewals cost less; a broken watch is found later.
const WATCH_SPAN: Duration = Duration::from_secs(600);

/// Longest time from a look to the next, and how much clocks may disagree: a watch that is to be renewed later than that
/// was written by a clock that was wrong.
const CHECK_AHEAD_MAX: Duration = TIMEOUT_MAX.saturating_add(INTERVAL_MAX).saturating_add(AHEAD_MAX);

/// How late a look may be before its watch counts as broken.
const LATENESS_MAX: Duration = Duration::from_secs(60);

impl Presence {
    /// Of somebody who is heard from for the first time.
    pub const fn begun(now: Timestamp) -> Self {
        Self { lease: Lease::begun(now), watch: None, ended_by: None }
    }

    /// Whether friends who are told of changes believe that the user is online.
    pub const fn friends_see_online(&self) -> bool {
        self.watch.is_some()
    }

    /// Whether the row names this message, as who watches or as who told of the end.
    pub fn is_named(&self, id: WatchId) -> bool {
        self.ended_by == Some(id) || self.watch.is_some_and(|watch| watch.id == id)
    }

    /// Whether somebody has to begin to watch.
    pub fn needs_watch(&self, now: Timestamp) -> bool {
        let latest = now.plus(CHECK_AHEAD_MAX + WATCH_SPAN);
        self.watch.is_none_or(|watch| !(now..=latest).contains(&watch.until))
    }

    /// As of somebody who is active, if they were idle when they were last told to be offline.
    #[must_use]
    pub const fn attended(self) -> Self {
        Self { lease: Lease { attended_at: None, ..self.lease }, ..self }
    }

    /// With a watch that is to look at `check_at`.
    #[must_use]
    pub fn watched(self, id: WatchId, check_at: Timestamp) -> Self {
        Self { watch: Some(Watch { id, until: check_at.plus(WATCH_SPAN) }), ended_by: None, ..self }
    }

    /// As alone, if it is not known yet.
    #[must_use]
    pub fn alone(self, now: Timestamp) -> Self {
        let alone_since = self.lease.alone_since.or(Some(now));
        Self { lease: Lease { alone_since, ..self.lease }, ..self }
    }

    /// With a friend who looks.
    #[must_use]
    pub const fn observed(self) -> Self {
        Self { lease: Lease { alone_since: None, ..self.lease }, ..self }
    }

    /// With a lease that ends then.
    #[must_use]
    pub const fn ending(self, ends_at: Timestamp) -> Self {
        Self { lease: Lease { ends_at: Some(ends_at), ..self.lease }, ..self }
    }

    /// Whether a row that says this has had `seen` replaced by `next`, perhaps before its user was heard from again.
    ///
    /// It says no where being heard from makes the same of both, as if one had not been replaced by the other.
    pub fn has_become(&self, seen: &Self, next: &Self) -> bool {
        let Lease { renewed_at, attended_at, .. } = self.lease;
        let renewed = |row: &Self| Self {
            lease: Lease { renewed_at, attended_at, ends_at: None, ..row.lease },
            ..*row
        };
        self == next || (*self == renewed(next) && renewed(next) != renewed(seen))
    }

    /// Told to be offline. Who comes back may find friends who look.
    #[must_use]
    pub const fn ended(self, by: WatchId) -> Self {
        Self { watch: None, ended_by: Some(by), ..self.observed() }
    }
}

/// What is to be done about a message `id` that looks at a row.
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
        // The user may be back by now; then friends are told of that by another message.
        return LeaseAction::NotifyAgain(Status::Offline);
    }
    match (policy.status(&presence.lease, connected, now), presence.watch) {
        (Status::Offline, Some(_)) => LeaseAction::End,
        (Status::Offline, None) => LeaseAction::Nothing,
        (Status::Online, None) if check == LeaseCheck::First => LeaseAction::Begin { notifies: true },
        // Whoever is heard from without a watch has sent a message to begin one.
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
        // As late as one can be that a right clock wrote.
        let right = unwatched().watched(OTHER, at(3_600 + 480));
        assert!(!right.needs_watch(at(0)));
    }

    #[test]
    fn a_change_is_known_again_though_its_user_was_heard_from_since() {
        let renewed =
            |row: Presence| Presence { lease: row.lease.renewed(Attendance::Unstated, at(5)), ..row };
        let (seen, next) = (watched().alone(at(1)), watched().ending(at(4)));
        assert!(next.has_become(&seen, &next) && renewed(next).has_become(&seen, &next));
        assert!(!seen.has_become(&seen, &next) && !renewed(seen).has_become(&seen, &next));
        assert!(!next.watched(OTHER, at(32)).has_become(&seen, &next));
        // Whoever is heard from has no end, whether one was set before or not.
        assert!(!renewed(seen).has_become(&seen, &seen.ending(at(4))));
    }

    #[test]
    fn whoever_comes_online_is_told_of_once() {
        check(LeaseCheck::First, OURS, unwatched(), 0, LeaseAction::Begin { notifies: true });
        check(LeaseCheck::First, OTHER, watched(), 0, LeaseAction::Nothing);
    }

    #[test]
    fn a_message_that_comes_again_tells_again_and_watches_no_second_time() {
        check(LeaseCheck::First, OURS, watched(), 0, LeaseAction::NotifyAgain(Status::Online));
        check(LeaseCheck::Due, OURS, watched().ended(OURS), 40, LeaseAction::NotifyAgain(Status::Offline));
        check(LeaseCheck::Due, OTHER, watched().ended(OURS), 40, LeaseAction::Nothing);
        let back = Presence { lease: Lease::begun(at(41)), ..watched().ended(OURS) };
        check(LeaseCheck::Due, OURS, back, 41, LeaseAction::NotifyAgain(Status::Offline));
    }

    #[test]
    fn a_renewed_lease_is_looked_at_again_by_its_own_watch_alone() {
        check(LeaseCheck::Due, OURS, watched(), 20, LeaseAction::CheckAgain);
        check(LeaseCheck::Due, OTHER, watched(), 20, LeaseAction::Nothing);
        check(LeaseCheck::Due, OURS, unwatched(), 20, LeaseAction::Nothing);
    }

    #[test]
    fn a_lease_that_has_run_out_is_told_by_whoever_finds_it() {
        check(LeaseCheck::Due, OURS, watched(), 32, LeaseAction::End);
        check(LeaseCheck::Due, OTHER, watched(), 32, LeaseAction::End);
        check(LeaseCheck::First, OTHER, watched(), 32, LeaseAction::End);
        check(LeaseCheck::Due, OTHER, watched().ending(at(3)), 3, LeaseAction::End);
    }

    #[test]
    fn a_watch_is_renewed_before_it_is_taken_for_broken() {
        let renewed = Presence { lease: Lease::begun(at(530)), ..watched() };
        check(LeaseCheck::Due, OURS, renewed, 532, LeaseAction::CheckAgain);
        let later = Presence { lease: Lease::begun(at(550)), ..watched() };
        check(LeaseCheck::Due, OURS, later, 552, LeaseAction::Renew);
        assert!(!later.needs_watch(at(552)));
    }

    #[test]
    fn a_broken_watch_is_taken_over_without_a_word_to_friends() {
        let broken = Presence { lease: Lease::begun(at(700)), ..watched() };
        assert!(broken.needs_watch(at(700)));
        check(LeaseCheck::First, OTHER, broken, 700, LeaseAction::Begin { notifies: false });
        check(LeaseCheck::Due, OURS, broken.watched(OTHER, at(732)), 701, LeaseAction::Nothing);
    }
}
