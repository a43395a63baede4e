//! Friends and blocks.

use std::collections::BTreeMap;

use confab_domain::account::Profile;
use confab_domain::{ContactChange, Refusal, Relation, Status, UserId};
use confab_protocol::{http, limits};
use futures_util::future::try_join;

use crate::ports::{Connections, Contact, Contacts, PairChange, PresenceQueue, Sessions, StoreError, Users};
use crate::presence::ask::settled;
use crate::presence::{Context, look_at_each, may_look};
use crate::{Error, wire};

/// How often a change of a pair is tried that others change at the same time.
const ATTEMPTS_MAX: u32 = 32;

/// `user` wants to be friends with `other`; they are as soon as both want to.
///
/// # Errors
///
/// [`Error::Refused`] for oneself and for nobody; [`Error::Store`], [`Error::Contended`].
pub async fn put_contact(
    context: &Context<'_, impl Contacts + Users + Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    user: UserId,
    other: UserId,
) -> Result<http::ContactPut, Error> {
    check_other(context.store, user, other).await?;
    let relation = change(context, connections, user, other, ContactChange::Put).await?;
    Ok(http::ContactPut { user: other.to_string(), friends: relation.are_friends() })
}

/// `user` does not want to be friends with `other`, or not any more.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Contended`].
pub async fn remove_contact(
    context: &Context<'_, impl Contacts + Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    user: UserId,
    other: UserId,
) -> Result<(), Error> {
    change(context, connections, user, other, ContactChange::Remove).await.map(drop)
}

/// `user` wants no messages from `other`, and neither learns of the other's presence.
///
/// # Errors
///
/// As [`put_contact`].
pub async fn block(
    context: &Context<'_, impl Contacts + Users + Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    user: UserId,
    other: UserId,
) -> Result<(), Error> {
    check_other(context.store, user, other).await?;
    change(context, connections, user, other, ContactChange::Block).await.map(drop)
}

/// Ends a block; what was before it holds again.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Contended`].
pub async fn unblock(
    context: &Context<'_, impl Contacts + Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    user: UserId,
    other: UserId,
) -> Result<(), Error> {
    change(context, connections, user, other, ContactChange::Unblock).await.map(drop)
}

async fn check_other(users: &(impl Users + Sync), user: UserId, other: UserId) -> Result<(), Error> {
    if user == other {
        return Err(Refusal::field("user", "must be somebody else").into());
    }
    users.user(other).await?.ok_or(Refusal::NotFound("user"))?;
    Ok(())
}

/// Gives what `user` is to `other` then.
async fn change(
    context: &Context<'_, impl Contacts + Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    user: UserId,
    other: UserId,
    change: ContactChange,
) -> Result<Relation, Error> {
    let store = context.store;
    for _ in 0..ATTEMPTS_MAX {
        let (mine, theirs) = try_join(store.relation(user, other), store.relation(other, user)).await?;
        let (next, others_next) = (mine.after(change, context.now), theirs.after_others(change, context.now));
        if (next, others_next) != (mine, theirs) {
            let pair =
                PairChange { user, other, relation: [mine, next], others_relation: [theirs, others_next] };
            if !store.change_pair(&pair).await? {
                continue;
            }
        }
        // Also where they were friends before: who asked for that may have failed to look.
        if next.tells_presence() {
            look_at_each_other(context, connections, [user, other]).await?;
        }
        return Ok(next);
    }
    Err(Error::Contended)
}

/// Two who were strangers until now may look at each other.
async fn look_at_each_other(
    context: &Context<'_, impl Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    pair: [UserId; 2],
) -> Result<(), Error> {
    let sessions = context.store.sessions(&pair).await?;
    if sessions.len() == pair.len() && sessions.iter().all(|session| may_look(context, session)) {
        look_at_each(context, connections, sessions).await?;
    }
    Ok(())
}

/// A page of somebody's friends, and of who waits for an answer.
///
/// # Errors
///
/// [`Error::Store`].
pub async fn list_contacts(
    context: &Context<'_, impl Contacts + Users + Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    user: UserId,
    cursor: Option<UserId>,
) -> Result<http::Contacts, Error> {
    let store = context.store;
    let page = store.contacts(user, cursor, limits::CONTACTS_PAGE).await?;
    let is_shown = |contact: &&Contact| {
        let relation = contact.relation;
        relation.is_contact() || relation.is_request() || relation.is_requested()
    };
    let shown: Vec<&Contact> = page.contacts.iter().filter(is_shown).collect();
    let told = shown.iter().filter(|contact| contact.relation.tells_presence());
    let told: Vec<UserId> = told.map(|contact| contact.other).collect();
    let (profiles, sessions) = try_join(profiles(store, &shown), store.sessions(&told)).await?;
    let sessions = settled(context, connections, sessions).await?;
    let mut list = http::Contacts {
        contacts: Vec::new(),
        requests: Vec::new(),
        requested: Vec::new(),
        next: page.next.map(|next| next.to_string()),
    };
    for contact in shown {
        let Some(profile) = profiles.get(&contact.other).map(wire::profile) else { continue };
        if contact.relation.is_contact() {
            let session = sessions.iter().find(|session| session.user == contact.other);
            let status = session.map_or(Status::Offline, |row| row.status(context.policy, context.now));
            // Of who has blocked the user nothing is told, not even that they were there.
            let last_active_at_ms = contact
                .relation
                .tells_presence()
                .then(|| session.map_or(0, |session| session.presence.lease.heard_at.as_ms()));
            let status = status.as_str().to_owned();
            list.contacts.push(http::Contact { profile, status, last_active_at_ms });
        } else if contact.relation.is_request() {
            list.requests.push(profile);
        } else {
            list.requested.push(profile);
        }
    }
    Ok(list)
}

/// A page of those whom somebody has blocked.
///
/// # Errors
///
/// [`Error::Store`].
pub async fn list_blocks(
    store: &(impl Contacts + Users + Sync),
    user: UserId,
    cursor: Option<UserId>,
) -> Result<http::Blocks, Error> {
    let page = store.contacts(user, cursor, limits::CONTACTS_PAGE).await?;
    let blocked: Vec<&Contact> =
        page.contacts.iter().filter(|contact| contact.relation.blocked_at.is_some()).collect();
    let profiles = profiles(store, &blocked).await?;
    let block_of = |contact: &&Contact| {
        Some(http::Block {
            profile: wire::profile(profiles.get(&contact.other)?),
            blocked_at_ms: contact.relation.blocked_at?.as_ms(),
        })
    };
    Ok(http::Blocks {
        blocks: blocked.iter().filter_map(block_of).collect(),
        next: page.next.map(|next| next.to_string()),
    })
}

async fn profiles(
    users: &(impl Users + Sync),
    contacts: &[&Contact],
) -> Result<BTreeMap<UserId, Profile>, StoreError> {
    let ids: Vec<UserId> = contacts.iter().map(|contact| contact.other).collect();
    let profiles = users.profiles(&ids).await?;
    Ok(profiles.into_iter().map(|profile| (profile.user, profile)).collect())
}
