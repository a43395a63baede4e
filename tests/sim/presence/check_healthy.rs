//! Invariants of a healthy run, in which only devices disconnect.

use std::time::Duration;

use confab_app::presence::{PresenceTask, Step};
use confab_domain::{Timestamp, UserId};

use super::ledger::{Ledger, Logout, Report, Source, Span, pair_of};
use super::world::World;
use crate::world::user;

/// Longest time from a change to the notification of the last friend.
const PROMPT: Duration = Duration::from_secs(1);

/// Extra time for one failure of a record.
const ONE_FAILURE: Duration = Duration::from_millis(1_500);

/// Records that may each fail once before the last friend is notified: the lease check and the further pages of
/// friends.
const FAILURES_MAX: u32 = 3;

/// Extra time where a device takes no probe: it is probed four times, each of which may fail once, and then the other
/// devices are probed.
const NOT_ASKED: Duration = Duration::from_secs(15);

/// From the start of observation to the last notification that follows from it.
const SETTLED: Duration = Duration::from_secs(8);

/// How much later than the timeout `offline` may come.
const LATENESS_MAX: Duration = Duration::from_secs(5);

/// How much earlier than the timeout `offline` may come.
const EARLINESS_MAX: Duration = Duration::from_millis(500);

/// Checks what every device received about every other user while it was connected.
pub(crate) fn check(world: &World) {
    let (ledger, now) = (world.ledger(), world.clock.now());
    let mut faults = Vec::new();
    for span in ledger.spans.iter().filter(|span| !span.is_silent) {
        for subject in (0..world.scenario.users).map(user).filter(|subject| *subject != span.user) {
            let scenario = &world.scenario;
            let settled = SETTLED + if scenario.silent_once_in > 0 { NOT_ASKED } else { Duration::ZERO };
            for piece in pieces(&ledger, span, subject, (settled, now)) {
                let failures = if scenario.flaky_once_in > 0 { FAILURES_MAX } else { 0 };
                let view = View {
                    ledger: &ledger,
                    timeout: scenario.policy.timeout,
                    prompt: PROMPT + failures * ONE_FAILURE,
                    lateness: LATENESS_MAX + failures * ONE_FAILURE,
                    // A record that is retried may notify a second time.
                    notifies_once: scenario.flaky_once_in == 0,
                    subject,
                    span,
                };
                faults.extend(view.check(piece));
            }
        }
    }
    drop(ledger);
    faults.extend((0..world.scenario.users).map(user).filter_map(|user| observed_twice(world, user)));
    faults.into_iter().for_each(|fault| world.fault(fault));
}

/// The fault, if more than one lease check waits for the watch that the row names.
fn observed_twice(world: &World, user: UserId) -> Option<String> {
    let watch = world.row(user)?.presence.watch?.id;
    let name = user.to_string();
    let is_its = |task: &PresenceTask| {
        let PresenceTask::V1(step) = task;
        matches!(step, Step::Check { user, watch: of, .. } if *user == name && *of == watch.0)
    };
    let count = world.queue.waiting().iter().filter(|delayed| is_its(&delayed.task)).count();
    (count > 1).then(|| format!("{count} lease checks of {name} wait for one watch"))
}

/// A time span in which nothing changes between a device's user and another user.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: Timestamp,
    to: Timestamp,
    /// Whether they see each other's presence.
    tells: bool,
}

/// The time spans in which nothing changes between the two users.
fn pieces(
    ledger: &Ledger,
    span: &Span,
    subject: UserId,
    (settled, now): (Duration, Timestamp),
) -> Vec<Piece> {
    let end = span.to.unwrap_or(now);
    let history = &ledger.pairs[&pair_of(span.user, subject)];
    let mut pieces = Vec::new();
    for (index, (since, see)) in history.iter().enumerate() {
        let until = history.get(index + 1).map_or(end, |next| next.0.min(end));
        let from = (*since).max(span.from).plus(settled);
        let mut ends = ledger.spans.iter().filter(|end| [span.user, subject].contains(&end.user));
        if from < until && !ends.any(|end| ledger.is_changing(span.user, subject, end.from)) {
            pieces.push(Piece { from, to: until, tells: *see });
        }
    }
    pieces
}

struct View<'a> {
    ledger: &'a Ledger,
    timeout: Duration,
    prompt: Duration,
    lateness: Duration,
    notifies_once: bool,
    subject: UserId,
    span: &'a Span,
}

