//! Friends.

#![allow(unused_qualifications, reason = "utoipa writes the names of parameters so")]

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use confab_app::contacts::{list_contacts, put_contact, remove_contact};
use confab_app::limits::rare_changes::RareChange;
use confab_app::wire;
use confab_domain::{Refusal, UserId};
use confab_protocol::http::{ContactPut, Contacts};
use confab_protocol::schema;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Shared;
use crate::answer::Failure;
use crate::extract::{Caller, Id, Params};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// `next` of the page before.
    #[param(value_type = Option<schema::UserId>)]
    pub(super) cursor: Option<String>,
}

impl ListParams {
    pub(super) fn cursor(&self) -> Result<Option<UserId>, Refusal> {
        self.cursor.as_deref().map(|cursor| wire::parse_id("cursor", cursor)).transpose()
    }
}

/// List a page of the caller's friends, and of the requests from and to the caller.
#[utoipa::path(get, path = "/v1/contacts", operation_id = "list_contacts", tag = "contacts",
    security(("access_token" = [])), params(ListParams), responses(
    (status = 200, body = Contacts),
    (status = 429),
))]
pub(super) async fn list(
    State(api): State<Shared>,
    caller: Caller,
    params: Params<ListParams>,
) -> Result<Json<Contacts>, Failure> {
    let context = api.presence(caller.now)?;
    let (user, cursor) = (caller.identity.user, params.cursor()?);
    api.answer(&caller, list_contacts(&context, &api.gateway, user, cursor)).await
}

/// Ask a user to be friends, or accept their request.
#[utoipa::path(put, path = "/v1/contacts/{user}", operation_id = "add_contact", tag = "contacts",
    security(("access_token" = [])),
    params(("user" = schema::UserId, Path)), responses(
    (status = 200, body = ContactPut),
    (status = 404),
    (status = 429),
))]
pub(super) async fn put(
    State(api): State<Shared>,
    mut caller: Caller,
    Id(other): Id<UserId>,
) -> Result<Json<ContactPut>, Failure> {
    let _permit = api.change_permit(&mut caller).await?;
    api.take_change(&caller, RareChange::Contact(other)).await?;
    let context = api.presence(caller.now)?;
    Ok(Json(put_contact(&context, &api.gateway, caller.identity.user, other).await?))
}

/// Withdraw or decline a request, or end a friendship.
#[utoipa::path(delete, path = "/v1/contacts/{user}", operation_id = "remove_contact", tag = "contacts",
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
    let context = api.presence(caller.now)?;
    remove_contact(&context, &api.gateway, caller.identity.user, other).await?;
    Ok(StatusCode::NO_CONTENT)
}
