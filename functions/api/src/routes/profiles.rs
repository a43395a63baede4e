//! Profiles of the caller and of other users.

#![allow(unused_qualifications, reason = "utoipa writes the names of parameters so")]

use axum::Json;
use axum::extract::State;
use confab_app::accounts::profiles::{change_profile, own_profile, profile, profile_by_handle};
use confab_app::limits::rare_changes::RareChange;
use confab_domain::UserId;
use confab_protocol::http::{OwnProfile, Profile, ProfilePatch};
use confab_protocol::schema;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Shared;
use crate::answer::Failure;
use crate::extract::{Body, Caller, Id, Params};

/// Get the caller's own profile.
#[utoipa::path(get, path = "/v1/me", operation_id = "get_me", tag = "profiles",
    security(("access_token" = [])), responses(
    (status = 200, body = OwnProfile),
    (status = 429),
))]
pub(super) async fn me(State(api): State<Shared>, caller: Caller) -> Result<Json<OwnProfile>, Failure> {
    api.answer_itself(&caller, own_profile(&api.store, caller.identity.user)).await
}

/// Change the caller's own profile.
#[utoipa::path(patch, path = "/v1/me", operation_id = "update_me", tag = "profiles",
    security(("access_token" = [])), request_body = ProfilePatch, responses(
    (status = 200, body = OwnProfile),
    (status = 400, description = "A field is wrong."),
    (status = 429),
))]
pub(super) async fn change_me(
    State(api): State<Shared>,
    mut caller: Caller,
    Body(patch): Body<ProfilePatch>,
) -> Result<Json<OwnProfile>, Failure> {
    let _permit = api.change_permit(&mut caller).await?;
    api.take_change(&caller, RareChange::Profile).await?;
    Ok(Json(change_profile(&api.store, &api.gateway, caller.identity, patch, caller.now).await?))
}

/// Get the public profile of a user.
#[utoipa::path(get, path = "/v1/users/{user}", operation_id = "get_user", tag = "profiles",
    security(("access_token" = [])),
    params(("user" = schema::UserId, Path)), responses(
    (status = 200, body = Profile),
    (status = 404),
    (status = 429),
))]
pub(super) async fn user(
    State(api): State<Shared>,
    caller: Caller,
    Id(user): Id<UserId>,
) -> Result<Json<Profile>, Failure> {
    api.answer_itself(&caller, profile(&api.store, user)).await
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ByHandle {
    /// Handle to find; upper case counts as lower case.
    #[param(value_type = schema::Handle)]
    handle: String,
}

/// Find a user by handle, and get the public profile.
#[utoipa::path(get, path = "/v1/users", operation_id = "find_user", tag = "profiles",
    security(("access_token" = [])), params(ByHandle), responses(
    (status = 200, body = Profile),
    (status = 404),
    (status = 429),
))]
pub(super) async fn user_by_handle(
    State(api): State<Shared>,
    caller: Caller,
    params: Params<ByHandle>,
) -> Result<Json<Profile>, Failure> {
    api.answer_itself(&caller, profile_by_handle(&api.store, &params.handle)).await
}