impl View<'_> {
    /// The first event that the device received wrongly, late or twice.
    fn check(&self, piece: Piece) -> Option<String> {
        let reports =
            self.ledger.reports.get(&(self.span.device, self.subject)).map_or(&[][..], Vec::as_slice);
        // The device asked when it connected, and was notified of the present state when it gained the right to see it.
        let before = reports.iter().rfind(|report| (self.span.from..=piece.from).contains(&report.at));
        let mut known = before.map(|report| report.is_online);
        let mut events: Vec<&Report> = reports
            .iter()
            .filter(|report| {
                report.at > piece.from && report.at <= piece.to && report.source == Source::Event
            })
            .collect();
        let fault = |what: &str, at: Timestamp| {
            let at = at.since(super::clock::START).as_millis();
            Some(format!("{:?} of {:?} at {at}: {what}", self.span.device, self.subject))
        };
        match (piece.tells, known) {
            (true, None) => return fault("not notified of the present state", piece.from),
            (false, Some(true)) => return fault("still shown online", piece.from),
            (false, _) => return None,
            (true, Some(_)) => {}
        }
        let mut checkpoints = self.checkpoints(piece);
        checkpoints.push((piece.to.plus(self.prompt), None));
        for (at, is_online) in checkpoints {
            while let Some(event) = events.first().copied().filter(|event| event.at <= at) {
                events.remove(0);
                let is_repeated = known == Some(event.is_online);
                if !self.notifies_once && known.is_none_or(|known| known == event.is_online) {
                    known = Some(event.is_online);
                    continue;
                }
                if is_repeated && !self.has_concurrent_changes(event.at) {
                    return fault("notified twice", event.at);
                }
                if let Some(what) = self.untimely(event) {
                    return fault(what, event.at);
                }
                known = Some(event.is_online);
            }
            let Some(is_online) = is_online else { continue };
            if known.is_some_and(|known| known != is_online) {
                return fault(
                    if is_online { "not notified of online" } else { "not notified of offline" },
                    at,
                );
            }
            known = Some(is_online);
        }
        None
    }

    fn frames(&self) -> &[Timestamp] {
        self.ledger.frames.get(&self.subject).map_or(&[], Vec::as_slice)
    }

    fn logouts(&self) -> impl Iterator<Item = &Logout> {
        self.ledger.logouts.get(&self.subject).into_iter().flatten()
    }

    fn logged_out_within(&self, from: Timestamp, to: Timestamp) -> bool {
        self.logouts().any(|logout| (from..=to).contains(&logout.at))
    }

    /// The times at which it is certain what the device has received, in order.
    fn checkpoints(&self, piece: Piece) -> Vec<(Timestamp, Option<bool>)> {
        let frames = self.frames();
        let mut checkpoints = Vec::new();
        for (index, frame) in frames.iter().enumerate() {
            let next = frames.get(index + 1);
            let told_by = frame.plus(self.prompt);
            if !self.logged_out_within(frame.minus(self.prompt), told_by) {
                checkpoints.push((told_by, Some(true)));
            }
            let silent = frame.plus(self.timeout + self.lateness).max(piece.from);
            if next.is_none_or(|next| *next > silent) && self.is_silent(silent) {
                checkpoints.push((silent, Some(false)));
            }
        }
        for logout in self.logouts().filter(|logout| logout.is_only) {
            let told_by = logout.at.plus(self.prompt);
            if !frames.iter().any(|frame| (logout.at.minus(self.prompt)..=told_by).contains(frame)) {
                checkpoints.push((told_by, Some(false)));
            }
        }
        checkpoints.retain(|(at, _)| (piece.from..=piece.to).contains(at));
        checkpoints.sort();
        checkpoints
    }

    /// Whether no device of the subject answers at that time.
    fn is_silent(&self, at: Timestamp) -> bool {
        !self.ledger.answers_since(self.subject, at, at)
    }

    /// Whether there were two changes at the same time: then the request of either may notify of the later one, or both
    /// may.
    fn has_concurrent_changes(&self, at: Timestamp) -> bool {
        let from = at.minus(2 * self.prompt);
        let is_back = |pair: &[Timestamp]| {
            let silence = pair[1].since(pair[0]);
            (from..=at).contains(&pair[1])
                && (self.timeout..self.timeout + self.lateness + self.prompt).contains(&silence)
        };
        self.logged_out_within(from, at) || self.frames().windows(2).any(is_back)
    }

    fn untimely(&self, event: &Report) -> Option<&'static str> {
        let last = self.frames().iter().rfind(|frame| **frame <= event.at);
        if event.is_online {
            let is_prompt = last.is_some_and(|last| last.plus(self.prompt) >= event.at);
            return (!is_prompt).then_some("notified of online late, or without a reason");
        }
        if self.ledger.answers_since(self.subject, event.at.minus(self.prompt), event.at) {
            return Some("notified of offline while it answers");
        }
        if self.logged_out_within(event.at.minus(self.prompt), event.at) {
            return None;
        }
        // The notifying request may not know of the newest frame yet.
        let last = self.frames().iter().rfind(|frame| frame.plus(self.prompt) <= event.at);
        let early = last.is_some_and(|last| last.plus(self.timeout) > event.at.plus(EARLINESS_MAX));
        early.then_some("notified of offline too early")
    }
}
