//! Whether a user is at a device, as far as that is certain.

use std::time::Duration;

use confab_domain::sockets::SOCKETS_PER_DEVICE_MAX;
use confab_domain::{Attendance, Timestamp, UserId};

use super::ledger::{Ledger, Said, Socket, Span};

/// Longest time from a message to the decision on an immediate alert.
const DECIDED: Duration = Duration::from_secs(10);

/// Longest time from a message to the decision on an alert to an unconfirmed device.
const DECIDED_LATE: Duration = Duration::from_secs(60);

impl Ledger {
    /// Whether every connected device was idle, from before a message until its alert was decided.
    pub(crate) fn is_idle_throughout(&self, user: UserId, (began, ended): Span) -> bool {
        let decided = ended.plus(DECIDED);
        let mut is_idle = false;
        for socket in self.sockets_between(user, began, decided) {
            match socket.attendance(began, decided) {
                Some(Attendance::Idle) => is_idle |= self.is_there(socket, began, decided),
                Some(Attendance::Unstated) => {}
                Some(Attendance::Attended) | None => return false,
            }
        }
        is_idle
    }

    /// Whether one device was attended, or none was reported idle, from before a message until its delivery was
    /// decided.
    pub(crate) fn is_attended(&self, user: UserId, (began, ended): Span) -> bool {
        let decided = ended.plus(DECIDED_LATE);
        let is_attended = |socket: &Socket| {
            socket.attendance(began, decided) == Some(Attendance::Attended)
                && self.is_there(socket, began, decided)
        };
        let has_said_idle = |socket: &Socket| {
            socket.said.iter().any(|said| said.attendance == Attendance::Idle && said.began <= decided)
        };
        self.sockets.iter().any(|socket| socket.user == user && is_attended(socket))
            || !self.sockets.iter().any(|socket| socket.user == user && has_said_idle(socket))
    }

    /// Whether a socket was registered and open all the time. A socket that takes no event is closed soon, and so is
    /// the oldest of too many sockets of a device.
    fn is_there(&self, socket: &Socket, from: Timestamp, to: Timestamp) -> bool {
        let is_newer = |other: &&Socket| {
            other.user == socket.user && other.opened >= socket.opened && other.opened <= to
        };
        !socket.is_silent
            && self.sockets.iter().filter(is_newer).count() <= SOCKETS_PER_DEVICE_MAX
            && socket.recorded.is_some_and(|recorded| recorded < from)
            && socket.dropped.is_none_or(|dropped| dropped > to)
    }

    fn sockets_between(&self, user: UserId, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &Socket> {
        self.sockets.iter().filter(move |socket| {
            socket.user == user && socket.opened <= to && socket.dropped.is_none_or(|dropped| dropped >= from)
        })
    }
}

impl Socket {
    /// The attendance that the session row has for the socket throughout; `None` if it changes or is uncertain.
    fn attendance(&self, from: Timestamp, to: Timestamp) -> Option<Attendance> {
        let ended = |said: &Said| said.ended.unwrap_or(Timestamp::from_ms(u64::MAX));
        let said = || self.said.iter().filter(|said| said.began <= to);
        // A frame that ended before it is overwritten; a frame that overlaps with it may have been written after it.
        let last = said().filter(|said| !said.is_hint && ended(said) < from).map(|said| said.began).max();
        let valid = said().filter(|said| last.is_none_or(|last| ended(said) >= last));
        let (hints, certain): (Vec<&Said>, Vec<&Said>) = valid.partition(|said| said.is_hint);
        let before = last.is_none().then_some(Attendance::Unstated);
        let mut all = before.into_iter().chain(certain.iter().map(|said| said.attendance));
        let first = all.next()?;
        let is_unchanged = all.all(|next| next == first) && hints.iter().all(|hint| hint.attendance == first);
        is_unchanged.then_some(first)
    }
}
