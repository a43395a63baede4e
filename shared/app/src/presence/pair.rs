//! What two users are notified of when a change of theirs lets them see each other's presence, or ends that.
//!
//! Who may see from now on gets the present state. Who may see no longer gets one last `offline`, if `online` was the last
//! that they got. The message for it is queued before the change is made, and checks that it was.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confab_domain::{ChangeNumber, ConnectionId, Relation, Status, Timestamp, UserId};
use confab_protocol::server::UserPresence;
use confab_protocol::{ServerFrame, server};
use futures_util::future::try_join;

use super::ask::never_seen;
use super::{ATTEMPTS_MAX, Context, PresenceTask, REQUEST_MAX, Step, last_notified_status, user_presence};
use crate::Error;
use crate::announce::post_to;
use crate::ports::{Connections, Contacts, PresenceQueue, Session, Sessions, StoreError};
use crate::unreached::{Retry, Tries, only, retries};

/// Times that a message looks whether the change is made that it came along with, within a second at most: the request
/// that queued it goes on to make it.
const RECHECKS_MAX: u32 = 10;

/// From the beginning of a request until it is no longer worth waiting for what it does next.
const ABOUT_TO: Duration = Duration::from_secs(1);

/// How long a message waits that came before the change was made.
const TOO_EARLY: Duration = Duration::from_secs(2);

/// How much the clocks of two processes may differ. Who connected that soon after a pair ended may have asked before it did:
/// one `offline` too many does less harm than an `online` that nobody takes back.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_millis(500);

/// How long after the end of a lease its friends may still have to be notified of it.
const ENDING: Duration = Duration::from_secs(60);

/// A change that two users see each other's presence after, or do not.
#[derive(Clone, Copy, Debug)]
pub(super) struct PairChange {
    pub(super) pair: [UserId; 2],
    pub(super) sees: bool,
    /// Which; unknown of what earlier versions queued.
    pub(super) number: Option<ChangeNumber>,
    pub(super) at: Timestamp,
    /// It is made by then, or not at all.
    pub(super) made_by: Timestamp,
}

impl PairChange {
    /// Whether it is made, and is the last that was.
    fn is_made(&self, relation: &Relation) -> bool {
        relation.shows_presence() == self.sees
            && self.number.is_none_or(|number| relation.is_sight_changed_by(number))
    }

    /// How often to look for it at once.
    fn rechecks(&self, now: Timestamp) -> u32 {
        let is_about_to_be = now < self.made_by.minus(REQUEST_MAX).plus(ABOUT_TO);
        if is_about_to_be { RECHECKS_MAX } else { 1 }
    }
}

/// One user as another sees them.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) of: UserId,
    pub(super) by: UserId,
    /// When the pair was changed. Connections that were opened later are not notified.
    pub(super) changed_at: Timestamp,
    /// Of this change alone; of whatever is so, where it is not known.
    pub(super) number: Option<ChangeNumber>,
}

impl View {
    /// Whoever connected later has asked, and was answered by what is so since the change.
    fn known_since(&self, relation: &Relation) -> Timestamp {
        if relation.shows_presence() { self.changed_at } else { self.changed_at.plus(CLOCKS_DIFFER_MAX) }
    }
}

/// Queues what notifies both of a pair, before the change is made.
///
/// It comes at once and waits for the change, so a request that dies in between leaves nobody with a status that they may
/// no longer see.
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

/// Notifies both of a pair, once the change is made; not where another has been made since, which has a message of its own.
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

/// Notifies connections again that did not take it, unless something else is true by now.
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

/// Posts what one may know of the other, until that is what is true after the post.
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
            // Whoever connected later asked for what is true since then.
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

/// The relation of who sees to who is seen, and their sessions.
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

/// Whether a user is connected, and was not when the pair was changed.
fn came_after(session: &Session, changed_at: Timestamp, now: Timestamp) -> bool {
    session.is_connected() && session.connections.iter().all(|open| open.is_opened_after(changed_at, now))
}

/// What is to be posted, after `last` was; nothing where who sees knows it.
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
            // Whoever looks at the lease notifies all friends.
            return None;
        }
        if last.is_none() && came_after(session, view.changed_at, context.now) {
            // Whoever told of their coming found the other among their friends.
            return None;
        }
        return Some((status, user_presence(session, status, context.now)));
    }
    let lease_ends_at = session.ends_at(context.policy);
    let may_believe_online = session.presence.friends_see_online()
        || context.now < lease_ends_at.plus(ENDING)
        || last == Some(Status::Online);
    may_believe_online.then(|| {
        // As a logout would show it, and nothing of what came later; of somebody who blocks them, what the list shows.
        let active_at = session.presence.lease.active_at().min(view.known_since(relation));
        let active_at = relation.shown_active_at.unwrap_or(active_at);
        let last_active_at_ms = Some(active_at.shown(context.now).as_ms());
        (Status::Offline, UserPresence { last_active_at_ms, ..never_seen(view.of) })
    })
}
