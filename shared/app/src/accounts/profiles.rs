//! Reading profiles, and changing the own one.

use confab_domain::account::{GroupAdds, Handle, check_avatar, check_label};
use confab_domain::{Refusal, Timestamp, UserId};
use confab_protocol::server::ProfileEvent;
use confab_protocol::{ServerFrame, http, limits};

use crate::delivery::announce::post_to;
use crate::ports::{Connections, Contacts, Identity, ProfileChange, Sessions, StoreError, Users};
use crate::presence::friends_of;
use crate::{Error, chain, wire};

/// Returns a user's public profile.
///
/// # Errors
///
/// [`Error::Refused`] where the user does not exist; [`Error::Store`].
pub async fn profile(users: &impl Users, user: UserId) -> Result<http::Profile, Error> {
    let account = users.user(user).await?.ok_or(Refusal::NotFound("user"))?;
    Ok(wire::profile(&account.profile))
}

/// Returns a user's own profile.
///
/// # Errors
///
/// [`Error::Refused`] where the user does not exist; [`Error::Store`].
pub async fn own_profile(users: &impl Users, user: UserId) -> Result<http::OwnProfile, Error> {
    let account = users.user(user).await?.ok_or(Refusal::NotFound("user"))?;
    Ok(wire::own_profile(&account))
}

/// Returns the public profile of the user with this handle.
///
/// # Errors
///
/// [`Error::Refused`] where no user has the handle, or none can have it; [`Error::Store`].
pub async fn profile_by_handle(users: &impl Users, handle: &str) -> Result<http::Profile, Error> {
    let handle = Handle::parse(handle)?;
    let account = users.user_by_handle(&handle).await?.ok_or(Refusal::NotFound("user"))?;
    Ok(wire::profile(&account.profile))
}

/// Contact rows in one page while friends are collected.
const FRIENDS_PAGE: u32 = 500;

/// Pages of contact rows that are read; friends beyond them see the new profile when they request it.
const FRIENDS_PAGES_MAX: u32 = 10;

/// Changes the own profile and returns the new one.
///
/// Connected friends and the user's other devices are notified, best effort.
///
/// # Errors
///
/// [`Error::Refused`] for a wrong field; [`Error::Store`].
pub async fn change_profile(
    store: &(impl Users + Contacts + Sessions),
    connections: &impl Connections,
    caller: Identity,
    patch: http::ProfilePatch,
    now: Timestamp,
) -> Result<http::OwnProfile, Error> {
    let change = ProfileChange {
        display_name: patch
            .display_name
            .map(|name| check_label("display_name", &name, *limits::DISPLAY_NAME_CHARS.end()))
            .transpose()?,
        avatar: patch
            .avatar
            .map(|avatar| avatar.map(|avatar| check_avatar(&avatar, limits::AVATAR_BYTES_MAX)).transpose())
            .transpose()?,
        group_adds: patch.group_adds.as_deref().map(GroupAdds::parse).transpose()?,
    };
    let account = store.change_profile(caller.user, &change).await?.ok_or(Refusal::NotFound("user"))?;
    if (change.display_name.is_some() || change.avatar.is_some())
        && let Err(error) = notify(store, connections, caller, &wire::profile(&account.profile), now).await
    {
        tracing::warn!(event = "profile_event_failed", error = chain(&error));
    }
    Ok(wire::own_profile(&account))
}

async fn notify(
    store: &(impl Contacts + Sessions),
    connections: &impl Connections,
    caller: Identity,
    profile: &http::Profile,
    now: Timestamp,
) -> Result<(), StoreError> {
    let event = ServerFrame::Profile(ProfileEvent {
        user: profile.user.clone(),
        display_name: profile.display_name.clone(),
        avatar: profile.avatar.clone(),
    });
    let (mut users, mut after) = (vec![caller.user], None);
    for _ in 0..FRIENDS_PAGES_MAX {
        let page = store.contacts(caller.user, after, FRIENDS_PAGE).await?;
        users.extend(friends_of(&page));
        let mut rows = store.sessions(&std::mem::take(&mut users)).await?;
        for row in rows.iter_mut().filter(|row| row.user == caller.user) {
            row.connections.retain(|open| open.device != caller.device);
        }
        post_to(store, connections, &rows, None, &event, now).await?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(())
}
