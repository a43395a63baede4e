//! Notifies two users whose change lets them see each other's presence, or ends that.
//!
//! A user who begins to see the other gets the other's present state. A user who ceases to see the other gets one last
//! `offline`, if the last event was `online`. The queue message for it is queued before the change is made, and checks
//! that the change was made.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confab_domain::{ChangeNumber, ConnectionId, Relation, Status, Timestamp, UserId};
use confab_protocol::server::UserPresence;
use confab_protocol::{ServerFrame, server};
use futures_util::future::try_join;

use super::ask::never_seen;
use super::{ATTEMPTS_MAX, Context, PresenceTask, REQUEST_MAX, Step, last_notified_status, user_presence};
use crate::Error;
use crate::delivery::announce::post_to;
use crate::delivery::unreached::{Retry, Tries, only, retries};
use crate::ports::{Connections, Contacts, PresenceQueue, Session, Sessions, StoreError};

/// Times that a queue message checks whether its change was made, within a second at most: the request that queued the
/// message makes the change right after.
const RECHECKS_MAX: u32 = 10;

/// Time from the beginning of a request in which its message waits for the change within one delivery.
const ABOUT_TO: Duration = Duration::from_secs(1);

/// Delay of a message that came before the change was made.
const TOO_EARLY: Duration = Duration::from_secs(2);

/// How much the clocks of two processes may differ.
///
/// A connection that was opened so soon after a pair ended may have asked before the end: one `offline` too many does
/// less harm than an `online` that no event corrects.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_millis(500);

/// Time after the end of a lease in which friends may still be without the `offline` for it.
const ENDING: Duration = Duration::from_secs(60);

/// A change after which two users see each other's presence, or do not.
#[derive(Clone, Copy, Debug)]
pub(super) struct PairChange {
    pub(super) pair: [UserId; 2],
    pub(super) sees: bool,
    /// Number of the change; `None` in a message of an earlier version.
    pub(super) number: Option<ChangeNumber>,
    pub(super) at: Timestamp,
    /// Time by which the change is made, if at all.
    pub(super) made_by: Timestamp,
}

impl PairChange {
    /// Whether the change was made, and no other since.
    fn is_made(&self, relation: &Relation) -> bool {
        relation.shows_presence() == self.sees
            && self.number.is_none_or(|number| relation.is_sight_changed_by(number))
    }

    /// How often one delivery of the message checks whether the change was made.
    fn rechecks(&self, now: Timestamp) -> u32 {
        let is_about_to_be = now < self.made_by.minus(REQUEST_MAX).plus(ABOUT_TO);
        if is_about_to_be { RECHECKS_MAX } else { 1 }
    }
}

/// The presence of a user as another user sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) of: UserId,
    pub(super) by: UserId,
    /// When the pair was changed. Connections that were opened later are not notified.
    pub(super) changed_at: Timestamp,
    /// The change to notify of; `None` for the present state, by whatever change.
    pub(super) number: Option<ChangeNumber>,
}

impl View {
    /// Time after which a new connection asks for the state itself, and gets the state after the change.
    fn known_since(&self, relation: &Relation) -> Timestamp {
        if relation.shows_presence() { self.changed_at } else { self.changed_at.plus(CLOCKS_DIFFER_MAX) }
    }
}

/// Queues the message that notifies both users of a pair, before the change is made.
///
/// The message comes without delay and waits for the change. So a request that dies after the change leaves neither
/// user with a status that they may no longer see.
pub(crate) async fn queue_notice(
    context: &Context<'_, impl Sync, impl PresenceQueue>,
    pair: [UserId; 2],
    sees: bool,
    number: ChangeNumber,
) -> Result<(), StoreError> {
    let (at, made_by) = (context.now, context.named_by());
    let task = PresenceTask::pair(&PairChange { pair, sees, number: Some(number), at, made_by });
    context.queue.put(&task, Duration::ZERO).await
}

/// Notifies both users of a pair once the change was made. A change that was made since has a message of its own, and
/// then this message does nothing.
pub(super) async fn notify_pair(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    connections: &impl Connections,
    change: PairChange,
) -> Result<(), Error> {
    let [user, other] = change.pair;
    let mut attempts = context.waits(change.rechecks(context.now));
    while attempts.next().await {
        if !change.is_made(&context.store.relation(other, user).await?) {
            continue;
        }
        for (of, by) in [(user, other), (other, user)] {
            let view = View { of, by, changed_at: change.at, number: change.number };
            notify(context, connections, view, None, (Tries::default(), None)).await?;
        }
        return Ok(());
    }
    if context.now < change.made_by {
        let again = PresenceTask::pair(&PairChange { at: context.now, ..change });
        context.queue.put(&again, TOO_EARLY).await?;
    }
    Ok(())
}

