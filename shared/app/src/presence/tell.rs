//! Telling friends who has come and gone.

use std::time::Duration;

use confab_domain::{Status, UserId};
use confab_protocol::{ServerFrame, server};

use super::{ATTEMPTS_MAX, Context, PresenceTask, look_at_each, may_look, told, user_presence};
use crate::Error;
use crate::announce::{Reached, post_to};
use crate::ports::{Connections, ContactPage, Contacts, PresenceQueue, Session, Sessions, StoreError};

/// Contact rows, requests and blocks among them, of which one message of the queue serves the friends; more are split
/// over several.
const FRIENDS_MAX: u32 = 500;

/// Friends whose sessions are read to find one who is there.
const LOOKED_FOR_AT_ONCE: u32 = 100;

/// Tells the friends of a user, whose row is this.
pub(super) async fn tell(
    context: &Context<'_, impl Sessions + Contacts + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    session: &Session,
    status: Status,
) -> Result<(), Error> {
    tell_page(context, connections, session, status, None).await
}

/// Goes on to tell those after a friend, unless the news is old by now; to whom it may have been told already, what is new.
pub(super) async fn go_on(
    context: &Context<'_, impl Sessions + Contacts + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    user: UserId,
    status: Status,
    after: UserId,
    received_before: bool,
) -> Result<(), Error> {
    match context.store.session(user).await? {
        Some(session) if received_before || told(&session) == status => {
            tell_page(context, connections, &session, told(&session), Some(after)).await
        }
        _ => Ok(()),
    }
}

async fn tell_page(
    context: &Context<'_, impl Sessions + Contacts + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    session: &Session,
    status: Status,
    after: Option<UserId>,
) -> Result<(), Error> {
    let page = context.store.contacts(session.user, after, FRIENDS_MAX).await?;
    if let Some(after) = page.next {
        context.queue.put(&PresenceTask::tell(session.user, status, after), Duration::ZERO).await?;
    }
    let friends = context.store.sessions(&friends_of(&page)).await?;
    if friends.is_empty() {
        return Ok(());
    }
    // First, since the time to answer a probe begins with this request.
    let looked = match status {
        Status::Online => {
            look_at_each(context, connections, those_who_look(context, &friends, session)).await
        }
        Status::Offline => Ok(Reached::All),
    };
    let told_first = post(context, connections, &friends, session, status).await?;
    let mut reached = looked?.and(told_first);
    // Two changes may be told at the same time: whoever tells last tells what is true then.
    let mut last = status;
    for _ in 0..ATTEMPTS_MAX {
        let now = context.store.session(session.user).await?.filter(|now| told(now) != last);
        let Some(now) = now else { return reached.or_again() };
        last = told(&now);
        reached = reached.and(post(context, connections, &friends, &now, last).await?);
    }
    Err(Error::Contended)
}

/// Friends who are there, and the user whom they look at; nobody where none is.
fn those_who_look(
    context: &Context<'_, impl Sync, impl Sync>,
    friends: &[Session],
    session: &Session,
) -> Vec<Session> {
    let mut there: Vec<Session> =
        friends.iter().filter(|friend| may_look(context, friend)).cloned().collect();
    if !there.is_empty() {
        there.push(session.clone());
    }
    there
}

/// Finds out whether any friend of somebody who is marked as alone is there.
pub(super) async fn look_around(
    context: &Context<'_, impl Sessions + Contacts + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    session: Session,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = context.store.contacts(session.user, after, LOOKED_FOR_AT_ONCE).await?;
        let friends = context.store.sessions(&friends_of(&page)).await?;
        if friends.iter().any(|friend| may_look(context, friend)) {
            return look_at_each(context, connections, vec![session]).await?.or_again();
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn post(
    context: &Context<'_, impl Sessions + Sync, impl Sync>,
    connections: &(impl Connections + Sync),
    friends: &[Session],
    session: &Session,
    status: Status,
) -> Result<Reached, StoreError> {
    let users = vec![user_presence(session, status)];
    let event = ServerFrame::Presence(server::Presence { id: None, users });
    Ok(post_to(context.store, connections, friends, None, &event, context.now).await?.reached)
}

fn friends_of(page: &ContactPage) -> Vec<UserId> {
    let friends = page.contacts.iter().filter(|contact| contact.relation.tells_presence());
    friends.map(|contact| contact.other).collect()
}
