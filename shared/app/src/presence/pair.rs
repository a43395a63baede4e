//! What two users are notified of when a change of theirs lets them see each other's presence, or ends that.
//!
//! Who may see from now on gets the present state. Who may see no longer gets one last `offline`, if `online` was the last
//! that they got. The message for it is queued before the change is made, and checks that it was.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confab_domain::{ConnectionId, Relation, Status, Timestamp, UserId};
use confab_protocol::server::UserPresence;
use confab_protocol::{ServerFrame, server};
use futures_util::future::try_join;

use super::ask::never_seen;
use super::{ATTEMPTS_MAX, Context, PresenceTask, Step, told, user_presence};
use crate::Error;
use crate::announce::post_to;
use crate::ports::{Connections, Contacts, PresenceQueue, Session, Sessions, StoreError};
use crate::unreached::{Retry, Tries, only, retries};

/// How long a message waits that came before the change was made.
const TOO_EARLY: Duration = Duration::from_secs(2);

/// How long after the end of a lease its friends may still have to be notified of it.
const ENDING: Duration = Duration::from_secs(60);

/// A change that two users see each other's presence after, or do not.
#[derive(Clone, Copy, Debug)]
pub(super) struct PairChange {
    pub(super) pair: [UserId; 2],
    pub(super) sees: bool,
    pub(super) at: Timestamp,
    /// It is made by then, or not at all.
    pub(super) made_by: Timestamp,
}

/// One user as another sees them.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) of: UserId,
    pub(super) by: UserId,
    /// When the pair was changed. Connections that were opened later are not notified.
    pub(super) changed_at: Timestamp,
}

/// Notifies both of a pair, once the change is made.
pub(super) async fn notify_pair(
    context: &Context<'_, impl Sessions + Contacts + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    change: PairChange,
) -> Result<(), Error> {
    let [user, other] = change.pair;
    let (relation, _) = snapshot(context, View { of: user, by: other, changed_at: change.at }).await?;
    if relation.tells_presence() != change.sees {
        // It is not made yet, or was changed again, which has a message of its own.
        if context.now < change.made_by {
            let again = PresenceTask::pair(change.pair, change.sees, context.now, change.made_by);
            context.queue.put(&again, TOO_EARLY).await?;
        }
        return Ok(());
    }
    for (of, by) in [(user, other), (other, user)] {
        let view = View { of, by, changed_at: change.at };
        notify(context, connections, view, None, (Tries::default(), None)).await?;
    }
    Ok(())
}

/// Notifies connections again that did not take it, unless something else is true by now.
pub(super) async fn notify_again(
    context: &Context<'_, impl Sessions + Contacts + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    view: View,
    status: Status,
    tries: Tries,
    unreached: &BTreeMap<UserId, BTreeSet<ConnectionId>>,
) -> Result<(), Error> {
    notify(context, connections, view, Some(status), (tries, Some(unreached))).await
}

/// Posts what one may know of the other, until that is what is true after the post.
async fn notify(
    context: &Context<'_, impl Sessions + Contacts + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
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
            None => viewers.iter_mut().for_each(|viewer| {
                viewer.connections.retain(|open| !open.is_opened_after(view.changed_at, context.now));
            }),
        }
        let event = ServerFrame::Presence(server::Presence { id: None, users: vec![presence] });
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
    context: &Context<'_, impl Sessions + Contacts + Sync, impl Sync>,
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
        return relation.tells_presence().then(|| (Status::Offline, never_seen(view.of)));
    };
    if relation.tells_presence() {
        let status = told(session);
        if status == Status::Online && context.status(session) == Status::Offline {
            // Whoever looks at the lease notifies all friends.
            return None;
        }
        if last.is_none() && came_after(session, view.changed_at, context.now) {
            // Whoever told of their coming found the other among their friends.
            return None;
        }
        let mut presence = user_presence(session, status, context.now);
        if status == Status::Online && !presence.idle {
            // Later than whatever was shown when they last ceased to see each other.
            let active_at = session.presence.lease.active_at().max(view.changed_at);
            presence.last_active_at_ms = Some(active_at.shown(context.now).as_ms());
        }
        return Some((status, presence));
    }
    let lease_ends_at = session.ends_at(context.policy);
    let may_believe_online = session.presence.is_told_online()
        || context.now < lease_ends_at.plus(ENDING)
        || last == Some(Status::Online);
    may_believe_online.then(|| {
        let active_at = session.presence.lease.active_at().max(view.changed_at);
        let last_active_at_ms =
            Some(relation.shown_active_at.unwrap_or(active_at).shown(context.now).as_ms());
        (Status::Offline, UserPresence { last_active_at_ms, ..never_seen(view.of) })
    })
}
