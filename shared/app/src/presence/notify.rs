//! Notifies friends that a user came online or went offline, and finds the observers of a user.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confab_domain::{ConnectionId, Status, UserId};
use confab_protocol::{ServerFrame, server};

use super::{
    ATTEMPTS_MAX, Context, PresenceTask, last_notified_status, may_observe, observe_each, user_presence,
};
use crate::Error;
use crate::delivery::announce::{Posted, post_to};
use crate::delivery::unreached::{Retry, Tries, only, retries};
use crate::ports::{
    Connections, Consistency, Contact, ContactPage, Contacts, PresenceQueue, Session, Sessions, StoreError,
};

/// Contact rows that one message of the queue reads to notify friends, rows of requests and blocks included. Another
/// message continues after them.
const FRIENDS_MAX: u32 = 500;

/// Contact rows in one page of the search for an observer.
const OBSERVERS_PAGE: u32 = 100;

/// Pages that one message of the queue reads in the search for an observer. Another message continues after them.
const OBSERVERS_PAGES_MAX: u32 = FRIENDS_MAX / OBSERVERS_PAGE;

/// Time after the end of a lease by which friends have been notified, unless a queue message was lost.
const OVERDUE: Duration = Duration::from_secs(60);

/// Notifies the friends of the user of `session` of a status.
pub(super) async fn notify_friends(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    connections: &impl Connections,
    session: &Session,
    status: Status,
) -> Result<(), Error> {
    notify_page(context, connections, session, status, None).await
}

/// Notifies the friends after `after`, unless friends were notified of another status since. A message that was
/// received before notifies them of the latest status instead.
pub(super) async fn continue_notifying(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    status: Status,
    after: UserId,
    received_before: bool,
) -> Result<(), Error> {
    match context.store.session(user, Consistency::Strong).await? {
        Some(session) if received_before || last_notified_status(&session) == status => {
            notify_page(context, connections, &session, last_notified_status(&session), Some(after)).await
        }
        _ => Ok(()),
    }
}

async fn notify_page(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    connections: &impl Connections,
    session: &Session,
    status: Status,
    after: Option<UserId>,
) -> Result<(), Error> {
    let page = context.store.contacts(session.user, after, FRIENDS_MAX).await?;
    if let Some(after) = page.next {
        context.queue.put(&PresenceTask::notify(session.user, status, after), Duration::ZERO).await?;
    }
    let friends = context.store.sessions(&friends_of(&page)).await?;
    if friends.is_empty() {
        return Ok(());
    }
    // Probes are posted first, since the time to answer them begins with this request.
    let observed = match status {
        Status::Online => {
            observe_each(context, connections, observers_among(context, &friends, session)).await
        }
        Status::Offline => Ok(()),
    };
    if post_to_friends(context, connections, &friends, session, status, Tries::default()).await?
        == Status::Online
    {
        let page = context.store.contacts(session.user, after, FRIENDS_MAX).await?;
        correct_former_friends(context, session.user, &friends, &friends_of(&page)).await?;
    }
    Ok(observed?)
}

/// Queues another `offline` for users who ceased to be friends while they were notified of `online`: the event about
/// the end of the friendship may have come before the `online`.
async fn correct_former_friends(
    context: &Context<'_, impl Sync, impl PresenceQueue>,
    user: UserId,
    notified: &[Session],
    friends: &[UserId],
) -> Result<(), StoreError> {
    for former in notified.iter().filter(|row| !friends.contains(&row.user)) {
        let task = PresenceTask::pair_again(user, former, context.now);
        context.queue.put(&task, Duration::ZERO).await?;
    }
    Ok(())
}

/// Posts to the connections again that did not take the event, unless friends were notified of another status since:
/// that notification included these connections.
pub(super) async fn notify_again(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    status: Status,
    tries: Tries,
    unreached: &BTreeMap<UserId, BTreeSet<ConnectionId>>,
) -> Result<(), Error> {
    let session = context
        .store
        .session(user, Consistency::Strong)
        .await?
        .filter(|session| last_notified_status(session) == status);
    let Some(session) = session else { return Ok(()) };
    let others: Vec<UserId> = unreached.keys().copied().collect();
    let friends = friends_among(&context.store.relations(user, &others).await?);
    let friends = only(context.store.sessions(&friends).await?, unreached);
    if post_to_friends(context, connections, &friends, &session, status, tries).await? == Status::Online {
        let left = friends_among(&context.store.relations(user, &others).await?);
        correct_former_friends(context, user, &friends, &left).await?;
    }
    Ok(())
}

