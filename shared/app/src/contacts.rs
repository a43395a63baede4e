//! Friends and blocks.

use std::collections::BTreeMap;
use std::time::Duration;

use confab_domain::account::Profile;
use confab_domain::rate::Rate;
use confab_domain::{ChangeNumber, ContactChange, ContactNews, Refusal, Relation, Status, Timestamp, UserId};
use confab_protocol::server::{ContactEvent, ContactEventChange};
use confab_protocol::{ServerFrame, http, limits};
use futures_util::future::try_join;

use crate::delivery::announce::post_to;
use crate::ports::{
    Connections, Consistency, Contact, Contacts, PairChange, PresenceQueue, RateLimits, Session, Sessions,
    StoreError, Users,
};
use crate::presence::ask::settled;
use crate::presence::{Context, may_observe, observe_each, queue_notice};
use crate::{Costed, Error, wire};

/// Attempts to change a pair that other requests change at the same time.
const ATTEMPTS_MAX: u32 = 32;

/// The last activity that others see of a user who was never active.
const NEVER: Timestamp = Timestamp::from_ms(0);

/// How often a user is notified of repeated friend requests of the same other user.
const REQUEST_EVENTS: Rate = Rate { burst: 1, interval: Duration::from_secs(24 * 3_600) };

/// Adds `other` to the contacts of `user`; they are friends as soon as both have done so.
///
/// # Errors
///
/// [`Error::Refused`] where `other` is `user` or does not exist; [`Error::Store`], [`Error::Contended`].
pub async fn put_contact(
    context: &Context<'_, impl Contacts + Users + Sessions + RateLimits, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    other: UserId,
) -> Result<http::ContactPut, Error> {
    check_other(context.store, user, other).await?;
    let relation = change(context, connections, user, other, ContactChange::Put).await?;
    Ok(http::ContactPut { user: other.to_string(), friends: relation.are_friends() })
}

/// Removes `other` from the contacts of `user`: ends a friendship, withdraws a request, or declines one.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Contended`].
pub async fn remove_contact(
    context: &Context<'_, impl Contacts + Sessions + RateLimits, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    other: UserId,
) -> Result<(), Error> {
    change(context, connections, user, other, ContactChange::Remove).await.map(drop)
}

/// Blocks `other`: `user` gets no messages from them, and neither sees the other's presence.
///
/// # Errors
///
/// As [`put_contact`].
pub async fn block(
    context: &Context<'_, impl Contacts + Users + Sessions + RateLimits, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    other: UserId,
) -> Result<(), Error> {
    check_other(context.store, user, other).await?;
    change(context, connections, user, other, ContactChange::Block).await.map(drop)
}

/// Ends a block; the relation from before the block applies again.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Contended`].
pub async fn unblock(
    context: &Context<'_, impl Contacts + Sessions + RateLimits, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    other: UserId,
) -> Result<(), Error> {
    change(context, connections, user, other, ContactChange::Unblock).await.map(drop)
}

async fn check_other(users: &impl Users, user: UserId, other: UserId) -> Result<(), Error> {
    if user == other {
        return Err(Refusal::field("user", "must be somebody else").into());
    }
    users.user(other).await?.ok_or(Refusal::NotFound("user"))?;
    Ok(())
}

/// Makes a change and returns the new relation of `user` to `other`.
///
/// The queue message that notifies both of each other's presence is queued before the change is made: a request that
/// dies in between leaves neither with a status that they may no longer see. `other` is notified of the change
/// itself, best effort.
async fn change(
    context: &Context<'_, impl Contacts + Sessions + RateLimits, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    other: UserId,
    change: ContactChange,
) -> Result<Relation, Error> {
    let store = context.store;
    let mut queued = None;
    let mut attempts = context.attempts(ATTEMPTS_MAX);
    while attempts.next().await {
        let (mine, theirs) = try_join(store.relation(user, other), store.relation(other, user)).await?;
        let (mut next, mut others_next) =
            (mine.after(change, context.now), theirs.after_others(change, context.now));
        let sees = next.shows_presence();
        let begins_block = change == ContactChange::Block && theirs.blocked_by_at.is_none();
        if begins_block && others_next.are_friends() {
            others_next.shown_active_at = Some(active_at(context, user).await?);
        }
        if (next, others_next) != (mine, theirs) {
            if sees != mine.shows_presence() {
                let number = ChangeNumber(context.watch.0);
                (next, others_next) = (next.sight_changed(number), others_next.sight_changed(number));
                if queued != Some(sees) {
                    queue_notice(context, [user, other], sees, number).await?;
                    queued = Some(sees);
                }
            }
            let pair =
                PairChange { user, other, relation: [mine, next], others_relation: [theirs, others_next] };
            if !store.change_pair(&pair).await? {
                continue;
            }
        }
        let news = theirs.news(change, &others_next);
        if sees || news.is_some() {
            let sessions = store.sessions(&[user, other]).await?;
            if let Some(news) = news {
                notify(context, connections, user, other, news, &sessions).await;
            }
            // Also where they were friends before: the request that made them friends may have failed before this
            // step.
            let both_observe =
                sessions.len() == 2 && sessions.iter().all(|session| may_observe(context, session));
            if sees && both_observe {
                observe_each(context, connections, sessions).await?;
            }
        }
        return Ok(next);
    }
    Err(Error::Contended)
}

