//! The true course of a run, and what each device received of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confab_app::ports::Contacts;
use confab_domain::{DeviceId, Timestamp, UserId};

use super::world::World;

/// Longest time after a change of a pair in which a request that has not seen the change may still notify.
const LAG: Duration = Duration::from_secs(3);

/// How a device received a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Event,
    /// An answer to a query.
    Answer,
}

/// A state of a user as a device received it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) at: Timestamp,
    pub(crate) is_online: bool,
    /// The time of the last activity, if the report names one.
    pub(crate) active_at: Option<Timestamp>,
    pub(crate) source: Source,
}

/// A time span in which a device was connected and answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) from: Timestamp,
    pub(crate) to: Option<Timestamp>,
    /// Whether the socket takes no event.
    pub(crate) is_silent: bool,
}

/// A logout of a device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logout {
    pub(crate) at: Timestamp,
    /// Whether no other device was connected.
    pub(crate) is_only: bool,
}

/// The record of one run.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The times of the frames of each user.
    pub(crate) frames: BTreeMap<UserId, Vec<Timestamp>>,
    pub(crate) logouts: BTreeMap<UserId, Vec<Logout>>,
    pub(crate) spans: Vec<Span>,
    pub(crate) reports: BTreeMap<(DeviceId, UserId), Vec<Report>>,
    /// Since when each pair sees each other's presence or does not; the lower id first.
    pub(crate) pairs: BTreeMap<(UserId, UserId), Vec<(Timestamp, bool)>>,
    /// The devices and users for which a post was lost, until the device receives something about the user again.
    pub(crate) doubtful: BTreeSet<(DeviceId, UserId)>,
}

impl Ledger {
    pub(crate) fn frame(&mut self, user: UserId, now: Timestamp) {
        self.frames.entry(user).or_default().push(now);
    }

    pub(crate) fn begin(&mut self, user: UserId, device: DeviceId, now: Timestamp, is_silent: bool) {
        self.spans.push(Span { user, device, from: now, to: None, is_silent });
    }

    pub(crate) fn end(&mut self, device: DeviceId, now: Timestamp) {
        for span in self.spans.iter_mut().filter(|span| span.device == device && span.to.is_none()) {
            span.to = Some(now);
        }
    }

    pub(crate) fn report(&mut self, device: DeviceId, subject: UserId, report: Report) {
        self.reports.entry((device, subject)).or_default().push(report);
        self.doubtful.remove(&(device, subject));
    }

    pub(crate) fn last_report(&self, device: DeviceId, subject: UserId) -> Option<Report> {
        self.reports.get(&(device, subject)).and_then(|reports| reports.last()).copied()
    }

    /// Whether the pair was being changed at that time.
    pub(crate) fn is_changing(&self, one: UserId, other: UserId, at: Timestamp) -> bool {
        let history = &self.pairs[&pair_of(one, other)];
        history.windows(2).any(|pair| pair[0].1 != pair[1].1 && (pair[0].0..=pair[1].0).contains(&at))
    }

    /// Whether a device of the user has answered all the time since then.
    pub(crate) fn answers_since(&self, user: UserId, since: Timestamp, now: Timestamp) -> bool {
        let covers = |span: &Span| span.from <= since && span.to.is_none_or(|to| to >= now);
        self.spans.iter().any(|span| span.user == user && covers(span))
    }
}

pub(crate) fn pair_of(one: UserId, other: UserId) -> (UserId, UserId) {
    (one.min(other), one.max(other))
}

impl World {
    pub(crate) fn see_each_other(&self, one: UserId, other: UserId) -> bool {
        self.peek(self.memory.relation(one, other)).unwrap().shows_presence()
    }

    /// Records the present relation of a pair, before and after a change.
    pub(crate) fn note_pair(&self, one: UserId, other: UserId) {
        let see = self.see_each_other(one, other);
        self.ledger().pairs.entry(pair_of(one, other)).or_default().push((self.clock.now(), see));
    }

    /// Checks that a user may see the presence of another: they are friends without a block.
    pub(crate) fn check_may_know(&self, asker: UserId, subject: UserId) {
        if asker == subject || self.see_each_other(asker, subject) {
            return;
        }
        let lag = if self.scenario.healthy { LAG } else { Duration::from_secs(30) + LAG };
        let now = self.clock.now();
        let ledger = self.ledger();
        let history = ledger.pairs.get(&pair_of(asker, subject)).map_or(&[][..], Vec::as_slice);
        let notified_lately = history.windows(2).any(|pair| pair[0].1 && pair[1].0.plus(lag) >= now)
            || history.last().is_some_and(|(_, see)| *see);
        drop(ledger);
        if !notified_lately {
            self.fault(format!("{asker:?} received the presence of {subject:?}, who is no friend"));
        }
    }
}