/// Notifies `to` that the user is offline, after a request of `to` was answered with `online`.
pub(super) async fn correct_answer(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    connections: &impl Connections,
    session: &Session,
    to: UserId,
) -> Result<(), Error> {
    let friends = friends_among(&context.store.relations(session.user, &[to]).await?);
    let friends = context.store.sessions(&friends).await?;
    post_to_friends(context, connections, &friends, session, Status::Offline, Tries::default()).await?;
    Ok(())
}

/// Posts a status to friends, and each newer status that the row has after the post. Queues another try for connections
/// that were not reached. Returns the status that was posted last.
async fn post_to_friends(
    context: &Context<'_, impl Sessions, impl PresenceQueue>,
    connections: &impl Connections,
    friends: &[Session],
    session: &Session,
    status: Status,
    tries: Tries,
) -> Result<Status, Error> {
    let (user, mut last) = (session.user, status);
    let mut posted = post(context, connections, friends, session, status).await?;
    // Two requests may notify of two changes at the same time: each posts until its last post agrees with the row.
    let mut attempts = context.attempts(ATTEMPTS_MAX);
    while attempts.next().await {
        let Some(now) = context
            .store
            .session(user, Consistency::Strong)
            .await?
            .filter(|now| last_notified_status(now) != last)
        else {
            for Retry { unreached, tries, pause } in
                retries(context.store, connections, posted, tries, context.now).await
            {
                context.queue.put(&PresenceTask::notify_again(user, last, tries, unreached), pause).await?;
            }
            return Ok(last);
        };
        last = last_notified_status(&now);
        posted = post(context, connections, friends, &now, last).await?;
    }
    Err(Error::Contended)
}

/// The friends who may be observers, and the user; empty where no friend may be.
fn observers_among(
    context: &Context<'_, impl Sync, impl Sync>,
    friends: &[Session],
    session: &Session,
) -> Vec<Session> {
    let mut observers: Vec<Session> =
        friends.iter().filter(|friend| may_observe(context, friend)).cloned().collect();
    if !observers.is_empty() {
        observers.push(session.clone());
    }
    observers
}

/// Searches for an observer of a user who is marked as alone, from the contact row after `after`.
///
/// Also queues a check for each friend whom friends see online long after the end of the lease: a queue message of that
/// watch was lost.
pub(super) async fn find_observers(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    connections: &impl Connections,
    session: Session,
    after: Option<UserId>,
) -> Result<(), Error> {
    let mut after = after;
    for _ in 0..OBSERVERS_PAGES_MAX {
        let page = context.store.contacts(session.user, after, OBSERVERS_PAGE).await?;
        let friends = context.store.sessions(&friends_of(&page)).await?;
        for friend in friends.iter().filter(|friend| is_overdue(context, friend)) {
            let task = PresenceTask::check_once(friend.user, context.no_watch());
            context.queue.put(&task, Duration::ZERO).await?;
        }
        if friends.iter().any(|friend| may_observe(context, friend)) {
            return observe_each(context, connections, vec![session]).await.map_err(Error::from);
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
    match after {
        Some(after) => {
            Ok(context.queue.put(&PresenceTask::find_observers(session.user, after), Duration::ZERO).await?)
        }
        None => Ok(()),
    }
}

/// Continues the search for an observer, unless one was found since, or the user went offline.
pub(super) async fn find_more_observers(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    after: UserId,
) -> Result<(), Error> {
    let is_alone = |session: &Session| {
        session.presence.lease.alone_since.is_some() && context.status(session) == Status::Online
    };
    match context.store.session(user, Consistency::Strong).await?.filter(is_alone) {
        Some(session) => find_observers(context, connections, session, Some(after)).await,
        None => Ok(()),
    }
}

/// Whether friends see a user online though they should have been notified of `offline` a while ago.
fn is_overdue(context: &Context<'_, impl Sync, impl Sync>, friend: &Session) -> bool {
    friend.presence.friends_see_online() && friend.ends_at(context.policy).plus(OVERDUE) < context.now
}

async fn post(
    context: &Context<'_, impl Sessions, impl Sync>,
    connections: &impl Connections,
    friends: &[Session],
    session: &Session,
    status: Status,
) -> Result<Posted, StoreError> {
    let users = vec![user_presence(session, status, context.now)];
    let event = ServerFrame::Presence(server::PresenceFrame { id: None, users });
    post_to(context.store, connections, friends, None, &event, context.now).await
}

pub(crate) fn friends_of(page: &ContactPage) -> Vec<UserId> {
    friends_among(&page.contacts)
}

fn friends_among(contacts: &[Contact]) -> Vec<UserId> {
    let friends = contacts.iter().filter(|contact| contact.relation.shows_presence());
    friends.map(|contact| contact.other).collect()
}