/// Posts to the connections again that did not take the event, unless another status is due by now.
pub(super) async fn notify_again(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    connections: &impl Connections,
    view: View,
    status: Status,
    tries: Tries,
    unreached: &BTreeMap<UserId, BTreeSet<ConnectionId>>,
) -> Result<(), Error> {
    notify(context, connections, view, Some(status), (tries, Some(unreached))).await
}

/// Posts what one user may see of the other, until the last post agrees with the rows read after it.
async fn notify(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    connections: &impl Connections,
    view: View,
    wanted: Option<Status>,
    (tries, unreached): (Tries, Option<&BTreeMap<UserId, BTreeSet<ConnectionId>>>),
) -> Result<(), Error> {
    let mut last = None;
    let mut attempts = context.attempts(ATTEMPTS_MAX);
    while attempts.next().await {
        let (relation, sessions) = snapshot(context, view).await?;
        let (subjects, mut viewers): (Vec<Session>, Vec<Session>) =
            sessions.into_iter().partition(|session| session.user == view.of);
        let is_of_another = |number| !relation.is_sight_changed_by(number);
        if last.is_none() && view.number.is_some_and(is_of_another) {
            return Ok(());
        }
        let subject = subjects.first();
        let due = due(context, view, &relation, subject, last);
        let Some((status, presence)) = due.filter(|(status, _)| Some(*status) != last) else {
            return Ok(());
        };
        if wanted.is_some_and(|wanted| wanted != status) {
            return Ok(());
        }
        last = Some(status);
        match unreached {
            Some(unreached) => viewers = only(viewers, unreached),
            // A connection that was opened later has asked for the state itself.
            None => {
                let since = view.known_since(&relation);
                viewers.iter_mut().for_each(|viewer| {
                    viewer.connections.retain(|open| !open.is_opened_after(since, context.now));
                });
            }
        }
        let event = ServerFrame::Presence(server::PresenceFrame { id: None, users: vec![presence] });
        let posted = post_to(context.store, connections, &viewers, None, &event, context.now).await?;
        for Retry { unreached, tries, pause } in
            retries(context.store, connections, posted, tries, context.now).await
        {
            let again = Step::PairAgain {
                user: view.of.to_string(),
                other: view.by.to_string(),
                online: status == Status::Online,
                at_ms: view.changed_at.as_ms(),
                tries,
                unreached,
            };
            context.queue.put(&PresenceTask::V1(again), pause).await?;
        }
    }
    Err(Error::Contended)
}

/// Reads the relation of the viewer to the subject, and the session rows of both.
async fn snapshot(
    context: &Context<'_, impl Sessions + Contacts, impl Sync>,
    view: View,
) -> Result<(Relation, Vec<Session>), StoreError> {
    let others = [view.of];
    let relation = async {
        let relations = context.store.relations(view.by, &others).await?;
        Ok(relations.first().map(|contact| contact.relation).unwrap_or_default())
    };
    let users = [view.of, view.by];
    try_join(relation, context.store.sessions(&users)).await
}

/// Whether a user is connected, and all connections were opened after the pair was changed.
fn came_after(session: &Session, changed_at: Timestamp, now: Timestamp) -> bool {
    session.is_connected() && session.connections.iter().all(|open| open.is_opened_after(changed_at, now))
}

/// The status to post after `last` was posted, and the event; `None` where the viewer needs no event.
fn due(
    context: &Context<'_, impl Sync, impl Sync>,
    view: View,
    relation: &Relation,
    subject: Option<&Session>,
    last: Option<Status>,
) -> Option<(Status, UserPresence)> {
    let Some(session) = subject else {
        return relation.shows_presence().then(|| (Status::Offline, never_seen(view.of)));
    };
    if relation.shows_presence() {
        let status = last_notified_status(session);
        if status == Status::Online && context.status(session) == Status::Offline {
            // The lease check notifies all friends.
            return None;
        }
        if last.is_none() && came_after(session, view.changed_at, context.now) {
            // The notification of this `online` found the viewer among the friends.
            return None;
        }
        return Some((status, user_presence(session, status, context.now)));
    }
    let lease_ends_at = session.ends_at(context.policy);
    let may_believe_online = session.presence.friends_see_online()
        || context.now < lease_ends_at.plus(ENDING)
        || last == Some(Status::Online);
    may_believe_online.then(|| {
        // The time that a logout at the change would show. If the subject blocks the viewer, the time that the list
        // shows.
        let active_at = session.presence.lease.active_at().min(view.known_since(relation));
        let active_at = relation.shown_active_at.unwrap_or(active_at);
        let last_active_at_ms = Some(active_at.shown(context.now).as_ms());
        (Status::Offline, UserPresence { last_active_at_ms, ..never_seen(view.of) })
    })
}
