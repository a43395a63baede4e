//! What must hold some time after a storm, and during it.

use std::collections::BTreeMap;
use std::time::Duration;

use confab_app::presence::{PresenceTask, ask};
use confab_domain::lease::INTERVAL_MAX;
use confab_domain::{Timestamp, UserId};

use super::server::Server;
use super::world::World;
use crate::world::user;

/// Looks at one user that may wait when all is quiet: its own watch, and one that another has replaced.
const CHECKS_MAX: usize = 2;

/// From a sign of life to the answer that rests on it.
const LATENESS_MAX: Duration = Duration::from_secs(35);

impl World {
    /// Nobody is online who was not heard from for longer than their lease lasts.
    pub(crate) fn check_renewed_lately(&self, subject: UserId, asked_at: Timestamp) {
        let policy = self.scenario.policy;
        let (first, last) = {
            let ledger = self.ledger();
            let frames = ledger.frames.get(&subject).map_or(&[][..], Vec::as_slice);
            (frames.first().copied(), frames.last().copied())
        };
        let (Some(first), Some(last)) = (first, last) else {
            return self.fault(format!("{subject:?} is online and was never heard from"));
        };
        let alone = last.since(first) / 4;
        let longer = alone.clamp(policy.interval, INTERVAL_MAX.max(policy.interval)) - policy.interval;
        let lateness = if self.scenario.healthy { Duration::from_secs(1) } else { LATENESS_MAX };
        if last.plus(policy.timeout + policy.slack() + longer + lateness) < asked_at {
            self.fault(format!("{subject:?} is online, last heard from at {last}"));
        }
    }
}

/// Checks that all who are connected know what is true, and that no more looks wait than must.
pub(crate) fn check(world: &World) {
    let now = world.clock.now();
    let mut faults = Vec::new();
    {
        let ledger = world.ledger();
        for span in ledger.spans.iter().filter(|span| span.to.is_none() && !span.is_silent) {
            for subject in (0..world.scenario.users).map(user).filter(|subject| *subject != span.user) {
                let is_online = ledger.answers_since(subject, now, now);
                if world.tells(span.user, subject) {
                    faults.extend(answered_wrongly(world, span.user, subject, is_online));
                }
                let is_doubtful = ledger.doubtful.contains(&(span.device, subject));
                // Who connects while a pair is changed may ask, or be told of, before it is, and is not notified of it.
                let mut ends = ledger.spans.iter().filter(|end| [span.user, subject].contains(&end.user));
                if is_doubtful || ends.any(|end| ledger.is_changing(span.user, subject, end.from)) {
                    continue;
                }
                let device = span.device;
                let told = ledger.last_report(device, subject).filter(|told| told.at >= span.from);
                let sees_online = told.is_some_and(|told| told.is_online);
                if !world.tells(span.user, subject) {
                    if sees_online {
                        faults.push(format!("{device:?} still sees {subject:?} online: {told:?}"));
                    }
                } else if told.is_none() || sees_online != is_online {
                    faults.push(format!(
                        "{device:?} knows {told:?} of {subject:?}, who is online: {is_online}"
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
        faults.push(format!("{count} looks at {subject} wait"));
    }
    faults.into_iter().for_each(|fault| world.fault(fault));
}

/// What a query says where it is not true.
fn answered_wrongly(world: &World, asker: UserId, subject: UserId, is_online: bool) -> Option<String> {
    let server = Server::new(world);
    let answer = world.peek(ask::get_presence(&server.context(), &server, asker, &[subject])).unwrap().answer;
    let says_online = answer.first().map(|presence| presence.status == "online");
    (says_online != Some(is_online)).then(|| format!("{asker:?} is answered {answer:?}"))
}
