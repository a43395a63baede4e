//! What really happened, and who was told what of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confab_app::ports::Contacts;
use confab_domain::{DeviceId, Timestamp, UserId};

use super::world::World;

/// From a change of a pair to the last that is told by whom did not know of it.
const LAG: Duration = Duration::from_secs(3);

/// How a device came to know something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Event,
    /// An answer to a query.
    Answer,
}

/// Somebody is there, or is not, as a device was told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) at: Timestamp,
    pub(crate) is_online: bool,
    /// As it was told, where it was.
    pub(crate) active_at: Option<Timestamp>,
    pub(crate) source: Source,
}

/// A time in which a device was connected and answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) from: Timestamp,
    pub(crate) to: Option<Timestamp>,
    /// Its socket takes no event.
    pub(crate) is_silent: bool,
}

/// A device's end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logout {
    pub(crate) at: Timestamp,
    /// No other was connected.
    pub(crate) is_only: bool,
}

/// Everything that happened.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// When each user sent something.
    pub(crate) frames: BTreeMap<UserId, Vec<Timestamp>>,
    pub(crate) logouts: BTreeMap<UserId, Vec<Logout>>,
    pub(crate) spans: Vec<Span>,
    pub(crate) reports: BTreeMap<(DeviceId, UserId), Vec<Report>>,
    /// From when on each pair tells each other or does not, the lower first.
    pub(crate) pairs: BTreeMap<(UserId, UserId), Vec<(Timestamp, bool)>>,
    /// Of whom a device may believe the wrong, since a post was lost, until it is told something again.
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

    pub(crate) fn report(&mut self, device: DeviceId, subject: UserId, told: Report) {
        self.reports.entry((device, subject)).or_default().push(told);
        self.doubtful.remove(&(device, subject));
    }

    pub(crate) fn last_report(&self, device: DeviceId, subject: UserId) -> Option<Report> {
        self.reports.get(&(device, subject)).and_then(|told| told.last()).copied()
    }

    /// Whether a change of the pair was being made then.
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
    pub(crate) fn tells(&self, one: UserId, other: UserId) -> bool {
        self.peek(self.memory.relation(one, other)).unwrap().shows_presence()
    }

    /// Notes what a pair is now, before and after it may change.
    pub(crate) fn note_pair(&self, one: UserId, other: UserId) {
        let tells = self.tells(one, other);
        self.ledger().pairs.entry(pair_of(one, other)).or_default().push((self.clock.now(), tells));
    }

    /// Nobody is told of strangers, nor with a block between.
    pub(crate) fn check_may_know(&self, asker: UserId, subject: UserId) {
        if asker == subject || self.tells(asker, subject) {
            return;
        }
        let lag = if self.scenario.healthy { LAG } else { Duration::from_secs(30) + LAG };
        let now = self.clock.now();
        let ledger = self.ledger();
        let history = ledger.pairs.get(&pair_of(asker, subject)).map_or(&[][..], Vec::as_slice);
        let notified_lately = history.windows(2).any(|pair| pair[0].1 && pair[1].0.plus(lag) >= now)
            || history.last().is_some_and(|(_, tells)| *tells);
        drop(ledger);
        if !notified_lately {
            self.fault(format!("{asker:?} is told of {subject:?}, who is no friend"));
        }
    }
}
