//! Blocks.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use confab_app::contacts::{block, list_blocks, unblock};
use confab_app::limits::rare_changes::RareChange;
use confab_domain::UserId;
use confab_protocol::http::Blocks;
use confab_protocol::schema;

use super::contacts::ListParams;
use crate::Shared;
use crate::answer::Failure;
use crate::extract::{Caller, Id, Params};

/// List a page of the users whom the caller has blocked.
#[utoipa::path(get, path = "/v1/blocks", operation_id = "list_blocks", tag = "blocks",
    security(("access_token" = [])), params(ListParams), responses(
    (status = 200, body = Blocks),
    (status = 429),
))]
pub(super) async fn list(
    State(api): State<Shared>,
    caller: Caller,
    params: Params<ListParams>,
) -> Result<Json<Blocks>, Failure> {
    let (user, cursor) = (caller.identity.user, params.cursor()?);
    api.answer(&caller, list_blocks(&api.store, user, cursor)).await
}

/// Block a user: refuse their 1:1 messages, and hide the presence of each from the other.
#[utoipa::path(put, path = "/v1/blocks/{user}", operation_id = "block_user", tag = "blocks",
    security(("access_token" = [])),
    params(("user" = schema::UserId, Path)), responses(
    (status = 204),
    (status = 404),
    (status = 429),
))]
pub(super) async fn put(
    State(api): State<Shared>,
    mut caller: Caller,
    Id(other): Id<UserId>,
) -> Result<StatusCode, Failure> {
    let _permit = api.change_permit(&mut caller).await?;
    api.take_change(&caller, RareChange::Contact(other)).await?;
    block(&api.presence(caller.now)?, &api.gateway, caller.identity.user, other).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End a block. A friendship or request from before it holds again, unless it was taken back meanwhile.
#[utoipa::path(delete, path = "/v1/blocks/{user}", operation_id = "unblock_user", tag = "blocks",
    security(("access_token" = [])),
    params(("user" = schema::UserId, Path)), responses(
    (status = 204),
    (status = 429),
))]
pub(super) async fn remove(
    State(api): State<Shared>,
    mut caller: Caller,
    Id(other): Id<UserId>,
) -> Result<StatusCode, Failure> {
    let _permit = api.change_permit(&mut caller).await?;
    api.take_change(&caller, RareChange::Contact(other)).await?;
    unblock(&api.presence(caller.now)?, &api.gateway, caller.identity.user, other).await?;
    Ok(StatusCode::NO_CONTENT)
}
