//! Looking users up, and changing one's own profile.

use confab_domain::account::{GroupAdds, Handle, check_avatar, check_label};
use confab_domain::{Refusal, UserId};
use confab_protocol::{http, limits};

use crate::ports::{ProfileChange, Users};
use crate::{Error, wire};

/// A user's public profile.
///
/// # Errors
///
/// [`Error::Refused`] where there is no such user; [`Error::Store`].
pub async fn profile(users: &impl Users, user: UserId) -> Result<http::Profile, Error> {
    let account = users.user(user).await?.ok_or(Refusal::NotFound("user"))?;
    Ok(wire::profile(&account.profile))
}

/// A user's own profile.
///
/// # Errors
///
/// [`Error::Refused`] where there is no such user; [`Error::Store`].
pub async fn own_profile(users: &impl Users, user: UserId) -> Result<http::OwnProfile, Error> {
    let account = users.user(user).await?.ok_or(Refusal::NotFound("user"))?;
    Ok(wire::own_profile(&account))
}

/// The public profile of the user with this handle.
///
/// # Errors
///
/// [`Error::Refused`] where nobody has it, or nobody can have it; [`Error::Store`].
pub async fn profile_by_handle(users: &impl Users, handle: &str) -> Result<http::Profile, Error> {
    let handle = Handle::parse(handle)?;
    let account = users.user_by_handle(&handle).await?.ok_or(Refusal::NotFound("user"))?;
    Ok(wire::profile(&account.profile))
}

/// Changes one's own profile and gives it as it is then.
///
/// # Errors
///
/// [`Error::Refused`] for a wrong field; [`Error::Store`].
pub async fn change_profile(
    users: &impl Users,
    user: UserId,
    patch: http::ProfilePatch,
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
    let account = users.change_profile(user, &change).await?.ok_or(Refusal::NotFound("user"))?;
    Ok(wire::own_profile(&account))
}
