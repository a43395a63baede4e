//! Invariants of a faulty run, during it and some time after it.

use std::collections::BTreeMap;
use std::time::Duration;

use confab_app::presence::{PresenceTask, ask};
use confab_domain::lease::INTERVAL_MAX;
use confab_domain::{Timestamp, UserId};

use super::server::Server;
use super::world::World;
use crate::world::user;

/// Most lease checks of one user that may wait in the end: of the user's watch, and of a watch that was replaced.
const CHECKS_MAX: usize = 2;

/// Longest time from a frame to an answer that is based on it.
const LATENESS_MAX: Duration = Duration::from_secs(35);

impl World {
    /// Checks that a user who is shown online has sent a frame within the longest possible lease.
    pub(crate) fn check_renewed_lately(&self, subject: UserId, asked_at: Timestamp) {
        let policy = self.scenario.policy;
        let (first, last) = {
            let ledger = self.ledger();
            let frames = ledger.frames.get(&subject).map_or(&[][..], Vec::as_slice);
            (frames.first().copied(), frames.last().copied())
        };
        let (Some(first), Some(last)) = (first, last) else {
            return self.fault(format!("{subject:?} is online and never sent a frame"));
        };
        let alone = last.since(first) / 4;
        let longer = alone.clamp(policy.interval, INTERVAL_MAX.max(policy.interval)) - policy.interval;
        let lateness = if self.scenario.healthy { Duration::from_secs(1) } else { LATENESS_MAX };
        if last.plus(policy.timeout + policy.slack() + longer + lateness) < asked_at {
            self.fault(format!("{subject:?} is online, with its last frame at {last}"));
        }
    }
}

/// Checks that all connected devices have the true presence, and that no more lease checks wait than necessary.
pub(crate) fn check(world: &World) {
    let now = world.clock.now();
    let mut faults = Vec::new();
    {
        let ledger = world.ledger();
        for span in ledger.spans.iter().filter(|span| span.to.is_none() && !span.is_silent) {
            for subject in (0..world.scenario.users).map(user).filter(|subject| *subject != span.user) {
                let is_online = ledger.answers_since(subject, now, now);
                if world.see_each_other(span.user, subject) {
                    faults.extend(answered_wrongly(world, span.user, subject, is_online));
                }
                let is_doubtful = ledger.doubtful.contains(&(span.device, subject));
                // A device that connects while a pair is changed may ask before the change, and then gets no
                // notification of it.
                let mut ends = ledger.spans.iter().filter(|end| [span.user, subject].contains(&end.user));
                if is_doubtful || ends.any(|end| ledger.is_changing(span.user, subject, end.from)) {
                    continue;
                }
                let device = span.device;
                let report = ledger.last_report(device, subject).filter(|report| report.at >= span.from);
                let sees_online = report.is_some_and(|report| report.is_online);
                if !world.see_each_other(span.user, subject) {
                    if sees_online {
                        faults.push(format!("{device:?} still sees {subject:?} online: {report:?}"));
                    }
                } else if report.is_none() || sees_online != is_online {
                    faults.push(format!(
                        "{device:?} has {report:?} of {subject:?}, whose true state is online: {is_online}"
                    ));
                }
            }
        }
        for subject in (0..world.scenario.users).map(user) {
            let is_online = ledger.answers_since(subject, now, now);
            let row = world.row(subject);
            let policy = world.scenario.policy;
            let is_watched = row.as_ref().is_some_and(|row| row.presence.friends_see_online());
            let status = row.as_ref().is_some_and(|row| row.ends_at(policy) > now);
            if (is_watched, status) != (is_online, is_online) {
                faults.push(format!("{subject:?} is online: {is_online}, and the row is {row:?}"));
            }
        }
    }
    let mut lease_checks: BTreeMap<String, usize> = BTreeMap::new();
    for delayed in world.queue.waiting() {
        let PresenceTask::V1(step) = delayed.task;
        *lease_checks.entry(step.user().to_owned()).or_default() += 1;
    }
    if let Some((subject, count)) = lease_checks.iter().find(|(_, count)| **count > CHECKS_MAX) {
        faults.push(format!("{count} lease checks of {subject} wait"));
    }
    faults.into_iter().for_each(|fault| world.fault(fault));
}

/// The answer to a query, if it is wrong.
fn answered_wrongly(world: &World, asker: UserId, subject: UserId, is_online: bool) -> Option<String> {
    let server = Server::new(world);
    let answer = world.peek(ask::get_presence(&server.context(), &server, asker, &[subject])).unwrap().answer;
    let says_online = answer.first().map(|presence| presence.status == "online");
    (says_online != Some(is_online)).then(|| format!("{asker:?} is answered {answer:?}"))
}
