//! Groups and their members.

#![allow(unused_qualifications, reason = "utoipa writes the names of parameters so")]

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use confab_app::groups::change_group::{Actor, Context, GroupCommand};
use confab_app::limits::rare_changes::RareChange;
use confab_app::{Error, wire};
use confab_aws::gateway_apigw::Gateway;
use confab_aws::queue_sqs::{SqsFanOutQueue, SqsPushQueue};
use confab_domain::budget::Budget;
use confab_domain::{GroupId, Refusal, UserId};
use confab_lambda::random;
use confab_protocol::http::{Group, GroupPatch, NewGroup, PutMember};
use confab_protocol::schema;
use confab_store_dynamodb::Store;

use crate::answer::Failure;
use crate::extract::{Body, Caller, Id, Ids, MaybeBody};
use crate::{Api, Shared};

impl Api {
    /// Charges the entry that a change of a group appends to its log.
    async fn take_write(&self, caller: &Caller) -> Result<(), Refusal> {
        let user = caller.identity.user;
        self.limiter.take(user, Budget::Writes, caller.now)?;
        self.limiter.settle(&self.store, user, caller.now).await;
        Ok(())
    }

    fn groups(&self) -> Context<'_, Store, Gateway, SqsPushQueue, SqsFanOutQueue> {
        Context { store: &self.store, delivery: self.delivery(), queue: &self.queue, writer: &self.writer }
    }
}

fn actor(caller: &Caller) -> Result<Actor, Error> {
    Ok(Actor {
        user: caller.identity.user,
        key: wire::parse_id("client_message_id", &random::ulid(caller.now)?.to_string())?,
        attempt: random::attempt()?,
    })
}

/// Create a group. The caller is its owner.
#[utoipa::path(post, path = "/v1/groups", operation_id = "create_group", tag = "groups",
    security(("access_token" = [])), request_body = NewGroup, responses(
    (status = 201, body = Group),
    (status = 403, description = "Some of the users cannot be added; `users` names them."),
    (status = 404, description = "A member does not exist."),
    (status = 409, description = "`group_full`: the group would have too many members."),
    (status = 429, description = "The user has created too many groups, or made too many changes."),
))]
pub(super) async fn create(
    State(api): State<Shared>,
    mut caller: Caller,
    Body(group): Body<NewGroup>,
) -> Result<(StatusCode, Json<Group>), Failure> {
    let _permit = api.change_permit(&mut caller).await?;
    api.take_write(&caller).await?;
    api.take_change(&caller, RareChange::Group).await?;
    let id = GroupId::new(random::ulid(caller.now)?);
    let group = api.groups().create(id, actor(&caller)?, &group, caller.now).await?;
    Ok((StatusCode::CREATED, Json(group)))
}

/// Get a group, as a member of it.
#[utoipa::path(get, path = "/v1/groups/{group}", operation_id = "get_group", tag = "groups",
    security(("access_token" = [])),
    params(("group" = schema::GroupId, Path)), responses(
    (status = 200, body = Group),
    (status = 403),
    (status = 404),
    (status = 429),
))]
pub(super) async fn read(
    State(api): State<Shared>,
    caller: Caller,
    Id(group): Id<GroupId>,
) -> Result<Json<Group>, Failure> {
    api.answer_itself(&caller, api.groups().read(group, caller.identity.user)).await
}

/// Rename a group, as an owner or admin.
#[utoipa::path(patch, path = "/v1/groups/{group}", operation_id = "rename_group", tag = "groups",
    security(("access_token" = [])),
    params(("group" = schema::GroupId, Path)), request_body = GroupPatch, responses(
    (status = 200, body = Group),
    (status = 403),
    (status = 404),
    (status = 429),
))]
pub(super) async fn rename(
    State(api): State<Shared>,
    mut caller: Caller,
    Id(group): Id<GroupId>,
    Body(patch): Body<GroupPatch>,
) -> Result<Json<Group>, Failure> {
    let _permit = api.change_permit(&mut caller).await?;
    api.take_write(&caller).await?;
    let command = GroupCommand::Rename(patch.name);
    Ok(Json(api.groups().change(group, &actor(&caller)?, &command, caller.now).await?))
}

/// End a group, as an owner.
#[utoipa::path(delete, path = "/v1/groups/{group}", operation_id = "delete_group", tag = "groups",
    security(("access_token" = [])),
    params(("group" = schema::GroupId, Path)), responses(
    (status = 204),
    (status = 403),
    (status = 404),
    (status = 429),
))]
pub(super) async fn delete(
    State(api): State<Shared>,
    mut caller: Caller,
    Id(group): Id<GroupId>,
) -> Result<StatusCode, Failure> {
    let _permit = api.change_permit(&mut caller).await?;
    api.take_write(&caller).await?;
    api.groups().change(group, &actor(&caller)?, &GroupCommand::Delete, caller.now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Add a member, or change the role of one.
#[utoipa::path(put, path = "/v1/groups/{group}/members/{user}", operation_id = "put_member", tag = "groups",
    security(("access_token" = [])),
    params(("group" = schema::GroupId, Path), ("user" = schema::UserId, Path)),
    request_body = Option<PutMember>, responses(
    (status = 200, body = Group),
    (status = 403),
    (status = 404),
    (status = 409, description = "`group_full`: the group would have too many members."),
    (status = 429),
))]
pub(super) async fn put_member(
    State(api): State<Shared>,
    mut caller: Caller,
    Ids(group, user): Ids<GroupId, UserId>,
    MaybeBody(member): MaybeBody<PutMember>,
) -> Result<Json<Group>, Failure> {
    let _permit = api.change_permit(&mut caller).await?;
    api.take_write(&caller).await?;
    let role = member.role.as_deref().map(wire::parse_role).transpose()?;
    let command = GroupCommand::PutMember(user, role);
    Ok(Json(api.groups().change(group, &actor(&caller)?, &command, caller.now).await?))
}

/// Remove a member, or leave by naming oneself.
#[utoipa::path(delete, path = "/v1/groups/{group}/members/{user}", operation_id = "remove_member", tag = "groups",
    security(("access_token" = [])),
    params(("group" = schema::GroupId, Path), ("user" = schema::UserId, Path)),
    responses(
    (status = 204),
    (status = 403),
    (status = 404),
    (status = 429),
))]
pub(super) async fn remove_member(
    State(api): State<Shared>,
    mut caller: Caller,
    Ids(group, user): Ids<GroupId, UserId>,
) -> Result<StatusCode, Failure> {
    let _permit = api.change_permit(&mut caller).await?;
    api.take_write(&caller).await?;
    api.groups().change(group, &actor(&caller)?, &GroupCommand::RemoveMember(user), caller.now).await?;
    Ok(StatusCode::NO_CONTENT)
}