/// When `user` was last active, as friends see it.
async fn active_at(
    context: &Context<'_, impl Sessions, impl Sync>,
    user: UserId,
) -> Result<Timestamp, StoreError> {
    let session = context.store.session(user, Consistency::Strong).await?;
    Ok(session.map_or(NEVER, |session| session.presence.lease.active_at()))
}

/// Notifies `other` of the change of their relation to `user`, best effort.
async fn notify(
    context: &Context<'_, impl Sessions + RateLimits, impl Sync>,
    connections: &impl Connections,
    user: UserId,
    other: UserId,
    news: ContactNews,
    sessions: &[Session],
) {
    let Some(row) = sessions.iter().find(|row| row.user == other && row.is_connected()) else { return };
    let change = match news {
        ContactNews::Requested => ContactEventChange::Requested,
        ContactNews::Friends => ContactEventChange::Friends,
        ContactNews::Ended => ContactEventChange::Ended,
    };
    let event = ServerFrame::Contact(ContactEvent { user: user.to_string(), change });
    let notified = async {
        if news == ContactNews::Requested {
            let bucket = format!("requested#{user}#{other}");
            if context.store.take(&bucket, REQUEST_EVENTS, context.now).await?.is_err() {
                return Ok(());
            }
        }
        let rows = std::slice::from_ref(row);
        post_to(context.store, connections, rows, None, &event, context.now).await.map(drop)
    };
    if let Err(error) = notified.await {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(event = "contact_event_failed", error);
    }
}

/// Returns a page of a user's friends, of the requests to them, and of the requests that they have made.
///
/// # Errors
///
/// [`Error::Store`].
pub async fn list_contacts(
    context: &Context<'_, impl Contacts + Users + Sessions, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    cursor: Option<UserId>,
) -> Result<Costed<http::Contacts>, Error> {
    let store = context.store;
    let page = store.contacts(user, cursor, limits::CONTACTS_PAGE).await?;
    let is_shown = |contact: &&Contact| {
        let relation = contact.relation;
        relation.is_contact() || relation.is_request() || relation.is_requested()
    };
    let shown: Vec<&Contact> = page.contacts.iter().filter(is_shown).collect();
    let visible = shown.iter().filter(|contact| contact.relation.shows_presence());
    let visible: Vec<UserId> = visible.map(|contact| contact.other).collect();
    let rows = page.contacts.len() + shown.len() + visible.len();
    let (profiles, sessions) = try_join(profiles(store, &shown), store.sessions(&visible)).await?;
    let sessions = settled(context, connections, user, sessions).await?;
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
            let active_at = if contact.relation.shows_presence() {
                session.map(|session| session.presence.lease.active_at())
            } else {
                // A friend who blocks the user appears offline since the block.
                contact.relation.shown_active_at.or(contact.relation.blocked_by_at)
            };
            list.contacts.push(http::Contact {
                profile,
                idle: session.is_some_and(|row| status == Status::Online && row.is_idle()),
                status: status.as_str().to_owned(),
                last_active_at_ms: Some(active_at.map_or(0, |at| at.shown(context.now).as_ms())),
            });
        } else if contact.relation.is_request() {
            list.requests.push(profile);
        } else {
            list.requested.push(profile);
        }
    }
    Ok(Costed::new(rows, list))
}

/// Returns a page of the users whom a user has blocked.
///
/// # Errors
///
/// [`Error::Store`].
pub async fn list_blocks(
    store: &(impl Contacts + Users),
    user: UserId,
    cursor: Option<UserId>,
) -> Result<Costed<http::Blocks>, Error> {
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
    let (blocks, next) =
        (blocked.iter().filter_map(block_of).collect(), page.next.map(|next| next.to_string()));
    Ok(Costed::new(page.contacts.len() + blocked.len(), http::Blocks { blocks, next }))
}

async fn profiles(
    users: &impl Users,
    contacts: &[&Contact],
) -> Result<BTreeMap<UserId, Profile>, StoreError> {
    let ids: Vec<UserId> = contacts.iter().map(|contact| contact.other).collect();
    let profiles = users.profiles(&ids).await?;
    Ok(profiles.into_iter().map(|profile| (profile.user, profile)).collect())
}
